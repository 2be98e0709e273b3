"""Before and after on cells that a person vouches for and that were held back from training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np

Box = tuple[int, int, int, int]


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
    """One image (a plane of it) with held-out cells.

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

    ap_before, ap_after: TP / (TP + FP + FN) at an IoU of 0.5 over all of them together. images: one by one;
    where cells were few and cross-validated, each was found by a model that had not seen it.
    """

    ap_before: float
    ap_after: float
    images: Sequence[ImageChange]
    cross_validated: bool = False

    @property
    def cells(self) -> list[CellChange]:
        return [cell for image in self.images for cell in image.cells]

    def count(self, change: Change) -> int:
        return sum(cell.change is change for cell in self.cells)

    @property
    def better(self) -> bool:
        """Whether the new model is the one to use."""
        return self.ap_after > self.ap_before
