"""Edit outline: the outline of the selected cell as vertices that can be dragged."""

from __future__ import annotations

from PyQt6.QtCore import Qt

from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.tools.handles import line_through, near_side, near_vertex, with_handles
from cellpose_gui.canvas.tools.outlining import filled
from cellpose_gui.canvas.tools.tool import CHANGES, Tool, ToolHost
from model_core.annotation.boxes import in_plane
from model_core.annotation.objects import ObjectRecord
from model_core.annotation.polygon import Point, outline_vertices, reshape_outline


class Reshape(Tool):
    """A click selects a cell and shows its vertices; a vertex can be dragged, a press on a side makes a new
    one, Backspace removes the one below the pointer. Each is one edit."""

    name = "reshape"
    title = "Adjust outline"
    help = "Click a cell, then drag the corners or sides of its outline"
    shortcut = "J"
    gestures = (
        ("Click", "shows the corners of a cell"),
        ("Drag a corner", "moves it"),
        ("Drag a side", "makes a corner there"),
        ("Backspace", "removes the corner below the mouse"),
    )
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, host: ToolHost) -> None:
        super().__init__(host)
        self._record: ObjectRecord | None = None  # of the cell whose vertices these are
        self._plane = 0
        self._points: list[Point] = []
        self._before: list[Point] = []
        self._held: int | None = None
        self._pointer: Pointer | None = None

    @property
    def busy(self) -> bool:
        return self._held is not None

    def press(self, pointer: Pointer) -> None:
        document = self.host.document
        if document is None:
            return
        self._pointer = pointer
        self._before = list(self._points)
        self._held = near_vertex(self._points, pointer, self.host.pixel_size)
        if self._held is None and (side := near_side(self._points, pointer, self.host.pixel_size)):
            self._points.insert(side, (pointer.x, pointer.y))
            self._held = side
        if self._held is None:
            id_ = self.host.label_at(pointer)
            document.select({id_} if id_ else ())
            if id_ and document.objects[id_].locked:
                self.host.say(f"Cell {id_} is locked")

    def drag(self, pointer: Pointer) -> None:
        self._pointer = pointer
        if self._held is not None:
            self._points[self._held] = (pointer.x, pointer.y)
            self._show()

    def release(self, pointer: Pointer) -> None:
        if self._held is not None:
            self._change(self._before)

    def hover(self, pointer: Pointer | None) -> None:
        self._pointer = pointer

    def refresh(self) -> None:
        if self._held is not None:
            return
        document, plane = self.host.document, self.host.plane
        record = None
        if document is not None and len(document.selected) == 1:
            record = document.objects.get(next(iter(document.selected)))
        if record is None or record.locked or not record.box[0] <= plane < record.box[1]:
            self.cancel()
            return
        if (record, plane) != (self._record, self._plane):
            self._record, self._plane = record, plane
            assert document is not None
            box = in_plane(record.slices, plane, 0, document.labels.shape)
            corner = box[1].start, box[2].start
            self._points = outline_vertices(document.labels[box][0] == record.id, corner)
        self._show()

    def takes_key(self, key: Qt.Key) -> bool:
        return super().takes_key(key) or (key == Qt.Key.Key_Backspace and self._below() is not None)

    def key(self, key: Qt.Key) -> bool:
        vertex = self._below()
        if key != Qt.Key.Key_Backspace or vertex is None or self.busy:
            return False
        if len(self._points) <= 3:
            self.host.say("An outline has three corners or more")
            return True
        before = list(self._points)
        self._held = vertex
        del self._points[vertex]
        self._change(before)
        return True

    def cancel(self) -> None:
        self._held, self._record, self._points = None, None, []
        self.host.show_shape(None)

    def _below(self) -> int | None:
        """The vertex below the pointer."""
        if self._pointer is None:
            return None
        return near_vertex(self._points, self._pointer, self.host.pixel_size)

    def _show(self) -> None:
        if self._points:
            self.host.show_shape(with_handles(self._points, self.host.pixel_size, closed=True), CHANGES)

    def _change(self, before: list[Point]) -> None:
        """Make the outline what the vertices are now; where that is refused they go back."""
        document, record = self.host.document, self._record
        assert document is not None and record is not None
        height, width = document.labels.shape[1:]
        was, is_ = (filled(line_through(points), height, width) for points in (before, self._points))
        plane = self._plane
        self.host.change(
            lambda cells, tick: reshape_outline(cells, record.id, plane, was, is_), "Editing", [record.id]
        )
        self._held = None
        self._record = document.objects.get(record.id)
        if self._record == record:
            self._points = before
        self.refresh()
