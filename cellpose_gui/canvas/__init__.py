"""Where images and labels are drawn, and the tools that edit them."""
