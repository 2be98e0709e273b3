"""Outline: draw around a cell; the outline closes and is filled at release."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QPainterPath

from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.tools.outlining import draw_cell
from cellpose_gui.canvas.tools.tool import CREATES, Tool, ToolHost


class Outline(Tool):
    """Always makes a new cell, on background only, with Ctrl over neighbours that are not locked.

    Where the outline crosses itself, everything that it goes around counts as inside (non-zero winding). Of
    parts that do not touch the largest stays. It may leave the image; the cell is clipped there.
    """

    name = "outline"
    title = "Outline"
    help = "Draw around a cell with the button held"
    shortcut = "O"
    gestures = (
        ("Drag", "draws around a new cell"),
        ("Ctrl+drag", "takes from neighbours too"),
    )
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, host: ToolHost) -> None:
        super().__init__(host)
        self._path: QPainterPath | None = None
        self._over = False

    @property
    def busy(self) -> bool:
        return self._path is not None

    def press(self, pointer: Pointer) -> None:
        self.cancel()
        if self.host.document is not None:
            self._path = QPainterPath(QPointF(pointer.x, pointer.y))
            self._over = pointer.ctrl

    def drag(self, pointer: Pointer) -> None:
        if self._path is not None:
            self._path.lineTo(pointer.x, pointer.y)
            self.host.show_shape(self._path, CREATES)

    def release(self, pointer: Pointer) -> None:
        path = self._path
        self.cancel()
        if path is None:
            return
        path.lineTo(pointer.x, pointer.y)
        self.host.say(draw_cell(self.host, path, self._over, "Outline"))

    def cancel(self) -> None:
        self._path = None
        self.host.show_shape(None)
