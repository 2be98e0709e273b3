"""One object becomes two or more: along a line, or by a point in each half."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import cv2
import numpy as np

from model_core.annotation.boxes import around, in_plane, relative
from model_core.annotation.cutting import crossed, cut_apart, drawn, lengthened
from model_core.annotation.objects import ObjectRecord
from model_core.annotation.patch import Box
from model_core.annotation.proposal import Annotated, Proposal, choose, name_cells, propose

Seed = tuple[int, int]
Parting = Callable[[np.ndarray, ObjectRecord, int, np.ndarray], tuple[Box, np.ndarray | None]]
"""Parts an object of labels (Z, Y, X), met in a plane, by a line of points (N, 2) x, y. The answer is the box
in which it changes, and for that box int32 0 outside the object, 1 the part that keeps the ID, 2, 3, ... the
others; None: it stays whole."""

_WAIST = 0.9  # a narrow place is a waist if it is thinner than this part of the thinner half
_STRIDE = 2  # pixels that the way uphill looks ahead, over the small steps of a digital outline


def along_line(
    labels: np.ndarray, record: ObjectRecord, plane: int, points: np.ndarray
) -> tuple[Box, np.ndarray | None]:
    """The Parting that cuts exactly where the line is, in its plane only."""
    return _cut(labels, record, in_plane(record.slices, plane, 0, labels.shape), points)


def through_planes(
    labels: np.ndarray, record: ObjectRecord, plane: int, points: np.ndarray
) -> tuple[Box, np.ndarray | None]:
    """The Parting that cuts exactly where the line is, through all planes of the object."""
    return _cut(labels, record, record.slices, points)


def split_by_line(
    cells: Annotated,
    plane: int,
    line: Sequence[tuple[float, float]],
    among: Iterable[int] = (),
    spared: Iterable[int] = (),
    parting: Parting = along_line,
) -> Proposal:
    """Part the objects that a line of (x, y) points crosses from side to side.

    If it runs over some of `among` (the selection) it parts no others, and never those that are `spared`.
    Each part of five pixels or more becomes an object, the largest keeps the ID; nothing is lost to the cut.
    """
    points = lengthened(line)
    wanted = crossed(cells.labels[plane], points, among, spared)
    if not wanted:
        return Proposal(None, "The line crosses no cell")
    chosen = choose(cells, wanted)
    if not chosen.records:
        return chosen.refused()
    parted: list[tuple[ObjectRecord, Box, np.ndarray]] = []
    for record in chosen.records:
        box, parts = parting(cells.labels, record, plane, points)
        if parts is not None:
            parted.append((record, box, parts))
    if not parted:
        missed = name_cells([record.id for record in chosen.records])
        return Proposal(
            None, chosen.with_notes(f"Not split: the line must cross {missed} from one side to the other")
        )
    whole = around(record for record, _, _ in parted)
    new = cells.labels[whole].copy()
    made: list[int] = []
    for record, box, parts in parted:
        count = int(parts.max())
        first = cells.reserve_ids(count - 1)
        fresh = [0, record.id, *range(first, first + count - 1)]
        np.copyto(new[relative(box, whole)], np.array(fresh, np.uint32)[parts], where=parts > 0)
        made += fresh[1:]
    done = name_cells([record.id for record, _, _ in parted])
    said = chosen.with_notes(f"{done.capitalize()} split into {len(made)}")
    return propose(cells, whole, new, f"Split {done}", said, selected=made)


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
    return propose(cells, box, new[None], f"Split cell {id_}", said, selected=[id_, other])


def _cut(
    labels: np.ndarray, record: ObjectRecord, box: Box, points: np.ndarray
) -> tuple[Box, np.ndarray | None]:
    mask = labels[box] == record.id
    corner = box[2].start, box[1].start
    return box, cut_apart(mask, drawn(points - corner, mask.shape[1:]))


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
