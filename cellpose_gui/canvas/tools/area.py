"""What tools have in common that take a click on a cell, a box around cells, or a line around cells."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from PyQt6.QtCore import QPointF, QRectF
from PyQt6.QtGui import QColor, QPainterPath

from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.tools.outlining import filled
from cellpose_gui.canvas.tools.tool import CHANGES, Tool, ToolHost
from model_core.annotation.objects import column

_CLICK_REACH = 4.0  # logical pixels that the mouse may move within a click


class AreaTool(Tool):
    """A drag makes a box, with Alt or for a lasso a line; it means the cells whose centre lies inside."""

    colour: QColor = CHANGES
    lasso = False  # draws lines without Alt

    def __init__(self, host: ToolHost) -> None:
        super().__init__(host)
        self._start: Pointer | None = None
        self._line: QPainterPath | None = None
        self._dragged = False

    @abstractmethod
    def clicked(self, pointer: Pointer, id_: int) -> None:
        """A press and release on one place; `id_` is 0 on background."""

    @abstractmethod
    def covered(self, pointer: Pointer, ids: set[int]) -> None:
        """A box or line was drawn around these cells; `pointer` is where it began."""

    def drawn(self, pointer: Pointer, path: QPainterPath) -> None:
        """A box or line is complete; `pointer` is where it began."""
        self.covered(pointer, self._inside(path))

    @property
    def busy(self) -> bool:
        return self._start is not None

    def press(self, pointer: Pointer) -> None:
        self.cancel()
        self._start = pointer
        if self.lasso or pointer.alt:
            self._line = QPainterPath(QPointF(pointer.x, pointer.y))

    def drag(self, pointer: Pointer) -> None:
        if self._start is None:
            return
        across, down = abs(pointer.x - self._start.x), abs(pointer.y - self._start.y)
        if self._line is not None:
            self._line.lineTo(pointer.x, pointer.y)
        self._dragged |= max(across, down) >= _CLICK_REACH * self.host.pixel_size
        if self._dragged:
            self.host.show_shape(self._shape(self._start, pointer), self.colour)

    def release(self, pointer: Pointer) -> None:
        start, dragged = self._start, self._dragged
        if start is None or self.host.document is None:
            return
        if dragged:
            if self._line is not None:
                self._line.lineTo(pointer.x, pointer.y)
            path = self._shape(start, pointer)
            self.cancel()
            self.drawn(start, path)
        else:
            self.cancel()
            self.clicked(start, self.host.label_at(start))

    def cancel(self) -> None:
        self._start = self._line = None
        self._dragged = False
        self.host.show_shape(None)

    def _shape(self, start: Pointer, end: Pointer) -> QPainterPath:
        if self._line is not None:
            return self._line
        path = QPainterPath()
        path.addRect(QRectF(start.x, start.y, end.x - start.x, end.y - start.y).normalized())
        return path

    def _inside(self, path: QPainterPath) -> set[int]:
        document, plane, hidden = self.host.document, self.host.plane, self.host.hidden
        assert document is not None
        top, left, mask = filled(path, *document.labels.shape[1:])
        records = list(document.objects.values())
        if not mask.size or not records:
            return set()
        rows, cols = np.rint(column(records, "centroid", 3)[:, 1:]).astype(np.int64).T - [[top], [left]]
        near = (rows >= 0) & (rows < mask.shape[0]) & (cols >= 0) & (cols < mask.shape[1])
        near[near] = mask[rows[near], cols[near]]
        found = (records[place] for place in np.flatnonzero(near).tolist())
        return {record.id for record in found if record.box[0] <= plane < record.box[1]} - hidden
