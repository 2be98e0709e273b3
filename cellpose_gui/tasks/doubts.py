"""Looks for doubtful cells in many images, in a worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from cellpose_gui.document.document import Document
from cellpose_gui.tasks.task_runner import Cancel, Progress
from cellpose_gui.tasks.work import Opened, open_image
from model_core.annotation.candidates import SETTING, from_setting, still_open
from model_core.annotation.cells_file import cells_path
from model_core.annotation.folder_index import FolderIndex
from model_core.annotation.label_store import LabelStore
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
    found = Doubts()
    for number, path in enumerate(images):
        if cancel():
            raise Cancelled
        progress(number / len(images), f"Looking for doubtful cells in {path.name}")
        if path == document.image.path:
            doubts = _doubts(cast(Image, document.image), document.store, document.settings)
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
    from model_core.annotation.kept_doubts import keep_doubts, kept_doubts

    if not cells_path(path, work_folder).exists():
        return []
    stamp = "" if index is None else index.stamp(path.name)
    if index is not None and (known := kept_doubts(index, path.name, stamp)) is not None:
        return known
    with opening:
        opened = _read(path, work_folder)
    doubts = _doubts(opened.image, opened.store, opened.file.settings)
    if index is not None and index.stamp(path.name) == stamp:
        keep_doubts(index, path.name, stamp, doubts)
    return doubts


def _doubts(image: Image, store: LabelStore, settings: Mapping[str, Any]) -> list[Doubt]:
    """Of the cells of an image, and of the places where its last run may have left one out."""
    from model_core.annotation.doubt import find_doubts, with_left_out

    labels, objects = store.labels.copy(), store.objects.snapshot()
    places = still_open(from_setting(settings.get(SETTING)), labels, store.finished)
    return with_left_out(find_doubts(labels, objects, image.pixels), places)


def _read(path: Path, folder: Path | None) -> Opened:
    opened = open_image(path, folder)
    opened.file.close()
    return opened
