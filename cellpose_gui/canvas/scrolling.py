"""Takes over from the last picture what a move of the view has only shifted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PyQt6.QtCore import QRectF

from cellpose_gui.canvas.sampling import PixelGrid

Hole = tuple[slice, slice]  # rows and columns of a picture that have to be drawn


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What was painted: the colours of `grid` without its margin, which cover `area` of the image."""

    grid: PixelGrid
    colours: np.ndarray
    area: QRectF


def taken_over(
    last: Picture, grid: PixelGrid, margin: int, room: np.ndarray | None = None
) -> tuple[np.ndarray, list[Hole]] | None:
    """The colours of `grid` as far as `last` shows the same image pixels, and the holes in them.

    None where it shows none of them: another zoom, too far away, or pixels that fall between others now.
    What is taken over is exactly what drawing would give. Without a move it is the array of `last` itself.
    `room`: an array that nobody needs any more; new memory costs as much as what is done with it.
    """
    old = last.grid
    if not old.same_zoom(grid):
        return None
    if (
        (old.left, old.top) == (grid.left, grid.top)
        and np.array_equal(old.rows, grid.rows)
        and np.array_equal(old.cols, grid.cols)
    ):
        return last.colours, []
    rows, cols = _shared(old.rows, grid.rows, margin), _shared(old.cols, grid.cols, margin)
    if rows is None or cols is None:
        return None
    height, width = grid.size(margin)
    (top, bottom, from_row), (left, right, from_col) = rows, cols
    if room is None or room.shape != (height, width):
        room = np.empty((height, width), last.colours.dtype)
    colours = room
    colours[top:bottom, left:right] = last.colours[
        from_row : from_row + bottom - top, from_col : from_col + right - left
    ]
    strips = (
        (slice(0, top), slice(0, width)),
        (slice(bottom, height), slice(0, width)),
        (slice(top, bottom), slice(0, left)),
        (slice(top, bottom), slice(right, width)),
    )
    return colours, [(ys, xs) for ys, xs in strips if ys.start < ys.stop and xs.start < xs.stop]


def _shared(old: np.ndarray, new: np.ndarray, margin: int) -> tuple[int, int, int] | None:
    """Start and end of the run of `new` (counted without margin) that `old` has too, and its start there.

    Both are ascending; their margins must agree as well, for outlines depend on them.
    """
    first, last = max(old[0], new[0]), min(old[-1], new[-1])
    if first > last:
        return None
    # An index may stand several times in a row: align by its last place, unless it is cut off there.
    new_end, old_end = (int(np.searchsorted(lines, last, side="right")) for lines in (new, old))
    if last == new[-1] != old[-1] or last == old[-1] != new[-1]:
        # the last one may be cut off in one of them: align by the one before
        new_end, old_end = (int(np.searchsorted(lines, last, side="left")) for lines in (new, old))
    count = min(new_end, old_end)
    new_start, old_start = new_end - count, old_end - count
    if count <= 2 * margin or not np.array_equal(new[new_start:new_end], old[old_start:old_end]):
        return None
    return new_start, new_end - 2 * margin, old_start
