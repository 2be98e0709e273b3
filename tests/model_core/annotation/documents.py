"""Helpers for the tests of documents on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from model_core.annotation.cells_file import Change, cells_path
from model_core.annotation.cells_load import open_cells
from model_core.annotation.cells_writer import CellsWriter
from model_core.annotation.label_store import LabelStore
from model_core.annotation.objects import Source
from model_core.annotation.patch import Patch


class SavedStore:
    """A store whose every step goes to the writer, as a document does it."""

    def __init__(self, image: Path, shape: tuple[int, int, int], folder: Path | None = None) -> None:
        file, self.store = open_cells(cells_path(image, folder), image, shape)
        self.path = file.path
        self.settings = file.settings
        self.writer = CellsWriter(file, self.store.history, lambda: None)
        self.store.listeners.append(self._put)

    def _put(self, patch: Patch, direction: str) -> None:
        history = self.store.history
        new_step = history.undo_step if direction == "apply" else None
        self.writer.put(Change(patch, new_step, history.position, self.store.next_id))

    def paint(self, y: int, x: int, size: int, value: int | None = None) -> None:
        """A square of a new object or of `value`, clipped to the image."""
        value = self.store.new_id() if value is None else value
        _, height, width = self.store.labels.shape
        box = (slice(0, 1), slice(y, min(y + size, height)), slice(x, min(x + size, width)))
        new = np.full_like(self.store.labels[box], value)
        patch = self.store.edit(box, new, f"Paint {value}", Source.DRAWN)
        if patch is not None:
            self.store.apply(patch)

    def close(self) -> None:
        assert self.writer.close(), self.writer.failure


def assert_same(a: LabelStore, b: LabelStore) -> None:
    """Same labels, records, history and place in it."""
    np.testing.assert_array_equal(a.labels, b.labels)
    assert a.objects.snapshot() == b.objects.snapshot()
    assert a.history.position == b.history.position
    assert [step.packed for step in a.history.steps] == [step.packed for step in b.history.steps]
    assert a.next_id == b.next_id
