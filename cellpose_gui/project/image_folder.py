"""The images of a folder, in the order in which a person would list them."""

from __future__ import annotations

import re
from pathlib import Path

from model_core.errors import UserError
from model_core.formats.atomic import plain_reason
from model_core.images.readers import is_image_file


def images_in(folder: Path) -> list[Path]:
    """The image files of a folder; numbers in names count as numbers, so 2 comes before 10.

    Raises:
        UserError: the folder cannot be listed.
    """
    try:
        return sorted((p for p in folder.iterdir() if p.is_file() and is_image_file(p)), key=_natural)
    except OSError as error:
        raise UserError(f"The folder “{folder}” cannot be read: {plain_reason(error)}.") from error


def _natural(path: Path) -> list[tuple[int, int | str]]:
    parts = re.split(r"(\d+)", path.name.lower())
    return [(0, int(part)) if part.isdigit() else (1, part) for part in parts if part]


def has_document(path: Path) -> bool:
    """Whether somebody has worked on the image already."""
    return path.with_suffix(".cells").exists()


def neighbour(path: Path, images: list[Path], step: int) -> Path | None:
    """The image ``step`` places after (or before) this one; None beyond the ends."""
    if path not in images:
        return None
    index = images.index(path) + step
    return images[index] if 0 <= index < len(images) else None
