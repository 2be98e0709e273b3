"""The tool in the hand: what mouse, pen and keys do with it."""

from __future__ import annotations

from dataclasses import replace

from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QKeyEvent, QPainterPath

from cellpose_gui.canvas.marks import Mark
from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.ring import ring_path
from cellpose_gui.canvas.tools.all_tools import TOOLS
from cellpose_gui.canvas.tools.tool import CHANGES, ToolHost
from cellpose_gui.canvas.view import CanvasView

LARGEST_BRUSH = 500.0


class Hand(QObject):
    """Holds one tool, leads the pointer to it, and shows the ring of the brush and the shape being drawn."""

    tool_changed = pyqtSignal(str)
    brush_size_changed = pyqtSignal(float)
    pointed = pyqtSignal(object)  # the Pointer, or None when it has left
    fit_asked = pyqtSignal()  # by a double click that no tool has used

    def __init__(self, host: ToolHost, view: CanvasView) -> None:
        super().__init__(view)
        self._view = view
        self._shape, self._ring = Mark(fill_opacity=0.12), Mark()
        for mark in (self._shape, self._ring):
            view.add(mark)
        self._tools = {tool.name: tool(host) for tool in TOOLS}
        self.tool = self._tools["select"]
        self._brush_size = 12.0
        self._pointer: Pointer | None = None
        self._before_rubber: str | None = None  # while the rubber of the pen is down: the tool before
        view.pressed.connect(self._press)
        view.moved.connect(self._move)
        view.released.connect(self._release)
        view.double_clicked.connect(self._double_click)
        view.left.connect(self._leave)
        view.turned.connect(self._turn)
        view.wheel_is_taken = lambda pointer: self.tool.takes_wheel(pointer)
        view.view_changed.connect(lambda: self.tool.refresh())

    @property
    def pointer(self) -> Pointer | None:
        """Where it points, None while it is not over the view."""
        return self._pointer

    def take(self, name: str) -> bool:
        """Another tool, by its name; False if that is in the hand already."""
        tool = self._tools[name]
        if tool is self.tool:
            return False
        self.tool.cancel()
        self.show_ring(None)
        self.tool = tool
        self._view.left_pans = tool.pans
        self._view.tool_cursor = tool.cursor
        self._view.show_cursor()
        tool.refresh()
        self.hover_again()
        self.tool_changed.emit(name)
        return True

    @property
    def brush_size(self) -> float:
        """Diameter of the brush and the eraser in image pixels."""
        return self._brush_size

    @brush_size.setter
    def brush_size(self, size: float) -> None:
        size = float(round(min(max(size, 1.0), LARGEST_BRUSH)))
        if size != self._brush_size:
            self._brush_size = size
            self.hover_again()
            self.brush_size_changed.emit(size)

    def resize_brush(self, notches: int) -> None:
        """Larger or smaller by a tenth, at least by one pixel, each notch."""
        for _ in range(abs(notches)):
            step = max(1.0, round(self._brush_size * 0.1))
            self.brush_size += step if notches > 0 else -step

    def cancel(self) -> bool:
        """Give up the gesture that is going on, without a change; False if there was none."""
        busy = self.tool.busy
        self.tool.cancel()
        self.tool.refresh()
        return busy

    def hover_again(self) -> None:
        """What lies under the pointer, or the tool itself, is something else now."""
        if self._pointer is not None:
            self.tool.hover(self._pointer)

    # ------------------------------------------------------------------ what is shown of it

    def show_shape(self, path: QPainterPath | None, colour: QColor, fill: bool, dashed: bool) -> None:
        if path is None:
            self._shape.clear()
        else:
            self._shape.show_path(path, colour, 1 / self._view.scale_factor, fill, dashed)

    def show_ring(self, pointer: Pointer | None, colour: QColor = CHANGES, double: bool = False) -> None:
        if pointer is None:
            self._ring.clear()
            return
        radius, pixel = self._brush_size / 2, 1 / self._view.scale_factor
        path = ring_path(pointer.x, pointer.y, radius, pixel, colour, double)
        self._ring.show_path(path, colour, pixel)

    # ------------------------------------------------------------------ mouse and pen

    def _press(self, pointer: Pointer) -> None:
        self._pointer = pointer
        if pointer.rubber and self.tool.name != "eraser":
            self._before_rubber = self.tool.name
            self.take("eraser")
        self.tool.press(pointer)

    def _move(self, pointer: Pointer, held: bool) -> None:
        self._pointer = pointer
        if held:
            self.tool.drag(pointer)
        else:
            self.tool.hover(pointer)
        self.pointed.emit(pointer)

    def _release(self, pointer: Pointer) -> None:
        self._pointer = pointer
        self.tool.release(pointer)
        if self._before_rubber is not None:
            self.take(self._before_rubber)
            self._before_rubber = None

    def _double_click(self, pointer: Pointer) -> None:
        if self.tool.uses_brush_size:  # two quick dabs
            self.tool.press(pointer)
        elif not self.tool.double_click(pointer):
            self.tool.cancel()
            self.fit_asked.emit()

    def _leave(self) -> None:
        self._pointer = None
        self.tool.hover(None)
        self.pointed.emit(None)

    def _turn(self, notches: int) -> None:
        """The wheel with Ctrl, or what the tool takes it for."""
        if not self.tool.turn(notches):
            self.resize_brush(notches)

    # ------------------------------------------------------------------ keys

    def key(self, event: QKeyEvent) -> bool:
        """True when the gesture or the tool has used the key."""
        key = Qt.Key(event.key())
        if (key == Qt.Key.Key_Escape and self.cancel()) or self.tool.key(key):
            return True
        if key in (Qt.Key.Key_Control, Qt.Key.Key_Shift, Qt.Key.Key_Alt):
            self.hold_modifiers(event)
            return True
        return False

    def hold_modifiers(self, event: QKeyEvent) -> None:
        """A key that changes what a press means went down or up below the pointer."""
        held = event.modifiers()
        if self._pointer is not None:
            self._pointer = replace(
                self._pointer,
                shift=bool(held & Qt.KeyboardModifier.ShiftModifier),
                ctrl=bool(held & Qt.KeyboardModifier.ControlModifier),
                alt=bool(held & Qt.KeyboardModifier.AltModifier),
            )
        self.hover_again()
