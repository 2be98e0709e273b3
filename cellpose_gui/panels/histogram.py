"""The values of a channel as bars, with the two levels on them to drag."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PyQt6.QtWidgets import QSizePolicy, QWidget

from cellpose_gui.canvas.levels import SAMPLE, auto_levels
from model_core.images.lazy import Pixels

_BINS = 128
_REACH = 8  # logical pixels from a level within which a press takes it


@dataclass(frozen=True, eq=False)
class Histogram:
    """Counts of equal bins from `low` to `high`, and the levels that `auto_levels` would choose."""

    counts: np.ndarray
    low: float
    high: float
    auto: tuple[float, float]


def histogram_of(plane: Pixels) -> Histogram:
    """Of a subsample of a (Y, X) plane, without NaN and infinity; for a worker."""
    step = max(1, int(np.ceil(np.sqrt(plane.size / SAMPLE))))
    sample = np.asarray(plane[::step, ::step]).ravel().astype(np.float64)
    sample = sample[np.isfinite(sample)]
    bins = _BINS
    if plane.dtype.kind in "iub" and sample.size:  # as many whole values in each bin, or gaps would show
        values = int(sample.max()) - int(sample.min()) + 1
        bins = -(-values // -(-values // _BINS))
    counts, edges = np.histogram(sample if sample.size else np.zeros(1), bins)
    return Histogram(counts, float(edges[0]), float(edges[-1]), auto_levels(plane))


class HistogramView(QWidget):
    """A press near a level takes it along; everything between the two is shown in shades."""

    levels_dragged = pyqtSignal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Histogram of the channel")
        self.setToolTip("Drag the lines: left of the first all is black, right of the second white")
        self.setCursor(Qt.CursorShape.SizeHorCursor)
        self._histogram: Histogram | None = None
        self._levels = [0.0, 1.0]
        self._held: int | None = None

    def show_histogram(self, histogram: Histogram | None) -> None:
        self._histogram = histogram
        self.update()

    def show_levels(self, black: float, white: float) -> None:
        self._levels = [black, white]
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(160, 4 * self.fontMetrics().lineSpacing())

    def _ends(self) -> tuple[float, float]:
        """The values at the left and right edge: all that there are, and the levels."""
        low, high = min(self._levels), max(self._levels)
        if self._histogram is not None:
            low, high = min(low, self._histogram.low), max(high, self._histogram.high)
        return low, high if high > low else low + 1

    def _at(self, value: float) -> float:
        low, high = self._ends()
        return (value - low) / (high - low) * (self.width() - 1)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().base())
        text = self.palette().color(QPalette.ColorRole.WindowText)
        if (histogram := self._histogram) is not None:
            bars = np.log1p(histogram.counts)
            bars = bars / max(float(bars.max()), 1e-9) * (self.height() - 2)
            left, right = self._at(histogram.low), self._at(histogram.high)
            width = (right - left) / len(bars)
            shade = QColor(text)
            shade.setAlphaF(0.55)
            for place, bar in enumerate(bars.tolist()):
                painter.fillRect(
                    QRectF(left + place * width, self.height() - bar, max(width, 1.0), bar), shade
                )
        black, white = (self._at(value) for value in self._levels)
        band = self.palette().color(QPalette.ColorRole.Highlight)
        painter.setPen(QPen(band, 2))
        for x in (black, white):
            x = min(max(x, 1.0), self.width() - 1.0)
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        band.setAlphaF(0.18)
        painter.fillRect(QRectF(black, 0, white - black, self.height()), band)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        x = event.position().x()
        away = [abs(self._at(value) - x) for value in self._levels]
        self._held = away.index(min(away)) if min(away) <= _REACH else None

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        if self._held is None:
            return
        low, high = self._ends()
        value = low + event.position().x() / max(self.width() - 1, 1) * (high - low)
        least = (high - low) / 1000  # the levels never meet
        if self._held == 0:
            self._levels[0] = min(max(value, low), self._levels[1] - least)
        else:
            self._levels[1] = max(min(value, high), self._levels[0] + least)
        self.update()
        self.levels_dragged.emit(*self._levels)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        self._held = None
