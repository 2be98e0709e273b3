"""What a left press on the canvas does: one tool a file behind the interface in tool.py."""
