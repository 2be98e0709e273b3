"""Measurements of all cells at once: diameter, perimeter, circularity, mean brightness."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import numba
import numpy as np

from model_core.annotation.objects import ObjectRecord
from model_core.errors import Cancelled
from model_core.images.lazy import Pixels

Cancel = Callable[[], bool]
_BAND_PIXELS = 1 << 22


def diameter(area: float, planes: int = 1) -> float:
    """Pixels: of the circle of equal area, in a stack of the ball of equal volume (voxels taken as cubes)."""
    return float(diameters(np.array(area), planes))


def diameters(areas: np.ndarray, planes: int = 1) -> np.ndarray:
    """The same of many, float64 ``(N,)``."""
    return 2 * np.sqrt(areas / math.pi) if planes == 1 else np.cbrt(6 * areas / math.pi)


def perimeters(plane: np.ndarray, cancelled: Cancel = lambda: False) -> np.ndarray:
    """Length of the outline (pixels) by ID, float64, of all objects in integer labels (Y, X).

    The formula of Crofton over four directions: the length is pi/4 times the sum of the widths seen along
    rows, columns and both diagonals, whose lines lie sqrt(1/2) apart; a width is half the number of times
    that lines cross the outline. Lehmann and Legland, Insight Journal 2012. Raises Cancelled.
    """
    crossings = np.zeros((2, int(plane.max(initial=0)) + 1), np.int64)
    above = np.zeros(plane.shape[1] + 2, np.uint32)
    for top, bottom in _bands(plane, cancelled):
        rows = np.pad(plane[top:bottom], ((0, bottom == len(plane)), (1, 1))).astype(np.uint32, order="C")
        _cross(rows, above, crossings)
        above = rows[-1]
    crossings[:, 0] = 0
    return math.pi / 8 * (crossings[0] + crossings[1] * math.sqrt(0.5))


def circularities(
    plane: np.ndarray, objects: Mapping[int, ObjectRecord], cancelled: Cancel = lambda: False
) -> dict[int, float]:
    """4 pi area / perimeter^2 by ID, at most 1: a disc has 1, a line nearly 0. Labels (Y, X)."""
    around = perimeters(plane, cancelled)
    return {
        id_: min(1.0, 4 * math.pi * record.area / float(around[id_]) ** 2)
        for id_, record in objects.items()
        if id_ < len(around) and around[id_] > 0
    }


def mean_brightness(
    labels: np.ndarray, channel: Pixels, cancelled: Cancel = lambda: False
) -> dict[int, float]:
    """Mean of a channel (Z, Y, X) inside each object of labels (Z, Y, X), by ID. Raises Cancelled."""
    size = int(labels.max(initial=0)) + 1
    total, count = np.zeros(size), np.zeros(size)
    for z in range(labels.shape[0]):
        for top, bottom in _bands(labels[z], cancelled):
            ids = labels[z, top:bottom].ravel()
            inside = ids != 0
            ids = ids[inside]
            values = np.asarray(channel[z, top:bottom]).ravel()[inside].astype(np.float64)
            total += np.bincount(ids, values, size)
            count += np.bincount(ids, minlength=size)
    present = np.flatnonzero(count)
    return dict(zip(present.tolist(), (total[present] / count[present]).tolist(), strict=True))


def _bands(plane: np.ndarray, cancelled: Cancel) -> Iterator[tuple[int, int]]:
    step = max(1, _BAND_PIXELS // max(1, plane.shape[1]))
    for top in range(0, plane.shape[0], step):
        if cancelled():
            raise Cancelled
        yield top, min(top + step, plane.shape[0])


@numba.njit(cache=True, nogil=True)
def _cross(rows, above, crossings):  # type: ignore[no-untyped-def]
    """Counts where lines along rows and columns, and along the diagonals, leave an object or come into one.

    rows: uint32 ``(N, X)``, background in the first and last column. above: the row before them.
    """
    for y in range(rows.shape[0]):
        before = rows[y - 1] if y else above
        for x in range(1, rows.shape[1]):
            here, left, up, corner = rows[y, x], rows[y, x - 1], before[x], before[x - 1]
            if here != left:
                crossings[0, here] += 1
                crossings[0, left] += 1
            if here != up:
                crossings[0, here] += 1
                crossings[0, up] += 1
            if here != corner:
                crossings[1, here] += 1
                crossings[1, corner] += 1
            if left != up:
                crossings[1, left] += 1
                crossings[1, up] += 1
