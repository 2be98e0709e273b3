"""From an image to its labels."""
