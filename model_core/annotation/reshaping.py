"""Other shapes for chosen objects in one plane: wider, narrower, smooth, convex, without holes.

Each function changes nothing and answers with a Proposal. Locked objects stay as they are, neighbours keep
every pixel, and an object in one piece stays so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import cv2
import numpy as np

from model_core.annotation import growth
from model_core.annotation.boxes import around, in_plane, relative
from model_core.annotation.objects import ObjectRecord
from model_core.annotation.patch import Box
from model_core.annotation.pieces import is_one_piece, largest_piece
from model_core.annotation.proposal import (
    Annotated,
    Chosen,
    Proposal,
    Tick,
    choose,
    name_cells,
    no_tick,
    propose,
)


class Reshaping(Protocol):
    """An operation of this file with all else settled."""

    def __call__(self, cells: Annotated, ids: Iterable[int], plane: int, *, tick: Tick = ...) -> Proposal: ...


_SMOOTHING = 0.08  # of the diameter: the width (sigma) of the blur; bumps smaller than that go
_LEAST_SIGMA, _MOST_SIGMA = 0.8, 8.0  # pixels


def expand(
    cells: Annotated, ids: Iterable[int], plane: int, pixels: int = 1, tick: Tick = no_tick
) -> Proposal:
    """Make objects wider by `pixels` on every side, on background only; where they meet they stop."""
    chosen = choose(cells, ids, plane)
    if not chosen.records:
        return chosen.refused()
    box = in_plane(around(chosen.records), plane, pixels, cells.labels.shape)
    old = cells.labels[box][0]
    new = growth.grow(old, np.isin(old, chosen.ids), old == 0, pixels, tick, _first(chosen))
    return _answer(cells, box, new, chosen, f"Expand {name_cells(chosen.ids.tolist())} by {pixels} px")


def shrink(
    cells: Annotated, ids: Iterable[int], plane: int, pixels: int = 1, tick: Tick = no_tick
) -> Proposal:
    """Make objects narrower by `pixels` on every side; one that would vanish stays as it is."""
    chosen = choose(cells, ids, plane)
    if not chosen.records:
        return chosen.refused()
    box = in_plane(around(chosen.records), plane, 1, cells.labels.shape)
    old = cells.labels[box][0]
    shrinking = np.isin(old, chosen.ids)
    new = growth.shrink(old, shrinking, pixels, _first(chosen))
    vanished = np.setdiff1d(old[shrinking], new[shrinking])
    if vanished.size:
        np.copyto(new, old, where=np.isin(old, vanished))
    new = _each(cells, new, box, plane, chosen.records, lambda mask: mask, 0, tick)
    answer = _answer(cells, box, new, chosen, f"Shrink {name_cells(chosen.ids.tolist())} by {pixels} px")
    if vanished.size:
        kept = f"{name_cells(vanished.tolist())} would have vanished and stayed as before"
        said = f"{answer.said}; {kept}" if answer.patch is not None else kept.capitalize()
        return Proposal(answer.patch, said)
    return answer


def smooth(cells: Annotated, ids: Iterable[int], plane: int, tick: Tick = no_tick) -> Proposal:
    """Round off the bumps and dents of outlines, in proportion to the size of each object."""
    return _reshape(cells, ids, plane, _smoothed, 3 * round(_MOST_SIGMA), "Smooth", tick)


def convex_hull(cells: Annotated, ids: Iterable[int], plane: int, tick: Tick = no_tick) -> Proposal:
    """Fill the dents of objects: each becomes its convex hull, as far as there is background."""
    return _reshape(cells, ids, plane, _hull, 1, "Make convex:", tick)


def fill_holes(cells: Annotated, ids: Iterable[int], plane: int, tick: Tick = no_tick) -> Proposal:
    """Fill the holes of objects, as far as they are background."""
    return _reshape(cells, ids, plane, _without_holes, 1, "Fill holes of", tick)


def _first(chosen: Chosen) -> int:
    """Where in the pattern of steps to begin: as good as random, or ten times one pixel made a diamond."""
    return sum(record.area for record in chosen.records)


def _reshape(
    cells: Annotated,
    ids: Iterable[int],
    plane: int,
    shape: Callable[[np.ndarray], np.ndarray],
    margin: int,
    word: str,
    tick: Tick,
) -> Proposal:
    chosen = choose(cells, ids, plane)
    if not chosen.records:
        return chosen.refused()
    box = in_plane(around(chosen.records), plane, margin, cells.labels.shape)
    new = _each(cells, cells.labels[box][0], box, plane, chosen.records, shape, margin, tick)
    return _answer(cells, box, new, chosen, f"{word} {name_cells(chosen.ids.tolist())}")


def _each(
    cells: Annotated,
    labels: np.ndarray,
    box: Box,
    plane: int,
    records: list[ObjectRecord],
    shape: Callable[[np.ndarray], np.ndarray],
    margin: int,
    tick: Tick,
) -> np.ndarray:
    """`labels` (Y, X) of `box` with every object put into `shape`, mask to mask, on background only.

    An object gets `margin` pixels around it to change into, small ones a quarter of their size.
    """
    old, new = cells.labels[box][0], labels.copy()
    for number, record in enumerate(records):
        if number % 100 == 0:
            tick(number / len(records))
        room = min(margin, 3 + max(part.stop - part.start for part in record.slices[1:]) // 4)
        _, rows, cols = relative(in_plane(record.slices, plane, room, cells.labels.shape), box)
        part = new[rows, cols]
        mask = part == record.id
        if not mask.any():
            continue
        wanted = shape(mask) & (mask | (part == 0))
        if wanted.any():
            part[mask] = 0
            whole = is_one_piece(old[rows, cols] == record.id)
            part[largest_piece(wanted) if whole else wanted] = record.id
    return new


def _answer(cells: Annotated, box: Box, new: np.ndarray, chosen: Chosen, text: str) -> Proposal:
    answer = propose(cells, box, new[None], text)
    if answer.patch is None:
        return Proposal(None, chosen.with_notes("Nothing to change"))
    return Proposal(answer.patch, chosen.with_notes(text))


def _smoothed(mask: np.ndarray) -> np.ndarray:
    diameter = 2 * np.sqrt(np.count_nonzero(mask) / np.pi)
    sigma = float(np.clip(_SMOOTHING * diameter, _LEAST_SIGMA, _MOST_SIGMA))
    blurred = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return blurred >= 0.5


def _hull(mask: np.ndarray) -> np.ndarray:
    points = cv2.findNonZero(mask.view(np.uint8))
    filled = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(filled, cv2.convexHull(points), 1)
    return filled.view(bool) | mask


def _without_holes(mask: np.ndarray) -> np.ndarray:
    outlines, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros(mask.shape, np.uint8)
    cv2.drawContours(filled, outlines, -1, 1, cv2.FILLED)
    return filled.view(bool) | mask
