"""Planes too large to be held: tiles of the level in view are read in threads; others stand in till then."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PyQt6.QtCore import QRectF

from cellpose_gui.canvas.plane_source import Draw, LookUp, PlaneSource
from cellpose_gui.canvas.pyramid import halved_type, mean2x2
from cellpose_gui.canvas.sampling import take_pixels
from cellpose_gui.canvas.tile_loader import Tile, TileLoader
from model_core.images.lazy import LazyPixels, Pixels

SIDE = 512  # pixels of a tile
CACHE_BYTES = 256 * 2**20  # of tiles kept, at least
_MOST_IN_VIEW = 64  # tiles a channel: a window of 4096 x 2160 pixels at the least favourable zoom
_SMALLEST = SIDE  # a level whose longer side is at most this is the last
_LARGE_PLANE = 8192 * 8192  # pixels: halved copies of what is larger would take too much memory
_FINER = 3  # levels below the one in view that stand in for what is not there yet
_BLACK = 0xFF000000


def is_tiled(pixels: Pixels) -> bool:
    """Whether an image (C, Z, Y, X) is shown in tiles."""
    return isinstance(pixels, LazyPixels) or pixels.shape[2] * pixels.shape[3] > _LARGE_PLANE


@dataclass(frozen=True, eq=False)
class _Level:
    """One size of the image; `pixels` None: means of 2 x 2 pixels of the level before."""

    pixels: Pixels | None
    height: int
    width: int
    factor: float  # image pixels per pixel of this level

    def rows(self, indices: np.ndarray) -> np.ndarray:
        """Rows of the image in this level."""
        return self._scaled(indices, self.height)

    def cols(self, indices: np.ndarray) -> np.ndarray:
        return self._scaled(indices, self.width)

    def _scaled(self, indices: np.ndarray, length: int) -> np.ndarray:
        if self.factor == 1:
            return indices
        return np.minimum((indices / self.factor).astype(np.intp), length - 1)


@dataclass(frozen=True, eq=False)
class _Part:
    """Some rows and columns of the image, and where they stand in the picture."""

    rows: np.ndarray
    cols: np.ndarray
    top: int = 0
    left: int = 0

    def cut(self, ys: slice, xs: slice) -> _Part:
        return _Part(self.rows[ys], self.cols[xs], self.top + ys.start, self.left + xs.start)


@dataclass(frozen=True, eq=False)
class _Piece:
    """A part of the picture that lies in one square, whose pixels are there."""

    part: _Part
    tile: Tile
    level: _Level
    pixels: np.ndarray

    def draw(self, out: np.ndarray, step: float, look_up: LookUp) -> None:
        part, tile, level = self.part, self.tile, self.level
        ys, xs = level.rows(part.rows) - tile.row * SIDE, level.cols(part.cols) - tile.col * SIDE
        colours = take_pixels(self.pixels, ys, xs, step / level.factor, look_up)
        out[part.top : part.top + len(ys), part.left : part.left + len(xs)] = colours


class TiledPlane(PlaneSource):
    """An image with the levels that its file holds; what is missing to a small one is made of means."""

    def __init__(self, pixels: Pixels, levels: Sequence[Pixels], plane: int) -> None:
        """`pixels` and each of `levels`, finest first: (C, Z, Y, X)."""
        super().__init__()
        self._plane = plane
        self._channels = pixels.shape[0]
        self._dtype = pixels.dtype
        self._levels = [
            _Level(level, level.shape[2], level.shape[3], _factor(pixels.shape[2:], level.shape[2:]))
            for level in (pixels, *levels)
        ]
        self._stored = len(self._levels)
        while True:
            last = self._levels[-1]
            if max(last.height, last.width) <= _SMALLEST or min(last.height, last.width) < 2:
                break
            self._levels.append(_Level(None, last.height // 2, last.width // 2, last.factor * 2))
        self._asked: set[Tile] = set()  # squares that somebody looked for in vain
        room = max(CACHE_BYTES, _MOST_IN_VIEW * self._channels * SIDE * SIDE * self._dtype.itemsize)
        self._loader = TileLoader(self._make, self._parts_of, self._blank, room)
        self._loader.arrived.connect(self._arrived)
        self._loader.failed.connect(self.failed)

    def set_plane(self, plane: int) -> None:
        self._plane = plane
        self.stop()

    def stop(self) -> None:
        self._asked.clear()
        self._loader.forget_wanted()

    # ------------------------------------------------------------------ what is shown

    def prepare(self, channel: int, rows: np.ndarray, cols: np.ndarray, step: float) -> Draw:
        level = max(n for n, each in enumerate(self._levels) if each.factor <= max(step, 1.0) * 1.001)
        whole = _Part(rows, cols)
        pieces: list[_Piece] = []
        missing: list[Tile] = []
        for tile, part in self._under(level, channel, whole):
            if (piece := self._piece(tile, part)) is not None:
                pieces.append(piece)
            else:
                missing.append(tile)
                pieces += self._stand_ins(level, channel, part)
        if missing:
            self._asked.update(missing)
            last = len(self._levels) - 1
            coarse = [tile for tile, _ in self._under(last, channel, whole)]
            # The smallest level stands in for all others; it comes first, unless that means to read them.
            stored = self._stored > last
            self._loader.want([*missing, *coarse] if stored else [*coarse, *missing])

        def draw(look_up: LookUp) -> np.ndarray:
            out = np.full((len(rows), len(cols)), _BLACK, np.uint32)
            for piece in pieces:
                piece.draw(out, step, look_up)
            return out

        return draw

    def _piece(self, tile: Tile, part: _Part) -> _Piece | None:
        pixels = self._loader.get(tile)
        return None if pixels is None else _Piece(part, tile, self._levels[tile.level], pixels)

    def _stand_ins(self, level: int, channel: int, part: _Part) -> list[_Piece]:
        """The finest coarser level that is there for all of the part; else of finer ones what is there."""
        for coarser in range(level + 1, len(self._levels)):
            pieces = [self._piece(*each) for each in self._under(coarser, channel, part)]
            there = [piece for piece in pieces if piece is not None]
            if len(there) == len(pieces):
                return there
        return self._finer(level - 1, channel, part, _FINER)

    def _finer(self, level: int, channel: int, part: _Part, depth: int) -> list[_Piece]:
        """What there is of this level and of finer ones."""
        found: list[_Piece] = []
        if level >= 0 and depth:
            for tile, smaller in self._under(level, channel, part):
                piece = self._piece(tile, smaller)
                found += [piece] if piece is not None else self._finer(level - 1, channel, smaller, depth - 1)
        return found

    def _under(self, level: int, channel: int, part: _Part) -> Iterator[tuple[Tile, _Part]]:
        """The squares of a level below a part of the picture, and what lies in each."""
        at = self._levels[level]
        across = list(_runs(at.cols(part.cols) // SIDE))
        for row, ys in _runs(at.rows(part.rows) // SIDE):
            for col, xs in across:
                yield Tile(self._plane, level, channel, row, col), part.cut(ys, xs)

    def values_at(self, row: int, col: int) -> tuple[float, ...]:
        tiles = [Tile(self._plane, 0, n, row // SIDE, col // SIDE) for n in range(self._channels)]
        found = {tile: self._loader.get(tile) for tile in tiles}
        missing = [tile for tile, pixels in found.items() if pixels is None]
        self._asked.update(missing)
        self._loader.want(missing)
        return tuple(
            float("nan") if pixels is None else float(pixels[row % SIDE, col % SIDE])
            for pixels in found.values()
        )

    def _arrived(self, tile: Tile) -> None:
        if tile.plane != self._plane:
            return
        if tile.level == len(self._levels) - 1:
            self.settled.emit()
        above = {_above(tile, steps) for steps in range(_FINER + 1)}
        if above & self._asked or tile.level == len(self._levels) - 1:
            self._asked.discard(tile)
            side = SIDE * self._levels[tile.level].factor
            self.changed.emit(QRectF(tile.col * side, tile.row * side, side, side))

    # ------------------------------------------------------------------ what is read; in threads

    def _parts_of(self, tile: Tile) -> list[Tile]:
        """The squares of the level before that a computed one is made of, row by row."""
        if tile.level < self._stored:
            return []
        rows, cols = self._places_of_parts(tile)
        return [tile._replace(level=tile.level - 1, row=row, col=col) for row in rows for col in cols]

    def _places_of_parts(self, tile: Tile) -> tuple[range, range]:
        finer = self._levels[tile.level - 1]
        return (
            range(2 * tile.row, min(2 * tile.row + 2, -(-finer.height // SIDE))),
            range(2 * tile.col, min(2 * tile.col + 2, -(-finer.width // SIDE))),
        )

    def _make(self, tile: Tile, parts: list[np.ndarray]) -> np.ndarray:
        pixels = self._levels[tile.level].pixels
        if pixels is not None:
            rows, cols = (slice(n * SIDE, (n + 1) * SIDE) for n in (tile.row, tile.col))
            return np.array(pixels[tile.channel, tile.plane, rows, cols])
        across = len(self._places_of_parts(tile)[1])
        whole = np.block([parts[first : first + across] for first in range(0, len(parts), across)])
        height, width = (length // 2 * 2 for length in whole.shape)
        return mean2x2(whole[:height, :width].astype(halved_type(whole.dtype), copy=False))

    def _blank(self, tile: Tile) -> np.ndarray:
        level = self._levels[tile.level]
        size = (
            min(SIDE, length - place * SIDE)
            for place, length in ((tile.row, level.height), (tile.col, level.width))
        )
        return np.zeros(tuple(size), self._dtype)


def _factor(whole: tuple[int, ...], part: tuple[int, ...]) -> float:
    """How many pixels of the image one of the level stands for; halving drops a last odd row."""
    factor = max(length / shorter for length, shorter in zip(whole, part, strict=True))
    return float(round(factor)) if abs(factor - round(factor)) * min(part) < 2 * factor else factor


def _above(tile: Tile, steps: int) -> Tile:
    """The square so many levels further up that a computed one is a part of."""
    return tile._replace(level=tile.level + steps, row=tile.row >> steps, col=tile.col >> steps)


def _runs(places: np.ndarray) -> Iterator[tuple[int, slice]]:
    """Each value of an ascending array, and where it stands."""
    starts = [0, *(np.flatnonzero(np.diff(places)) + 1).tolist(), len(places)]
    for start, stop in itertools.pairwise(starts):
        yield int(places[start]), slice(start, stop)
