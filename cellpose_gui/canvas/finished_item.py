"""The finished regions of the plane that is shown: hatched, with a dashed outline."""

from __future__ import annotations

import pyqtgraph as pg
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPolygonF, QTransform
from PyQt6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from model_core.annotation.finished import Regions

_LINE, _HALO = QColor(70, 235, 140), QColor(0, 0, 0, 150)
_HATCH = QColor(70, 235, 140, 70)
_DASHES = [5.0, 3.0]  # in widths of the line


class FinishedItem(pg.GraphicsObject):
    """Lies below the cells; lines and hatches are as wide at every zoom."""

    def __init__(self) -> None:
        super().__init__()
        self._extent = QRectF()
        self._regions: Regions = ()
        self._plane = 0
        self._path = QPainterPath()

    def set_extent(self, height: int, width: int) -> None:
        """The size of the image in pixels."""
        self.prepareGeometryChange()
        self._extent = QRectF(0, 0, width, height)

    def set_regions(self, regions: Regions) -> None:
        before, self._regions = self._regions, regions
        if before and regions[: len(before)] == before:  # uniting all again takes long when there are many
            self._unite(regions[len(before) :])
        else:
            self._collect()

    def set_plane(self, plane: int) -> None:
        self._plane = plane
        self._collect()

    def _collect(self) -> None:
        self._path = QPainterPath()
        self._unite(self._regions)

    def _unite(self, regions: Regions) -> None:
        for region in regions:
            if region.planes[0] <= self._plane < region.planes[1]:
                corners = QPainterPath()
                corners.addPolygon(QPolygonF([QPointF(x, y) for x, y in region.points]))
                corners.closeSubpath()
                if self._path.intersects(corners.boundingRect()):
                    self._path |= corners
                else:
                    self._path.addPath(corners)
        self.update()

    def boundingRect(self) -> QRectF:
        return self._extent

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        if self._path.isEmpty():
            return
        on_screen = painter.worldTransform().map(self._path)
        painter.save()
        painter.setWorldTransform(QTransform())
        painter.fillPath(on_screen, QBrush(_HATCH, Qt.BrushStyle.BDiagPattern))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for colour, width in ((_HALO, 3.0), (_LINE, 1.5)):
            pen = QPen(colour, width)
            if colour is _LINE:
                pen.setDashPattern(_DASHES)
            painter.strokePath(on_screen, pen)
        painter.restore()
