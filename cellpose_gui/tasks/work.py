"""What tasks do: functions that run in a worker, compute with the engine and touch no widget.

The engine's heavy modules are imported inside, so that the window is up before torch is.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cellpose_gui.document.document import Document, load
from model_core.annotation.cells_file import CellsFile, cells_path
from model_core.annotation.cells_schema import set_aside
from model_core.annotation.label_store import LabelStore
from model_core.annotation.patch import Box, Patch
from model_core.annotation.region_patch import region_patch
from model_core.errors import UserError
from model_core.images.image import Image
from model_core.images.readers import read_image

if TYPE_CHECKING:
    from cellpose_gui.tasks.task_runner import Cancel, Progress
    from model_core.models.model import Model
    from model_core.segmentation.mask import Mask
    from model_core.segmentation.segmentation import Segmentation

log = logging.getLogger(__name__)
Given = Mapping[str, Any]  # the options of `segment` that a person gave, such as the diameter
_models: dict[str | None, Model] = {}
_loading = threading.Lock()  # a run that comes while the engine starts waits for that start


@dataclass(frozen=True, eq=False)
class Opened:
    """An image and its document as read in a worker; `Document` is made of it in the window's thread."""

    image: Image
    file: CellsFile
    store: LabelStore


def open_image(path: Path, folder: Path | None = None) -> Opened:
    """Reads an image and what is kept about it, beside it or in ``folder``. Raises UserError."""
    image = read_image(path)
    file, store = load(image, folder)  # type: ignore[arg-type]
    return Opened(image, file, store)


def model(name: str | None = None) -> Model:
    """A model, loaded once. Raises UserError."""
    from model_core.models.model import load_model

    with _loading:
        if name not in _models:
            _models[name] = load_model(name)
        return _models[name]


def forget_model(name: str) -> None:
    """A model of this name is another one now, or none."""
    with _loading:
        _models.pop(name, None)


def warm_up() -> str:
    """Loads torch, the bundled model and the compiled loops, so that the first run is as fast as the next.

    Returns:
        The device, for the status bar.
    """
    from model_core.segmentation.segmenter import segment

    started = time.monotonic()
    bundled = model()
    disc = np.hypot(*np.mgrid[-24:24, -24:24]) < 12
    segment(disc.astype(np.float32), bundled, diameter=24)
    log.info("Engine ready after %.1f s on %s", time.monotonic() - started, bundled.device)
    return bundled.device


@dataclass(frozen=True, eq=False)
class Found:
    """What a model found in a document's image, and the Patch that puts it there (None: no change)."""

    segmentation: Segmentation
    patch: Patch | None


def find_cells(
    document: Document,
    options: Given,
    progress: Progress,
    cancel: Cancel,
    model_name: str | None = None,
) -> Found:
    """Segments the image of a document with the bundled model, or another of the registry.

    Raises:
        UserError, Cancelled.
    """
    if model_name not in _models:
        progress(0.0, "Getting ready: only the first run waits for this")
    from model_core.segmentation.segmenter import segment

    image = cast(Image, document.image)
    result = segment(image, model(model_name), progress=progress, cancel=cancel, **options)
    return Found(result, make_model_patch(document.store, result))


def adjust(
    document: Document, before: Segmentation, options: Given, cancel: Cancel, model_name: str | None = None
) -> Found:
    """The same fields with other thresholds; those that are not given are as the model asks."""
    from model_core.segmentation.options import Options
    from model_core.segmentation.remask import remask

    asked = Options(**options).suited_to(model(model_name).network)
    result = remask(
        before,
        cancel=cancel,
        flow_threshold=asked.flow_threshold,
        score_threshold=asked.score_threshold,
        cellprob_threshold=asked.cellprob_threshold,
    )
    return Found(result, make_model_patch(document.store, result))


def make_model_patch(store: LabelStore, result: Segmentation) -> Patch | None:
    """The Patch of a model's result; made again when the document was edited meanwhile."""
    from model_core.segmentation.into_document import result_patch

    return result_patch(store, result)


def record_of(result: Segmentation) -> dict[str, Any]:
    """What made a result, for the document and the reports that are written from it."""
    from model_core.segmentation.run_record import run_record

    return run_record(result.model_id, "", result.options)


def find_left_out(result: Segmentation, cancel: Cancel) -> dict[str, Any]:
    """The cells that a run may have missed, as the document keeps them. Raises Cancelled."""
    from model_core.annotation.candidates import to_setting
    from model_core.segmentation.left_out import left_out

    return to_setting(left_out(result, cancel))


def find_fields(
    document: Document,
    options: Given,
    progress: Progress,
    cancel: Cancel,
    model_name: str | None = None,
) -> Segmentation:
    """Runs a model over an image for its fields alone. Raises UserError, Cancelled."""
    from model_core.segmentation.segmenter import segment

    image = cast(Image, document.image)
    return segment(image, model(model_name), progress=progress, cancel=cancel, **options)


def object_at(fields: Segmentation, point: tuple[int, int, int], level: int) -> Mask | None:
    """The object at a point, or None."""
    from model_core.segmentation import prompts

    return prompts.object_at(fields, point, level)


@dataclass(frozen=True, eq=False)
class FoundInBox:
    """What a model found in a box, the Patch that puts it there (None: no change), and what to say."""

    box: Box
    segmentation: Segmentation
    patch: Patch | None
    words: str


def find_in_box(
    document: Document,
    box: Box,
    fields: Segmentation | None,
    options: Given,
    progress: Progress,
    cancel: Cancel,
    model_name: str | None = None,
) -> FoundInBox:
    """Segments a box of a document's image at its own diameter.

    Args:
        fields: of a run over the image, if there was one. options: all count but the diameter.

    Raises:
        UserError, Cancelled.
    """
    if model_name not in _models:
        progress(0.0, "Getting ready: only the first run waits for this")
    from model_core.segmentation.region import clipped, segment_region

    image = cast(Image, document.image)
    box = clipped(box, image.shape[1:])
    others = {name: value for name, value in options.items() if name != "diameter"}
    result = segment_region(image, model(model_name), box, fields=fields, cancel=cancel, **others)
    count = int(result.labels.max())
    if count:
        words = f"{count:,} cell{'' if count == 1 else 's'} in the box; diameter {result.diameter:.1f} px."
    else:
        words = "No cells were found in the box."
    return placed_again(document, FoundInBox(box, result, None, words))


def placed_again(document: Document, found: FoundInBox) -> FoundInBox:
    """With the Patch for the document as it is now."""
    result = found.segmentation
    confidence = dict(enumerate(result.confidence.tolist()))
    text = f"Segment a box ({int(result.labels.max())} cells found)"
    return replace(found, patch=region_patch(document.store, found.box, result.labels, confidence, text))


def outcome_in_words(result: Segmentation, image: Image) -> str:
    """What a run found, for the panel: number of cells, their diameter, and what the user should know."""
    count = int(result.labels.max())
    if count == 0:
        words = "No cells were found."
        if not result.notes:
            words += " If there are some, give their diameter above and try again."
    else:
        size = f"{result.diameter:.1f} px"
        if image.pixel_size:
            size += f" ({result.diameter * image.pixel_size:.1f} µm)"
        words = f"{count:,} cell{'' if count == 1 else 's'} found; median diameter {size}."
    return "\n".join((words, *result.notes))


def import_model(path: Path) -> str:
    """Puts a model file into the registry; the name by which it is found. Raises UserError."""
    from model_core.models import imports

    if not imports.looks_like_model(path):
        raise UserError(f"“{path.name}” is neither an image that can be opened nor a model.")
    return imports.import_model(path).stem


def set_document_aside(path: Path, folder: Path | None = None) -> Path:
    """Renames the damaged document of an image, so that a new one can be begun. Raises UserError."""
    return set_aside(cells_path(path, folder))
