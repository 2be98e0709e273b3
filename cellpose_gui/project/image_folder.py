"""The images of the folder that is open, one beside the other."""

from __future__ import annotations

from pathlib import Path


def has_document(path: Path) -> bool:
    """Whether somebody has worked on the image already."""
    return path.with_suffix(".cells").exists()


def neighbour(path: Path, images: list[Path], step: int) -> Path | None:
    """The image ``step`` places after (or before) this one; None beyond the ends."""
    if path not in images:
        return None
    index = images.index(path) + step
    return images[index] if 0 <= index < len(images) else None
