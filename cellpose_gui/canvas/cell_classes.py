"""The classes of the open document as the window uses them: which there are, which is current."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from PyQt6.QtCore import QObject, pyqtSignal

from cellpose_gui.document.document import Document
from model_core.annotation import classes as engine
from model_core.annotation.classes import CellClass, Classes
from model_core.annotation.patch import Patch
from model_core.annotation.proposal import Operation
from model_core.errors import UserError

_MANY = 2000  # cells; putting more into a class takes longer than a frame


class Changer(Protocol):
    """The canvas, as far as it carries out operations."""

    def change(
        self, operation: Operation, title: str = "", ids: Iterable[int] = (), *, slow: bool = False
    ) -> None: ...
    def say(self, text: str) -> None: ...


class CellClasses(QObject):
    """Kept in the settings of the document; a new document takes over those that `usual` gives.

    Which cell is in which class stands in its record and is changed by Patches, so undo knows it.
    """

    changed = pyqtSignal()  # the list, a colour, or which one is current
    edited = pyqtSignal(object)  # Classes, by the person: to be remembered for other images

    def __init__(self, canvas: Changer) -> None:
        super().__init__()
        self._canvas = canvas
        self._document: Document | None = None
        self._classes: Classes = ()
        self._current = 0
        self.usual: Callable[[Document], Classes] = lambda document: ()

    def set_document(self, document: Document | None) -> None:
        if self._document is not None:
            self._document.patch_applied.disconnect(self._look_for_new)
        self._document, self._classes = document, ()
        if document is not None:
            stored = engine.from_setting(document.settings.get(engine.SETTING))
            self._classes = engine.completed(stored or self.usual(document), document.objects.values())
            document.patch_applied.connect(self._look_for_new)
        self._current = min(self._current, max(0, len(self._classes) - 1))
        self.changed.emit()

    def __len__(self) -> int:
        return len(self._classes)

    @property
    def all(self) -> Classes:
        return self._classes

    @property
    def current(self) -> CellClass | None:
        """The one that the tool puts cells into."""
        return self._classes[self._current] if self._classes else None

    @property
    def current_place(self) -> int:
        return self._current

    def choose(self, place: int) -> None:
        """Make one of them the current one."""
        if 0 <= place < len(self._classes) and place != self._current:
            self._current = place
            self.changed.emit()

    def add(self, name: str) -> None:
        """One more, which becomes the current one. Raises UserError."""
        self._keep(engine.with_class(self._classes, name))
        self.choose(len(self._classes) - 1)

    def recolour(self, place: int, colour: str) -> None:
        """Another colour, "#RRGGBB"."""
        self._keep(self._with(place, CellClass(self._classes[place].name, colour)))

    def rename(self, place: int, name: str) -> None:
        """Another name, also for all cells that are in it. Raises UserError."""
        before = self._classes[place]
        if name == before.name:
            return
        others = self._classes[:place] + self._classes[place + 1 :]
        if len(engine.with_class(others, name)) > len(others):  # a name that may be given
            self._keep(self._with(place, CellClass(name, before.colour)))
            self._change(lambda cells, tick: engine.rename_class(cells, before.name, name))

    def remove(self, place: int) -> None:
        """It goes, and its cells are in no class any more."""
        gone = self._classes[place]
        self._keep(self._classes[:place] + self._classes[place + 1 :])
        self._current = min(self._current, max(0, len(self._classes) - 1))
        self._change(lambda cells, tick: engine.rename_class(cells, gone.name, ""))
        self.changed.emit()

    def put(self, ids: Iterable[int], place: int | None) -> None:
        """Put cells into a class, or with None into none, as one step."""
        chosen = list(ids)
        if place is not None and place >= len(self._classes):
            self._canvas.say(f"There is no class {place + 1} yet: add one in the panel “Classes”")
            return
        name = "" if place is None else self._classes[place].name
        self._change(lambda cells, tick: engine.set_class(cells, chosen, name), len(chosen))

    def _change(self, operation: Operation, count: int | None = None) -> None:
        if count is None:
            count = 0 if self._document is None else len(self._document.objects)
        self._canvas.change(operation, "Putting cells into a class", slow=count > _MANY)

    def _with(self, place: int, one: CellClass) -> Classes:
        return (*self._classes[:place], one, *self._classes[place + 1 :])

    def _keep(self, classes: Classes) -> None:
        if self._document is None:
            raise UserError("Open an image first.")
        self._classes = classes
        self._document.set_setting(engine.SETTING, engine.to_setting(classes))
        self.edited.emit(classes)
        self.changed.emit()

    def _look_for_new(self, patch: Patch) -> None:
        """An undo or an import may bring cells of classes that are not in the list."""
        known = {each.name for each in self._classes} | {""}
        named = {r.class_name for _, r in patch.records.values() if r is not None}
        if self._document is not None and not named <= known:
            after = (record for _, record in patch.records.values() if record is not None)
            classes = engine.completed(self._classes, after)
            if classes != self._classes:
                self._classes = classes
                self._document.set_setting(engine.SETTING, engine.to_setting(classes))
                self.changed.emit()
