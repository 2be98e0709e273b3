"""Select: click a cell, drag a box, Shift adds, Ctrl deletes."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QPainterPath

from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.tools.edits import delete_cells, say_deleted
from cellpose_gui.canvas.tools.tool import Tool, ToolHost

_CLICK_REACH = 4.0  # logical pixels that the mouse may move within a click


class Select(Tool):
    """A click selects the cell below and a click on background none; with Shift it adds or takes away. A
    dragged box selects the cells whose centre lies inside. Ctrl and click deletes the cell, Delete the whole
    selection."""

    name = "select"
    title = "Select"
    help = "Select cells by click or box; Ctrl+click deletes"
    shortcut = "V"
    gestures = (
        ("Click", "selects a cell"),
        ("Shift+click", "adds a cell, or takes it away"),
        ("Drag", "selects the cells in a box"),
        ("Ctrl+click", "deletes a cell"),
    )

    def __init__(self, host: ToolHost) -> None:
        super().__init__(host)
        self._start: Pointer | None = None
        self._box: QRectF | None = None

    @property
    def busy(self) -> bool:
        return self._start is not None

    def press(self, pointer: Pointer) -> None:
        self.cancel()
        self._start = pointer

    def drag(self, pointer: Pointer) -> None:
        if self._start is None:
            return
        across, down = pointer.x - self._start.x, pointer.y - self._start.y
        if self._box is None and max(abs(across), abs(down)) < _CLICK_REACH * self.host.pixel_size:
            return
        self._box = QRectF(self._start.x, self._start.y, across, down).normalized()
        path = QPainterPath()
        path.addRect(self._box)
        self.host.show_shape(path)

    def release(self, pointer: Pointer) -> None:
        start, box, document = self._start, self._box, self.host.document
        self.cancel()
        if start is None or document is None:
            return
        if box is not None:
            found = self._inside(box)
            document.select(document.selected | found if start.shift else found)
            return
        id_ = self.host.label_at(start)
        if start.ctrl:
            if id_:
                self.host.say(say_deleted(*delete_cells(document, [id_])))
        elif start.shift:
            document.select(document.selected ^ ({id_} if id_ else set()))
        else:
            document.select({id_} if id_ else ())

    def cancel(self) -> None:
        self._start = self._box = None
        self.host.show_shape(None)

    def key(self, key: Qt.Key) -> bool:
        document = self.host.document
        if key == Qt.Key.Key_Escape and document is not None and document.selected:
            document.select(())
            return True
        return False

    def _inside(self, box: QRectF) -> set[int]:
        document, plane = self.host.document, self.host.plane
        assert document is not None
        return {
            record.id
            for record in document.objects.values()
            if record.box[0] <= plane < record.box[1]
            and box.left() <= record.centroid[2] + 0.5 <= box.right()
            and box.top() <= record.centroid[1] + 0.5 <= box.bottom()
        }
