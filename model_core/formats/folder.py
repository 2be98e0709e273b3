"""The images of a folder, in the order in which a person would list them."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from model_core.errors import UserError
from model_core.formats.atomic import plain_reason
from model_core.images.ome_zarr import FOLDER_SUFFIX, is_ome_zarr
from model_core.images.readers import is_image_file


def images_in(folder: Path) -> list[Path]:
    """The image files of a folder; numbers in names count as numbers, so 2 comes before 10.

    Raises:
        UserError: the folder cannot be listed.
    """
    return [folder / name for name in files_in(folder) if is_image_file(Path(name))]


def files_in(folder: Path) -> dict[str, os.stat_result]:
    """All files and OME-Zarr images of a folder by their names, in the same order, with sizes and times.

    Raises:
        UserError: the folder cannot be listed.
    """
    found = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # it went while we looked
                    if entry.is_file() or _is_image_folder(entry):
                        found[entry.name] = entry.stat()
    except OSError as error:
        raise UserError(f"The folder “{folder}” cannot be read: {plain_reason(error)}.") from error
    return {name: found[name] for name in sorted(found, key=natural)}


def _is_image_folder(entry: os.DirEntry[str]) -> bool:
    return entry.name.lower().endswith(FOLDER_SUFFIX) and is_ome_zarr(Path(entry.path))


def natural(name: str) -> list[tuple[int, int | str]]:
    """A key to sort names by."""
    parts = re.split(r"(\d+)", name.lower())
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts if part]
