"""What a person says of a place where a cell may have been left out: add it, or there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np

from model_core.annotation.candidates import Candidate
from model_core.annotation.edit import make_patch
from model_core.annotation.finished import MOST_REGIONS, FinishedRegion, Regions, finished_mask
from model_core.annotation.objects import Review, Source
from model_core.annotation.patch import record_patch
from model_core.annotation.proposal import Annotated, Proposal
from model_core.formats.rings import area, outlines

_STRAIGHTENED = 0.05  # of its width, that the outline of a place may be straightened
_HELD = 0.8  # share of a place that its straightened outline holds; else it is taken as it is


def add_cell(cells: Annotated, candidate: Candidate) -> Proposal:
    """Put it among the cells, accepted, as far as its pixels are free."""
    old = cells.labels[candidate.box]
    free = candidate.pixels & (old == 0)
    if not free.any():
        return Proposal(None, "There is a cell already")
    id_ = cells.reserve_ids(1)
    new = np.where(free, np.uint32(id_), old)
    text = f"Add cell {id_}"
    patch = make_patch(
        cells.labels, cells.objects, candidate.box, new, text, Source.MODEL, {id_: candidate.chance}
    )
    assert patch is not None
    record = patch.records[id_][1]
    assert record is not None
    accepted = {id_: (None, replace(record, review=Review.ACCEPTED))}
    return Proposal(replace(patch, records=patch.records | accepted), f"Cell {id_} added", frozenset([id_]))


def no_cell(finished: Regions, candidate: Candidate) -> Proposal:
    """Declare the place finished background: no run finds anything there, and a model learns from it.

    `finished` are the regions that there are now.
    """
    regions = (*finished, *_regions(candidate))
    if len(regions) > MOST_REGIONS:
        return Proposal(None, "There are too many finished regions in this image. Mark all of it as finished")
    return Proposal(record_patch({}, "No cell here", (finished, regions)), "There is no cell here")


def _regions(candidate: Candidate) -> Iterator[FinishedRegion]:
    """Its pixels plane by plane: polygons with few corners."""
    z0, y0, x0 = (part.start for part in candidate.box)
    for outline in outlines(candidate.pixels.astype(np.uint32)):
        plane = candidate.pixels[outline.plane]
        for outer, *_ in outline.pieces:
            precision = _STRAIGHTENED * 2 * np.sqrt(area(outer) / np.pi)
            few = cv2.approxPolyDP(outer[:, None].astype(np.float32), precision, closed=True)[:, 0]
            rough = FinishedRegion((0, 1), _corners(few)) if len(few) > 2 else None
            if rough is None or _share(rough, plane, outer) < _HELD:
                few = outer
            z = z0 + outline.plane
            yield FinishedRegion((z, z + 1), _corners(few + np.array([x0, y0])))


def _share(region: FinishedRegion, plane: np.ndarray, outer: np.ndarray) -> float:
    held = finished_mask([region], (1, *plane.shape))[0] & plane
    return float(held.sum() / max(area(outer), 1.0))


def _corners(points: np.ndarray) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in points)
