"""What the colours of the cells mean."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from cellpose_gui.canvas.colouring import Legend
from cellpose_gui.canvas.palettes import ramp

_STOPS = 16


class LegendView(QWidget):
    """A swatch and words for every kind, or the ramp with its two ends."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._legend: Legend | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_legend(self, legend: Legend | None) -> None:
        """None: colours mean nothing but that neighbours differ."""
        self._legend = legend
        self.setVisible(legend is not None)
        if legend is not None:
            self.setAccessibleName(f"Legend: {legend.title}")
            self.setAccessibleDescription("; ".join(self.lines()))
        self.updateGeometry()
        self.update()

    def lines(self) -> list[str]:
        """The legend in words."""
        if self._legend is None:
            return []
        ends = [f"{self._ends()[0]} to {self._ends()[1]}"] if self._legend.is_ramp else []
        return ends + [f"{words}: {count:,}" for _, words, count in self._legend.kinds]

    def sizeHint(self) -> QSize:
        rows = 0 if self._legend is None else len(self._legend.kinds) + 2 * self._legend.is_ramp
        return QSize(120, rows * self._row())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _row(self) -> int:
        return self.fontMetrics().lineSpacing() + 4

    def _ends(self) -> tuple[str, str]:
        assert self._legend is not None
        low, high = (f"{value:.4g}" for value in (self._legend.low, self._legend.high))
        return f"{low} {self._legend.unit}".strip(), f"{high} {self._legend.unit}".strip()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        if self._legend is None:
            return
        painter = QPainter(self)
        row, width, top = self._row(), self.width(), 0.0
        if self._legend.is_ramp:
            bar = QRectF(0, 3, width - 1, row - 6)
            gradient = QLinearGradient(QPointF(0, 0), QPointF(width, 0))
            colours = ramp()
            for stop in range(_STOPS + 1):
                red, green, blue = colours[stop * (len(colours) - 1) // _STOPS].tolist()
                gradient.setColorAt(stop / _STOPS, QColor(red, green, blue))
            painter.fillRect(bar, gradient)
            painter.drawRect(bar)
            low, high = self._ends()
            under = QRectF(0, row, width, row)
            painter.drawText(under, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), low)
            painter.drawText(under, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), high)
            top = 2 * row
        for colour, words, count in self._legend.kinds:
            painter.fillRect(QRectF(1, top + 3, row - 6, row - 6), QColor(*colour))
            painter.drawRect(QRectF(1, top + 3, row - 6, row - 6))
            text = QRectF(row + 4, top, width - row - 4, row)
            painter.drawText(text, int(Qt.AlignmentFlag.AlignVCenter), f"{words}: {count:,}")
            top += row
