"""Which pixels of an object hang together."""

from __future__ import annotations

import numba
import numpy as np


def connected_pieces(labels: np.ndarray, planes_apart: bool = False) -> np.ndarray:
    """Numbers the connected pieces of every object; neighbours along diagonals are connected.

    Args:
        labels: integers ``(Z, Y, X)``, 0 = background.
        planes_apart: each plane by itself.

    Returns:
        int32 ``(Z, Y, X)``: 0 on background, 1, 2, ... in the order in which pieces are met, row by row.
    """
    return _pieces(np.ascontiguousarray(labels), planes_apart)


@numba.njit(cache=True, nogil=True)
def _pieces(labels, planes_apart):  # type: ignore[no-untyped-def]
    """Two passes and a union of what meets (Rosenfeld and Pfaltz, J. ACM 1966)."""
    nz, ny, nx = labels.shape
    pieces = np.zeros(labels.shape, np.int32)
    parent = np.zeros(1024, np.int32)
    count = 0
    for z in range(nz):
        first_plane = z if planes_apart else max(z - 1, 0)
        for y in range(ny):
            for x in range(nx):
                label = labels[z, y, x]
                if label == 0:
                    continue
                if first_plane == z and y > 0 and labels[z, y - 1, x] == label:
                    pieces[z, y, x] = pieces[z, y - 1, x]  # whose neighbours the others are: they have met
                    continue
                mine = 0
                for k in range(first_plane, z + 1):
                    last_row = min(y + 1, ny - 1) if k < z else y
                    for j in range(max(y - 1, 0), last_row + 1):
                        last = x - 1 if k == z and j == y else min(x + 1, nx - 1)
                        for i in range(max(x - 1, 0), last + 1):
                            if labels[k, j, i] != label:
                                continue
                            other = root(parent, pieces[k, j, i])
                            if mine == 0:
                                mine = other
                            elif other < mine:
                                parent[mine] = other
                                mine = other
                            elif other > mine:
                                parent[other] = mine
                if mine == 0:
                    count += 1
                    if count == len(parent):
                        parent = np.append(parent, np.zeros(count, np.int32))
                    parent[count] = count
                    mine = count
                pieces[z, y, x] = mine
    number = np.zeros(count + 1, np.int32)
    found = 0
    for n in range(1, count + 1):
        if parent[n] == n:
            found += 1
            number[n] = found
        else:
            number[n] = number[root(parent, n)]
    flat = pieces.ravel()
    for n in range(len(flat)):
        flat[n] = number[flat[n]]
    return pieces


@numba.njit(cache=True, nogil=True)
def root(parent, n):  # type: ignore[no-untyped-def]
    """The piece that a piece has become part of."""
    while parent[n] != n:
        parent[n] = parent[parent[n]]
        n = parent[n]
    return n
