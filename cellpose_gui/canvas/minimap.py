"""The whole image in a corner, with a frame around the part that is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QWidget

_SIDE = 150  # logical pixels of the longer side
_EDGE = 10
_REST = 60  # ms: many changes of levels make one picture


class Minimap(QWidget):
    """Lies in the lower right corner while some of the image is out of view. A click or drag goes there."""

    moved_to = pyqtSignal(QPointF)  # image coordinates that shall be in the middle

    def __init__(self, parent: QWidget, picture: Callable[[int], np.ndarray | None]) -> None:
        """`picture(side)` draws the whole image, its longer side so many pixels: uint32 0xffRRGGBB."""
        super().__init__(parent)
        self.setAccessibleName("Overview of the image")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._picture = picture
        self._drawn = QImage()
        self._image, self._shown = QRectF(), QRectF()
        self._wanted = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._draw)
        self.hide()

    @property
    def wanted(self) -> bool:
        """Whether it is shown while some of the image is out of view."""
        return self._wanted

    @wanted.setter
    def wanted(self, wanted: bool) -> None:
        self._wanted = wanted
        self._place()

    def set_image_size(self, height: int, width: int) -> None:
        self._image = QRectF(0, 0, width, height)
        self.refresh()

    def refresh(self) -> None:
        """The image looks different now."""
        self._rest.start()

    def follow(self, shown: QRectF) -> None:
        """`shown`: the part in view, in image coordinates."""
        self._shown = shown
        self._place()
        self.update()

    def _place(self) -> None:
        parent = self.parentWidget()
        needed = not self._image.isEmpty() and not self._shown.contains(self._image)
        self.setVisible(self._wanted and needed)
        if parent is None or not needed:
            return
        scale = _SIDE / max(self._image.width(), self._image.height())
        width, height = (
            max(8, round(self._image.width() * scale)),
            max(8, round(self._image.height() * scale)),
        )
        self.setGeometry(parent.width() - width - _EDGE, parent.height() - height - _EDGE, width, height)

    def _draw(self) -> None:
        colours = self._picture(round(_SIDE * self.devicePixelRatioF()))
        if colours is None:
            self._drawn = QImage()
            return
        height, width = colours.shape
        data = np.ascontiguousarray(colours)
        borrowed = QImage(cast(bytes, data.data), width, height, 4 * width, QImage.Format.Format_RGB32)
        self._drawn = borrowed.copy()
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.drawImage(QRectF(self.rect()), self._drawn)
        scale = self.width() / max(self._image.width(), 1)
        shown = self._shown & self._image
        frame = QRectF(shown.x() * scale, shown.y() * scale, shown.width() * scale, shown.height() * scale)
        for colour, width in ((QColor(0, 0, 0), 3), (QColor(255, 255, 255), 1)):
            painter.setPen(QPen(colour, width))
            painter.drawRect(frame.adjusted(1, 1, -2, -2))
        painter.setPen(QColor(128, 128, 128))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        self.moved_to.emit(event.position() * (self._image.width() / max(self.width(), 1)))

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.mousePressEvent(event)
