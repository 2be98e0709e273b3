"""A graphics item that computes exactly the device pixels which have to be repainted."""

from __future__ import annotations

from abc import abstractmethod
from typing import cast

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QPointF, QRectF
from PyQt6.QtGui import QImage, QPainter
from PyQt6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from cellpose_gui.canvas.sampling import PixelGrid, pixel_grid
from cellpose_gui.canvas.scrolling import Picture, scrolled


class ScreenItem(pg.GraphicsObject):
    """Shows a (Y, X) source by sampling it at the device pixels of the exposed rectangle.

    The cost of a repaint follows the number of exposed pixels and never the size of the source; when the
    view is only moved, the number of pixels that come into sight. The item
    covers [0, width] x [0, height]; image pixel (0, 0) covers [0, 1] x [0, 1].
    """

    shifts = True  # whether a picture looks the same wherever on the screen it is painted
    margin = 0  # device pixels around the exposed rectangle that `render` wants to see
    image_format = QImage.Format.Format_RGB32

    def __init__(self) -> None:
        super().__init__()
        self._height = self._width = 0
        self._last: Picture | None = None
        # Without this flag Qt hands over the whole item as exposed, whatever changed.
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)

    def set_extent(self, height: int, width: int) -> None:
        """The size of the source in pixels; repaints everything."""
        self.prepareGeometryChange()
        self._height, self._width = height, width
        self.update()

    def update(self, *area: QRectF) -> None:
        """Repaint everything, or an area, because it looks different now."""
        self._last = None
        super().update(*area)

    def _colours(self, grid: PixelGrid) -> np.ndarray | None:
        colours = None
        if self._last is not None:
            colours = scrolled(self._last, grid, self.margin, self.render)
        if colours is None:
            colours = self.render(grid)
        self._last = None if colours is None or not self.shifts else Picture(grid, colours)
        return colours

    def boundingRect(self) -> QRectF:
        return QRectF(0, 0, self._width, self._height)

    @abstractmethod
    def render(self, grid: PixelGrid) -> np.ndarray | None:
        """The colours of `grid` without its margin: uint32 0xAARRGGBB in C order; None paints nothing."""

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        device = painter.device()
        assert device is not None  # a painter that paints has one
        ratio = device.devicePixelRatioF()
        exposed = option.exposedRect & self.boundingRect()
        grid = pixel_grid(painter.worldTransform(), ratio, exposed, self._height, self._width, self.margin)
        colours = None if grid is None else self._colours(grid)
        if grid is None or colours is None:
            return
        height, width = colours.shape
        # The picture borrows the memory of `colours`, which lives to the end of this function.
        picture = QImage(cast(bytes, colours.data), width, height, 4 * width, self.image_format)
        picture.setDevicePixelRatio(ratio)
        painter.save()
        painter.resetTransform()
        painter.drawImage(
            QPointF((grid.left + self.margin) / ratio, (grid.top + self.margin) / ratio), picture
        )
        painter.restore()
