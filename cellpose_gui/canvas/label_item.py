"""The labels above the image: fills and outlines, sharp at every zoom."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QImage

from cellpose_gui.canvas.palette import LabelColours, OverlayStyle
from cellpose_gui.canvas.sampling import PixelGrid, take_pixels
from cellpose_gui.canvas.screen_item import ScreenItem

_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
_SELECTED_LINE = 0xFFFFFFFF
_SELECTED_HALO = 0xC0000000


class Preview(Protocol):
    """A change that is not made yet but already shown."""

    def show_on(self, ids: np.ndarray, rows: np.ndarray, cols: np.ndarray) -> None:
        """Change sampled `ids` (uint32, one per row and column of the image given) in place."""


class LabelItem(ScreenItem):
    """Shows one plane of labels (Z, Y, X).

    Outlines are found among the sampled ids: a device pixel belongs to one where a pixel beside it has
    another id. So they are as thin on screen at every zoom, lie inside their label, and never blur.
    """

    margin = 4
    image_format = QImage.Format.Format_ARGB32_Premultiplied

    def __init__(self) -> None:
        super().__init__()
        self._labels: np.ndarray | None = None
        self._plane = 0
        self._preview: Preview | None = None
        self.colours = LabelColours()

    def set_labels(self, labels: np.ndarray | None, plane: int = 0) -> None:
        """Show `plane` of `labels` (uint32, Z, Y, X), which is read at every repaint and not copied."""
        self._labels, self._plane, self._preview = labels, plane, None
        self.colours.restart()
        self.set_extent(*(labels.shape[1:] if labels is not None else (0, 0)))

    def set_plane(self, plane: int) -> None:
        self._plane, self._preview = plane, None
        self.update()

    @property
    def style(self) -> OverlayStyle:
        return self.colours.style

    @style.setter
    def style(self, style: OverlayStyle) -> None:
        self.colours.set_style(style)
        self.update()

    def set_selected(self, ids: frozenset[int]) -> None:
        self.colours.set_selected(ids)
        self.update()

    def set_preview(self, preview: Preview | None) -> None:
        """Show `preview` on top of the labels from the next repaint on; see `repaint_box`."""
        self._preview = preview

    def repaint_box(self, rows: slice, cols: slice) -> None:
        """Repaint after a change of labels or preview inside these rows and columns."""
        reach = (self.margin + 1) * (self.pixelWidth() or 1.0)  # None before the item is in a scene
        box = QRectF(cols.start, rows.start, cols.stop - cols.start, rows.stop - rows.start)
        self.update(box.adjusted(-reach, -reach, reach, reach))

    def render(self, grid: PixelGrid) -> np.ndarray | None:
        style = self.colours.style
        if not style.visible or self._labels is None:
            return None
        ids = self.colours.fold(self._sample(self._labels[self._plane], grid))
        inner = np.s_[self.margin : -self.margin, self.margin : -self.margin]
        # Indices of the machine's own width are looked up about twice as fast as others.
        result = self.colours.fill.take(ids[inner].astype(np.intp))
        if not style.outlines and not self.colours.any_selected:
            return result
        edges = _edges(ids)
        if style.outlines:
            shown = _widened(edges, ids, style.outline_width)[inner]
            result[shown] = self.colours.line[ids[inner][shown]]
        if self.colours.any_selected:
            self._highlight(result, ids, edges, inner)
        return result

    def _sample(self, plane: np.ndarray, grid: PixelGrid) -> np.ndarray:
        height, width = plane.shape
        rows, cols = np.clip(grid.rows, 0, height - 1), np.clip(grid.cols, 0, width - 1)
        ids = take_pixels(plane, rows, cols, grid.step)
        if self._preview is not None:
            self._preview.show_on(ids, rows, cols)
        # Beyond the border of the image lies background, which closes the outlines there.
        ids[(grid.rows < 0) | (grid.rows >= height)] = 0
        ids[:, (grid.cols < 0) | (grid.cols >= width)] = 0
        return ids

    def _highlight(
        self,
        result: np.ndarray,
        ids: np.ndarray,
        edges: np.ndarray,
        inner: tuple[slice, slice],
    ) -> None:
        selected = self.colours.selected[ids]
        if not selected.any():
            return
        own = ids[inner][selected[inner]]
        result[selected[inner]] = self.colours.selected_fill[own]
        halo = cv2.dilate(selected.view(np.uint8), _CROSS).view(bool) & ~selected
        result[halo[inner]] = _SELECTED_HALO
        line = _widened(edges, ids, self.style.outline_width + 1) & selected
        result[line[inner]] = _SELECTED_LINE


def _edges(ids: np.ndarray) -> np.ndarray:
    """Where an id other than 0 has another id above, below, left or right of it: bool, the shape of `ids`."""
    edges = np.zeros(ids.shape, bool)
    differs = ids[:, 1:] != ids[:, :-1]
    edges[:, 1:] = differs
    edges[:, :-1] |= differs
    differs = ids[1:] != ids[:-1]
    edges[1:] |= differs
    edges[:-1] |= differs
    edges &= ids != 0
    return edges


def _widened(edges: np.ndarray, ids: np.ndarray, width: int) -> np.ndarray:
    if width <= 1:
        return edges
    # Beside an edge pixel lies its own label, background, or the edge of a neighbour: widening stays inside
    # labels.
    wide = cv2.dilate(edges.view(np.uint8), _CROSS, iterations=width - 1).view(bool)
    return wide & (ids != 0)
