"""What people and models say about one image: labels, object records, patches, the .cells file."""
