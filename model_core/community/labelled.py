"""The labels that belong to an image, wherever they are kept beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from model_core.annotation.cells_file import cells_path
from model_core.annotation.cells_load import open_cells
from model_core.errors import UserError
from model_core.formats.label_image import read_labels
from model_core.formats.pairs import find_pairs
from model_core.images.image import Image
from model_core.images.readers import is_folder, is_image, read_image

_MASKS = (".tif", ".tiff", ".png")


def labelled_images(paths: list[Path]) -> list[tuple[Path, Path]]:
    """The images that are given and the files of their labels; of a folder those that have labels.

    Raises:
        UserError: an image has no labels, or a folder holds none that has.
    """
    found: list[tuple[Path, Path]] = []
    for path in paths:
        if is_folder(path):
            inside = _in_folder(path)
            if not inside:
                raise UserError(f"“{path}” holds no image with labels (NAME_masks.* or NAME.cells).")
            found += inside
        elif not path.exists():
            raise UserError(f"“{path}” does not exist.")
        elif (labels := _labels_beside(path)) is None:
            raise UserError(f"“{path.name}” has no labels beside it: neither NAME_masks.* nor NAME.cells.")
        else:
            found.append((path, labels))
    return list(dict.fromkeys(found))


def _in_folder(folder: Path) -> list[tuple[Path, Path]]:
    images = sorted(path for path in folder.iterdir() if is_image(path))
    beside = [(path, labels) for path in images if (labels := _labels_beside(path))]
    if beside:
        return beside
    try:
        return [(pair.image, pair.masks) for pair in find_pairs(folder)]
    except UserError:  # it says nothing of documents; the caller does
        return []


def _labels_beside(image: Path) -> Path | None:
    name = image.stem.removesuffix("_img")
    masks = [image.with_name(f"{name}_masks{suffix}") for suffix in _MASKS]
    return next((path for path in (cells_path(image), *masks) if path.exists()), None)


def read_labelled(paths: list[tuple[Path, Path]]) -> Iterator[tuple[Image, np.ndarray]]:
    """Each image with its labels, uint32 ``(Z, Y, X)``.

    Raises:
        UserError: a file cannot be read, or a document is open elsewhere.
    """
    for image_path, labels_path in paths:
        image = read_image(image_path)
        if labels_path.suffix == ".cells":
            file, store = open_cells(labels_path, image_path, image.shape[1:])
            labels = store.labels
            file.close()
        else:
            labels = read_labels(labels_path)
        yield image, labels
