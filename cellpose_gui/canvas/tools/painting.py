"""What brush and eraser have in common: a round tip dragged over the image."""

from __future__ import annotations

from abc import abstractmethod

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor

from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.tools.edits import finish_stroke
from cellpose_gui.canvas.tools.stroke import Stroke
from cellpose_gui.canvas.tools.tool import REFUSED, Tool, ToolHost

_LIGHTEST = 0.25  # of the size of the brush: what a pen paints that barely touches


class PaintingTool(Tool):
    """A stroke is shown while it is dragged and becomes one edit at release; Escape forgets it."""

    cursor = Qt.CursorShape.CrossCursor
    uses_brush_size = True
    nothing_done = "Nothing changed"

    def __init__(self, host: ToolHost) -> None:
        super().__init__(host)
        self._stroke: Stroke | None = None
        self._plane = 0
        self._last = Pointer(0, 0)
        self._colour, self._double = REFUSED, False
        self._text = ""

    @abstractmethod
    def begin(self, pointer: Pointer, id_: int) -> tuple[Stroke, str] | None:
        """The stroke that a press on `id_` starts and its text for the history; None refuses."""

    @abstractmethod
    def colour_for(self, pointer: Pointer, id_: int) -> QColor:
        """The colour of the ring over `id_`: what a press would do."""

    def takes_others(self, pointer: Pointer) -> bool:
        """Whether the tip also takes pixels of cells that the stroke did not start on."""
        return False

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
        self._colour, self._double = self.colour_for(pointer, id_), self.takes_others(pointer)
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
        if stroke.empty:
            self.host.say("Nothing changed: the stroke lies outside the image")
        elif finish_stroke(document, self._plane, stroke, self._text) is None:
            self.host.say(self.nothing_done)
        self.hover(pointer)

    def hover(self, pointer: Pointer | None) -> None:
        if pointer is None or self._stroke is not None:
            self.host.show_ring(pointer, self._colour, self._double)
            return
        id_ = self.host.label_at(pointer)
        if self._is_locked(id_):
            self.host.show_ring(pointer, REFUSED)
        else:
            self.host.show_ring(pointer, self.colour_for(pointer, id_), self.takes_others(pointer))

    def cancel(self) -> None:
        if self._stroke is not None:
            stroke, self._stroke = self._stroke, None
            self.host.show_preview(None, *stroke.extent())

    def _extend(self, pointer: Pointer) -> None:
        assert self._stroke is not None
        start, end = (self._last.x, self._last.y), (pointer.x, pointer.y)
        size = self.host.brush_size * (_LIGHTEST + (1 - _LIGHTEST) * pointer.pressure)
        rows, cols = self._stroke.add_segment(start, end, size)
        self._last = pointer
        self.host.show_preview(self._stroke, rows, cols)
        self.host.show_ring(pointer, self._colour, self._double)

    def _is_locked(self, id_: int) -> bool:
        document = self.host.document
        return document is not None and id_ in document.objects and document.objects[id_].locked
