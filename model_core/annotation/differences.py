"""Where two labellings of one image differ, object by object, and taking over from the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import numpy as np

from model_core.annotation.boxes import relative, union
from model_core.annotation.matching import average_precision, match, overlaps, shared_pixels
from model_core.annotation.measure import Extent, measure
from model_core.annotation.patch import Box
from model_core.annotation.proposal import Annotated, Proposal, count_cells, propose

MATCHED = 0.5  # IoU from which on two objects are the same
ALIKE = 0.75  # IoU below which the same object has another shape
_MOST = 0.5  # of an object's pixels: then it lies in the other one
_SOME = 0.1  # IoU from which on two unmatched objects are taken for one of different shape
THRESHOLDS = (0.5, 0.75, 0.9)


class Kind(str, Enum):
    """How the present labels differ from the other ones."""

    MISSED = "missed"  # only the other one has it
    ADDED = "added"  # only here
    SPLIT = "split"  # one there, several here
    MERGED = "merged"  # several there, one here
    SHAPE = "other shape"


@dataclass(frozen=True)
class Difference:
    """Objects that belong together: IDs here and IDs there. iou: of pairs, else 0."""

    kind: Kind
    mine: tuple[int, ...]
    theirs: tuple[int, ...]
    box: Box
    iou: float = 0.0


@dataclass(frozen=True)
class Comparison:
    """`matched` one-to-one pairs at an IoU of 0.5; `ap` at THRESHOLDS; the differences from top to bottom."""

    matched: int
    mine: int
    theirs: int
    ap: tuple[float, ...]
    differences: tuple[Difference, ...]

    def count(self, kind: Kind) -> int:
        """How many differences there are of a kind."""
        return sum(each.kind is kind for each in self.differences)


def compare(mine: np.ndarray, theirs: np.ndarray) -> Comparison:
    """Labels ``(Z, Y, X)`` against others of equal shape; the metrics are those of `matching`.

    An object lies in another when at least half of its pixels do, as in `mistakes`. Raises ValueError if the
    shapes differ.
    """
    a, b, iou = match(mine, theirs, MATCHED)
    shared = shared_pixels(mine, theirs)
    here, there = measure(mine), measure(theirs)
    found: list[tuple[Kind, tuple[int, ...], tuple[int, ...], float]] = []
    explained_here: set[int] = set()
    explained_there: set[int] = set()
    parts_here = _groups(shared.b, shared.a, shared.pixels >= _MOST * shared.size_a)
    parts_there = _groups(shared.a, shared.b, shared.pixels >= _MOST * shared.size_b)
    for whole, parts in parts_here:
        found.append((Kind.SPLIT, parts, (whole,), 0.0))
        explained_here |= set(parts)
        explained_there.add(whole)
    for whole, parts in parts_there:
        if whole not in explained_here:
            found.append((Kind.MERGED, (whole,), parts, 0.0))
            explained_here.add(whole)
            explained_there |= set(parts)
    pairs = list(zip(a.tolist(), b.tolist(), iou.tolist(), strict=True))
    for one, other, value in pairs:
        if value < ALIKE and one not in explained_here and other not in explained_there:
            found.append((Kind.SHAPE, (one,), (other,), value))
    explained_here |= set(a.tolist())
    explained_there |= set(b.tolist())
    near = zip(*(part.tolist() for part in overlaps(mine, theirs)), strict=True)
    for one, other, value in sorted(near, key=lambda pair: -pair[2]):
        if value >= _SOME and one not in explained_here and other not in explained_there:
            found.append((Kind.SHAPE, (one,), (other,), value))
            explained_here.add(one)
            explained_there.add(other)
    found += [(Kind.ADDED, (id_,), (), 0.0) for id_ in here if id_ not in explained_here]
    found += [(Kind.MISSED, (), (id_,), 0.0) for id_ in there if id_ not in explained_there]
    differences = [
        Difference(kind, ours, others, _box([*_of(here, ours), *_of(there, others)]), value)
        for kind, ours, others, value in found
    ]
    differences.sort(key=lambda each: (each.box[0].start, each.box[1].start, each.box[2].start))
    ap = average_precision(theirs, mine, THRESHOLDS)[0]
    return Comparison(len(pairs), len(here), len(there), tuple(ap.tolist()), tuple(differences))


def take_over(cells: Annotated, theirs: np.ndarray, difference: Difference) -> Proposal:
    """Puts the other labels' objects of a difference in place of the present ones, as one step.

    Locked objects stay, and so does every pixel of objects that are not part of the difference.
    """
    present = [id_ for id_ in difference.mine if id_ in cells.objects]
    if any(cells.objects[id_].locked for id_ in present):
        return Proposal(None, "Not taken over: the cell here is locked")
    box = difference.box
    for id_ in present:  # it may have been changed since
        box = union(box, cells.objects[id_].slices)
    new = cells.labels[box].copy()
    new[np.isin(new, np.array(present, np.uint32))] = 0
    inner = relative(difference.box, box)
    other = theirs[difference.box]
    names = [present[0]] if len(present) == len(difference.theirs) == 1 else []
    if len(names) < len(difference.theirs):
        first = cells.reserve_ids(len(difference.theirs) - len(names))
        names += list(range(first, first + len(difference.theirs) - len(names)))
    for id_, name in zip(difference.theirs, names, strict=True):
        part = new[inner]
        part[(other == id_) & (part == 0)] = name
    words = {Kind.MISSED: "Add", Kind.ADDED: "Delete"}.get(difference.kind, "Take over")
    text = f"{words} {count_cells(max(1, len(difference.theirs)))} from the other result"
    return propose(cells, box, new, text, selected=names)


def _groups(whole: np.ndarray, part: np.ndarray, inside: np.ndarray) -> list[tuple[int, tuple[int, ...]]]:
    """Each object in which two or more others lie, with these."""
    groups: dict[int, list[int]] = {}
    for one, other in zip(whole[inside].tolist(), part[inside].tolist(), strict=True):
        groups.setdefault(one, []).append(other)
    return [(one, tuple(others)) for one, others in groups.items() if len(others) > 1]


def _of(extents: dict[int, Extent], ids: Iterable[int]) -> list[Extent]:
    return [extents[id_] for id_ in ids]


def _box(extents: list[Extent]) -> Box:
    low = [min(extent.low[axis] for extent in extents) for axis in range(3)]
    high = [max(extent.high[axis] for extent in extents) for axis in range(3)]
    return slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2])
