"""What can be done with the selected cells without a gesture: by a key or from a menu."""

from __future__ import annotations

from functools import partial

from cellpose_gui.canvas.canvas import Canvas
from model_core.annotation import merging, planes, reshaping
from model_core.annotation.locking import set_locked
from model_core.annotation.proposal import count_cells


class SelectedCells:
    """Each is one step of undo and says what it did; shapes change in the shown plane only."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas

    @property
    def ids(self) -> frozenset[int]:
        document = self._canvas.document
        return frozenset() if document is None else document.selected

    def select_all(self) -> None:
        """All cells of all planes but the hidden ones."""
        canvas = self._canvas
        if canvas.document is not None:
            canvas.document.select(canvas.document.objects.keys() - canvas.hidden)
            canvas.say(f"{count_cells(len(self.ids))} selected")

    def merge(self) -> None:
        ids = self.ids
        self._canvas.change(lambda cells, tick: merging.merge(cells, ids), "Merging", ids)

    def resize(self, pixels: int) -> None:
        """Wider by a number of pixels, narrower if it is negative."""
        if pixels:
            function = reshaping.expand if pixels > 0 else reshaping.shrink
            self._shape(partial(function, pixels=abs(pixels)), "Expanding" if pixels > 0 else "Shrinking")

    def smooth(self) -> None:
        self._shape(reshaping.smooth, "Smoothing")

    def make_convex(self) -> None:
        self._shape(reshaping.convex_hull, "Making convex")

    def fill_holes(self) -> None:
        self._shape(reshaping.fill_holes, "Filling holes")

    def lock(self, locked: bool) -> None:
        """Lock, or let be changed again."""
        ids = self.ids
        self._canvas.change(lambda cells, tick: set_locked(cells, ids, locked))

    def classify(self, place: int | None) -> None:
        """Put them into one of the classes, counted from 0, or with None into none."""
        self._canvas.classes.put(self.ids, place)

    def hide_others(self) -> None:
        """Show only the selected cells, and new ones; once more, or without a selection, shows all again."""
        canvas = self._canvas
        if canvas.document is None:
            return
        if canvas.hidden:
            canvas.hidden = frozenset()
            canvas.say("All cells are shown")
        elif not self.ids:
            canvas.say("Select the cells that are to stay in view first")
        else:
            canvas.hidden = frozenset(canvas.document.objects.keys() - self.ids)
            canvas.say(f"{count_cells(len(canvas.hidden))} hidden; the same key shows them again")

    def copy(self, step: int) -> None:
        """Copy what is in this plane to the next (1) or previous (-1) one, and go there."""
        canvas, ids = self._canvas, self.ids
        plane, target = canvas.plane, canvas.plane + step
        canvas.change(lambda cells, tick: planes.copy_to_plane(cells, ids, plane, target), "Copying", ids)
        if ids:
            canvas.plane = target

    def interpolate(self) -> None:
        """Fill the planes that a cell skips."""
        ids = self.ids
        self._canvas.change(lambda cells, tick: planes.interpolate(cells, ids, tick), "Interpolating", ids)

    def _shape(self, function: reshaping.Reshaping, title: str) -> None:
        ids, plane = self.ids, self._canvas.plane
        self._canvas.change(lambda cells, tick: function(cells, ids, plane, tick=tick), title, ids)
