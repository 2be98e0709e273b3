"""The outlines of other labels over the image, dashed, to compare them with the present ones."""

from __future__ import annotations

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
    shifts = False  # dashes stay where they are on the screen
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

    def render(self, grid: PixelGrid) -> np.ndarray | None:
        if self._labels is None:
            return None
        plane = self._labels[self._plane]
        height, width = plane.shape
        rows, cols = np.clip(grid.rows, 0, height - 1), np.clip(grid.cols, 0, width - 1)
        ids = take_pixels(plane, rows, cols, grid.step)
        ids[(grid.rows < 0) | (grid.rows >= height)] = 0
        ids[:, (grid.cols < 0) | (grid.cols >= width)] = 0
        edges = widened(edges_of(ids), ids, max(1, round(grid.ratio)))
        inner = edges[self.margin : -self.margin, self.margin : -self.margin]
        dash = round(_DASH * grid.ratio)
        down = np.arange(grid.top, grid.top + inner.shape[0])[:, None]
        along = np.arange(grid.left, grid.left + inner.shape[1])
        dashes = np.where((down + along) // dash % 2, np.uint32(_GAP), np.uint32(LINE))
        return np.where(inner, dashes, np.uint32(0))
