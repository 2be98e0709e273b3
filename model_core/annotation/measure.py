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

    @property
    def length(self) -> int:
        """The longest side of the box."""
        return max(high - low for low, high in zip(self.low, self.high, strict=True))

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


class Extents(NamedTuple):
    """What `Extent` says, of all objects by ascending ID: ids and area ``(N,)``, the others ``(N, 3)``."""

    ids: np.ndarray
    area: np.ndarray
    total: np.ndarray
    low: np.ndarray
    high: np.ndarray


def measure(
    block: np.ndarray, origin: Corner = (0, 0, 0), where: np.ndarray | None = None
) -> dict[int, Extent]:
    """Extents by ID of all objects in `block`; see `extents`, which is faster for very many of them."""
    ids, area, total, low, high = extents(block, origin, where)
    corners = (map(tuple, part.tolist()) for part in (total, low, high))
    return dict(zip(ids.tolist(), map(Extent, area.tolist(), *corners), strict=True))


def extents(block: np.ndarray, origin: Corner = (0, 0, 0), where: np.ndarray | None = None) -> Extents:
    """Of all objects in `block`, integers (Z, Y, X); `origin` is added to all coordinates.

    With `where`, booleans of the same shape, only those pixels count. Works on runs of equal labels
    along x: a block has far fewer runs than pixels, and a run's contribution to area, sums and box
    follows from its first position and length alone.
    """
    _, height, width = block.shape
    if block.size == 0:
        none, corner = np.zeros(0, np.int64), np.zeros((0, 3), np.int64)
        return Extents(none, none, corner, corner, corner)
    # sums of bands, so that memory follows the number of objects and not that of their runs
    bands = [_summed(_of_runs(*runs, height, width, origin)) for runs in _runs(block, where)]
    return _summed(Extents(*(np.concatenate(parts) for parts in zip(*bands, strict=True))))


def _of_runs(
    start: np.ndarray, ids: np.ndarray, length: np.ndarray, height: int, width: int, origin: Corner
) -> Extents:
    """What each run says about its object."""
    row, x = np.divmod(start, width)
    z, y = np.divmod(row, height)
    low = np.stack([z, y, x], 1) + np.array(origin)
    total = low * length[:, None]
    total[:, 2] += length * (length - 1) // 2
    high = low + 1
    high[:, 2] += length - 1
    return Extents(ids, length, total, low, high)


def _summed(parts: Extents) -> Extents:
    """One row an object out of several."""
    ids = parts.ids
    if not ids.size:
        return parts
    order = np.argsort(ids, kind="stable")
    ids, area, total, low, high = (part[order] for part in parts)
    group = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]])
    return Extents(
        ids[group],
        np.add.reduceat(area, group),
        np.add.reduceat(total, group),
        np.minimum.reduceat(low, group),
        np.maximum.reduceat(high, group),
    )


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
