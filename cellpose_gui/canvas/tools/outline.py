"""Outline: draw around a cell; the outline closes and is filled at release."""

from __future__ import annotations

import math

import numpy as np
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QImage, QPainter, QPainterPath

from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.tools.edits import finish_stroke
from cellpose_gui.canvas.tools.stroke import AllUnlocked, Only, Rule, Stroke
from cellpose_gui.canvas.tools.tool import CREATES, Tool, ToolHost


class Outline(Tool):
    """Always makes a new cell, on background only, with Ctrl over neighbours that are not locked.

    Where the outline crosses itself, everything that it goes around counts as inside (non-zero winding). Of
    parts that do not touch the largest stays. It may leave the image; the cell is clipped there.
    """

    name = "outline"
    title = "Outline"
    help = "Draw around a cell"
    shortcut = "O"
    gestures = (
        ("Drag", "draws around a new cell"),
        ("Ctrl+drag", "takes from neighbours too"),
    )
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, host: ToolHost) -> None:
        super().__init__(host)
        self._path: QPainterPath | None = None
        self._over = False

    @property
    def busy(self) -> bool:
        return self._path is not None

    def press(self, pointer: Pointer) -> None:
        self.cancel()
        if self.host.document is not None:
            self._path = QPainterPath(QPointF(pointer.x, pointer.y))
            self._over = pointer.ctrl

    def drag(self, pointer: Pointer) -> None:
        if self._path is not None:
            self._path.lineTo(pointer.x, pointer.y)
            self.host.show_shape(self._path, CREATES)

    def release(self, pointer: Pointer) -> None:
        path, document = self._path, self.host.document
        self.cancel()
        if path is None or document is None:
            return
        path.lineTo(pointer.x, pointer.y)
        plane = document.labels[self.host.plane]
        top, left, mask = filled(path, *plane.shape)
        if not mask.any():
            return
        value = document.new_id()
        rule: Rule = AllUnlocked(document.objects) if self._over else Only(0)
        stroke = Stroke(plane, value, rule)
        stroke.add_mask(top, left, mask)
        finish_stroke(document, self.host.plane, stroke, f"Outline cell {value}")

    def cancel(self) -> None:
        self._path = None
        self.host.show_shape(None)


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
