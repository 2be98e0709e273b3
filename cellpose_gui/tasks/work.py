"""What tasks do: functions that run in a worker, compute with the engine and touch no widget.

The engine's heavy modules are imported inside, so that the window is up before torch is.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cellpose_gui.document.document import load
from model_core.annotation.cells_file import CellsFile, cells_path
from model_core.annotation.cells_schema import set_aside
from model_core.annotation.label_store import LabelStore
from model_core.annotation.model_patch import model_patch
from model_core.annotation.patch import Patch
from model_core.formats import numbering
from model_core.formats.label_image import write_labels
from model_core.images.image import Image
from model_core.images.readers import read_image

if TYPE_CHECKING:
    from cellpose_gui.tasks.task_runner import Cancel, Progress
    from model_core.models.model import Model
    from model_core.segmentation.segmentation import Segmentation

log = logging.getLogger(__name__)
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
    image: Image, store: LabelStore, diameter: float | None, progress: Progress, cancel: Cancel
) -> Found:
    """Segments an image with the bundled model. Raises UserError, Cancelled."""
    if None not in _models:
        progress(0.0, "Getting ready: only the first run waits for this")
    from model_core.segmentation.segmenter import segment

    result = segment(image, model(), diameter=diameter, progress=progress, cancel=cancel)
    return Found(result, make_model_patch(store, result))


def make_model_patch(store: LabelStore, result: Segmentation) -> Patch | None:
    """The Patch of a model's result; made again when the document was edited meanwhile."""
    confidence = dict(enumerate(result.confidence.tolist()))
    return model_patch(store, result.labels, confidence, f"Segment ({int(result.labels.max())} cells found)")


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


def set_document_aside(path: Path, folder: Path | None = None) -> Path:
    """Renames the damaged document of an image, so that a new one can be begun. Raises UserError."""
    return set_aside(cells_path(path, folder))


def export_labels(path: Path, labels: np.ndarray, consecutive: bool = False) -> Path:
    """Writes a label image. Raises UserError; an existing file is replaced only by a whole new one."""
    write_labels(path, numbering.consecutive(labels) if consecutive else labels)
    return path
