"""From labelled images to a model, and how good it is."""
