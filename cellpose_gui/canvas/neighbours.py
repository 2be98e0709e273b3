"""Which labels lie next to each other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

REACH = 4  # pixels: labels this far apart along a row or column still count as neighbours
_STRIP = 512  # rows looked at together: bounds scratch memory and the wait after a cancel


def neighbour_pairs(plane: np.ndarray, cancelled: Callable[[], bool] = lambda: False) -> np.ndarray:
    """Pairs (N, 2) of different ids in a uint32 (Y, X) plane that touch or lie REACH pixels apart.

    Every pair comes once, the smaller id first. Returns what was found so far when `cancelled()` turns true.
    """
    found = [np.empty(0, np.uint64)]
    for top in range(0, plane.shape[0], _STRIP):
        if cancelled():
            break
        strip = plane[top : top + _STRIP + REACH]
        for distance in (1, REACH):
            across = _codes(strip[:, distance:], strip[:, :-distance])
            down = _codes(strip[distance:], strip[:-distance])
            found.append(np.unique(np.concatenate([across, down])))
    codes = np.unique(np.concatenate(found))
    return np.stack([codes >> np.uint64(32), codes & np.uint64(0xFFFFFFFF)], axis=1).astype(np.uint32)


def _codes(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Where two ids differ and neither is background: both in one number."""
    differs = first != second
    one, other = first[differs], second[differs]
    cells = (one != 0) & (other != 0)
    one, other = one[cells], other[cells]
    return np.minimum(one, other).astype(np.uint64) << np.uint64(32) | np.maximum(one, other)
