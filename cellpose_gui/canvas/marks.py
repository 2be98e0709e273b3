"""Thin lines above everything: the ring of the brush, the outline being drawn, the box being dragged."""

from __future__ import annotations

import pyqtgraph as pg
from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPainterPath, QPen
from PyQt6.QtWidgets import QStyleOptionGraphicsItem, QWidget

_DASHES = [4.0, 3.0]  # in widths of the line
_REACH = 3  # logical pixels that a line and its halo cover beside the path


class Mark(pg.GraphicsObject):
    """A path in image coordinates, drawn as a line of constant width with a dark halo that shows on any
    image."""

    def __init__(self, fill_opacity: float = 0.0) -> None:
        super().__init__()
        self._path = QPainterPath()
        self._colour = QColor("white")
        self._fill_opacity = fill_opacity
        self._reach = 0.0
        self._fill, self._dashed = True, False

    def show_path(
        self,
        path: QPainterPath,
        colour: QColor,
        pixel_size: float,
        fill: bool = True,
        dashed: bool = False,
    ) -> None:
        """Show `path`; `pixel_size` is the length of a logical pixel in image coordinates."""
        self.prepareGeometryChange()
        self._path, self._colour, self._reach = path, colour, _REACH * pixel_size
        self._fill, self._dashed = fill, dashed
        self.update()

    def clear(self) -> None:
        if not self._path.isEmpty():
            self.prepareGeometryChange()
            self._path = QPainterPath()

    def boundingRect(self) -> QRectF:
        if self._path.isEmpty():
            return QRectF()
        return self._path.boundingRect().adjusted(-self._reach, -self._reach, self._reach, self._reach)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._fill and self._fill_opacity:
            tint = QColor(self._colour)
            tint.setAlphaF(self._fill_opacity)
            painter.fillPath(self._path, tint)
        device = painter.device()
        ratio = 1.0 if device is None else device.devicePixelRatioF()  # cosmetic pens count device pixels
        for colour, width in ((QColor(0, 0, 0, 170), 4.0), (self._colour, 2.0)):
            pen = QPen(colour, width * ratio)
            pen.setCosmetic(True)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            if self._dashed and colour is self._colour:
                pen.setCapStyle(Qt.PenCapStyle.FlatCap)
                pen.setDashPattern(_DASHES)
            painter.setPen(pen)
            painter.drawPath(self._path)
