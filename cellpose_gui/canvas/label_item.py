"""The labels above the image: fills and outlines, sharp at every zoom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

import numpy as np
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QImage

from cellpose_gui.canvas.background import Background
from cellpose_gui.canvas.coarse_labels import CoarseLabels
from cellpose_gui.canvas.colouring import Colouring
from cellpose_gui.canvas.label_picture import MARGIN, LabelPicture, Preview
from cellpose_gui.canvas.neighbours import REACH, neighbour_pairs
from cellpose_gui.canvas.palette import LabelColours, OverlayStyle
from cellpose_gui.canvas.sampling import PixelGrid
from cellpose_gui.canvas.screen_item import ScreenItem
from model_core.annotation.objects import ObjectRecord

Changes = Mapping[int, tuple[ObjectRecord | None, ObjectRecord | None]]
_NOTHING = np.zeros((0, 0), np.uint32)
_SMALL = 300_000  # pixels whose neighbours are found at once, without a thread


class LabelItem(ScreenItem):
    """Shows one plane of labels (Z, Y, X), as `LabelPicture` draws it."""

    margin = MARGIN
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

    def set_labels(self, labels: np.ndarray | None, largest: int = 0, plane: int = 0) -> None:
        """Show `plane` of `labels` (uint32, Z, Y, X), which is read at every repaint and not copied.

        `largest`: no id in them is larger.
        """
        self._labels, self._preview = labels, None
        self.colours.set_hidden(frozenset())
        self.colours.restart()
        self.colours.reach(largest)
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
        self.colours.reach(max(records, default=0))
        locked = {id_ for id_, (_, now) in records.items() if now is not None and now.locked}
        self.set_locked((self.colours.locked_ids - records.keys()) | locked)

    def set_hidden(self, ids: frozenset[int]) -> None:
        """Do not show these labels."""
        self.colours.set_hidden(ids)
        self.update()

    def set_preview(self, preview: Preview | None) -> None:
        """Show `preview` on top of the labels from the next repaint on; see `repaint_box`."""
        if preview is not None:
            self.colours.reach(preview.value)
        self._preview = preview

    def repaint_box(self, rows: slice, cols: slice) -> None:
        """Repaint after a change of the labels or the preview inside these rows and columns."""
        reach = (self.margin + 1) * (self.pixelWidth() or 1.0)  # None before the item is in a scene
        box = QRectF(cols.start, rows.start, cols.stop - cols.start, rows.stop - rows.start)
        self.update(box.adjusted(-reach, -reach, reach, reach))

    def prepare(self, grid: PixelGrid, later: bool = False) -> Callable[[], np.ndarray] | None:
        style = self.colours.style
        if not style.visible or self._labels is None:
            return None
        preview = self._preview
        if preview is not None and later:
            preview = preview.frozen()  # the hand goes on with it meanwhile
        picture = LabelPicture(self._labels[self._plane], self._coarse, self.colours.tables, style, preview)
        return partial(picture.draw, grid)
