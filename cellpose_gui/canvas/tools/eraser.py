"""The eraser: starts on a cell to erase only that one, on background to erase all."""

from __future__ import annotations

from PyQt6.QtGui import QColor

from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.tools.painting import PaintingTool
from cellpose_gui.canvas.tools.stroke import AllUnlocked, Only, Rule, Stroke
from cellpose_gui.canvas.tools.tool import ERASES_ALL, ERASES_ONE


class Eraser(PaintingTool):
    """Turns cells into background; spares locked ones."""

    name = "eraser"
    title = "Eraser"
    help = "Erase: from a cell only that cell, from the background all"
    shortcut = "E"
    gestures = (
        ("Drag from a cell", "erases from that cell only"),
        ("Drag from the background", "erases from all cells"),
    )
    nothing_done = "Nothing erased"

    def begin(self, pointer: Pointer, id_: int) -> tuple[Stroke, str] | None:
        document = self.host.document
        assert document is not None
        rule: Rule = Only(id_) if id_ else AllUnlocked(document.objects, self.host.hidden)
        text = f"Erase from cell {id_}" if id_ else "Erase"
        return Stroke(document.labels[self.host.plane], 0, rule), text

    def colour_for(self, pointer: Pointer, id_: int) -> QColor:
        return ERASES_ONE if id_ else ERASES_ALL
