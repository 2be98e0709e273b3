"""One object becomes two or more, in one plane: along a line, or by a point in each half."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from model_core.annotation.boxes import around, in_plane
from model_core.annotation.growth import grow
from model_core.annotation.patch import Box
from model_core.annotation.pieces import CRUMB
from model_core.annotation.proposal import Annotated, Proposal, choose, name_cells, propose

Seed = tuple[int, int]

_WAIST = 0.9  # a narrow place is a waist if it is thinner than this part of the thinner half
_STRIDE = 2  # pixels that the way uphill looks ahead, over the small steps of a digital outline
_REACH = 3.0  # pixels that a line is lengthened by at both ends: hands stop a little early


def split_by_line(
    cells: Annotated, plane: int, line: Sequence[tuple[float, float]], among: Iterable[int] = ()
) -> Proposal:
    """Cut the objects that a line of (x, y) points crosses from side to side.

    If it crosses some of `among` (the selection) it cuts no others. Each piece of five pixels or more
    becomes an object, the largest keeps the ID; nothing is lost to the cut itself.
    """
    points = _lengthened(line)
    crossed = _ids_on(cells.labels[plane], points)
    wanted = crossed & set(among) or crossed
    if not wanted:
        return Proposal(None, "The line crosses no cell")
    chosen = choose(cells, wanted)
    if not chosen.records:
        return chosen.refused()
    box = in_plane(around(chosen.records), plane, 0, cells.labels.shape)
    new = cells.labels[box][0].copy()
    cut = _drawn(points, box, new.shape)
    made: list[int] = []
    done: list[int] = []
    for record in chosen.records:
        _, rows, cols = in_plane(record.slices, plane, 0, cells.labels.shape)
        inner = np.s_[
            rows.start - box[1].start : rows.stop - box[1].start,
            cols.start - box[2].start : cols.stop - box[2].start,
        ]
        mask = new[inner] == record.id
        parts = _parts(mask, cut[inner])
        count = int(parts.max())
        if count < 2 or count <= int(_parts(mask, np.zeros_like(mask)).max()):
            continue
        first = cells.reserve_ids(count - 1)
        fresh = [0, record.id, *range(first, first + count - 1)]
        part = new[inner]
        np.copyto(part, np.array(fresh, np.uint32)[parts], where=parts > 0)
        done.append(record.id)
        made += fresh[1:]
    if not done:
        missed = name_cells([record.id for record in chosen.records])
        return Proposal(
            None, chosen.with_notes(f"Not split: the line must cross {missed} from one side to the other")
        )
    text = f"Split {name_cells(done)} by a line"
    said = f"{name_cells(done).capitalize()} split into {len(made)}"
    return propose(cells, box, new[None], text, chosen.with_notes(said), selected=made)


def split_by_points(
    cells: Annotated, plane: int, first: tuple[int, int], second: tuple[int, int]
) -> Proposal:
    """Divide an object between two points (row, column) inside it: across the waist if there is one between
    them, otherwise half-way, as measured inside the object. Takes a worker's time.

    The waist is where a watershed of the distance to the rim parts (Beucher and Lantuejoul 1979).
    """
    labels = cells.labels[plane]
    id_ = int(labels[first])
    if id_ == 0 or id_ != int(labels[second]):
        return Proposal(None, "Not split: both points must lie in the same cell")
    if first == second:
        return Proposal(None, "Not split: click two different places of the cell")
    chosen = choose(cells, [id_])
    if not chosen.records:
        return chosen.refused()
    box = in_plane(chosen.records[0].slices, plane, 0, labels[None].shape)
    new = labels[box[1:]].copy()
    corner = box[1].start, box[2].start
    seeds = [(row - corner[0], col - corner[1]) for row, col in (first, second)]
    half = _halves(new == id_, seeds)
    areas = np.bincount(half.ravel(), minlength=3)
    other = cells.reserve_ids(1)
    smaller = 1 + int(areas[2] <= areas[1])
    new[half == smaller] = other
    said = f"Cell {id_} split into 2: cells {id_} and {other}"
    return propose(cells, box, new[None], f"Split cell {id_} by two points", said, selected=[id_, other])


def _lengthened(line: Sequence[tuple[float, float]]) -> np.ndarray:
    """The points (N, 2) with `_REACH` more at both ends."""
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


def _ids_on(labels: np.ndarray, points: np.ndarray) -> set[int]:
    """The objects (Y, X) that a line runs over."""
    height, width = labels.shape
    low = np.clip(np.floor(points.min(axis=0)).astype(int), 0, (width, height))
    high = np.clip(np.floor(points.max(axis=0)).astype(int) + 1, 0, (width, height))
    box = slice(0, 1), slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
    part = labels[box[1:]]
    if not part.size:
        return set()
    return set(np.unique(part[_drawn(points, box, part.shape)]).tolist()) - {0}


def _drawn(points: np.ndarray, box: Box, shape: tuple[int, ...]) -> np.ndarray:
    """A line as pixels of `box`: bool of `shape`, connected along the axes: no corner leads through it."""
    canvas = np.zeros(shape, np.uint8)
    corner = np.array([box[2].start, box[1].start])
    pixels = np.floor(points).astype(np.int32) - corner.astype(np.int32)
    for start, end in zip(pixels[:-1].tolist(), pixels[1:].tolist(), strict=True):
        cv2.line(canvas, start, end, 1, 1, cv2.LINE_4)
    return canvas.view(bool)


def _parts(mask: np.ndarray, cut: np.ndarray) -> np.ndarray:
    """Pieces of `mask` (Y, X) beside `cut`, the largest numbered 1; pixels of the cut go to the nearest."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats((mask & ~cut).view(np.uint8), connectivity=8)
    areas = stats[1:count, cv2.CC_STAT_AREA]
    by_size = np.argsort(-areas, kind="stable")
    order = 1 + by_size[areas[by_size] >= CRUMB]
    number_of = np.zeros(count, np.int32)
    number_of[order] = np.arange(1, len(order) + 1)
    parts = number_of[parts]
    return grow(parts, parts > 0, mask & (parts == 0))


def _halves(mask: np.ndarray, seeds: list[Seed]) -> np.ndarray:
    """1 or 2 where a pixel of `mask` (Y, X) belongs to the first or the second seed, 0 elsewhere."""
    from skimage.segmentation import watershed  # late: it takes a noticeable part of the program's start

    depth = cv2.distanceTransform(np.pad(mask, 1).view(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    peaks = [_uphill(depth, seed) for seed in seeds]
    if _saddle(depth, peaks) > _WAIST * min(float(depth[peak]) for peak in peaks):
        return _nearer(mask, seeds)
    markers = np.zeros(mask.shape, np.int32)
    for number, peak in enumerate(peaks, 1):
        markers[peak] = number
    return watershed(-depth, markers, mask=mask)


def _uphill(depth: np.ndarray, seed: Seed) -> Seed:
    """The local maximum that the way up from a pixel leads to."""
    row, col = seed
    while True:
        top, left = max(0, row - _STRIDE), max(0, col - _STRIDE)
        part = depth[top : row + _STRIDE + 1, left : col + _STRIDE + 1]
        up, across = np.unravel_index(int(part.argmax()), part.shape)
        if part[up, across] <= depth[row, col]:
            return row, col
        row, col = top + int(up), left + int(across)


def _saddle(depth: np.ndarray, peaks: list[Seed]) -> float:
    """The depth of the narrowest place that every way from one peak to the other must pass, within 1/32."""
    low, high = 0.0, min(float(depth[peak]) for peak in peaks)
    for _ in range(5):
        level = (low + high) / 2
        _, numbered = cv2.connectedComponents((depth >= level).view(np.uint8), connectivity=8)
        if numbered[peaks[0]] == numbered[peaks[1]]:
            low = level
        else:
            high = level
    return high


def _nearer(mask: np.ndarray, seeds: list[Seed]) -> np.ndarray:
    """1 or 2 for the seed with the shorter way inside `mask`."""
    from skimage.graph import MCP_Geometric

    costs = np.where(mask, 1.0, np.inf)
    first, second = (MCP_Geometric(costs).find_costs([seed])[0] for seed in seeds)
    return np.where(mask, np.where(first <= second, 1, 2), 0)
