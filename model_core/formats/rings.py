"""Outlines along the sides of pixels: objects to rings, and rings to the pixels inside them.

Positions are (x, y) in pixels, and the first pixel covers 0 to 1: an outline encloses exactly the area of its
object, and a pixel belongs to an outline when its centre lies inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numba
import numpy as np

_BAND_PIXELS = 1 << 22
_FARTHEST = 2**31  # px: beyond this an outline is no outline of an image

Ring = np.ndarray  # float64 or int64 (N, 2) of x, y; the last point is joined to the first


class Outline(NamedTuple):
    """One object in one plane: pieces that share no side, each with its outer ring first, then its holes."""

    id: int
    plane: int
    pieces: tuple[tuple[Ring, ...], ...]

    @property
    def rings(self) -> list[Ring]:
        return [ring for piece in self.pieces for ring in piece]


def outlines(labels: np.ndarray) -> Iterator[Outline]:
    """The outlines of all objects in labels ``(Z, Y, X)``, by plane and ID.

    Rings are int64 (N, 2) with vertices where they turn. Outer rings run clockwise on the screen, holes
    against the clock; no ring meets itself, so they are valid as polygons of GeoJSON. Pieces that touch only
    at a corner are pieces.
    """
    for z, plane in enumerate(labels):
        rings = [part for ring in _rings(plane) for part in _untied(*ring)]
        rings.sort(key=lambda pair: pair[0])
        at = 0
        while at < len(rings):
            end = at
            while end < len(rings) and rings[end][0] == rings[at][0]:
                end += 1
            yield Outline(rings[at][0], z, _pieces([ring for _, ring in rings[at:end]]))
            at = end


def inside(rings: Iterable[Ring], shape: tuple[int, int]) -> tuple[slice, slice, np.ndarray]:
    """The pixels whose centres lie inside an odd number of rings.

    Returns:
        rows, columns, bool (rows, columns): the smallest box in the image of ``shape`` (Y, X) that can hold
        them, which may be empty. What lies outside of the image is left out.

    Raises:
        ValueError: positions that are no numbers, or farther away than any image reaches.
    """
    edges = [_edges(ring) for ring in rings if len(ring) >= 3]
    if not edges:
        return slice(0, 0), slice(0, 0), np.zeros((0, 0), bool)
    x0, y0, x1, y1 = np.concatenate(edges).T
    if not (np.abs([x0, y0]) < _FARTHEST).all():
        raise ValueError("an outline with impossible positions")
    top, bottom = _span(y0, shape[0])
    left, right = _span(x0, shape[1])
    if top >= bottom or left >= right:
        return slice(0, 0), slice(0, 0), np.zeros((0, 0), bool)
    # An edge crosses the rows whose centres lie between its ends, and turns over all pixels to its right.
    low, high = np.minimum(y0, y1), np.maximum(y0, y1)
    first = np.clip(np.ceil(low - 0.5), top, bottom).astype(np.int64)
    last = np.clip(np.ceil(high - 0.5), top, bottom).astype(np.int64)
    turns = np.zeros((bottom - top, right - left + 1), np.int32)
    _turn_over(x0, y0, x1, y1, first, last, top, left, turns)
    return slice(top, bottom), slice(left, right), (np.cumsum(turns, axis=1)[:, :-1] & 1).astype(bool)


def area(ring: Ring) -> float:
    """Enclosed area, positive where the ring runs clockwise on the screen."""
    x, y = np.asarray(ring, np.float64).T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


# ---------------------------------------------------------------------- labels to rings


def _rings(plane: np.ndarray) -> Iterator[tuple[int, Ring]]:
    """Closed ways along pixel sides with the object on the right, each with the ID of its object.

    Each side of a pixel (0 top, 1 right, 2 bottom, 3 left, run through clockwise) where its object ends has
    one successor: at its end the way turns right around the same pixel if it can, else goes straight on along
    the neighbour, else turns left. So pixels that touch at corners only are not joined.
    """
    sides, after, ids = _sides(plane)
    order, start = _follow(after)
    turning = sides[order] % 4
    width = plane.shape[1]
    for begin, end in zip(start[:-1].tolist(), start[1:].tolist(), strict=True):
        side = turning[begin:end]
        corner = np.flatnonzero(side != np.roll(side, 1))
        which = sides[order[begin + corner]]
        y, x = np.divmod(which // 4, width)
        side = which % 4
        ring = np.stack([x + ((side == 1) | (side == 2)), y + (side >= 2)], axis=1)
        yield int(ids[order[begin]]), ring


def _sides(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pixel sides at which objects end (4 * pixel + side, ascending), the index of the side that follows
    each, and the ID of its object."""
    height, width = plane.shape
    sides, nexts, ids = [], [], []
    step = max(1, _BAND_PIXELS // width)
    for top in range(0, height, step):
        rows = min(step, height - top)
        # With a rim of one pixel; beside the image lies background.
        band = np.zeros((rows + 2, width + 2), plane.dtype)
        above, below = max(0, top - 1), min(height, top + rows + 1)
        band[above - top + 1 : below - top + 1, 1:-1] = plane[above:below]
        here = band[1:-1, 1:-1]
        for side, (dy, dx) in enumerate(((-1, 0), (0, 1), (1, 0), (0, -1))):
            y, x = np.nonzero((here != band[1 + dy : 1 + dy + rows, 1 + dx : 1 + dx + width]) & (here != 0))
            # Ahead of the way along this side lies the pixel at (ay, ax), on its left the one at (ly, lx).
            ay, ax = y + dx, x - dy
            ly, lx = ay + dy, ax + dx
            own = here[y, x]
            straight = band[ay + 1, ax + 1] == own
            left = straight & (band[ly + 1, lx + 1] == own)
            pixel = np.where(left, ly * width + lx, np.where(straight, ay * width + ax, y * width + x))
            turned = np.where(left, (side + 3) % 4, np.where(straight, side, (side + 1) % 4))
            sides.append(4 * ((y + top) * width + x) + side)
            nexts.append(4 * (pixel + top * width) + turned)
            ids.append(own)
    all_sides, all_nexts, all_ids = np.concatenate(sides), np.concatenate(nexts), np.concatenate(ids)
    order = np.argsort(all_sides)
    ordered = all_sides[order]
    return ordered, np.searchsorted(ordered, all_nexts[order]), all_ids[order]


@numba.njit(cache=True, nogil=True)
def _follow(after):  # type: ignore[no-untyped-def]
    """The cycles of a permutation: indices in the order of the ways, and where each way begins."""
    order = np.empty(len(after), np.int64)
    start = [0]
    seen = np.zeros(len(after), np.bool_)
    filled = 0
    for first in range(len(after)):
        if seen[first]:
            continue
        at = first
        while not seen[at]:
            seen[at] = True
            order[filled] = at
            filled += 1
            at = after[at]
        start.append(filled)
    return order, np.array(start)


def _untied(id_: int, ring: Ring) -> list[tuple[int, Ring]]:
    """A ring that meets itself in corners as rings that do not."""
    points = list(map(tuple, ring.tolist()))
    if len(set(points)) == len(points):
        return [(id_, ring)]
    rings: list[list[tuple[int, ...]]] = []
    way: list[tuple[int, ...]] = []
    place: dict[tuple[int, ...], int] = {}
    for point in points:
        if point in place:  # the loop since then is a ring of its own
            begin = place[point]
            rings.append(way[begin:])
            for passed in way[begin:]:
                del place[passed]
            del way[begin:]
        place[point] = len(way)
        way.append(point)
    rings.append(way)
    return [(id_, np.array(part)) for part in rings]


def _pieces(rings: Sequence[Ring]) -> tuple[tuple[Ring, ...], ...]:
    """Outer rings, each with the holes in it."""
    outer = [ring for ring in rings if area(ring) > 0]
    holes = [ring for ring in rings if area(ring) < 0]
    pieces = [[ring] for ring in outer]
    for hole in holes:
        around = [piece for piece in pieces if len(pieces) == 1 or _holds(piece[0], hole)]
        min(around, key=lambda piece: area(piece[0])).append(hole)
    return tuple(tuple(piece) for piece in pieces)


def _holds(outer: Ring, hole: Ring) -> bool:
    """Whether a hole lies in a ring: its first pixel does."""
    top = hole[hole[:, 1] == hole[:, 1].min()]
    x, y = top[top[:, 0].argmin()] + 0.5  # the centre of the pixel below its first upper left corner
    (x0, y0), y1 = outer.T, np.roll(outer[:, 1], -1)
    crossing = ((y0 <= y) != (y1 <= y)) & (x0 > x)  # only upright sides cross a row's centre
    return bool(crossing.sum() % 2)


# ---------------------------------------------------------------------- rings to pixels


def _edges(ring: Ring) -> np.ndarray:
    points = np.asarray(ring, np.float64)
    return np.hstack([points, np.roll(points, -1, axis=0)])


def _span(positions: np.ndarray, size: int) -> tuple[int, int]:
    """First and last pixel, exclusive, whose centres can lie between positions, inside of an image."""
    return max(0, int(np.ceil(positions.min() - 0.5))), min(size, int(np.ceil(positions.max() - 0.5)))


@numba.njit(cache=True, nogil=True)
def _turn_over(x0, y0, x1, y1, first, last, top, left, turns):  # type: ignore[no-untyped-def]
    width = turns.shape[1]
    for edge in range(len(x0)):
        for row in range(first[edge], last[edge]):
            part = (row + 0.5 - y0[edge]) / (y1[edge] - y0[edge])
            x = x0[edge] + part * (x1[edge] - x0[edge])
            column = int(np.ceil(x - 0.5)) - left
            turns[row - top, min(max(column, 0), width - 1)] += 1
