"""Looks for doubtful cells in many images, in a worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, cast

import numpy as np

from cellpose_gui.document.document import Document
from cellpose_gui.tasks.task_runner import Cancel, Progress
from cellpose_gui.tasks.work import open_image
from model_core.annotation.cells_file import cells_path
from model_core.annotation.folder_index import FolderIndex
from model_core.annotation.objects import ObjectRecord
from model_core.errors import Cancelled, UserError
from model_core.images.image import Image

if TYPE_CHECKING:
    from model_core.annotation.doubt import Doubt


@dataclass
class Doubts:
    """By image, the worst first; and what could not be looked at, with the reason."""

    by_image: dict[Path, list[Doubt]] = field(default_factory=dict)
    errors: list[tuple[Path, str]] = field(default_factory=list)


def look_for_doubts(
    images: Sequence[Path],
    document: Document,
    index: FolderIndex | None,
    work_folder: Path | None,
    opening: Lock,
    progress: Progress,
    cancel: Cancel,
) -> Doubts:
    """Of all images that have cells; the open one as it is in memory. Raises Cancelled.

    What the index of their folder knows of images that have not changed is taken from there. An image that
    cannot be read, or whose document somebody else has open, is told of and left out. `opening` is held
    while a document is, so that the window does not find it locked.
    """
    from model_core.annotation.doubt import find_doubts

    found = Doubts()
    for number, path in enumerate(images):
        if cancel():
            raise Cancelled
        progress(number / len(images), f"Looking for doubtful cells in {path.name}")
        if path == document.image.path:
            image = cast(Image, document.image)
            labels, objects = document.labels.copy(), document.objects.snapshot()
            doubts = find_doubts(labels, objects, image.pixels)
        else:
            try:
                doubts = doubts_of_file(path, index, work_folder, opening)
            except UserError as error:
                found.errors.append((path, str(error)))
                continue
        if doubts:
            found.by_image[path] = doubts
    return found


def doubts_of_file(
    path: Path, index: FolderIndex | None, work_folder: Path | None, opening: Lock
) -> list[Doubt]:
    """Of an image that is not open here; none without a document. Raises UserError."""
    from model_core.annotation.doubt import find_doubts
    from model_core.annotation.kept_doubts import keep_doubts, kept_doubts

    if not cells_path(path, work_folder).exists():
        return []
    stamp = "" if index is None else index.stamp(path.name)
    if index is not None and (known := kept_doubts(index, path.name, stamp)) is not None:
        return known
    with opening:
        image, labels, objects = _read(path, work_folder)
    doubts = find_doubts(labels, objects, image.pixels)
    if index is not None and index.stamp(path.name) == stamp:
        keep_doubts(index, path.name, stamp, doubts)
    return doubts


def _read(path: Path, folder: Path | None) -> tuple[Image, np.ndarray, dict[int, ObjectRecord]]:
    opened = open_image(path, folder)
    try:
        return opened.image, opened.store.labels, opened.store.objects.snapshot()
    finally:
        opened.file.close()
