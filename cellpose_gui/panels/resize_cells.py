"""Expand or shrink the selected cells by a number of pixels."""

from __future__ import annotations

from PyQt6.QtWidgets import QInputDialog

from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.canvas.selected_cells import SelectedCells

_MOST = 50  # pixels


def ask_resize(canvas: Canvas, selected: SelectedCells) -> None:
    """Asks for the pixels and does it; says so if no cell is selected."""
    if not selected.ids:
        canvas.say("Select a cell first")
        return
    dialog = QInputDialog(canvas.window())
    dialog.setWindowTitle("Expand or shrink")
    dialog.setLabelText("Pixels to add on every side of the selected cells.\nA negative number shrinks them.")
    dialog.setInputMode(QInputDialog.InputMode.IntInput)
    dialog.setIntRange(-_MOST, _MOST)
    dialog.setIntValue(2)
    dialog.intValueSelected.connect(selected.resize)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
