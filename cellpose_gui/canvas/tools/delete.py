"""Delete: a click deletes the cell below."""

from __future__ import annotations

from PyQt6.QtCore import Qt

from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.tools.edits import delete_cells, say_deleted
from cellpose_gui.canvas.tools.tool import Tool, ToolHost


class Delete(Tool):
    """Acts at release and only where the press was on the same cell, so that a slip can be dragged away."""

    name = "delete"
    title = "Delete by click"
    help = "Every click deletes a cell"
    shortcut = "K"
    gestures = (("Click", "deletes a cell"),)
    cursor = Qt.CursorShape.PointingHandCursor

    def __init__(self, host: ToolHost) -> None:
        super().__init__(host)
        self._pressed = 0

    @property
    def busy(self) -> bool:
        return self._pressed != 0

    def press(self, pointer: Pointer) -> None:
        self._pressed = self.host.label_at(pointer)

    def release(self, pointer: Pointer) -> None:
        id_, document = self._pressed, self.host.document
        self.cancel()
        if document is not None and id_ and self.host.label_at(pointer) == id_:
            self.host.say(say_deleted(*delete_cells(document, [id_])))

    def cancel(self) -> None:
        self._pressed = 0
