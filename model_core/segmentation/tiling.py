"""The net over an image of any size: overlapping tiles, blended smoothly."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from model_core.errors import Cancelled

if TYPE_CHECKING:
    from model_core.models.model import Model

Progress = Callable[[float, str], None]  # fraction done, and what is being done in words
Cancel = Callable[[], bool]

STRIDE = 32  # tiles are multiples of this, as the net demands
TILE = 640
OVERLAP = 32


class Fields(NamedTuple):
    """What the net says about a plane: flows float32 (2, Y, X), cellprob float32 (Y, X)."""

    flows: np.ndarray
    cellprob: np.ndarray


def predict_fields(
    model: Model,
    pixels: np.ndarray,
    *,
    tile: int = TILE,
    batch_size: int = 4,
    augment: bool = False,
    progress: Callable[[int, int], None] | None = None,
    cancel: Cancel | None = None,
) -> Fields:
    """Runs the net over normalised pixels at the scale they have.

    Args:
        model: the net and its device.
        pixels: float32 ``(I, Y, X)``, normalised, a channel for each input of the net.
        tile: px, the largest side of a tile. batch_size: tiles at once.
        augment: averages over four mirrorings; four times slower, a little better.
        progress: called with tiles done and tiles in all. cancel: asked before every batch.

    Raises:
        Cancelled: ``cancel`` said so.
    """
    _, height, width = pixels.shape
    rows, columns = spans(height, tile), spans(width, tile)
    side_y, side_x = rows[0][1] - rows[0][0], columns[0][1] - columns[0][0]
    padded = padded_to(pixels, rows[-1][1], columns[-1][1])
    places = [(y, x) for y, _ in rows for x, _ in columns]
    total = np.zeros((3, *padded.shape[1:]), np.float32)
    weights = np.zeros(padded.shape[1:], np.float32)
    taper = np.outer(_taper(side_y, len(rows) > 1), _taper(side_x, len(columns) > 1))
    for first in range(0, len(places), batch_size):
        if cancel and cancel():
            raise Cancelled
        batch = places[first : first + batch_size]
        tiles = np.stack([padded[:, y : y + side_y, x : x + side_x] for y, x in batch])
        for (y, x), maps in zip(
            batch, _mirrored(model, tiles) if augment else model.predict(tiles), strict=True
        ):
            total[:, y : y + side_y, x : x + side_x] += maps[:3] * taper
            weights[y : y + side_y, x : x + side_x] += taper
        if progress:
            progress(min(first + batch_size, len(places)), len(places))
    total = total[:, :height, :width] / weights[:height, :width]
    return Fields(total[:2], total[2])


def padded_to(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Channels ``(C, Y, X)`` mirrored beyond the bottom and the right to at least this size."""
    more_y, more_x = max(0, height - pixels.shape[1]), max(0, width - pixels.shape[2])
    if not (more_y or more_x):
        return pixels
    mode: Literal["reflect", "edge"] = "reflect" if min(pixels.shape[1:]) > 1 else "edge"
    return np.pad(pixels, ((0, 0), (0, more_y), (0, more_x)), mode=mode)


def cut(part: slice, side: float) -> list[slice]:
    """A range of rows or columns in about equal parts of at most ``side`` px."""
    length = part.stop - part.start
    count = max(1, math.ceil(length / side))
    edges = [part.start + length * n // count for n in range(count + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]


def widened(part: slice, margin: int, length: int) -> slice:
    """A range of rows or columns with ``margin`` more at both ends, as far as the plane goes."""
    return slice(max(0, part.start - margin), min(length, part.stop + margin))


def spans(length: int, tile: int, overlap: int = OVERLAP) -> list[tuple[int, int]]:
    """Starts and ends of equal tiles that cover ``length`` px with the least excess; multiples of `STRIDE`.

    The last may end beyond ``length``, by less than a stride a tile.
    """
    count = 1 if length <= tile else math.ceil((length - overlap) / (tile - overlap))
    side = math.ceil((length + (count - 1) * overlap) / count / STRIDE) * STRIDE
    step = side - overlap
    if count > 1:  # spread the excess over the overlaps
        step = math.ceil((length - side) / (count - 1))
    return [(n * step, n * step + side) for n in range(count)]


def _taper(side: int, tapered: bool) -> np.ndarray:
    """Weights of a tile's rows: 1 in the middle, falling smoothly towards the borders that overlap."""
    if not tapered:
        return np.ones(side, np.float32)
    distance = np.minimum(np.arange(side), np.arange(side)[::-1]) + 0.5
    return (0.5 - 0.5 * np.cos(np.pi * np.minimum(distance / OVERLAP, 1))).astype(np.float32) + 1e-4


def _mirrored(model: Model, tiles: np.ndarray) -> np.ndarray:
    """The mean over four mirrorings, flows mirrored back."""
    total: np.ndarray | int = 0
    for flip_y, flip_x in ((1, 1), (-1, 1), (1, -1), (-1, -1)):
        maps = model.predict(np.ascontiguousarray(tiles[:, :, ::flip_y, ::flip_x]))[:, :, ::flip_y, ::flip_x]
        total = total + maps * np.array([flip_y, flip_x, 1, 1], np.float32)[:, None, None]
    return total / 4  # type: ignore[return-value]
