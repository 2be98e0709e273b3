"""Objects of a stack from plane to plane: copied to the next one, interpolated between two."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import cv2
import numpy as np

from model_core.annotation.boxes import around, in_plane, relative
from model_core.annotation.proposal import (
    Annotated,
    Proposal,
    Tick,
    choose,
    count_cells,
    name_cells,
    no_tick,
    propose,
)


def copy_to_plane(cells: Annotated, ids: Iterable[int], plane: int, target: int) -> Proposal:
    """Give objects the shape that they have in `plane` in `target` too, on background only.

    An object that is there already is left as it is.
    """
    if not 0 <= target < cells.labels.shape[0]:
        return Proposal(None, "There is no further plane")
    chosen = choose(cells, ids, plane)
    if not chosen.records:
        return chosen.refused()
    box = in_plane(around(chosen.records), plane, 0, cells.labels.shape)
    there = (slice(target, target + 1), *box[1:])
    old, new = cells.labels[box], cells.labels[there].copy()
    present = np.intersect1d(new, chosen.ids)
    missing = np.setdiff1d(np.intersect1d(old, chosen.ids), present)
    copied = np.isin(old, missing) & (new == 0)
    np.copyto(new, old, where=copied)
    count = np.unique(new[copied]).size
    if not count:
        why = "is there already" if present.size else "has no room there"
        return Proposal(None, chosen.with_notes(f"Nothing copied to plane {target + 1}: the cell {why}"))
    said = f"{count_cells(count)} copied to plane {target + 1}"
    if present.size:
        said += f"; {count_cells(present.size)} there already and kept"
    text = f"Copy {count_cells(count)} to plane {target + 1}"
    return propose(cells, there, new, text, chosen.with_notes(said))


def interpolate(cells: Annotated, ids: Iterable[int], tick: Tick = no_tick) -> Proposal:
    """Fill the planes that objects skip with shapes between those above and below, on background only.

    The shape between two masks is where the weighted mean of their signed distances is positive (Raya and
    Udupa, IEEE Transactions on Medical Imaging 1990).
    """
    chosen = choose(cells, ids)
    if not chosen.records:
        return chosen.refused()
    box = around(chosen.records)
    new = cells.labels[box].copy()
    filled: list[int] = []
    planes = 0
    for number, record in enumerate(chosen.records):
        tick(number / len(chosen.records))
        part = new[relative(record.slices, box)]
        held = part == record.id
        present = np.flatnonzero(held.any(axis=(1, 2))).tolist()
        gaps = [pair for pair in pairwise(present) if pair[1] - pair[0] > 1]
        for below, above in gaps:
            ends = _signed_distance(held[below]), _signed_distance(held[above])
            for z in range(below + 1, above):
                share = (z - below) / (above - below)
                between = (1 - share) * ends[0] + share * ends[1] > 0
                part[z][between & (part[z] == 0)] = record.id
                planes += 1
        if gaps:
            filled.append(record.id)
    if not filled:
        return Proposal(
            None,
            chosen.with_notes("Nothing to interpolate: the cell skips no plane between others"),
        )
    text = f"Interpolate {name_cells(filled)} through {planes} plane{'' if planes == 1 else 's'}"
    return propose(cells, box, new, text, chosen.with_notes(text))


def _signed_distance(mask: np.ndarray) -> np.ndarray:
    """Distance to the rim in pixels, positive inside; float32 of the shape of `mask` (Y, X)."""
    padded = np.pad(mask, 1).view(np.uint8)
    inside = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform(1 - padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return (inside - outside)[1:-1, 1:-1]
