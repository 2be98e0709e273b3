"""Fill: a click on background that cells enclose fills it."""

from __future__ import annotations

from PyQt6.QtCore import Qt

from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.tools.tool import Tool
from model_core.annotation.filling import fill_area


class Fill(Tool):
    """A hole of one cell joins that cell, an area between several becomes a new one."""

    name = "fill"
    title = "Fill"
    help = "Click a hole of a cell to close it, or an area enclosed by cells to make a new one"
    shortcut = "U"
    gestures = (("Click", "fills a hole, or an area enclosed by cells"),)
    cursor = Qt.CursorShape.CrossCursor

    def press(self, pointer: Pointer) -> None:
        if self.host.document is not None:
            plane, row, col = self.host.plane, pointer.row, pointer.col
            self.host.change(lambda cells, tick: fill_area(cells, plane, row, col))

    def double_click(self, pointer: Pointer) -> bool:
        return True  # the first click has filled
