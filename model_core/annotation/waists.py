"""Objects that narrow between two thicker parts, as two cells do that were found as one."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

_LEVELS = (0.4, 0.55, 0.7, 0.85)  # of the largest depth of an object, at which it is looked for two parts


class Waists(NamedTuple):
    """By label: how much deeper the second deepest part is than the waist before it, over the largest depth
    (0: no waist), float64 ``(N,)``; and the deepest points of both parts (z, y, x), int64 ``(N, 2, 3)``."""

    prominence: np.ndarray
    points: np.ndarray


def waists(labels: np.ndarray) -> Waists:
    """Of all objects in integers ``(Z, Y, X)``, plane by plane; of a volume the clearest of its planes.

    Depth is the distance to whatever is not the object; what rises above a level of it falls into parts. The
    prominence of the second peak is its persistence, known to the next level (Edelsbrunner et al., 2002).
    """
    count = int(labels.max(initial=0)) + 1
    prominence = np.zeros(count)
    points = np.zeros((count, 2, 3), np.int64)
    for z, plane in enumerate(labels):
        depth = _depths(plane)
        inside = np.flatnonzero(depth)
        of = plane.ravel()[inside]
        values = depth.ravel()[inside]
        deepest = np.zeros(count)
        np.maximum.at(deepest, of, values)
        share = values / deepest[of]
        for level in _LEVELS:
            _look(level, share, inside, of, plane.shape, z, prominence, points)
    return Waists(prominence, points)


def _depths(plane: np.ndarray) -> np.ndarray:
    """float32: the distance of each pixel to what is not its object, 0 in the background."""
    inside = plane > 0
    for axis in (0, 1):
        here, there = [slice(None)] * 2, [slice(None)] * 2
        here[axis], there[axis] = slice(1, None), slice(None, -1)
        inside[tuple(here)] &= plane[tuple(here)] == plane[tuple(there)]
    padded = np.pad(inside, 1).view(np.uint8)
    return cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]


def _look(
    level: float,
    share: np.ndarray,
    inside: np.ndarray,
    of: np.ndarray,
    shape: tuple[int, int],
    z: int,
    prominence: np.ndarray,
    points: np.ndarray,
) -> None:
    """Parts of every object above one level; notes those with a clearer second part than known so far."""
    above = np.flatnonzero(share > level)
    mask = np.zeros(shape[0] * shape[1], np.uint8)
    mask[inside[above]] = 1
    _, parts = cv2.connectedComponents(mask.reshape(shape), connectivity=8)
    part = parts.ravel()[inside[above]]
    order = np.lexsort((-share[above], part))  # the deepest pixel of each part comes first
    first = order[np.r_[True, np.diff(part[order]) != 0]] if len(order) else order
    owner, peak, place = of[above][first], share[above][first], inside[above][first]
    order = np.lexsort((-peak, owner))
    owner, peak, place = owner[order], peak[order], place[order]
    start = np.flatnonzero(np.r_[True, np.diff(owner) != 0]) if len(owner) else np.zeros(0, np.int64)
    start = start[np.diff(start, append=len(owner)) > 1]
    found = peak[start + 1] - level
    clearer = found > prominence[owner[start]]
    start, found = start[clearer], found[clearer]
    prominence[owner[start]] = found
    for side in (0, 1):
        y, x = np.divmod(place[start + side], shape[1])
        points[owner[start], side] = np.stack([np.full_like(y, z), y, x], 1)
