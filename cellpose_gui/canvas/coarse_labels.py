"""Every 4th and every 16th pixel of a plane of labels, kept at hand for zoomed-out views."""

from __future__ import annotations

import numpy as np

FACTOR = 4
_CENTRE = FACTOR // 2
_LARGE = 2048 * 2048  # pixels; smaller planes are sampled fast enough as they are


class CoarseLabels:
    """Labels have no mean, so a copy holds the id of one pixel of each 4 x 4 (or 16 x 16) block.

    Sampling a zoomed-out view from the plane itself would fetch a line of memory for every pixel. Takes 6.6 %
    of the memory of the plane.
    """

    def __init__(self, plane: np.ndarray) -> None:
        """`plane`: uint32 (Y, X)."""
        self._copies: list[np.ndarray] = []
        while plane.size > _LARGE and min(plane.shape) >= FACTOR and len(self._copies) < 2:
            plane = plane[_CENTRE::FACTOR, _CENTRE::FACTOR].copy()
            self._copies.append(plane)

    def update(self, plane: np.ndarray, rows: slice, cols: slice) -> None:
        """Take over a change of the plane inside these rows and columns."""
        for copy in self._copies:
            rows, cols = _coarser(rows, copy.shape[0]), _coarser(cols, copy.shape[1])
            fine = plane[_CENTRE::FACTOR, _CENTRE::FACTOR]
            copy[rows, cols] = fine[rows, cols]
            plane = copy

    def choose(
        self, plane: np.ndarray, rows: np.ndarray, cols: np.ndarray, step: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
        """What to sample instead of `plane[rows][:, cols]` when a device pixel covers `step` image pixels.

        Returns a copy or the plane, the rows and columns in it, and its factor. A copy's pixel (r, c) holds
        the plane's pixel `seen(r, factor)`, `seen(c, factor)`.
        """
        factor = 1
        for copy in self._copies:
            if step < factor * FACTOR:
                break
            factor *= FACTOR
            plane = copy
        if factor > 1:
            rows = np.minimum(rows // factor, plane.shape[0] - 1)
            cols = np.minimum(cols // factor, plane.shape[1] - 1)
        return plane, rows, cols, factor


def seen(indices: np.ndarray, factor: int) -> np.ndarray:
    """Rows or columns of the plane that those of a copy with this factor hold."""
    while factor > 1:
        indices = indices * FACTOR + _CENTRE
        factor //= FACTOR
    return indices


def _coarser(part: slice, size: int) -> slice:
    """The indices i of a copy whose pixel FACTOR * i + _CENTRE lies inside `part`."""
    start, stop = ((edge - _CENTRE + FACTOR - 1) // FACTOR for edge in (part.start, part.stop))
    return slice(max(0, start), min(size, max(0, stop)))
