"""What a person says of cells without changing their shape: accepted, rejected, a whole region finished."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from model_core.annotation.finished import FinishedRegion, Regions, inside
from model_core.annotation.objects import ObjectRecord, Review, column
from model_core.annotation.patch import RecordChanges, record_patch
from model_core.annotation.proposal import Annotated, Proposal, count_cells, name_cells

_DONE = {Review.ACCEPTED: "accepted", Review.REJECTED: "rejected", Review.UNREVIEWED: "not reviewed any more"}
_TEXT = {Review.ACCEPTED: "Accept", Review.REJECTED: "Reject", Review.UNREVIEWED: "Take back the review of"}


def set_review(cells: Annotated, ids: Iterable[int], review: Review) -> Proposal:
    """Accept or reject objects, or take that back; locked ones too, since no pixel changes."""
    records = [cells.objects[id_] for id_ in sorted(ids) if id_ in cells.objects]
    if not records:
        return Proposal(None, "Select a cell first")
    changed = _reviewed(records, review)
    if not changed:
        return Proposal(None, f"Already {_DONE[review]}: {name_cells([record.id for record in records])}")
    patch = record_patch(changed, f"{_TEXT[review]} {name_cells(changed)}")
    return Proposal(patch, f"{count_cells(len(changed))} {_DONE[review]}")


def mark_finished(cells: Annotated, finished: Regions, region: FinishedRegion) -> Proposal:
    """Declare a region finished: the unreviewed cells whose centres lie in it are accepted with it.

    `finished` are the regions that there are now. A region that lies in others for the most part is still
    added: regions may overlap.
    """
    records = list(cells.objects.values())
    within = inside(region, column(records, "centroid", 3)) if records else np.zeros(0, bool)
    held = [records[at] for at in np.flatnonzero(within).tolist()]
    changed = _reviewed([record for record in held if record.review is Review.UNREVIEWED], Review.ACCEPTED)
    regions = (*(old for old in finished if old != region), region)
    if regions == finished and not changed:
        return Proposal(None, "This region is marked as finished already")
    patch = record_patch(changed, "Mark a region as finished", (finished, regions))
    return Proposal(patch, f"Region finished: {count_cells(len(held))}, and all between them is background")


def unmark_finished(finished: Regions, region: FinishedRegion) -> Proposal:
    """Take back that a region is finished; its cells stay accepted."""
    regions = tuple(old for old in finished if old != region)
    if regions == finished:
        return Proposal(None, "This region is not marked as finished")
    patch = record_patch({}, "Take back a finished region", (finished, regions))
    return Proposal(patch, "The region is not finished any more; its cells stay accepted")


def _reviewed(records: list[ObjectRecord], review: Review) -> RecordChanges:
    return {r.id: (r, replace(r, review=review)) for r in records if r.review is not review}
