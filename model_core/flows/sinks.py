"""Walkers that came to rest together belong together."""

from __future__ import annotations

import numba
import numpy as np
from scipy import ndimage

_SADDLE = 0.6  # two peaks are one sink when the density between them is this share of the lower peak


def group_by_sink(places: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Which sink each walker ended in.

    Walkers are counted where they came to rest, the counts smoothed by a pixel. From the densest place
    downwards, places join the sink beside them; two sinks that meet become one unless there is a valley
    between them. So a sink may have any width and form: a wide flat one stays whole, and two that are
    joined by a few strays stay two. (Mode clustering with persistence, Chazal et al., J. ACM 2013,
    with relative prominence.)

    Args:
        places: integers ``(N,)``, flat indices of the pixels where walkers came to rest.
        shape: Z, Y, X of the image.

    Returns:
        int32 ``(N,)``: 1, 2, ... in no particular order.
    """
    counts = np.bincount(places, minlength=int(np.prod(shape))).astype(np.float32).reshape(shape)
    density = counts
    for axis in range(3):
        if shape[axis] > 1:
            density = ndimage.correlate1d(
                density, np.array([1, 2, 1], np.float32), axis=axis, mode="constant"
            )
    occupied = np.flatnonzero(counts)
    order = occupied[np.argsort(-density.ravel()[occupied], kind="stable")]
    sinks = _climb(order, density, np.zeros(shape, np.int32))
    return sinks.ravel()[places]


@numba.njit(cache=True, nogil=True)
def _climb(order, density, sinks):  # type: ignore[no-untyped-def]
    """Fills ``sinks`` (zeros) with the sink of every place in ``order``, densest first."""
    nz, ny, nx = density.shape
    parent = np.arange(len(order) + 1)
    peak = np.zeros(len(order) + 1, np.float32)
    found = 0
    for place in order:
        z, rest = place // (ny * nx), place % (ny * nx)
        y, x = rest // nx, rest % nx
        here = density[z, y, x]
        mine = 0
        for k in range(max(z - 1, 0), min(z + 2, nz)):
            for j in range(max(y - 1, 0), min(y + 2, ny)):
                for i in range(max(x - 1, 0), min(x + 2, nx)):
                    if sinks[k, j, i] == 0:
                        continue
                    other = sinks[k, j, i]
                    while parent[other] != other:
                        parent[other] = parent[parent[other]]
                        other = parent[other]
                    if mine == 0:
                        mine = other
                    elif other != mine:
                        high, low = (mine, other) if peak[mine] >= peak[other] else (other, mine)
                        if here >= _SADDLE * peak[low]:
                            parent[low] = high
                        mine = high
        if mine == 0:
            found += 1
            mine = found
            peak[mine] = here
        sinks[z, y, x] = mine
    for place in order:
        z, rest = place // (ny * nx), place % (ny * nx)
        y, x = rest // nx, rest % nx
        root = sinks[z, y, x]
        while parent[root] != root:
            root = parent[root]
        sinks[z, y, x] = root
    return sinks
