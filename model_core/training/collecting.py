"""The labelled images of a folder, whoever labelled them.

An image counts by the first of these that lies beside it:

- ``NAME.cells``, a document of this program: its reviewed cells and finished regions;
- ``NAME_seg.npy``, ``NAME_masks.tif`` or ``.png``, ``NAME_cp_masks.png`` or ``.tif`` as Cellpose writes
  them, and pairs ``NAME_img.*`` with ``NAME_masks.*``: everything in them, since nothing says what was
  reviewed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model_core.annotation.cells_file import cells_path
from model_core.annotation.cells_load import open_cells
from model_core.errors import Cancelled, UserError
from model_core.formats import seg_npy
from model_core.formats.folder import images_in
from model_core.formats.label_image import read_labels
from model_core.images.readers import read_image
from model_core.training.reviewed import ReviewedImage, deleted_objects, reviewed_image

_MASKS = ("_masks.tif", "_masks.tiff", "_masks.png", "_cp_masks.tif", "_cp_masks.png")


@dataclass(frozen=True)
class Collected:
    """images: those with anything to learn from, in the order of their names. problems: a sentence for each
    file that could not be used, and why; the others are not affected."""

    images: Sequence[ReviewedImage]
    problems: Sequence[str] = ()

    @property
    def cells(self) -> int:
        """How many cells a person vouches for."""
        return sum(image.cells for image in self.images)


def collect_reviewed(
    folder: Path,
    opened: Mapping[Path, ReviewedImage | None] | None = None,
    report: Callable[[int, int], None] | None = None,
    cancel: Callable[[], bool] | None = None,
    documents: Path | None = None,
) -> Collected:
    """The reviewed images of a folder (not of folders in it). For a worker: it reads every document.

    Args:
        folder: of images.
        opened: by path of the image, what `reviewed_image` makes of the documents that are open in the
            window, whose files are locked; they are taken instead of the files.
        report: called with the number of images looked at, and of all.
        documents: the folder of the documents, where the images' own is read-only.

    Raises:
        UserError: there is no such folder. Cancelled: ``cancel`` said so.
    """
    images, problems = [], []
    paths = images_in(folder)
    for done, path in enumerate(paths):
        if cancel and cancel():
            raise Cancelled
        if report:
            report(done, len(paths))
        try:
            image = opened[path] if opened and path in opened else _beside(path, documents)
        except UserError as error:
            problems.append(str(error))
            continue
        if image is not None:
            images.append(image)
    if report:
        report(len(paths), len(paths))
    return Collected(images, [*problems, *_without_image(folder, paths)])


def _beside(path: Path, documents: Path | None) -> ReviewedImage | None:
    """What lies beside an image; None if nothing does, or nobody has reviewed anything in it."""
    if (document := cells_path(path, documents)).exists():
        return _of_document(path, document)
    seg, masks = path.with_name(path.stem + seg_npy.SUFFIX), _masks_of(path)
    if seg.exists():
        return everything(path, seg_npy.read_seg_npy(seg).labels)
    return everything(path, read_labels(masks)) if masks else None


def _of_document(path: Path, document: Path) -> ReviewedImage | None:
    file, store = open_cells(document, path, read_image(path).shape[1:])
    file.close()
    deleted = deleted_objects(store.history, store.labels.shape)
    return reviewed_image(path, store.labels, store.objects, store.finished, deleted)


def _masks_of(path: Path) -> Path | None:
    name = path.stem.removesuffix("_img")
    names = [stem + suffix for suffix in _MASKS for stem in (path.stem, name)]
    return next((found for masks in names if (found := path.with_name(masks)).exists()), None)


def everything(path: Path, labels: np.ndarray) -> ReviewedImage | None:
    """An image whose labels, integers (Z, Y, X), are all right; None where there are none."""
    if not labels.any():
        return None
    return ReviewedImage(
        path, labels.astype(np.uint32), np.ones(labels.shape, bool), np.zeros(labels.shape, bool)
    )


def _without_image(folder: Path, paths: Sequence[Path]) -> list[str]:
    """A sentence for each file of labels whose image is not there."""
    stems = {path.stem for path in paths}
    stems |= {stem.removesuffix("_img") for stem in stems}
    problems = []
    for path in sorted(folder.iterdir()):
        for suffix in (".cells", seg_npy.SUFFIX, *_MASKS):
            if path.name.endswith(suffix):
                stem = path.name.removesuffix(suffix)
                if stem not in stems and stem.removesuffix("_cp") not in stems:
                    problems.append(f"“{path.name}” has labels, but their image is not beside it.")
                break
    return problems
