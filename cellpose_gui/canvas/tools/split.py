"""Split: a line across a cell cuts it, a click in each half divides it in between."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QPainterPath

from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.tools.tool import CHANGES, Tool, ToolHost
from model_core.annotation.splitting import split_by_line, split_by_points

_CLICK_REACH = 4.0  # logical pixels that the mouse may move within a click
_DOT = 4.0  # logical pixels: radius of the mark where the first click was


class Split(Tool):
    """A drag cuts, two clicks in one cell divide. Escape forgets the line or the first click."""

    name = "split"
    hint = "Split: drag a line across a cell, or click once in each half"
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, host: ToolHost) -> None:
        super().__init__(host)
        self._line: list[Pointer] = []
        self._first: Pointer | None = None
        self._dragged = False

    @property
    def busy(self) -> bool:
        return bool(self._line) or self._first is not None

    def press(self, pointer: Pointer) -> None:
        if self.host.document is not None:
            self._line, self._dragged = [pointer], False

    def drag(self, pointer: Pointer) -> None:
        if not self._line:
            return
        self._line.append(pointer)
        start = self._line[0]
        way = max(abs(pointer.x - start.x), abs(pointer.y - start.y))
        self._dragged |= way >= _CLICK_REACH * self.host.pixel_size
        if self._dragged:
            path = QPainterPath(QPointF(start.x, start.y))
            for point in self._line[1:]:
                path.lineTo(point.x, point.y)
            self.host.show_shape(path, CHANGES, fill=False)

    def release(self, pointer: Pointer) -> None:
        document, line, dragged = self.host.document, self._line, self._dragged
        self._line = []
        if document is None or not line:
            return
        if dragged:
            self.cancel()
            points = [(point.x, point.y) for point in (*line, pointer)]
            plane, among = self.host.plane, document.selected
            self.host.change(lambda cells, tick: split_by_line(cells, plane, points, among))
        else:
            self._click(line[0])

    def double_click(self, pointer: Pointer) -> bool:
        self.press(pointer)
        return True

    def refresh(self) -> None:
        if self._first is not None and not self._line:
            path = QPainterPath()
            radius = _DOT * self.host.pixel_size
            path.addEllipse(QPointF(self._first.x, self._first.y), radius, radius)
            self.host.show_shape(path, CHANGES)

    def cancel(self) -> None:
        self._line, self._first, self._dragged = [], None, False
        self.host.show_shape(None)

    def _click(self, pointer: Pointer) -> None:
        first, id_ = self._first, self.host.label_at(pointer)
        if not id_:
            self.host.say("Click inside the cell that is to be split, or drag a line across it")
        elif first is None or self.host.label_at(first) != id_:
            self._first = pointer
            self.refresh()
            self.host.say(f"Now click in the other half of cell {id_}")
        else:
            self.cancel()
            plane = self.host.plane
            one, other = (first.row, first.col), (pointer.row, pointer.col)
            self.host.change(
                lambda cells, tick: split_by_points(cells, plane, one, other), "Splitting", slow=True
            )
