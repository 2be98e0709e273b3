"""The surface on which an image and its labels are shown and edited."""
