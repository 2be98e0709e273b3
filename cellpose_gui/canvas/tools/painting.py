"""What brush and eraser have in common: a round tip dragged over the image."""

from __future__ import annotations

from abc import abstractmethod

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor

from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.tools.edits import finish_stroke
from cellpose_gui.canvas.tools.stroke import Stroke
from cellpose_gui.canvas.tools.tool import REFUSED, Tool, ToolHost


class PaintingTool(Tool):
    """A stroke is shown while it is dragged and becomes one edit at release; Escape forgets it."""

    cursor = Qt.CursorShape.CrossCursor
    uses_brush_size = True

    def __init__(self, host: ToolHost) -> None:
        super().__init__(host)
        self._stroke: Stroke | None = None
        self._plane = 0
        self._last = Pointer(0, 0)
        self._colour = REFUSED
        self._text = ""

    @abstractmethod
    def begin(self, pointer: Pointer, id_: int) -> tuple[Stroke, str] | None:
        """The stroke that a press on `id_` starts and its text for the history; None refuses."""

    @abstractmethod
    def colour_for(self, pointer: Pointer, id_: int) -> QColor:
        """The colour of the ring over `id_`: what a press would do."""

    @property
    def busy(self) -> bool:
        return self._stroke is not None

    def press(self, pointer: Pointer) -> None:
        self.cancel()
        document = self.host.document
        if document is None:
            return
        id_ = self.host.label_at(pointer)
        if self._is_locked(id_):
            self.host.say(f"Cell {id_} is locked")
            return
        self._colour = self.colour_for(pointer, id_)
        begun = self.begin(pointer, id_)
        if begun is None:
            return
        self._stroke, self._text = begun
        self._plane, self._last = self.host.plane, pointer
        self._extend(pointer)

    def drag(self, pointer: Pointer) -> None:
        if self._stroke is not None:
            self._extend(pointer)
        else:
            self.hover(pointer)

    def release(self, pointer: Pointer) -> None:
        stroke, document = self._stroke, self.host.document
        if stroke is None or document is None:
            return
        if (pointer.x, pointer.y) != (self._last.x, self._last.y):
            self._extend(pointer)
        self._stroke = None
        # The preview goes first: the repaint that the edit asks for then shows the labels themselves.
        self.host.show_preview(None, *stroke.extent())
        finish_stroke(document, self._plane, stroke, self._text)
        self.hover(pointer)

    def hover(self, pointer: Pointer | None) -> None:
        if pointer is None or self._stroke is not None:
            self.host.show_ring(pointer, self._colour)
            return
        id_ = self.host.label_at(pointer)
        self.host.show_ring(pointer, REFUSED if self._is_locked(id_) else self.colour_for(pointer, id_))

    def cancel(self) -> None:
        if self._stroke is not None:
            stroke, self._stroke = self._stroke, None
            self.host.show_preview(None, *stroke.extent())

    def _extend(self, pointer: Pointer) -> None:
        assert self._stroke is not None
        start, end = (self._last.x, self._last.y), (pointer.x, pointer.y)
        rows, cols = self._stroke.add_segment(start, end, self.host.brush_size)
        self._last = pointer
        self.host.show_preview(self._stroke, rows, cols)
        self.host.show_ring(pointer, self._colour)

    def _is_locked(self, id_: int) -> bool:
        document = self.host.document
        return document is not None and id_ in document.objects and document.objects[id_].locked
