"""What the window does with the models on the shelf, in workers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from cellpose_gui.tasks import work
from cellpose_gui.tasks.task_runner import TaskRunner
from model_core.models import shelf
from model_core.models.shelf import Entry


class ModelShelf(QObject):
    """Every change is told by `changed`; the files are read again then, for models come in other ways too."""

    listed = pyqtSignal(object)  # list[Entry]
    changed = pyqtSignal(str)  # the shelf is another one; the name of the model to use from now on, or ""
    said = pyqtSignal(str)
    problem = pyqtSignal(str, object)  # title, exception
    deleted = pyqtSignal(str)  # the name of the model that can be brought back; "" when there is none

    def __init__(self, tasks: TaskRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._kept: Path | None = None  # the file of the model that was deleted last
        self.entries: list[Entry] = []
        self.chosen = ""  # the model that is in use

    def refresh(self) -> None:
        """Looks at all models again."""

        def done(entries: list[Entry]) -> None:
            self.entries = entries
            self.listed.emit(entries)

        self._tasks.run("Looking for models", lambda progress, cancel: shelf.shelf(), done, slot="shelf")

    def use(self, name: str) -> None:
        """Finds cells with this model from now on."""
        self.changed.emit(name)
        self.said.emit(f"“{name}” finds the cells from now on.")

    def roll_back(self, name: str) -> None:
        """Goes back to the model that this one was made from; this one stays on the shelf."""
        parent = next((entry.parent for entry in self.entries if entry.name == name), None)
        if parent is None:
            self.said.emit(f"The model that “{name}” was made from is not here any more.")
        else:
            self.changed.emit(parent)
            self.said.emit(f"Back to “{parent}”; “{name}” is kept.")

    def rename(self, name: str, new: str) -> None:
        new = new.strip()

        def done(_: None) -> None:
            work.forget_model(name)
            self.changed.emit(new if name == self.chosen else "")
            self.said.emit(f"“{name}” is called “{new}” now.")

        self._change("Renaming the model", lambda: shelf.rename_model(name, new), done)

    def annotate(self, name: str, notes: str) -> None:
        """Keeps notes with a model."""
        self._change(
            "Writing the notes", lambda: shelf.annotate_model(name, notes), lambda _: self.changed.emit("")
        )

    def export(self, name: str, target: Path) -> None:
        """Writes the model as one file for another machine."""
        self._change(
            "Exporting the model",
            lambda: shelf.export_model(name, target),
            lambda _: self.said.emit(f"Exported {target}"),
        )

    def delete(self, name: str) -> None:
        """Takes a model off the shelf; it can be brought back."""

        def done(kept: Path) -> None:
            work.forget_model(name)
            self._kept = kept
            self.changed.emit("")
            self.deleted.emit(name)

        self._change(f"Deleting “{name}”", lambda: shelf.delete_model(name), done)

    def offer_back(self, name: str, kept: Path) -> None:
        """Somebody else has put a model away: it can be brought back."""
        self._kept = kept
        self.changed.emit("")
        self.deleted.emit(name)

    def bring_back(self) -> None:
        """Puts the model that was deleted last back."""
        kept = self._kept
        if kept is None:
            return

        def done(name: str) -> None:
            self._kept = None
            self.changed.emit("")
            self.deleted.emit("")
            self.said.emit(f"“{name}” is back.")

        self._change("Bringing the model back", lambda: shelf.bring_back(kept), done)

    def _change(self, title: str, do: Callable[[], Any], done: Callable[[Any], None]) -> None:
        def failed(error: Exception) -> None:
            self.problem.emit(title, error)
            self.refresh()  # what the panel shows may not be so

        self._tasks.run(title, lambda progress, cancel: do(), done, slot="change models", failed=failed)
