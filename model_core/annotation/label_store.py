"""Labels, object records and history of one image. Knows no files and no Qt."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import numpy as np

from model_core.annotation.edit import make_patch
from model_core.annotation.finished import Regions
from model_core.annotation.history import UNPACKED_BYTES, History
from model_core.annotation.jump import Jump, prepare_jump
from model_core.annotation.objects import ObjectRecord, ObjectTable, Source, record_from_row, record_to_row
from model_core.annotation.patch import Box, Patch, StalePatchError, record_patch
from model_core.errors import UserError

Listener = Callable[[Patch, str], None]


class LabelStore:
    """The one place where labels change, and always through a Patch.

    `labels` is uint32 (Z, Y, X), a read-only view. One thread applies, undoes and redoes; others may
    make patches meanwhile: `edit` and `change_records` change nothing, and `apply` refuses a patch
    that no longer fits. Each of `listeners` is called with the patch as it was applied now (already
    reversed for an undo) and "apply", "undo", "redo" or "jump".
    """

    def __init__(
        self,
        labels: np.ndarray,
        objects: ObjectTable | None = None,
        history: History | None = None,
        next_id: int = 1,
        finished: Regions = (),
    ) -> None:
        """Takes the array over. `objects` must describe exactly the objects in `labels`; `finished` are the
        regions that a person has declared finished."""
        if labels.dtype != np.uint32 or labels.ndim != 3:
            raise ValueError(f"labels must be uint32 (Z, Y, X), not {labels.dtype} {labels.shape}")
        self._labels = labels
        self.labels = labels.view()
        self.labels.flags.writeable = False
        self.objects = objects if objects is not None else ObjectTable()
        self.history = history if history is not None else History()
        # A step over the whole image must have room, or undoing a model run would freeze the window.
        self.history.unpacked_bytes = max(UNPACKED_BYTES, 2 * labels.nbytes)
        self.finished = finished
        self.listeners: list[Listener] = []
        self._next_id = max(next_id, max(self.objects, default=0) + 1)
        self._id_lock = threading.Lock()

    @classmethod
    def empty(cls, shape: tuple[int, int, int]) -> LabelStore:
        """A store without objects for an image of `shape` (Z, Y, X)."""
        return cls(np.zeros(shape, np.uint32))

    @property
    def next_id(self) -> int:
        """The ID that the next new object will get; grows only."""
        return self._next_id

    def new_id(self) -> int:
        """An ID that no object of this document ever had or will have."""
        return self.reserve_ids(1)

    def reserve_ids(self, count: int) -> int:
        """The first of `count` consecutive new IDs. Any thread may call it."""
        with self._id_lock:
            first = self._next_id
            if first + count > 2**32:
                raise UserError("This document has used up all 4 294 967 295 object numbers.")
            self._next_id += count
        return first

    def edit(self, box: Box, new: np.ndarray, text: str, source: Source = Source.EDITED) -> Patch | None:
        """The Patch that puts `new` (integers, the shape of `box`) into the labels; None if nothing changes.

        Changes nothing yet: give the patch to `apply`. Objects that appear get `source`; an object of
        the model that is reshaped becomes an edited one. A worker that computes `new` for long should
        work on a copy of the labels and give that to `make_patch`, as `model_patch` does. Raises
        ValueError for a box outside the image, a wrong shape or values that aren't labels.
        """
        return make_patch(self.labels, self.objects, box, new, text, source)

    def change_records(self, changes: Mapping[int, ObjectRecord], text: str) -> Patch:
        """The Patch that gives objects new records (accept, lock, class, note) and leaves labels alone."""
        pairs: dict[int, tuple[ObjectRecord | None, ObjectRecord | None]] = {}
        for id_, after in changes.items():
            before = self.objects.get(id_)
            if before is None:
                raise ValueError(f"there is no object {id_}")
            if not before.same_shape(after):
                raise ValueError(f"the pixels of object {id_} can't be changed through its record")
            if record_from_row(record_to_row(after)) != after:
                raise ValueError(f"the record of object {id_} can't be stored: {after}")
            if after != before:
                pairs[id_] = (before, after)
        return record_patch(pairs, text)

    def apply(self, patch: Patch) -> None:
        """Carry out a patch and forget what could be redone. Raises StalePatchError if it no longer fits."""
        self._put(patch)
        self.history.push(patch)
        self._tell(patch, "apply")

    def undo(self) -> Patch | None:
        """Take the last step back; the patch as applied now (reversed), None if there was nothing to undo."""
        step = self.history.undo_step
        if step is None:
            return None
        try:
            patch = step.patch.reversed()
            self._put(patch)
        except ValueError as error:
            raise UserError(f"“{step.text}” can't be undone: the history is damaged ({error}).") from error
        self.history.position -= 1
        self._tell(patch, "undo")
        return patch

    def redo(self) -> Patch | None:
        """Do the last undone step again; the patch, or None if there was nothing to redo."""
        step = self.history.redo_step
        if step is None:
            return None
        try:
            patch = step.patch
            self._put(patch)
        except ValueError as error:
            raise UserError(f"“{step.text}” can't be redone: the history is damaged ({error}).") from error
        self.history.position += 1
        self._tell(patch, "redo")
        return patch

    def prepare_jump(self, target: int, cancelled: Callable[[], bool] = lambda: False) -> Jump:
        """What `jump` needs to have `target` steps done; changes nothing, for a worker. See `jump.py`."""
        return prepare_jump(self.labels, self.history, target, cancelled)

    def jump(self, jump: Jump) -> Patch | None:
        """Many undos or redos at once; None if nothing changes. Raises StalePatchError if it is late."""
        if not jump.fits(self.history):
            raise StalePatchError("the history has changed since the jump was prepared")
        if jump.start == jump.target:
            return None
        self._put(jump.patch)
        self.history.position = jump.target
        self._tell(jump.patch, "jump")
        return jump.patch

    @property
    def undo_text(self) -> str | None:
        """What undo would take back, in the user's words."""
        step = self.history.undo_step
        return None if step is None else step.text

    @property
    def redo_text(self) -> str | None:
        """What redo would do again, in the user's words."""
        step = self.history.redo_step
        return None if step is None else step.text

    def _put(self, patch: Patch) -> None:
        """All of the patch or, with StalePatchError, nothing of it."""
        inside = self._labels[patch.box]
        if not np.array_equal(inside, patch.old):
            raise StalePatchError(f"the labels have changed since “{patch.text}” was prepared")
        changed = self.objects.first_unlike(patch.records)
        if changed is not None:
            raise StalePatchError(f"object {changed} has changed since “{patch.text}” was prepared")
        if patch.finished is not None:
            if patch.finished[0] != self.finished:
                raise StalePatchError(f"finished regions have changed since “{patch.text}” was prepared")
            self.finished = patch.finished[1]
        inside[...] = patch.new
        self.objects.put(patch.records)
        with self._id_lock:
            self._next_id = max(self._next_id, max(patch.records, default=0) + 1)

    def _tell(self, patch: Patch, direction: str) -> None:
        for listener in self.listeners:
            listener(patch, direction)
