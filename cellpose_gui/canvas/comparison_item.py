"""The outlines of other labels over the image, dashed, to compare them with the present ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from PyQt6.QtGui import QImage

from cellpose_gui.canvas.edges import edges_of, widened
from cellpose_gui.canvas.sampling import PixelGrid, take_pixels
from cellpose_gui.canvas.screen_item import ScreenItem

LINE = 0xFFFFFFFF  # no palette holds white, and dashes tell eyes that see no colours
_GAP = 0xC0000000
_DASH = 4  # logical pixels


class ComparisonItem(ScreenItem):
    """Shows one plane of labels (uint32, Z, Y, X) that never change; None shows nothing."""

    margin = 4
    image_format = QImage.Format.Format_ARGB32_Premultiplied

    def __init__(self) -> None:
        super().__init__()
        self._labels: np.ndarray | None = None
        self._plane = 0

    @property
    def shown(self) -> bool:
        return self._labels is not None

    def set_labels(self, labels: np.ndarray | None) -> None:
        self._labels = labels
        self.set_extent(*(labels.shape[1:] if labels is not None else (0, 0)))

    def set_plane(self, plane: int) -> None:
        self._plane = plane
        self.update()

    def prepare(self, grid: PixelGrid, later: bool = False) -> Callable[[], np.ndarray] | None:
        return None if self._labels is None else partial(_dashed, self._labels[self._plane], grid)


def _dashed(plane: np.ndarray, grid: PixelGrid) -> np.ndarray:
    ids = take_pixels(plane, *grid.on_image(*plane.shape), grid.step)
    grid.clear_beyond(ids, *plane.shape)
    margin = ComparisonItem.margin
    edges = widened(edges_of(ids), ids, max(1, round(grid.ratio)))[margin:-margin, margin:-margin]
    dashes = np.where(grid.stripes(_DASH, margin), np.uint32(_GAP), np.uint32(LINE))
    return np.where(edges, dashes, np.uint32(0))
