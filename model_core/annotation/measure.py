"""Area, centre and bounding box of every object in a block of labels, in one vectorised pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

Corner = tuple[int, int, int]


class Extent(NamedTuple):
    """The pixels of one object: their number, sums of coordinates, and box low <= p < high (z, y, x)."""

    area: int
    total: Corner
    low: Corner
    high: Corner

    @property
    def box(self) -> tuple[int, int, int, int, int, int]:
        """(z0, z1, y0, y1, x0, x1)."""
        (z0, y0, x0), (z1, y1, x1) = self.low, self.high
        return z0, z1, y0, y1, x0, x1

    @property
    def centroid(self) -> tuple[float, float, float]:
        """Mean position (z, y, x)."""
        z, y, x = self.total
        return z / self.area, y / self.area, x / self.area

    def joined(self, other: Extent) -> Extent:
        """The extent of both sets of pixels, which share none."""
        (z, y, x), (dz, dy, dx) = self.total, other.total
        return Extent(
            self.area + other.area,
            (z + dz, y + dy, x + dx),
            _each(min, self.low, other.low),
            _each(max, self.high, other.high),
        )


def _each(choose: Callable[[int, int], int], a: Corner, b: Corner) -> Corner:
    return choose(a[0], b[0]), choose(a[1], b[1]), choose(a[2], b[2])


def measure(
    block: np.ndarray, origin: Corner = (0, 0, 0), where: np.ndarray | None = None
) -> dict[int, Extent]:
    """Extents by ID of all objects in `block`, integers (Z, Y, X); `origin` is added to all coordinates.

    With `where`, booleans of the same shape, only those pixels count. Works on runs of equal labels
    along x: a block has far fewer runs than pixels, and a run's contribution to area, sums and box
    follows from its first position and length alone.
    """
    _, height, width = block.shape
    if block.size == 0:
        return {}
    runs = list(_runs(block, where))
    start, ids, length = (np.concatenate(parts) for parts in zip(*runs, strict=True))
    if not ids.size:
        return {}
    order = np.argsort(ids, kind="stable")
    start, ids, length = start[order], ids[order], length[order]
    row, x = np.divmod(start, width)
    z, y = np.divmod(row, height)
    x, y, z = x + origin[2], y + origin[1], z + origin[0]
    group = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]])

    def add(values: np.ndarray) -> list[int]:
        return np.add.reduceat(values, group).tolist()

    def low(values: np.ndarray) -> list[int]:
        return np.minimum.reduceat(values, group).tolist()

    def high(values: np.ndarray) -> list[int]:
        return np.maximum.reduceat(values, group).tolist()

    totals = zip(add(z * length), add(y * length), add(length * (2 * x + length - 1) // 2), strict=True)
    lows = zip(low(z), low(y), low(x), strict=True)
    highs = zip(high(z + 1), high(y + 1), high(x + length), strict=True)
    extents = map(Extent, add(length), totals, lows, highs)
    return dict(zip(ids[group].tolist(), extents, strict=True))


_BAND_PIXELS = 1 << 20  # small enough to stay in the processor's cache


def _runs(block: np.ndarray, where: np.ndarray | None) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Flat position, ID and length of all runs, a band of rows at a time."""
    depth, height, width = block.shape
    rows = max(1, _BAND_PIXELS // width)
    for z in range(depth):
        for y in range(0, height, rows):
            band = block[z, y : y + rows]
            if where is not None:
                band = band * where[z, y : y + rows]
            first = np.empty(band.shape, bool)
            first[:, 0] = True
            np.not_equal(band[:, 1:], band[:, :-1], out=first[:, 1:])
            start = np.flatnonzero(first)
            ids, length = band[first], np.diff(start, append=band.size)
            inside = ids != 0
            yield start[inside] + (z * height + y) * width, ids[inside], length[inside]
