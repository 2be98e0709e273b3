"""Delete: a click deletes the cell below, a box or a lasso those inside."""

from __future__ import annotations

from PyQt6.QtCore import Qt

from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.tools.area import AreaTool
from cellpose_gui.canvas.tools.tool import ERASES_ALL
from model_core.annotation.deleting import delete


class Delete(AreaTool):
    """Acts at release; Escape before that deletes nothing."""

    name = "delete"
    title = "Delete"
    help = "Click a cell, drag a box around cells, or draw around them with Alt, to delete them"
    shortcut = "K"
    gestures = (
        ("Click", "deletes a cell"),
        ("Drag", "deletes the cells in a box"),
        ("Alt+drag", "deletes the cells in a line drawn around them"),
    )
    cursor = Qt.CursorShape.PointingHandCursor
    colour = ERASES_ALL

    def clicked(self, pointer: Pointer, id_: int) -> None:
        if id_:
            self.covered(pointer, {id_})

    def covered(self, pointer: Pointer, ids: set[int]) -> None:
        if ids:
            self.host.change(lambda cells, tick: delete(cells, ids), "Deleting", ids)
        else:
            self.host.say("No cell has its centre inside")
