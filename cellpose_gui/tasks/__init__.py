"""Work that takes longer than a frame, in QThread workers."""
