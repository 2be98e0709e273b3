"""A bar of a round length in micrometres over the corner of the image."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PyQt6.QtWidgets import QWidget

from model_core.images.units import in_words, round_length

_WIDEST = 160.0  # logical pixels
_EDGE, _THICK = 10, 5


class ScaleBar(QWidget):
    """Lies in the lower left corner, lets the mouse through; hidden while the pixel size is unknown."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Scale bar")
        self._pixel_size: float | None = None
        self._wanted = True
        self._length = self._width = 0.0
        self.hide()

    @property
    def wanted(self) -> bool:
        """Whether it is shown wherever the pixel size is known."""
        return self._wanted

    @wanted.setter
    def wanted(self, wanted: bool) -> None:
        self._wanted = wanted
        self.setVisible(wanted and self._pixel_size is not None)

    def set_pixel_size(self, micrometres: float | None) -> None:
        self._pixel_size = micrometres if micrometres and micrometres > 0 else None
        self.wanted = self._wanted

    def follow(self, scale: float) -> None:
        """`scale`: logical pixels of the screen an image pixel."""
        parent = self.parentWidget()
        if self._pixel_size is None or parent is None or not scale > 0:
            return
        self._length = round_length(_WIDEST * self._pixel_size / scale)
        self._width = self._length / self._pixel_size * scale
        height = self.fontMetrics().height() + _THICK + 12
        self.setGeometry(_EDGE, parent.height() - height - _EDGE, int(_WIDEST) + 16, height)
        self.setAccessibleDescription(in_words(self._length))
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        ground = QRectF(0, 0, self._width + 16, self.height())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 150))
        painter.drawRoundedRect(ground, 4, 4)
        painter.setBrush(QColor(Qt.GlobalColor.white))
        painter.drawRect(QRectF(8, self.height() - _THICK - 5, self._width, _THICK))
        font = QFont(self.font())
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(Qt.GlobalColor.white))
        words = ground.adjusted(0, 2, 0, -_THICK - 5)
        painter.drawText(words, int(Qt.AlignmentFlag.AlignCenter), in_words(self._length))
