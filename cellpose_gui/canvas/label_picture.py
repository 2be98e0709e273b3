"""What labels look like on screen: fills and outlines of the ids that lie under the device pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from cellpose_gui.canvas.coarse_labels import CoarseLabels, seen
from cellpose_gui.canvas.edges import CROSS, edges_of, widened
from cellpose_gui.canvas.palette import FOLD, ColourTables, OverlayStyle, folded
from cellpose_gui.canvas.sampling import PixelGrid, take_pixels

MARGIN = 12  # device pixels around the picture that outlines and halos depend on
_LARGE_PIXELS = 0.3334  # image pixels per logical pixel from which on outlines are one pixel wider
_SELECTED_LINE = 0xFFFFFFFF
_SELECTED_HALO = 0xC0000000
_GAP = 0xFF000000
_DASH = 5  # logical pixels
_INNER = slice(MARGIN, -MARGIN)


class Preview(Protocol):
    """A change that is not made yet but already shown."""

    @property
    def value(self) -> int:
        """The id that it shows."""

    def show_on(self, ids: np.ndarray, rows: np.ndarray, cols: np.ndarray) -> None:
        """Change sampled `ids` (uint32, one per row and column of the image given) in place."""

    def frozen(self) -> Preview:
        """As it is now, for another thread."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelPicture:
    """All that the look of a plane of labels depends on; any thread may draw it.

    Outlines are found among the sampled ids: a device pixel belongs to one where a pixel beside it has
    another id. So they are as thin on screen at every zoom, lie inside their label, and never blur.
    """

    plane: np.ndarray  # uint32 (Y, X)
    coarse: CoarseLabels
    tables: ColourTables
    style: OverlayStyle
    preview: Preview | None = None

    def draw(self, grid: PixelGrid) -> np.ndarray:
        """The colours of `grid` without its margin: uint32, premultiplied 0xAARRGGBB."""
        style, tables = self.style, self.tables
        ids = self._sample(grid)
        inner = ids[_INNER, _INNER]
        # Indices of the machine's own width are looked up about twice as fast as others. What has come
        # since the tables were made is cut off: it is painted again.
        result = tables.fill.take(inner.astype(np.intp), mode="clip")
        if not style.outlines and not tables.any_selected:
            return result
        edges = edges_of(ids)
        width = self._line_width(grid)
        if style.outlines:
            shown = widened(edges, ids, width)[_INNER, _INNER]
            result[shown] = tables.line.take(inner[shown], mode="clip")
        if tables.any_selected:
            self._highlight(result, ids, edges, width + round(grid.ratio))
        if style.outlines and tables.any_locked:
            self._dash(result, inner, widened(edges, ids, width + round(grid.ratio))[_INNER, _INNER], grid)
        return result

    def _line_width(self, grid: PixelGrid) -> int:
        """In device pixels; what lies beyond the margin can't be seen from inside, so there is an end to
        it."""
        logical = self.style.outline_width + (grid.step * grid.ratio <= _LARGE_PIXELS)
        return min(max(1, round(logical * grid.ratio)), MARGIN - 1 - round(grid.ratio))

    def _sample(self, grid: PixelGrid) -> np.ndarray:
        rows, cols = grid.on_image(*self.plane.shape)
        source, rows, cols, factor = self.coarse.choose(self.plane, rows, cols, grid.step)
        ids = take_pixels(source, rows, cols, grid.step / factor)
        if self.preview is not None:
            self.preview.show_on(ids, seen(rows, factor), seen(cols, factor))
        grid.clear_beyond(ids, *self.plane.shape)
        return folded(ids) if len(self.tables.fill) == FOLD else ids

    def _dash(self, result: np.ndarray, ids: np.ndarray, edges: np.ndarray, grid: PixelGrid) -> None:
        """Interrupt the outlines of locked labels."""
        result[~grid.stripes(_DASH, MARGIN) & edges & self.tables.locked.take(ids, mode="clip")] = _GAP

    def _highlight(self, result: np.ndarray, ids: np.ndarray, edges: np.ndarray, width: int) -> None:
        selected = self.tables.selected.take(ids, mode="clip")
        if not selected.any():
            return
        inside = selected[_INNER, _INNER]
        result[inside] = self.tables.selected_fill.take(ids[_INNER, _INNER][inside], mode="clip")
        halo = cv2.dilate(selected.view(np.uint8), CROSS).view(bool) & ~selected
        result[halo[_INNER, _INNER]] = _SELECTED_HALO
        line = widened(edges, ids, width) & selected
        result[line[_INNER, _INNER]] = _SELECTED_LINE
