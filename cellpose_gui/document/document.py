"""One annotated image as the window sees it: labels, objects, selection, history and saving, with signals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PyQt6.QtCore import QObject, pyqtSignal

from model_core.annotation.cells_file import CellsFile, Change, Whole, cells_path
from model_core.annotation.cells_load import open_cells
from model_core.annotation.cells_writer import CellsWriter, SaveState
from model_core.annotation.jump import Jump
from model_core.annotation.label_store import LabelStore
from model_core.annotation.objects import ObjectRecord, ObjectTable, Source
from model_core.annotation.patch import Box, Patch
from model_core.errors import UserError


class ImageOnDisk(Protocol):
    """What a document must know of its image."""

    @property
    def path(self) -> Path: ...

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(C, Z, Y, X)."""


def load(image: ImageOnDisk, folder: Path | None = None) -> tuple[CellsFile, LabelStore]:
    """Open and read NAME.cells beside the image or in `folder`; the slow half of opening, for a worker.

    Raises UserError; ReadOnlyFolderError asks for another folder, DamagedDocumentError allows `set_aside`.
    """
    _, *shape = image.shape
    return open_cells(cells_path(image.path, folder), image.path, (shape[0], shape[1], shape[2]))


class Document(QObject):
    """An image with its labels. Changes go through `apply`, `undo` or `redo`, on the thread of the window.

    Every change is saved at once by a thread of its own.
    """

    patch_applied = pyqtSignal(object)
    """The Patch as applied now (already reversed for an undo)."""
    selection_changed = pyqtSignal()
    history_changed = pyqtSignal()
    save_state_changed = pyqtSignal(str)
    """Words for the status bar."""
    save_failed = pyqtSignal(str)
    """Why saving failed; once for each reason, until it works again or the user asks to save."""
    _writer_moved_on = pyqtSignal()

    def __init__(self, image: ImageOnDisk, file: CellsFile, store: LabelStore) -> None:
        """`file` and `store` as `load` gives them."""
        super().__init__()
        self.image = image
        self.store = store
        self.selected: frozenset[int] = frozenset()
        self.settings: Mapping[str, Any] = file.settings.copy()
        self.closed = False
        self.save_state = "All changes saved" if store.history.steps else "No changes yet"
        self._reported: str | None = None
        self._writer_moved_on.connect(self._tell_save_state)  # queued, when it comes from the writer's thread
        self._writer = CellsWriter(file, store.history, self._writer_moved_on.emit)
        store.listeners.append(self._on_patch)

    @classmethod
    def open(cls, image: ImageOnDisk, folder: Path | None = None) -> Document:
        """The document of an image, read here and now; in a worker `load` does it."""
        return cls(image, *load(image, folder))

    @property
    def path(self) -> Path:
        """Where the document is saved."""
        return self._writer.path

    @property
    def labels(self) -> np.ndarray:
        """uint32 (Z, Y, X), read-only."""
        return self.store.labels

    @property
    def objects(self) -> ObjectTable:
        """The record of each object by ID."""
        return self.store.objects

    @property
    def undo_text(self) -> str | None:
        """What undo would take back."""
        return self.store.undo_text

    @property
    def redo_text(self) -> str | None:
        """What redo would do again."""
        return self.store.redo_text

    def new_id(self) -> int:
        """An ID that no object of this document ever had."""
        return self.store.new_id()

    def edit(self, box: Box, new: np.ndarray, text: str, source: Source = Source.EDITED) -> Patch | None:
        """Put `new` into the labels inside `box`; the Patch that did it, None if nothing changed."""
        patch = self.store.edit(box, new, text, source)
        if patch is not None:
            self.store.apply(patch)
        return patch

    def change_records(self, changes: Mapping[int, ObjectRecord], text: str) -> Patch | None:
        """Accept, reject, lock, classify ...; the Patch that did it, None if nothing changed."""
        patch = self.store.change_records(changes, text)
        if not patch.records:
            return None
        self.store.apply(patch)
        return patch

    def apply(self, patch: Patch) -> None:
        """Carry out a patch made by the store. Raises StalePatchError if the labels have changed since."""
        self.store.apply(patch)

    def undo(self) -> Patch | None:
        """Take the last step back; None if there is none. Raises UserError if the history is damaged."""
        return self.store.undo()

    def redo(self) -> Patch | None:
        """Do the last undone step again; None if there is none. Raises UserError if history is damaged."""
        return self.store.redo()

    def jump(self, jump: Jump) -> Patch | None:
        """Many undos or redos at once, from `store.prepare_jump`. Raises StalePatchError if it is late."""
        return self.store.jump(jump)

    def select(self, ids: Iterable[int]) -> None:
        """Select these objects and no others; IDs without an object are left out."""
        wanted, there = frozenset(ids), self.objects.keys()
        selected = wanted if wanted <= there else frozenset(there & wanted)
        if selected != self.selected:
            self.selected = selected
            self.selection_changed.emit()

    def set_setting(self, key: str, value: Any, make: bool = False) -> None:
        """Remember a value (anything JSON can hold) with the document, once that has a first change, or
        at once if it is worth to `make` the file."""
        self.settings = {**self.settings, key: value}
        self._writer.put_setting(key, value, make)

    @property
    def all_saved(self) -> bool:
        """True when nothing waits to be written."""
        return self._writer.state is SaveState.SAVED

    def save(self) -> None:
        """Try again to write what could not be written. Returns at once; the signals tell how it went."""
        self._reported = None
        self._writer.retry()

    def wait_until_saved(self) -> None:
        """Wait until all is written; for a worker. Raises UserError if it can't be written."""
        if not self._writer.flush():
            raise UserError(self._writer.failure or "The changes could not be saved.")

    def move_to(self, folder: Path) -> None:
        """Go on saving in another folder, with all that is there already. Returns at once, like `save`."""
        self._reported = None
        self._writer.move(cells_path(self.image.path, folder))

    def close(self, discard: bool = False) -> None:
        """Wait until all is written and give the file free.

        Raises UserError, and stays open, if it can't be written; `discard` closes all the same.
        """
        closed = self._writer.close(discard)
        if not closed and self._writer.lost:
            self._writer.write_whole(self._whole())
            closed = self._writer.close()
        if not closed:
            raise UserError(self._writer.failure or "The changes could not be saved.")
        self.store.listeners.remove(self._on_patch)
        self.closed = True

    def _on_patch(self, patch: Patch, direction: str) -> None:
        history = self.store.history
        new_step = history.undo_step if direction == "apply" else None
        self._writer.put(Change(patch, new_step, history.position, self.store.next_id))
        self.patch_applied.emit(patch)
        self.history_changed.emit()
        gone = [id_ for id_, (_, after) in patch.records.items() if after is None]
        if not self.selected.isdisjoint(gone):
            self.select(self.selected.difference(gone))

    def _whole(self) -> Whole:
        store = self.store
        history = store.history
        return Whole(
            store.labels.copy(), store.objects.snapshot(), history.steps.copy(), history.position,
            store.next_id, store.finished, dict(self.settings),
        )  # fmt: skip

    def _tell_save_state(self) -> None:
        state, failure = self._writer.state, self._writer.failure
        if state is SaveState.FAILED and self._writer.lost:
            self._writer.write_whole(self._whole())
            self.save_failed.emit(failure)
            return
        if state is SaveState.FAILED and failure is not None:
            words = f"Not saved: {failure}"
        elif state is SaveState.SAVING:
            words = "Saving…"
        else:
            words = "All changes saved"
        if words != self.save_state:
            self.save_state = words
            self.save_state_changed.emit(words)
        if state is SaveState.SAVED:
            self._reported = None
        elif failure is not None and failure != self._reported:
            self._reported = failure
            self.save_failed.emit(failure)
