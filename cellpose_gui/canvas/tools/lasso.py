"""Lasso: a line around cells selects them."""

from __future__ import annotations

from PyQt6.QtCore import Qt

from cellpose_gui.canvas.tools.select import Select


class Lasso(Select):
    """Like select, but every drag draws a line; for desktops on which Alt and drag moves the window."""

    name = "lasso"
    title = "Lasso"
    help = "Draw around cells to select them; Shift adds"
    shortcut = "L"
    gestures = (
        ("Drag", "selects the cells in a line drawn around them"),
        ("Shift+drag", "adds them"),
    )
    cursor = Qt.CursorShape.CrossCursor
    lasso = True
