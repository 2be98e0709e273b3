"""The folder of images that is open."""
