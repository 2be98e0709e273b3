"""Regions that a person has declared finished: every cell in them is there, and the rest is background."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from skimage.draw import polygon
from skimage.measure import points_in_poly

MOST_REGIONS, _MOST_POINTS = 10_000, 100_000  # in a document; a hostile one claims more


@dataclass(frozen=True, slots=True)
class FinishedRegion:
    """A polygon in some planes of an image.

    planes: the first plane, and the one after the last. points: (x, y) of the corners, px; pixel (0, 0)
    covers 0..1. Where the outline crosses itself the even-odd rule says what is inside.
    """

    planes: tuple[int, int]
    points: tuple[tuple[float, float], ...]


Regions = tuple[FinishedRegion, ...]


def rectangle(planes: tuple[int, int], x0: float, y0: float, x1: float, y1: float) -> FinishedRegion:
    """The region between two corners."""
    return FinishedRegion(planes, ((x0, y0), (x1, y0), (x1, y1), (x0, y1)))


def finished_mask(regions: Iterable[FinishedRegion], shape: tuple[int, int, int]) -> np.ndarray:
    """bool of `shape` (Z, Y, X): the pixels whose centres lie in a region."""
    mask = np.zeros(shape, bool)
    for region in regions:
        x, y = np.array(region.points).T - 0.5
        rows, cols = polygon(y, x, shape[1:])
        mask[slice(*region.planes), rows, cols] = True
    return mask


def inside(region: FinishedRegion, centres: np.ndarray) -> np.ndarray:
    """bool (N,): which of `centres` (N, 3), mean pixel positions (z, y, x), lie in a region."""
    first, stop = region.planes
    z = np.rint(centres[:, 0])
    flat = points_in_poly(centres[:, 2:0:-1] + 0.5, np.array(region.points))
    return (z >= first) & (z < stop) & flat


def regions_to_json(regions: Regions) -> list[Any]:
    """The regions as JSON can hold them."""
    return [[*region.planes, [list(point) for point in region.points]] for region in regions]


def regions_from_json(stored: Any) -> Regions:
    """The inverse of `regions_to_json`. Trusts nothing: raises ValueError for what can't be regions."""
    if type(stored) is not list or len(stored) > MOST_REGIONS:
        raise ValueError("the finished regions are damaged")
    regions = []
    for entry in stored:
        if type(entry) is not list or len(entry) != 3 or type(entry[2]) is not list:
            raise ValueError("a finished region is damaged")
        first, stop, points = entry
        if type(first) is not int or type(stop) is not int or not 0 <= first < stop < 2**31:
            raise ValueError("a finished region lies in impossible planes")
        if not 3 <= len(points) <= _MOST_POINTS or not all(map(_is_point, points)):
            raise ValueError("a finished region has impossible corners")
        regions.append(FinishedRegion((first, stop), tuple((float(x), float(y)) for x, y in points)))
    return tuple(regions)


def _is_point(point: Any) -> bool:
    if type(point) is not list or len(point) != 2:
        return False
    return all(type(v) in (int, float) and math.isfinite(v) and abs(v) < 1e9 for v in point)
