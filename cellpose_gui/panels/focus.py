"""Keeps the keyboard where the work is."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QWidget


def leave_keys_to_canvas(*widgets: QWidget) -> None:
    """A click on these does not take the keyboard from the canvas; the Tab key still reaches them."""
    for widget in widgets:
        widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
