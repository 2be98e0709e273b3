"""One annotated image as the window sees it: labels, objects, selection, history and saving, with signals."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PyQt6.QtCore import QObject, pyqtSignal

from model_core.annotation.label_store import LabelStore
from model_core.annotation.objects import ObjectTable, Source
from model_core.annotation.patch import Box, Patch


class Document(QObject):
    """An image with its labels. All changes go through `apply`, `undo` or `redo`, on the thread of the window."""

    patch_applied = pyqtSignal(object)
    """The Patch as applied now (already reversed for an undo)."""
    selection_changed = pyqtSignal()
    history_changed = pyqtSignal()
    save_state_changed = pyqtSignal(str)
    save_failed = pyqtSignal(str)

    def __init__(self, image: Any, store: LabelStore) -> None:
        super().__init__()
        self.image = image
        self.store = store
        self.selected: frozenset[int] = frozenset()
        store.listeners.append(self._on_patch)

    @classmethod
    def open(cls, image: Any, folder: Path | None = None) -> Document:
        _, depth, height, width = image.shape
        return cls(image, LabelStore.empty((depth, height, width)))

    @property
    def labels(self) -> np.ndarray:
        """uint32 (Z, Y, X), read-only."""
        return self.store.labels

    @property
    def objects(self) -> ObjectTable:
        """The record of each object by ID."""
        return self.store.objects

    def new_id(self) -> int:
        return self.store.new_id()

    def edit(self, box: Box, new: np.ndarray, text: str, source: Source = Source.EDITED) -> Patch | None:
        """Put `new` into the labels inside `box`; the Patch that did it, None if nothing changed."""
        patch = self.store.edit(box, new, text, source)
        if patch is not None:
            self.store.apply(patch)
        return patch

    def apply(self, patch: Patch) -> None:
        self.store.apply(patch)

    def undo(self) -> Patch | None:
        return self.store.undo()

    def redo(self) -> Patch | None:
        return self.store.redo()

    @property
    def undo_text(self) -> str | None:
        return self.store.undo_text

    @property
    def redo_text(self) -> str | None:
        return self.store.redo_text

    def select(self, ids: Iterable[int]) -> None:
        """Select these objects and no others; IDs without an object are left out."""
        selected = frozenset(id_ for id_ in ids if id_ in self.objects)
        if selected != self.selected:
            self.selected = selected
            self.selection_changed.emit()

    def save(self) -> None:
        self.save_state_changed.emit("All changes saved")

    def close(self) -> None:
        self.store.listeners.clear()

    def _on_patch(self, patch: Patch, direction: str) -> None:
        self.patch_applied.emit(patch)
        self.history_changed.emit()
        self.select(self.selected)
