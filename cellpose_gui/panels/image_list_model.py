"""The images of the folder as Qt's lists want them: filtered, sorted, searched."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt

from cellpose_gui.project.segment_all import Run, Stage
from model_core.annotation.cells_summary import ImageState
from model_core.annotation.folder_index import ImageEntry


class Role(IntEnum):
    """What the list asks for besides Qt's own roles."""

    ENTRY = Qt.ItemDataRole.UserRole.value
    STAGE = ENTRY + 1  # of the run over many images, None if the image is not in it
    PROBLEM = ENTRY + 2  # a sentence, "" if all is well


Test = Callable[[ImageEntry, str], bool]  # of an entry and its problem

FILTERS: dict[str, Test] = {
    "All images": lambda entry, problem: True,
    "Needs work": lambda entry, problem: entry.state.needs_work,
    "New": lambda entry, problem: entry.state is ImageState.NEW,
    "Segmented": lambda entry, problem: entry.state is ImageState.SEGMENTED,
    "In review": lambda entry, problem: entry.state is ImageState.IN_REVIEW,
    "Done": lambda entry, problem: entry.state is ImageState.DONE,
    "Excluded": lambda entry, problem: entry.state is ImageState.EXCLUDED,
    "With problems": lambda entry, problem: bool(problem),
    "With a note": lambda entry, problem: bool(entry.note),
}
_STATES = list(ImageState)
ORDERS: dict[str, Callable[[ImageEntry], Any]] = {
    "Name": lambda entry: 0,
    "State": lambda entry: _STATES.index(entry.state),
    "Most cells": lambda entry: -entry.cells,
    "Fewest cells": lambda entry: entry.cells,
    "Least confident": lambda entry: 2.0 if entry.confidence is None else entry.confidence,
    "Smallest cells": lambda entry: float("inf") if entry.area is None else entry.area,
    "Newest": lambda entry: -entry.modified,
}


class ImageListModel(QAbstractListModel):
    """One row an image. Thousands are filtered and sorted in a few milliseconds: one pass in Python."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.filter = "All images"
        self.order = "Name"
        self.search = ""
        self._run: Run | None = None
        self._errors: dict[str, str] = {}  # of that run, by the names of images
        self._folder: Path | None = None
        self._all: list[ImageEntry] = []
        self._shown: list[ImageEntry] = []
        self._rows: dict[str, int] = {}
        self._icon: Callable[[ImageEntry], Any] = lambda entry: None
        self._unreadable: Callable[[ImageEntry], str] = lambda entry: ""

    def show_icons_of(self, icon: Callable[[ImageEntry], Any], problem: Callable[[ImageEntry], str]) -> None:
        """Where pictures come from, None while there is none yet; and why there can be none."""
        self._icon, self._unreadable = icon, problem

    @property
    def all_entries(self) -> list[ImageEntry]:
        return self._all

    @property
    def shown(self) -> list[ImageEntry]:
        """What passes filter and search, in order."""
        return self._shown

    def row(self, name: str) -> int | None:
        """Where an image is shown, None if it is not."""
        return self._rows.get(name)

    def show_entries(self, folder: Path | None, entries: Iterable[ImageEntry]) -> None:
        if folder != self._folder:
            self._folder = folder
            self.show_run(self._run)
        self._all = list(entries)
        self.arrange()

    def show_run(self, run: Run | None) -> None:
        """Where a run over many images stands; `refresh` shows it."""
        self._run = run
        errors = {} if run is None else dict(run.errors)
        self._errors = {path.name: error for path, error in errors.items() if path.parent == self._folder}

    def arrange(self) -> None:
        """Filters and sorts anew; only if that changes the order, Qt is told to forget what it knew."""
        passes, words = FILTERS[self.filter], self.search.casefold().split()
        shown = [entry for entry in self._all if passes(entry, self.problem(entry)) and _has(entry, words)]
        shown.sort(key=ORDERS[self.order])  # keeps the natural order among equals
        if [entry.name for entry in shown] == [entry.name for entry in self._shown]:
            self._shown = shown
            self.refresh()
            return
        self.beginResetModel()
        self._shown = shown
        self._rows = {entry.name: row for row, entry in enumerate(shown)}
        self.endResetModel()

    def refresh(self, name: str | None = None) -> None:
        """What the rows show has changed; of one image or of all."""
        row = None if name is None else self._rows.get(name)
        if name is not None and row is None:
            return
        first, last = (0, len(self._shown) - 1) if row is None else (row, row)
        if last >= first:
            self.dataChanged.emit(self.index(first), self.index(last))

    def problem(self, entry: ImageEntry) -> str:
        """Why an image can't be used, as far as that is known; "" if all is well."""
        return self._errors.get(entry.name) or entry.error or self._unreadable(entry)

    def next_to_do(self, after: str | None) -> ImageEntry | None:
        """The next of the shown images that needs work, from the top again after the last one."""
        start = 0 if after is None or after not in self._rows else self._rows[after] + 1
        for entry in self._shown[start:] + self._shown[:start]:
            if entry.state.needs_work and not entry.error and entry.name != after:
                return entry
        return None

    # ------------------------------------------------------------------ for Qt

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._shown)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not 0 <= index.row() < len(self._shown):
            return None
        entry = self._shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.name
        if role == Role.ENTRY:
            return entry
        if role == Role.STAGE:
            return self._stage(entry)
        if role == Role.PROBLEM:
            return self.problem(entry)
        if role == Qt.ItemDataRole.DecorationRole:
            return self._icon(entry)
        if role == Qt.ItemDataRole.ToolTipRole:
            lines = [entry.name, self.problem(entry), entry.note]
            return "\n".join(line for line in lines if line)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{entry.name}, {in_words(entry)}"
        return None

    def _stage(self, entry: ImageEntry) -> Stage | None:
        if self._run is None or self._folder is None:
            return None
        return self._run.stages.get(self._folder / entry.name)


def _has(entry: ImageEntry, words: list[str]) -> bool:
    if not words:
        return True
    text = f"{entry.name} {entry.note}".casefold()
    return all(word in text for word in words)


def in_words(entry: ImageEntry) -> str:
    """State and number of cells."""
    if entry.state is ImageState.NEW:
        return entry.state.value
    return f"{entry.state.value} · {entry.cells:,} cell{'' if entry.cells == 1 else 's'}"
