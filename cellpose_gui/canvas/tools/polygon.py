"""Polygon: every click sets a corner of a new cell."""

from __future__ import annotations

from PyQt6.QtCore import Qt

from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.tools.handles import line_through, near_vertex, with_handles
from cellpose_gui.canvas.tools.outlining import draw_cell
from cellpose_gui.canvas.tools.tool import CREATES, Tool, ToolHost
from model_core.annotation.polygon import Point, crosses_itself


class Polygon(Tool):
    """Corners can be dragged before it is closed; Backspace removes the last one. Enter, a double click or a
    click on the first corner closes, Escape gives up. Paints on background only, with Ctrl at the first
    click over neighbours. It may leave the image; all that it goes around is inside."""

    name = "polygon"
    title = "Polygon"
    help = "Click corner by corner around a cell; Enter or a double click closes"
    shortcut = "Y"
    gestures = (
        ("Click", "sets a corner of a new cell, with Ctrl at first: over neighbours too"),
        ("Drag a corner", "moves it"),
        ("Enter, double click, click on the first corner", "closes"),
        ("Backspace", "removes the last corner"),
    )
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, host: ToolHost) -> None:
        super().__init__(host)
        self._points: list[Point] = []
        self._held: int | None = None  # the corner being dragged
        self._on_first = False  # pressed on the first corner and not moved since
        self._over = False

    @property
    def busy(self) -> bool:
        return bool(self._points)

    def press(self, pointer: Pointer) -> None:
        if self.host.document is None:
            return
        if not self._points:
            self._over = pointer.ctrl
        self._held = near_vertex(self._points, pointer, self.host.pixel_size)
        self._on_first = self._held == 0 and len(self._points) > 2
        if self._held is None:
            self._points.append((pointer.x, pointer.y))
            self._held = len(self._points) - 1
        self.refresh()

    def drag(self, pointer: Pointer) -> None:
        if self._held is not None:
            away = near_vertex([self._points[self._held]], pointer, self.host.pixel_size / 2) is None
            self._on_first &= not away
            if not self._on_first:
                self._points[self._held] = (pointer.x, pointer.y)
                self.refresh()

    def release(self, pointer: Pointer) -> None:
        self._held = None
        if self._on_first:
            self._close()

    def hover(self, pointer: Pointer | None) -> None:
        if self._points and pointer is not None:
            self._show([*self._points, (pointer.x, pointer.y)])

    def refresh(self) -> None:
        if self._points:
            self._show(self._points)

    def double_click(self, pointer: Pointer) -> bool:
        if self._points:
            self._close()
        return True

    def key(self, key: Qt.Key) -> bool:
        if not self._points:
            return False
        if key == Qt.Key.Key_Backspace:
            self._points.pop()
            self.refresh() if self._points else self.cancel()
            return True
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._close()
            return True
        return False

    def cancel(self) -> None:
        self._points, self._held, self._on_first = [], None, False
        self.host.show_shape(None)

    def _show(self, points: list[Point]) -> None:
        path = with_handles(self._points, self.host.pixel_size, closed=False)
        path.addPath(line_through(points, closed=len(points) > 2))
        self.host.show_shape(path, CREATES)

    def _close(self) -> None:
        points = self._points
        if len(points) < 3:
            self.host.say("A polygon has three corners or more; Escape gives it up")
            return
        self.cancel()
        said = draw_cell(self.host, line_through(points), self._over, "Polygon")
        if crosses_itself(points):
            said += "; its sides cross, so everything that they go around counts as inside"
        self.host.say(said)
