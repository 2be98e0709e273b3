"""Split: a line across a cell parts it where its halves meet, a click in each half divides it in between."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QPainterPath

from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.tools.handles import line_through
from cellpose_gui.canvas.tools.tool import CHANGES, Tool, ToolHost
from model_core.annotation.proposal import Annotated, Proposal, Tick
from model_core.annotation.splitting import along_line, split_by_line, split_by_points, through_planes

_CLICK_REACH = 4.0  # logical pixels that the mouse may move within a click
_DOT = 4.0  # logical pixels: radius of the mark where the first click was


class Split(Tool):
    """A drag parts the cells that it crosses, or only those that are selected. The fields of the model, if
    there are some, say where the halves meet; otherwise the line is the cut, with Ctrl in any case and in
    this plane only. Two clicks in one cell divide it. Escape forgets the line or the first click."""

    name = "split"
    title = "Split"
    help = "Draw across a cell to part it where its halves meet, or click once in each half"
    shortcut = "T"
    gestures = (
        ("Drag across cells", "parts them where their halves meet"),
        ("Ctrl+drag", "cuts exactly along the line, in this plane only"),
        ("Click in each half", "divides a cell in between"),
    )
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
            path = line_through([(point.x, point.y) for point in self._line], closed=False)
            self.host.show_shape(path, CHANGES, fill=False)

    def release(self, pointer: Pointer) -> None:
        line, dragged = self._line, self._dragged
        self._line = []
        if self.host.document is None or not line:
            return
        if dragged:
            self.cancel()
            self._part([*line, pointer])
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

    def _part(self, line: list[Pointer]) -> None:
        document, plane, hidden = self.host.document, self.host.plane, self.host.hidden
        assert document is not None
        points, among, exactly = [(point.x, point.y) for point in line], document.selected, line[0].ctrl
        fields = None if exactly or self.host.prompts is None else self.host.prompts.fields

        def split(cells: Annotated, tick: Tick) -> Proposal:
            if fields is not None:
                from model_core.segmentation.split import by_sinks  # late: the window is up before the engine

                parting = by_sinks(fields)
            else:
                parting = along_line if exactly else through_planes
            return split_by_line(cells, plane, points, among, hidden, parting)

        volume = document.labels.shape[0] > 1
        self.host.change(split, "Splitting", slow=fields is not None or (volume and not exactly))

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
