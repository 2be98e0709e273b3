"""Locked objects are safe from every tool and every model run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from model_core.annotation.patch import record_patch
from model_core.annotation.proposal import Annotated, Proposal, count_cells, name_cells


def set_locked(cells: Annotated, ids: Iterable[int], locked: bool) -> Proposal:
    """Lock objects, or let them be changed again."""
    records = [cells.objects[id_] for id_ in sorted(ids) if id_ in cells.objects]
    changed = [record for record in records if record.locked != locked]
    word = "lock" if locked else "unlock"
    if not records:
        return Proposal(None, "Select a cell first")
    if not changed:
        return Proposal(None, f"Already {word}ed: {name_cells([record.id for record in records])}")
    pairs = {record.id: (record, replace(record, locked=locked)) for record in changed}
    text = f"{word.capitalize()} {name_cells(pairs)}"
    said = f"{count_cells(len(pairs))} {word}ed"
    if locked:
        said += ": no tool and no model run changes " + ("it" if len(pairs) == 1 else "them")
    return Proposal(record_patch({**pairs}, text), said)
