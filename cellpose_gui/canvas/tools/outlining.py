"""A cell from a closed line."""

from __future__ import annotations

import math

import numpy as np
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QImage, QPainter, QPainterPath

from cellpose_gui.canvas.tools.edits import finish_stroke
from cellpose_gui.canvas.tools.stroke import AllUnlocked, Only, Rule, Stroke
from cellpose_gui.canvas.tools.tool import ToolHost


def draw_cell(host: ToolHost, path: QPainterPath, over: bool, word: str) -> str:
    """Make a cell of everything that a path goes around, on background only or `over` unlocked neighbours.

    Returns words for the status bar.
    """
    document = host.document
    assert document is not None
    plane = document.labels[host.plane]
    top, left, mask = filled(path, *plane.shape)
    if not mask.any():
        return "Nothing drawn: the line goes around no pixel of the image"
    value = document.new_id()
    rule: Rule = AllUnlocked(document.objects, host.hidden) if over else Only(0)
    stroke = Stroke(plane, value, rule)
    stroke.add_mask(top, left, mask)
    if finish_stroke(document, host.plane, stroke, f"{word} cell {value}") is None:
        return "Nothing drawn: other cells are here already; Ctrl draws over them"
    return f"Cell {value} drawn"


def filled(path: QPainterPath, height: int, width: int) -> tuple[int, int, np.ndarray]:
    """The pixels whose centres lie inside a path, within an image of this size.

    Returns the first row and column of the mask, and the mask (bool, Y, X), as small as the path allows.
    """
    bounds = path.boundingRect()
    top, left = max(0, math.floor(bounds.top())), max(0, math.floor(bounds.left()))
    bottom, right = min(height, math.ceil(bounds.bottom())), min(width, math.ceil(bounds.right()))
    if top >= bottom or left >= right:
        return 0, 0, np.zeros((0, 0), bool)
    picture = QImage(right - left, bottom - top, QImage.Format.Format_Grayscale8)
    picture.fill(0)
    shape = path.translated(-left, -top)
    shape.setFillRule(Qt.FillRule.WindingFill)
    painter = QPainter(picture)
    painter.fillPath(shape, Qt.GlobalColor.white)
    painter.end()
    bits = picture.constBits()
    assert bits is not None
    lines = np.frombuffer(bits.asstring(picture.sizeInBytes()), np.uint8).reshape(
        bottom - top, picture.bytesPerLine()
    )
    return top, left, lines[:, : right - left] > 0
