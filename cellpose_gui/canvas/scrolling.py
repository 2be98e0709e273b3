"""Takes over from the last picture what a move of the view has only shifted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from cellpose_gui.canvas.sampling import PixelGrid

Render = Callable[[PixelGrid], np.ndarray | None]
_WORTH = 0.5  # share of the picture that must be there already
_SAME_STEP = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What was painted: the colours of `grid` without its margin."""

    grid: PixelGrid
    colours: np.ndarray


def scrolled(last: Picture, grid: PixelGrid, margin: int, render: Render) -> np.ndarray | None:
    """The colours of `grid`: shifted ones of `last`, and `render`ed strips where the move has uncovered some.

    None where that is impossible or not worth it: another zoom, too far away, or pixels that fall between
    others now. What is taken over is exactly what rendering would give, for it shows the same image pixels.
    """
    if abs(last.grid.step / grid.step - 1) > _SAME_STEP or last.grid.ratio != grid.ratio:
        return None
    rows = _shared(last.grid.rows, grid.rows, margin)
    cols = _shared(last.grid.cols, grid.cols, margin)
    if rows is None or cols is None:
        return None
    height, width = len(grid.rows) - 2 * margin, len(grid.cols) - 2 * margin
    (top, bottom, from_row), (left, right, from_col) = rows, cols
    if (bottom - top) * (right - left) < _WORTH * height * width:
        return None
    colours = np.empty((height, width), last.colours.dtype)
    colours[top:bottom, left:right] = last.colours[
        from_row : from_row + bottom - top, from_col : from_col + right - left
    ]
    strips = (
        (0, top, 0, width),
        (bottom, height, 0, width),
        (top, bottom, 0, left),
        (top, bottom, right, width),
    )
    for first, end, start, stop in strips:
        if first < end and start < stop:
            part = replace(
                grid,
                left=grid.left + start,
                top=grid.top + first,
                rows=grid.rows[first : end + 2 * margin],
                cols=grid.cols[start : stop + 2 * margin],
            )
            fresh = render(part)
            if fresh is None:
                return None
            colours[first:end, start:stop] = fresh
    return colours


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
