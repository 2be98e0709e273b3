"""Several objects become one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from model_core.annotation.boxes import around
from model_core.annotation.pieces import pieces
from model_core.annotation.proposal import Annotated, Proposal, choose, count_cells, propose


def merge(cells: Annotated, ids: Iterable[int]) -> Proposal:
    """Make one object of all, in all planes; the largest keeps its ID, class and note.

    They need not touch; the answer tells when they do not. Locked ones are left out.
    """
    chosen = choose(cells, ids)
    if len(chosen.records) < 2:
        return Proposal(None, chosen.with_notes("Select two cells or more to merge"))
    kept = max(chosen.records, key=lambda record: record.area).id
    box = around(chosen.records)
    new = cells.labels[box].copy()
    merged = np.isin(new, chosen.ids)
    new[merged] = kept
    count = pieces(merged)[1]
    said = f"{count_cells(len(chosen.records))} merged into cell {kept}"
    if count > 1:
        said += f"; they do not all touch, so it has {count} pieces"
    text = f"Merge {count_cells(len(chosen.records))} into cell {kept}"
    return propose(cells, box, new, text, chosen.with_notes(said), selected=[kept])
