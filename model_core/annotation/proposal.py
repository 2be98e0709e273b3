"""What an operation would change, and what to tell the user: the answer of every operation on cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from model_core.annotation.edit import make_patch
from model_core.annotation.objects import ObjectRecord, Source
from model_core.annotation.patch import Box, Patch

Tick = Callable[[float], None]
"""Told the done share of a long operation, 0 to 1; raises Cancelled when the rest is not wanted."""


class Annotated(Protocol):
    """What operations look at: a label store, or a copy of one for a worker. They change nothing."""

    @property
    def labels(self) -> np.ndarray:
        """uint32 (Z, Y, X)."""

    @property
    def objects(self) -> Mapping[int, ObjectRecord]: ...

    def reserve_ids(self, count: int, /) -> int:
        """The first of `count` consecutive new IDs."""


@dataclass(frozen=True, eq=False)
class Copied:
    """Labels and records as they were at one moment, for a worker to look at while edits go on."""

    labels: np.ndarray
    objects: Mapping[int, ObjectRecord]
    reserve_ids: Callable[[int], int]


@dataclass(frozen=True, eq=False)
class Proposal:
    """A patch to apply, None where nothing is to be changed; words for the status bar that tell what was
    done, or why not; and the objects to be selected then, None to leave the selection."""

    patch: Patch | None
    said: str
    selected: frozenset[int] | None = None


Operation = Callable[[Annotated, Tick], Proposal]


def no_tick(fraction: float) -> None:
    """For those who do not want to know."""


def propose(
    cells: Annotated,
    box: Box,
    new: np.ndarray,
    text: str,
    said: str = "",
    source: Source = Source.EDITED,
    selected: Iterable[int] | None = None,
) -> Proposal:
    """The proposal that puts `new` into `box`, under `text` in the history; says `text` unless told else."""
    patch = make_patch(cells.labels, cells.objects, box, new, text, source)
    chosen = None if selected is None or patch is None else frozenset(selected)
    return Proposal(patch, said or text, chosen)


@dataclass(frozen=True)
class Chosen:
    """Objects that an operation is asked to change: those that it may, by ID, and why not the others."""

    records: list[ObjectRecord]
    locked: int = 0
    elsewhere: int = 0

    @property
    def ids(self) -> np.ndarray:
        return np.array([record.id for record in self.records], np.uint32)

    def with_notes(self, said: str) -> str:
        """`said` and what was left alone."""
        notes = [said] if said else []
        if self.locked:
            notes.append(f"{count_cells(self.locked)} locked and kept")
        if self.elsewhere:
            notes.append(f"{count_cells(self.elsewhere)} not in this plane")
        return "; ".join(notes)

    def refused(self) -> Proposal:
        """The answer when nothing is left to change."""
        return Proposal(None, self.with_notes("") or "Select a cell first")


def choose(cells: Annotated, ids: Iterable[int], plane: int | None = None) -> Chosen:
    """Sorts out the locked objects, and with `plane` those whose box does not reach it."""
    records: list[ObjectRecord] = []
    locked = elsewhere = 0
    for id_ in sorted(ids):
        record = cells.objects.get(id_)
        if record is None:
            continue
        if record.locked:
            locked += 1
        elif plane is not None and not record.box[0] <= plane < record.box[1]:
            elsewhere += 1
        else:
            records.append(record)
    return Chosen(records, locked, elsewhere)


def count_cells(count: int) -> str:
    """ "1 cell", "12 cells"."""
    return "1 cell" if count == 1 else f"{count:,} cells"


def name_cells(ids: Iterable[int]) -> str:
    """ "cell 7", or "12 cells"."""
    known = list(ids)
    return f"cell {known[0]}" if len(known) == 1 else count_cells(len(known))
