"""Objects that a model saw and did not keep: where a person may be asked whether there is a cell."""

from __future__ import annotations

import base64
import binascii
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model_core.annotation.finished import Regions, inside
from model_core.annotation.patch import Box, box_shape

SETTING = "left out"
"""The key of a document's settings under which the `to_setting` of its last run lies."""

_MOST = 20_000  # of an image; the least likely ones are not kept
_MOST_PIXELS = 1 << 28  # in all boxes together; a hostile file claims more
_FARTHEST = 1 << 31  # px
_COVERED = 0.5  # share of an object on cells, or on background that a person has seen, with which it is none


@dataclass(frozen=True, eq=False)
class Candidate:
    """An object that may be a cell.

    box: slices z, y, x of the image. pixels: bool, of the shape of `box`. chance: 0..1, how likely there is a
    cell that was missed.
    """

    box: Box
    pixels: np.ndarray
    chance: float

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Candidate):
            return NotImplemented
        same = self.box == other.box and self.chance == other.chance
        return same and np.array_equal(self.pixels, other.pixels)


def still_open(
    candidates: Sequence[Candidate], labels: np.ndarray, finished: Regions = ()
) -> list[Candidate]:
    """Those where there is no cell by now, and no background that a person has declared to be that.

    labels: uint32 ``(Z, Y, X)``; candidates of another image, that reach beyond them, are left out.
    """
    return [
        each
        for each in candidates
        if all(part.stop <= size for part, size in zip(each.box, labels.shape, strict=True))
        and (labels[each.box][each.pixels] > 0).mean() <= _COVERED
        and _finished_share(each, finished) <= _COVERED
    ]


def _finished_share(candidate: Candidate, finished: Regions) -> float:
    """Of the pixels whose centres lie in finished regions; looks at these pixels alone."""
    z, y, x = candidate.box
    centres = np.argwhere(candidate.pixels) + np.array([z.start, y.start, x.start])
    seen = np.zeros(len(centres), bool)
    for region in finished:
        xs, ys = zip(*region.points, strict=True)
        apart = min(xs) >= x.stop or max(xs) <= x.start or min(ys) >= y.stop or max(ys) <= y.start
        if not apart:
            seen |= inside(region, centres)
    return float(seen.mean())


def to_setting(candidates: Sequence[Candidate]) -> dict[str, Any]:
    """What JSON can hold; of very many the likeliest."""
    kept = sorted(candidates, key=lambda each: -each.chance)[:_MOST]
    bits = b"".join(np.packbits(each.pixels).tobytes() for each in kept)
    rows = [
        [*(end for part in each.box for end in (part.start, part.stop)), round(each.chance, 4)]
        for each in kept
    ]
    return {"rows": rows, "pixels": base64.b64encode(zlib.compress(bits, 6)).decode()}


def from_setting(setting: Any) -> list[Candidate]:
    """The inverse of `to_setting`. Trusts nothing: none where something is damaged."""
    try:
        return list(_read(setting))
    except (KeyError, TypeError, ValueError, OverflowError, binascii.Error, zlib.error):
        return []


def _read(setting: Any) -> Iterator[Candidate]:
    rows = setting["rows"]
    if not isinstance(rows, list) or len(rows) > _MOST:
        raise ValueError("too many candidates")
    boxes: list[Box] = []
    for z0, z1, y0, y1, x0, x1, _ in rows:
        for start, stop in ((z0, z1), (y0, y1), (x0, x1)):
            if type(start) is not int or type(stop) is not int or not 0 <= start < stop < _FARTHEST:
                raise ValueError("a candidate lies outside of all images")
        boxes.append((slice(z0, z1), slice(y0, y1), slice(x0, x1)))
    counts = [math.prod(box_shape(box)) for box in boxes]
    if sum(counts) > _MOST_PIXELS:
        raise ValueError("candidates larger than any image")
    lengths = [-(-count // 8) for count in counts]
    stream = zlib.decompressobj()
    bits = stream.decompress(base64.b64decode(setting["pixels"], validate=True), sum(lengths) + 1)
    if len(bits) != sum(lengths):
        raise ValueError("pixels of candidates are missing")
    at = 0
    for box, count, length, row in zip(boxes, counts, lengths, rows, strict=True):
        packed = np.frombuffer(bits, np.uint8, length, at)
        pixels = np.unpackbits(packed, count=count).astype(bool).reshape(box_shape(box))
        chance = float(row[6])
        if not 0 <= chance <= 1 or not pixels.any():
            raise ValueError("a candidate that is none")
        yield Candidate(box, pixels, chance)
        at += length
