"""Docks and dialogs around the canvas."""
