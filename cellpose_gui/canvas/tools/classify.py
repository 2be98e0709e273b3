"""Classify: a click or a stroke over cells puts them into the current class."""

from __future__ import annotations

import numpy as np
from PyQt6.QtCore import Qt

from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.tools.tool import Tool, ToolHost


class Classify(Tool):
    """The cells that a stroke has touched are shown as selected until it ends; Escape changes nothing."""

    name = "classify"
    title = "Classify"
    help = "Click cells or draw over them to put them into the current class; with Shift into none"
    shortcut = "Shift+K"
    gestures = (
        ("Click", "puts a cell into the current class"),
        ("Drag", "puts all cells on the way into it"),
        ("Shift+drag", "takes cells out of their class"),
    )
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, host: ToolHost) -> None:
        super().__init__(host)
        self._touched: set[int] | None = None
        self._last: Pointer | None = None
        self._selected_before: frozenset[int] = frozenset()

    @property
    def busy(self) -> bool:
        return self._touched is not None

    def press(self, pointer: Pointer) -> None:
        self.cancel()
        document = self.host.document
        if document is None:
            return
        if self.host.classes.current is None:
            self.host.say("There is no class yet: add one in the panel “Classes”")
            return
        self._touched, self._last, self._selected_before = set(), pointer, document.selected
        self._touch(pointer)

    def drag(self, pointer: Pointer) -> None:
        if self._touched is not None:
            self._touch(pointer)

    def release(self, pointer: Pointer) -> None:
        if self._touched is None:
            return
        self._touch(pointer)
        ids = self._touched
        self.cancel()
        if ids:
            classes = self.host.classes
            classes.put(ids, None if pointer.shift else classes.current_place)

    def cancel(self) -> None:
        if self._touched is not None:
            self._touched = self._last = None
            if self.host.document is not None:
                self.host.document.select(self._selected_before)

    def _touch(self, pointer: Pointer) -> None:
        """All cells between the last place and this one."""
        document, last = self.host.document, self._last
        assert document is not None and last is not None and self._touched is not None
        height, width = document.labels.shape[1:]
        count = 2 + int(max(abs(pointer.x - last.x), abs(pointer.y - last.y)))
        rows = np.floor(np.linspace(last.y, pointer.y, count)).astype(int)
        cols = np.floor(np.linspace(last.x, pointer.x, count)).astype(int)
        inside = (rows >= 0) & (rows < height) & (cols >= 0) & (cols < width)
        met = set(np.unique(document.labels[self.host.plane, rows[inside], cols[inside]]).tolist())
        self._last = pointer
        self._touched |= met - {0} - self.host.hidden
        document.select(self._touched)
