"""The labels above the image: fills and outlines, sharp at every zoom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import cv2
import numpy as np
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QImage

from cellpose_gui.canvas.background import Background
from cellpose_gui.canvas.coarse_labels import CoarseLabels, seen
from cellpose_gui.canvas.colouring import Colouring
from cellpose_gui.canvas.edges import CROSS, edges_of, widened
from cellpose_gui.canvas.neighbours import REACH, neighbour_pairs
from cellpose_gui.canvas.palette import LabelColours, OverlayStyle
from cellpose_gui.canvas.sampling import PixelGrid, take_pixels
from cellpose_gui.canvas.screen_item import ScreenItem
from model_core.annotation.objects import ObjectRecord

Changes = Mapping[int, tuple[ObjectRecord | None, ObjectRecord | None]]
_LARGE_PIXELS = 1 / 3  # image pixels per logical pixel from which on outlines are one pixel wider
_SELECTED_LINE = 0xFFFFFFFF
_SELECTED_HALO = 0xC0000000
_GAP = 0xFF000000
_DASH = 5  # logical pixels, at least one pixel of the image
_NOTHING = np.zeros((0, 0), np.uint32)
_SMALL = 300_000  # pixels whose neighbours are found at once, without a thread


class Preview(Protocol):
    """A change that is not made yet but already shown."""

    def show_on(self, ids: np.ndarray, rows: np.ndarray, cols: np.ndarray) -> None:
        """Change sampled `ids` (uint32, one per row and column of the image given) in place."""


class LabelItem(ScreenItem):
    """Shows one plane of labels (Z, Y, X).

    Outlines are found among the sampled ids: a device pixel belongs to one where a pixel beside it has
    another id. So they are as thin on screen at every zoom, lie inside their label, and never blur.
    """

    margin = 12
    image_format = QImage.Format.Format_ARGB32_Premultiplied

    def __init__(self) -> None:
        super().__init__()
        self._labels: np.ndarray | None = None
        self._plane = 0
        self._preview: Preview | None = None
        self.colours = LabelColours()
        self._coarse = CoarseLabels(_NOTHING)
        self._coarse_maker = Background(self._coarse_made)
        self._neighbour_finder = Background(self._neighbours_found)
        self._changed_meanwhile: list[tuple[slice, slice]] = []

    def set_labels(self, labels: np.ndarray | None, plane: int = 0) -> None:
        """Show `plane` of `labels` (uint32, Z, Y, X), which is read at every repaint and not copied."""
        self._labels, self._preview = labels, None
        self.colours.set_hidden(frozenset())
        self.colours.restart()
        self.set_extent(*(labels.shape[1:] if labels is not None else (0, 0)))
        self.set_plane(plane)

    def set_plane(self, plane: int) -> None:
        self._plane, self._preview = plane, None
        self._make_coarse()
        self._neighbour_finder.cancel()
        if self._labels is not None:
            self._find_neighbours(self._labels[plane])
        self.update()

    def labels_changed(self, rows: slice, cols: slice) -> None:
        """The labels inside these rows and columns of the shown plane are others now."""
        assert self._labels is not None
        plane = self._labels[self._plane]
        around = plane[
            max(0, rows.start - REACH) : rows.stop + REACH, max(0, cols.start - REACH) : cols.stop + REACH
        ]
        if around.size > _SMALL:
            self._make_coarse()
            # A search that is going on may have passed the change already: it has to begin again.
            self._find_neighbours(plane if self._neighbour_finder.busy else around)
        elif around.size:
            self._coarse.update(plane, rows, cols)
            if self._coarse_maker.busy:
                self._changed_meanwhile.append((rows, cols))
            if not self.colours.settled(around):
                self.colours.separate(neighbour_pairs(around))
        self.repaint_box(rows, cols)

    def _make_coarse(self) -> None:
        """Sample the plane itself until its coarse copies have been made in a thread."""
        self._coarse, self._changed_meanwhile = CoarseLabels(_NOTHING), []
        self._coarse_maker.cancel()
        if self._labels is not None:
            plane = self._labels[self._plane]
            self._coarse_maker.start(lambda cancelled: CoarseLabels(plane))

    def _find_neighbours(self, plane: np.ndarray) -> None:
        self._neighbour_finder.start(lambda cancelled: neighbour_pairs(plane, cancelled))

    def _coarse_made(self, coarse: object) -> None:
        assert isinstance(coarse, CoarseLabels) and self._labels is not None
        self._coarse = coarse
        for rows, cols in self._changed_meanwhile:
            coarse.update(self._labels[self._plane], rows, cols)
        self.update()

    def _neighbours_found(self, pairs: object) -> None:
        assert isinstance(pairs, np.ndarray)
        self.colours.separate(pairs)
        self.update()

    @property
    def style(self) -> OverlayStyle:
        return self.colours.style

    @style.setter
    def style(self, style: OverlayStyle) -> None:
        anew = style.palette != self.style.palette
        self.colours.set_style(style)
        if anew and self._labels is not None:
            self._find_neighbours(self._labels[self._plane])
        self.update()

    def set_colouring(self, colouring: Colouring | None) -> None:
        """Colour the cells by what is known of them; None: so that neighbours differ."""
        self.colours.set_colouring(colouring)
        self.update()

    def set_selected(self, ids: frozenset[int], changed: Iterable[tuple[slice, slice]] | None = None) -> None:
        """Highlight these labels. `changed`: rows and columns of all that were or are now; None: anywhere."""
        self.colours.set_selected(ids)
        if changed is None:
            self.update()
        else:
            for rows, cols in changed:
                self.repaint_box(rows, cols)

    def set_locked(self, ids: Iterable[int]) -> None:
        """Dash the outlines of these labels."""
        locked = frozenset(ids)
        if locked != self.colours.locked_ids:
            self.colours.set_locked(locked)
            self.update()

    def records_changed(self, records: Changes) -> None:
        """What is known of these objects is something else now: old and new record by id."""
        locked = {id_ for id_, (_, now) in records.items() if now is not None and now.locked}
        self.set_locked((self.colours.locked_ids - records.keys()) | locked)

    def set_hidden(self, ids: frozenset[int]) -> None:
        """Do not show these labels."""
        self.colours.set_hidden(ids)
        self.update()

    def set_preview(self, preview: Preview | None) -> None:
        """Show `preview` on top of the labels from the next repaint on; see `repaint_box`."""
        self._preview = preview

    def repaint_box(self, rows: slice, cols: slice) -> None:
        """Repaint after a change of the preview inside these rows and columns."""
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
        edges = edges_of(ids)
        width = self._line_width(grid)
        if style.outlines:
            shown = widened(edges, ids, width)[inner]
            result[shown] = self.colours.line[ids[inner][shown]]
        if self.colours.any_selected:
            self._highlight(result, ids, edges, width + round(grid.ratio), inner)
        if style.outlines and self.colours.locked_ids:
            self._dash(result, ids[inner], widened(edges, ids, width + round(grid.ratio))[inner], grid)
        return result

    def _line_width(self, grid: PixelGrid) -> int:
        """In device pixels; what lies beyond the margin can't be seen from inside, so there is an end to
        it."""
        logical = self.style.outline_width + (grid.step * grid.ratio <= _LARGE_PIXELS)
        return min(max(1, round(logical * grid.ratio)), self.margin - 1 - round(grid.ratio))

    def _sample(self, plane: np.ndarray, grid: PixelGrid) -> np.ndarray:
        height, width = plane.shape
        rows, cols = np.clip(grid.rows, 0, height - 1), np.clip(grid.cols, 0, width - 1)
        source, rows, cols, factor = self._coarse.choose(plane, rows, cols, grid.step)
        ids = take_pixels(source, rows, cols, grid.step / factor)
        if self._preview is not None:
            self._preview.show_on(ids, seen(rows, factor), seen(cols, factor))
        # Beyond the border of the image lies background, which closes the outlines there.
        ids[(grid.rows < 0) | (grid.rows >= height)] = 0
        ids[:, (grid.cols < 0) | (grid.cols >= width)] = 0
        return ids

    def _dash(self, result: np.ndarray, ids: np.ndarray, edges: np.ndarray, grid: PixelGrid) -> None:
        """Interrupt the outlines of locked labels. The gaps lie still in the image when the view moves."""
        inner = slice(self.margin, -self.margin)
        length = max(1, round(_DASH * grid.ratio * grid.step))
        gaps = (grid.rows[inner, None] + grid.cols[inner]) // length % 2 == 0
        result[gaps & edges & self.colours.locked[ids]] = _GAP

    def _highlight(
        self,
        result: np.ndarray,
        ids: np.ndarray,
        edges: np.ndarray,
        width: int,
        inner: tuple[slice, slice],
    ) -> None:
        selected = self.colours.selected[ids]
        if not selected.any():
            return
        own = ids[inner][selected[inner]]
        result[selected[inner]] = self.colours.selected_fill[own]
        halo = cv2.dilate(selected.view(np.uint8), CROSS).view(bool) & ~selected
        result[halo[inner]] = _SELECTED_HALO
        line = widened(edges, ids, width) & selected
        result[line[inner]] = _SELECTED_LINE
