"""A line across objects: which of them it crosses, and how one falls apart along it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from model_core.annotation.growth import grow
from model_core.annotation.pieces import CRUMB, pieces

_REACH = 3.0  # pixels that a line is lengthened by at both ends: hands stop a little early


def lengthened(line: Sequence[tuple[float, float]]) -> np.ndarray:
    """The points (x, y) of a line as float64 (N, 2), with `_REACH` more at both ends."""
    points = np.array(line, np.float64)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    points = points[np.r_[True, steps > 0]]
    if len(points) < 2:
        return points
    reach = min(3, len(points) - 1)  # the very last step of a hand may point anywhere
    head, tail = points[0] - points[reach], points[-1] - points[-1 - reach]
    ends = [
        end + _REACH * way / max(float(np.linalg.norm(way)), 1e-9)
        for end, way in ((points[0], head), (points[-1], tail))
    ]
    return np.vstack([ends[0], points, ends[1]])


def crossed(
    labels: np.ndarray, points: np.ndarray, among: Iterable[int] = (), spared: Iterable[int] = ()
) -> set[int]:
    """The objects (Y, X) that a line crosses from side to side, else the one that it lies in most.

    `spared` ones do not count, and if the line runs over some of `among` (the selection) no others do.
    """
    height, width = labels.shape
    low = np.clip(np.floor(points.min(axis=0)).astype(int), 0, (width, height))
    high = np.clip(np.floor(points.max(axis=0)).astype(int) + 1, 0, (width, height))
    part = labels[low[1] : high[1], low[0] : high[0]]
    if not part.size:
        return set()
    ids, counts = np.unique(part[drawn(points - low, part.shape)], return_counts=True)
    lengths = dict(zip(ids.tolist(), counts.tolist(), strict=True))
    for id_ in (0, *spared):
        lengths.pop(id_, None)
    met = lengths.keys() & set(among) or lengths.keys()
    ends = {_at(labels, points[0]), _at(labels, points[-1])}
    across = met - ends
    return set(across) or {max(met, key=lengths.__getitem__)} if met else set()


def drawn(points: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A line (N, 2) as pixels of an image (Y, X): bool, connected along the axes: no corner leads through."""
    canvas = np.zeros(shape, np.uint8)
    pixels = np.floor(points).astype(np.int32)
    for start, end in zip(pixels[:-1].tolist(), pixels[1:].tolist(), strict=True):
        cv2.line(canvas, start, end, 1, 1, cv2.LINE_4)
    return canvas.view(bool)


def cut_apart(mask: np.ndarray, line: np.ndarray) -> np.ndarray | None:
    """The parts of `mask` (bool Z, Y, X) beside a `line` (bool Y, X) that cuts through all its planes.

    int32, 0 outside and the largest part 1; pixels of the cut and crumbs go to the part beside them. None
    where the cut makes no more parts than there are without it.
    """
    parts = _numbered(mask & ~line)
    count = int(parts.max(initial=0))
    if count < 2 or count <= int(_numbered(mask).max()):
        return None
    for plane, inside in zip(parts, mask, strict=True):
        plane[...] = grow(plane, plane > 0, inside & (plane == 0))
    parts[mask & (parts == 0)] = 1  # planes of a volume in which there is nothing but cut
    return parts


def _numbered(mask: np.ndarray) -> np.ndarray:
    """The pieces of a mask by size, int32: the largest 1, crumbs 0."""
    numbered, count = pieces(mask)
    areas = np.bincount(numbered.ravel(), minlength=count + 1)[1:]
    by_size = np.argsort(-areas, kind="stable")
    real = 1 + by_size[areas[by_size] >= CRUMB]
    number_of = np.zeros(count + 1, np.int32)
    number_of[real] = np.arange(1, len(real) + 1)
    return number_of[numbered]


def _at(labels: np.ndarray, point: np.ndarray) -> int:
    col, row = np.floor(point).astype(int).tolist()
    inside = 0 <= row < labels.shape[0] and 0 <= col < labels.shape[1]
    return int(labels[row, col]) if inside else 0
