"""Plots of a training: how the loss falls and the share of right cells rises, and of all rounds so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyqtgraph as pg
from PyQt6.QtCore import QEvent, QPointF, QSize, Qt
from PyQt6.QtGui import QBrush, QColor, QLinearGradient, QPalette
from PyQt6.QtWidgets import QWidget

from cellpose_gui.panels.empty_words import EmptyWords

if TYPE_CHECKING:
    from model_core.training.learning_curve import LearningCurve
    from model_core.training.retraining import RetrainProgress

_GOOD_ON_LIGHT, _GOOD_ON_DARK = QColor("#1b8a5a"), QColor("#46eb8c")
_LEAST_MINUTES = 0.2  # that the axis of time shows
_LEAST_SPAN = 0.1  # of AP that the axis shows
_LINKED = (
    "AP on the held-out cells of the last round. Earlier rounds had other ones: they count by what each "
    "gained on its own."
)
_SOON = "The first values come in a moment."


class Plot(pg.PlotWidget):
    """A plot without controls in the colours of the theme."""

    _made = False  # Qt tells of palettes before there is anything to colour

    def __init__(self, title: str, below: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title, self._below = title, below
        self.empty = EmptyWords(self)
        self.setAccessibleName(title)
        self.setMenuEnabled(False)
        self.setMouseEnabled(False, False)
        self.hideButtons()
        self.setAntialiasing(True)
        self.setMinimumSize(150, 150)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for side in ("left", "bottom"):
            self.getAxis(side).setStyle(tickLength=-4)

    @property
    def line(self) -> QColor:
        return self.palette().color(QPalette.ColorRole.Link)

    @property
    def good(self) -> QColor:
        dark = self.palette().color(QPalette.ColorRole.Base).lightnessF() < 0.5
        return _GOOD_ON_DARK if dark else _GOOD_ON_LIGHT

    def sizeHint(self) -> QSize:
        return QSize(220, 170)  # that of a scene is as large as a window

    def recolour(self) -> None:
        """Takes the colours of the present theme."""
        text = self.palette().color(QPalette.ColorRole.Text)
        faint = QColor(text)
        faint.setAlphaF(0.25)
        self.setBackground(self.palette().color(QPalette.ColorRole.Base))
        self.setTitle(self._title, color=text, size="9pt")
        self.setLabel("bottom", self._below, color=text.name())
        for side in ("left", "bottom"):
            axis = self.getAxis(side)
            axis.setSIPrefixEnableRanges(())  # nobody reads thousandths of a minute; without this ...
            axis.enableAutoSIPrefix(False)  # ... it stays with the prefix that it has at this moment
            axis.setPen(pg.mkPen(faint))
            axis.setTextPen(pg.mkPen(text))

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if self._made and event is not None and event.type() == QEvent.Type.PaletteChange:
            self.recolour()


class LossPlot(Plot):
    """The loss, smoothed, over the minutes."""

    def __init__(self) -> None:
        super().__init__("Loss", "minutes")
        self._curve = self.plot()
        self._made = True
        self.recolour()

    def recolour(self) -> None:
        super().recolour()
        shade, none = QColor(self.line), QColor(self.line)
        shade.setAlphaF(0.30)
        none.setAlphaF(0.0)
        gradient = QLinearGradient(QPointF(0, 0), QPointF(0, 1))
        gradient.setCoordinateMode(QLinearGradient.CoordinateMode.ObjectMode)
        gradient.setColorAt(0, shade)
        gradient.setColorAt(1, none)
        self._curve.setPen(pg.mkPen(self.line, width=2))
        self._curve.setBrush(QBrush(gradient))

    def show_progress(self, progress: RetrainProgress | None, going: bool = True) -> None:
        """What is known so far; None and not `going`: words of what there will be."""
        history = () if progress is None else progress.history
        points = [(m.seconds / 60, m.loss) for m in history if m.loss is not None]
        self._curve.setData([x for x, _ in points], [y for _, y in points])
        idle = "The loss, how far the model is from your cells, is drawn here while it learns."
        self.empty.say("" if points else _SOON if going else idle)
        if points:
            self._curve.setFillLevel(min(y for _, y in points))


class ApPlot(Plot):
    """Average precision on held-out cells over the minutes; before dashed, the best with a star."""

    def __init__(self) -> None:
        super().__init__("Right on held-out cells (AP at IoU 0.5)", "minutes")
        where = {"position": 0.02, "anchors": [(0, 0), (0, 1)]}  # begins there, below the line or above it
        self._before = pg.InfiniteLine(angle=0, label="before", labelOpts=where)
        self.addItem(self._before)
        self._curve = self.plot(symbol="o", symbolSize=6)
        self._star = self.plot(pen=None, symbol="star", symbolSize=17)
        self._made = True
        self.recolour()

    def recolour(self) -> None:
        super().recolour()
        text = self.palette().color(QPalette.ColorRole.Text)
        self._before.setPen(pg.mkPen(text, width=1, style=Qt.PenStyle.DashLine))
        self._before.label.setColor(text)
        self._curve.setPen(pg.mkPen(self.good, width=2))
        self._curve.setSymbolBrush(self.good)
        self._curve.setSymbolPen(None)
        self._star.setSymbolBrush(QColor("#f2b134"))
        self._star.setSymbolPen(pg.mkPen(QColor("#7a5200"), width=1))

    def show_progress(self, progress: RetrainProgress | None, going: bool = True) -> None:
        """What is known so far; None and not `going`: words of what there will be."""
        history = () if progress is None else progress.history
        points = [(m.seconds / 60, m.ap) for m in history if m.ap is not None]
        before = None if progress is None else progress.ap_before
        self._curve.setData([x for x, _ in points], [y for _, y in points])
        idle = "How well the model finds cells that it did not learn from is drawn here, before and after."
        self.empty.say("" if points or before is not None else _SOON if going else idle)
        best = max(points, key=lambda point: point[1], default=None)
        self._star.setData(*(([best[0]], [best[1]]) if best else ([], [])))
        self._before.setVisible(before is not None)
        values = [y for _, y in points] + ([] if before is None else [before])
        if before is not None:
            self._before.setValue(before)
        self.setXRange(0, max([_LEAST_MINUTES, *(m.seconds / 60 for m in history)]), padding=0.02)
        self.setYRange(*_span(values), padding=0.05)


class RoundsPlot(Plot):
    """Average precision against the number of corrected cells, and what the next ones are likely to bring.

    Each round is judged on held-out cells of its own; `learning_curve` links them.
    """

    def __init__(self) -> None:
        super().__init__("Rounds so far", "corrected cells")
        self._fit, self._points = self.plot(), self.plot(symbol="o", symbolSize=9)
        self._made = True
        self.recolour()

    def recolour(self) -> None:
        super().recolour()
        self._fit.setPen(pg.mkPen(self.line, width=1.5, style=Qt.PenStyle.DashLine))
        self._points.setPen(pg.mkPen(self.good, width=2))
        self._points.setSymbolBrush(self.good)
        self._points.setSymbolPen(None)

    def show_curve(self, curve: LearningCurve | None) -> None:
        points = [] if curve is None else list(curve.points)
        fitted = [] if curve is None else list(curve.fitted)
        self._points.setData([x for x, _ in points], [y for _, y in points])
        self._fit.setData([x for x, _ in fitted], [y for _, y in fitted])
        self.setYRange(*_span([y for _, y in points + fitted]), padding=0.05)
        words = "" if curve is None else curve.in_words
        self.setToolTip(f"{words} {_LINKED}".strip())


def _span(values: Sequence[float]) -> tuple[float, float]:
    """What the axis of AP shows: all values, within 0..1, and never a hair's breadth."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    room = max(0.0, _LEAST_SPAN - (high - low)) / 2
    low, high = low - room, high + room
    return max(0.0, low - max(0.0, high - 1)), min(1.0, high - min(0.0, low))
