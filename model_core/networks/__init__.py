"""The net."""
