"""The brush: starts on a cell to extend it, on background to make a new one."""

from __future__ import annotations

from PyQt6.QtGui import QColor

from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.tools.painting import PaintingTool
from cellpose_gui.canvas.tools.stroke import AllUnlocked, Only, Rule, Stroke
from cellpose_gui.canvas.tools.tool import CHANGES, CREATES


class Brush(PaintingTool):
    """Paints on background only and so runs under neighbours; with Ctrl over all that are not locked."""

    name = "brush"
    title = "Brush"
    help = "Paint: from a cell it grows that cell, from the background it makes one"
    shortcut = "P"
    gestures = (
        ("Drag from a cell", "extends that cell"),
        ("Drag from the background", "paints a new cell"),
        ("Ctrl+drag", "paints over neighbours too"),
    )
    nothing_done = "Nothing painted: cells are here already; Ctrl paints over them"

    def begin(self, pointer: Pointer, id_: int) -> tuple[Stroke, str] | None:
        document = self.host.document
        assert document is not None
        value = id_ or document.new_id()
        rule: Rule = AllUnlocked(document.objects, self.host.hidden) if pointer.ctrl else Only(0)
        text = f"Extend cell {id_}" if id_ else f"Paint cell {value}"
        return Stroke(document.labels[self.host.plane], value, rule), text

    def takes_others(self, pointer: Pointer) -> bool:
        return pointer.ctrl

    def colour_for(self, pointer: Pointer, id_: int) -> QColor:
        return CHANGES if id_ else CREATES
