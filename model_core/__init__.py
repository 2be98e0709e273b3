"""The engine: images in, labels out. Knows no Qt."""
