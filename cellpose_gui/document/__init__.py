"""One annotated image as the window sees it."""
