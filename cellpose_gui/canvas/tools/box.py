"""Box: drag a rectangle; the cells in it are found, at the size that they have there."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QPainterPath

from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.tools.tool import CREATES, Tool, ToolHost

_SMALLEST = 4  # px: less is a slip of the hand


class Box(Tool):
    """Runs the model in the box alone, in the background. Cells that a person has made or vouched for stay,
    and so do those whose centre lies outside."""

    name = "box"
    title = "Segment a box"
    help = "Drag a box to find the cells in it, at their own size"
    shortcut = "Q"
    gestures = (("Drag", "finds the cells in the box"),)
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, host: ToolHost) -> None:
        super().__init__(host)
        self._start: Pointer | None = None

    @property
    def busy(self) -> bool:
        return self._start is not None

    def press(self, pointer: Pointer) -> None:
        self.cancel()
        if self.host.document is not None:
            self._start = pointer

    def drag(self, pointer: Pointer) -> None:
        if self._start is not None:
            path = QPainterPath()
            path.addRect(_between(self._start, pointer))
            self.host.show_shape(path, CREATES)

    def release(self, pointer: Pointer) -> None:
        start, document = self._start, self.host.document
        self.cancel()
        if start is None or document is None:
            return
        height, width = document.labels.shape[1:]
        area = _between(start, pointer).intersected(QRectF(0, 0, width, height)).toAlignedRect()
        if area.width() < _SMALLEST or area.height() < _SMALLEST:
            self.host.say("Drag a box around the cells that are to be found")
        elif self.host.prompts is None:
            self.host.say("The box needs the engine, which has not started")
        else:
            plane = self.host.plane
            rows, cols = slice(area.top(), area.bottom() + 1), slice(area.left(), area.right() + 1)
            self.host.prompts.segment_box((slice(plane, plane + 1), rows, cols))

    def cancel(self) -> None:
        self._start = None
        self.host.show_shape(None)


def _between(start: Pointer, end: Pointer) -> QRectF:
    return QRectF(start.x, start.y, end.x - start.x, end.y - start.y).normalized()
