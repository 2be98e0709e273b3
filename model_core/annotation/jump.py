"""Many undos or redos in one go: the way through the history as one Patch, prepared in a worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from model_core.annotation.finished import Regions
from model_core.annotation.history import History, Step
from model_core.annotation.patch import EMPTY_BOX, Box, Patch, RecordChanges, StalePatchError
from model_core.errors import Cancelled, UserError


@dataclass(frozen=True, eq=False)
class Jump:
    """The change from one position of the history to another, and the steps on the way."""

    patch: Patch
    start: int
    target: int
    steps: tuple[Step, ...]

    def fits(self, history: History) -> bool:
        """Whether the history stands where it stood when the jump was prepared, with the same steps."""
        low, high = sorted((self.start, self.target))
        between = history.steps[low:high]
        return (
            history.position == self.start
            and len(between) == len(self.steps)
            and all(one is other for one, other in zip(between, self.steps, strict=True))
        )


def prepare_jump(
    labels: np.ndarray,
    history: History,
    target: int,
    cancelled: Callable[[], bool] = lambda: False,
) -> Jump:
    """The Jump to `target` steps done, from where `history` stands; changes nothing, for any thread.

    Takes memory for twice the box around all steps between. Raises ValueError for a position outside the
    history, StalePatchError if somebody edits meanwhile, UserError if the history is damaged, Cancelled.
    """
    steps, start = history.steps.copy(), history.position
    if not 0 <= target <= len(steps):
        raise ValueError(f"position {target} lies outside a history of {len(steps)} steps")
    low, high = sorted((start, target))
    way = steps[low:high]
    box = _box_around(way)
    old = labels[box].copy()
    new = old.copy()
    records: RecordChanges = {}
    finished: tuple[Regions, Regions] | None = None
    for step in reversed(way) if target < start else way:
        if cancelled():
            raise Cancelled
        try:
            patch = step.patch.reversed() if target < start else step.patch
        except ValueError as error:
            raise UserError(f"“{step.text}” can't be reached: the history is damaged ({error}).") from error
        _put(patch, new, box)
        for id_, (before, after) in patch.records.items():
            records[id_] = (records[id_][0] if id_ in records else before, after)
        if patch.finished is not None:
            finished = (patch.finished if finished is None else finished)[0], patch.finished[1]
    records = {id_: pair for id_, pair in records.items() if pair[0] != pair[1]}
    text = way[0].text if len(way) == 1 else f"{len(way)} steps"
    return Jump(Patch(box, old, new, records, text, finished), start, target, tuple(way))


def labels_at(
    labels: np.ndarray, history: History, position: int, cancelled: Callable[[], bool] = lambda: False
) -> np.ndarray:
    """A copy of the labels as they were when `position` steps were done. Raises as `prepare_jump` does."""
    patch = prepare_jump(labels, history, position, cancelled).patch
    then = labels.copy()
    then[patch.box] = patch.new
    return then


def _put(patch: Patch, labels: np.ndarray, box: Box) -> None:
    """Carry out a patch on the labels of `box`, which holds its own box."""
    if not patch.new.size:
        return
    z, y, x = (
        slice(part.start - whole.start, part.stop - whole.start)
        for part, whole in zip(patch.box, box, strict=True)
    )
    inside = labels[z, y, x]
    if not np.array_equal(inside, patch.old):
        raise StalePatchError(f"the labels have changed since “{patch.text}”")
    inside[...] = patch.new


def _box_around(steps: Sequence[Step]) -> Box:
    boxes = [step.box for step in steps if step.nbytes]
    if not boxes:
        return EMPTY_BOX
    z, y, x = (
        slice(min(box[axis].start for box in boxes), max(box[axis].stop for box in boxes))
        for axis in range(3)
    )
    return z, y, x
