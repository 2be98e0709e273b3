"""Measurements of all cells at once: diameter, perimeter, circularity, mean brightness."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from model_core.annotation.objects import ObjectRecord
from model_core.errors import Cancelled
from model_core.images.lazy import Pixels

Cancel = Callable[[], bool]
_BAND_PIXELS = 1 << 22


def diameter(area: float, planes: int = 1) -> float:
    """Pixels: of the circle of equal area, in a stack of the ball of equal volume (voxels taken as cubes)."""
    return 2 * math.sqrt(area / math.pi) if planes == 1 else (6 * area / math.pi) ** (1 / 3)


def perimeters(plane: np.ndarray, cancelled: Cancel = lambda: False) -> np.ndarray:
    """Length of the outline (pixels) by ID, float64, of all objects in integer labels (Y, X).

    The formula of Crofton over four directions: the length is pi/4 times the sum of the widths seen along
    rows, columns and both diagonals, whose lines lie sqrt(1/2) apart; a width is half the number of times
    that lines cross the outline. Lehmann and Legland, Insight Journal 2012. Raises Cancelled.
    """
    crossings = np.zeros((2, int(plane.max(initial=0)) + 1))
    for top, bottom in _bands(plane, cancelled):
        rows = np.pad(plane[max(0, top - 1) : bottom + 1], 1)
        first = (
            1 if top == 0 else 2
        )  # the band's own first row; above it lies the last one of the band before
        last = first + bottom - top + (1 if bottom == plane.shape[0] else 0)
        here, above = rows[first:last], rows[first - 1 : last - 1]
        own = rows[first : first + bottom - top]
        _cross(crossings[0], own[:, 1:], own[:, :-1])
        _cross(crossings[0], here, above)
        _cross(crossings[1], here[:, 1:], above[:, :-1])
        _cross(crossings[1], here[:, :-1], above[:, 1:])
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


def _cross(count: np.ndarray, one: np.ndarray, other: np.ndarray) -> None:
    """Both sides of every place where two neighbours differ cross their outline there."""
    differs = one != other
    for side in (one, other):
        count += np.bincount(side[differs], minlength=len(count))
