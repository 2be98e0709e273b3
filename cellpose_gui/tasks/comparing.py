"""Other labels of the open image to compare with: from a file, from another person, from another model."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np

from cellpose_gui.tasks import work
from cellpose_gui.tasks.task_runner import Cancel, Progress
from model_core.annotation.cells_load import open_cells
from model_core.errors import UserError
from model_core.formats.atomic import plain_reason
from model_core.formats.label_image import read_labels
from model_core.formats.seg_npy import read_seg_npy
from model_core.images.image import Image

PATTERNS = "*.tif *.tiff *.png *_seg.npy *.cells"


def labels_of_file(path: Path, image: Image) -> np.ndarray:
    """A label image, a file of Cellpose, or another document of the same image; uint32 (Z, Y, X).

    Raises UserError: it cannot be read, or belongs to an image of another size.
    """
    shape = image.shape[1:]
    if path.suffix == ".cells":
        labels = _labels_of_document(path, image)
    elif path.suffix == ".npy":
        labels = read_seg_npy(path).labels
    else:
        labels = read_labels(path)
    if labels.shape != shape:
        z, y, x = labels.shape
        raise UserError(f"“{path.name}” holds labels of {z} x {y} x {x} px; the image has {_words(shape)}.")
    return labels


def labels_of_model(image: Image, model: str | None, progress: Progress, cancel: Cancel) -> np.ndarray:
    """What a model finds, without a change of the document. Raises UserError, Cancelled."""
    from model_core.segmentation.segmenter import segment

    return segment(image, work.model(model), diameter=None, progress=progress, cancel=cancel).labels


def _labels_of_document(path: Path, image: Image) -> np.ndarray:
    """From a copy: the other person may have it open, and nothing of theirs is touched."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            for part in path.parent.glob(f"{path.name}*"):
                shutil.copy(part, Path(folder) / part.name)
        except OSError as error:
            raise UserError(f"“{path.name}” cannot be read: {plain_reason(error)}.") from error
        file, store = open_cells(Path(folder) / path.name, Path(folder) / image.name, image.shape[1:])
        file.close()
        return np.array(store.labels)


def _words(shape: tuple[int, int, int]) -> str:
    return " x ".join(str(size) for size in shape)
