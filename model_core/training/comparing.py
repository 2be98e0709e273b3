"""Before and after on cells that a person vouches for and that were held back from training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from model_core.annotation.matching import match, overlaps
from model_core.annotation.measure import measure
from model_core.images.scaled import ScaledImage
from model_core.segmentation.look import measured_diameter
from model_core.segmentation.options import Options
from model_core.segmentation.outline import outline
from model_core.segmentation.planes import PlanePredictor
from model_core.segmentation.tiling import Cancel

if TYPE_CHECKING:
    from model_core.models.model import Model

Box = tuple[int, int, int, int]
# of `quality`: less is chance. Axons, 100 worst cells: +0.002 there, AP -0.06 on other images
_CLEARLY = 0.01
_FURTHEST = 2.0  # times: a view is shown so much larger or smaller than it should be at most
RIGHT = 0.5  # IoU from which on a cell counts as found


@dataclass(frozen=True, eq=False)
class View:
    """A part of a plane with held-out cells.

    path: of the image. plane: z. box: (y0, y1, x0, x1). image: all of it. diameter: px, of its trusted cells.
    cells: uint32 (h, w), the held-out ones. zone: bool (h, w), the pixels that belong to them (`HeldOut`).
    """

    path: Path
    plane: int
    box: Box
    image: ScaledImage
    diameter: float
    cells: np.ndarray
    zone: np.ndarray


@dataclass(frozen=True, eq=False)
class Look:
    """What a model found in a view.

    labels: uint32 (h, w). iou: of each held-out cell with the object that overlaps it most. right: the cells
    that are found. false: objects that lie mostly in the zone and match no cell.
    """

    labels: np.ndarray
    iou: dict[int, float]
    right: frozenset[int]
    false: int

    @property
    def total(self) -> int:
        """TP + FP + FN."""
        return len(self.iou) + self.false


def diameter_in(model: Model, view: View, cancel: Cancel | None = None) -> float:
    """px, that a model measures in the image of a view, as it does when a person asks it for the cells.

    To tell sizes better is half of what a model learns on images of a new kind. At the size of the trusted
    cells none of that shows: 200 cells of axons, AP 0.52 -> 0.61 on other images, held-out cells at the right
    size 0.63 -> 0.61. Cancelled: ``cancel`` said so.
    """
    found = measured_diameter(model, view.image, cancel) or model.diameter
    return min(max(found, view.diameter / _FURTHEST), view.diameter * _FURTHEST)


def look(model: Model, view: View, diameter: float, cancel: Cancel | None = None) -> Look:
    """What a model finds if cells are so large (px). Cancelled: ``cancel`` said so."""
    y0, y1, x0, x1 = view.box
    z, rows, columns = slice(view.plane, view.plane + 1), slice(y0, y1), slice(x0, x1)
    options = Options().suited_to(model.network)
    predictor = PlanePredictor(model, view.image, diameter, options, cancel)
    fields = predictor.no_fields(np.float32)  # of which only the box is ever touched
    predictor.predict(fields, view.plane, rows, columns)
    labels, _ = outline(fields.flows[:, z, rows, columns], fields.cellprob[z, rows, columns], options)
    return judged(view, labels[0])


def judged(view: View, found: np.ndarray) -> Look:
    """``found``: uint32 (h, w), the objects found in a view."""
    cells, _, iou = overlaps(view.cells, found)
    best = dict.fromkeys(np.unique(view.cells[view.cells > 0]).tolist(), 0.0)
    for cell, value in zip(cells.tolist(), iou.tolist(), strict=True):
        best[cell] = max(best[cell], value)
    right, matched, _ = match(view.cells, found, RIGHT)
    sizes, in_zone = np.bincount(found.ravel()), np.bincount(found[view.zone], minlength=int(found.max()) + 1)
    inside = np.flatnonzero((sizes > 0) & (2 * in_zone > sizes))
    false = np.setdiff1d(inside[inside > 0], matched)
    return Look(found, best, frozenset(right.tolist()), len(false))


def average_precision_of(looks: Sequence[Look]) -> float:
    """TP / (TP + FP + FN) at an IoU of 0.5 over all looks together; 1 where there is nothing to find."""
    total = sum(one.total for one in looks)
    return sum(len(one.right) for one in looks) / total if total else 1.0


def quality(looks: Sequence[Look]) -> float:
    """0..1, by which the best moment of a training is chosen: half AP, half the mean IoU of the cells.

    With the few cells of a person AP alone moves in large steps. Of those who correct the worst cells first
    most are far from an IoU of 0.5, and it does not move at all; that they are found better already tells.
    """
    total = sum(one.total for one in looks)
    fit = sum(value for one in looks for value in one.iou.values())
    return (average_precision_of(looks) + fit / total) / 2 if total else 1.0


def clearly_better(before: Sequence[Look], after: Sequence[Look]) -> bool:
    """Whether the `quality` of the looks rose by more than chance."""
    return quality(after) > quality(before) + _CLEARLY


class Change(str, Enum):
    """What a retraining did to a cell: right is one that is found at an IoU of 0.5 or more."""

    FIXED = "fixed"  # wrong or missed before, right now
    BROKEN = "broken"  # right before, wrong or missed now
    STILL_RIGHT = "still right"
    STILL_WRONG = "still wrong"


@dataclass(frozen=True)
class CellChange:
    """One held-out cell.

    id: in the document of the image. plane: z. box: (y0, y1, x0, x1) of the cell there, px, half open.
    before, after: IoU with what the two models found, 0 where they found nothing.
    """

    path: Path
    id: int
    plane: int
    box: Box
    before: float
    after: float
    change: Change


@dataclass(frozen=True, eq=False)
class ImageChange:
    """One part of a plane of an image with held-out cells; small images are one part.

    box: (y0, y1, x0, x1) of the part that was looked at. ap_before, ap_after: average precision at an IoU of
    0.5 on the held-out cells. false_before, false_after: objects found on trusted background or across
    held-out cells. true, before, after: uint32 (Y, X), labels in that part for an overlay; ``true`` holds the
    held-out cells only.
    """

    path: Path
    plane: int
    box: Box
    ap_before: float
    ap_after: float
    false_before: int
    false_after: int
    cells: Sequence[CellChange]
    true: np.ndarray
    before: np.ndarray
    after: np.ndarray


@dataclass(frozen=True)
class Comparison:
    """Two models on all held-out cells.

    ap_before, ap_after: TP / (TP + FP + FN) at an IoU of 0.5 over all of them together. better: whether the
    new model is the one to use: its `quality` is clearly higher. AP alone is not asked, as of 15 cells one
    more or less is chance. images: each.
    cross_validated: cells were few, and each was found by a model that had not seen it. held_out: False with
    a single cell, which was learned from and looked at.
    """

    ap_before: float
    ap_after: float
    better: bool
    images: Sequence[ImageChange]
    cross_validated: bool = False
    held_out: bool = True

    @property
    def cells(self) -> list[CellChange]:
        return [cell for image in self.images for cell in image.cells]

    @property
    def ious(self) -> tuple[float, float]:
        """The mean IoU of the cells before and after; 0 where there are none."""
        cells = self.cells
        count = max(1, len(cells))
        return sum(cell.before for cell in cells) / count, sum(cell.after for cell in cells) / count

    def count(self, change: Change) -> int:
        return sum(cell.change is change for cell in self.cells)


def compare(
    views: Sequence[View],
    before: Sequence[Look],
    after: Sequence[Look],
    cross_validated: bool = False,
    held_out: bool = True,
) -> Comparison:
    """What changed between two looks at the same views."""
    aps = average_precision_of(before), average_precision_of(after)
    better = clearly_better(before, after)
    images = [_image_change(*parts) for parts in zip(views, before, after, strict=True)]
    return Comparison(*aps, better, images, cross_validated, held_out)


def _image_change(view: View, before: Look, after: Look) -> ImageChange:
    cells = []
    extents = measure(view.cells[None], (0, view.box[0], view.box[2]))
    for id_ in before.iou:
        _, _, y0, y1, x0, x1 = extents[id_].box
        box = (y0, y1, x0, x1)
        change = _CHANGES[id_ in before.right, id_ in after.right]
        cells.append(CellChange(view.path, id_, view.plane, box, before.iou[id_], after.iou[id_], change))
    return ImageChange(
        view.path,
        view.plane,
        view.box,
        average_precision_of([before]),
        average_precision_of([after]),
        before.false,
        after.false,
        cells,
        view.cells,
        before.labels,
        after.labels,
    )


_CHANGES = {
    (False, True): Change.FIXED,
    (True, False): Change.BROKEN,
    (True, True): Change.STILL_RIGHT,
    (False, False): Change.STILL_WRONG,
}
