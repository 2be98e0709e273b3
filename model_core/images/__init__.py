"""Reading images: files to pixels with named axes, and normalisation."""
