"""A histogram or a scatter plot of the cells, with a gate that selects."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QBrush, QColor, QPainterPath, QPalette, QPen, QPolygonF
from PyQt6.QtWidgets import QApplication, QGraphicsPathItem, QWidget

from cellpose_gui.panels.empty_words import EmptyWords

_FEWEST_BINS, _BINS = 10, 60
_FEW = 4000  # cells that are drawn as points; more become a picture of how many lie where
_GRID = (220, 160)  # columns and rows of that picture


class GateBox(pg.ViewBox):
    """A left drag draws a gate: a box, with Alt or `lasso` a line around; a right or middle drag moves."""

    gated = pyqtSignal(object)  # QPainterPath in the values of the axes; None: a click, no gate

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.lasso = False
        self.across_only = False  # a gate spans the whole height
        self._line: QPolygonF | None = None
        self._outline = QGraphicsPathItem()
        self._outline.setZValue(100)
        self.addItem(self._outline, ignoreBounds=True)

    def show_gate(self, path: QPainterPath | None) -> None:
        colour = QApplication.palette().color(QPalette.ColorRole.Highlight)
        pen = QPen(colour, 2)
        pen.setCosmetic(True)
        self._outline.setPen(pen)
        colour.setAlphaF(0.12)
        self._outline.setBrush(colour)
        self._outline.setPath(path or QPainterPath())

    def mouseDragEvent(self, ev, axis=None) -> None:  # type: ignore[no-untyped-def]
        if ev.button() != Qt.MouseButton.LeftButton:
            super().mouseDragEvent(ev, axis)
            return
        ev.accept()
        start, here = self.mapToView(ev.buttonDownPos()), self.mapToView(ev.pos())
        drawn = self.lasso or bool(ev.modifiers() & Qt.KeyboardModifier.AltModifier)
        if ev.isStart():
            self._line = QPolygonF([start]) if drawn and not self.across_only else None
        path = QPainterPath()
        if self._line is not None:
            self._line.append(here)
            path.addPolygon(self._line)
            path.closeSubpath()
        else:
            box = QRectF(start, here).normalized()
            if self.across_only:
                view = self.viewRect()
                box.setTop(min(0.0, view.top()))
                box.setBottom(view.bottom())
            path.addRect(box)
        self.show_gate(path)
        if ev.isFinish():
            self._line = None
            self.gated.emit(path)

    def mouseClickEvent(self, ev) -> None:  # type: ignore[no-untyped-def]
        if ev.button() == Qt.MouseButton.LeftButton:
            ev.accept()
            if ev.double():
                self.autoRange()
            else:
                self.show_gate(None)
                self.gated.emit(None)


class _Axis(pg.AxisItem):
    """Numbers as the table writes them, whole ones where cells are counted."""

    counts = False

    def __init__(self, side: str) -> None:
        super().__init__(side)
        self.setSIPrefixEnableRanges(())  # nobody reads thousandths of an eccentricity
        self.enableAutoSIPrefix(False)

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        spacing = super().tickSpacing(low, high, size)
        if not self.counts:
            return spacing
        return [(step, first) for step, first in spacing if step >= 1] or [(1, 0)]


class ObjectPlot(pg.PlotWidget):
    """`show_values` draws, `show_selected` marks some of what is drawn, `gated` tells what a gate holds."""

    gated = pyqtSignal(object)  # bool (N,), a cell; None: no gate any more

    def __init__(self, parent: QWidget | None = None) -> None:
        self.gate = GateBox()
        self._upwards = _Axis("left")
        axes = {"left": self._upwards, "bottom": _Axis("bottom")}
        super().__init__(parent, viewBox=self.gate, axisItems=axes)
        self.setAccessibleName("Plot of the cells")
        self.empty = EmptyWords(self)
        self.gate.gated.connect(self._take)
        self._x = np.zeros(0)
        self._y: np.ndarray | None = None
        self._colours: np.ndarray | None = None
        self._selected = np.zeros(0, bool)
        self._edges = np.zeros(0)
        self._bars = pg.BarGraphItem(x0=[], x1=[], height=[])
        self._marked_bars = pg.BarGraphItem(x0=[], x1=[], height=[])
        self._points = pg.ScatterPlotItem(pxMode=True, size=5, pen=None)
        self._marked = pg.ScatterPlotItem(pxMode=True, size=7, pen=None)
        self._density, self._marked_density = pg.ImageItem(), pg.ImageItem()
        for item in (
            self._bars, self._marked_bars, self._density, self._points, self._marked_density, self._marked
        ):  # fmt: skip
            self.addItem(item)
        self.getPlotItem().hideButtons()
        self.recolour()

    def recolour(self) -> None:
        """Takes over the colours of the theme."""
        palette = QApplication.palette()
        self.setBackground(palette.color(QPalette.ColorRole.Base))
        text = palette.color(QPalette.ColorRole.Text)
        for side in ("left", "bottom"):
            axis = self.getPlotItem().getAxis(side)
            axis.setPen(text)
            axis.setTextPen(text)
        self._draw()

    def show_values(
        self,
        x: np.ndarray,
        y: np.ndarray | None,
        x_title: str,
        y_title: str,
        fit: bool = True,
        colours: np.ndarray | None = None,
    ) -> None:
        """Numbers (N,) of all cells; a histogram of `x` if there is no `y`. NaN is left out.

        `fit` shows all of it; otherwise the view and the gate stay where they are. `colours`: uint8 (N, 3) of
        the points, where these mean something; black points have the colour of the text.
        """
        self._colours = colours
        self._x, self._y = np.asarray(x, np.float64), None if y is None else np.asarray(y, np.float64)
        self.gate.across_only = self._upwards.counts = y is None
        self.setLabel("bottom", x_title)
        self.setLabel("left", y_title)
        if len(self._selected) != len(x):
            self._selected = np.zeros(len(x), bool)
        self._draw()
        if fit:
            self.gate.show_gate(None)
            self.gate.autoRange()

    def show_selected(self, selected: np.ndarray) -> None:
        """Bool (N,): these are drawn in another colour."""
        self._selected = selected
        self._draw_selected()

    @property
    def shows_any(self) -> bool:
        """Whether a cell has all the values that are plotted."""
        return bool(self._known.any())

    def inside(self, path: QPainterPath) -> np.ndarray:
        """Bool (N,): which cells lie in a gate."""
        box = path.boundingRect()
        held = (self._x >= box.left()) & (self._x <= box.right())
        if self._y is None:
            return held
        held &= (self._y >= box.top()) & (self._y <= box.bottom())
        polygon = path.toFillPolygon()
        if len(polygon) != 5 or not _is_box(polygon):
            rows = np.flatnonzero(held)
            held[rows] = _in_polygon(self._x[rows], self._y[rows], polygon)
        return held

    def _take(self, path: QPainterPath | None) -> None:
        self.gated.emit(None if path is None else self.inside(path))

    def _draw(self) -> None:
        colour = QApplication.palette().color(QPalette.ColorRole.Text)
        colour.setAlphaF(0.55)
        self._colour = colour
        self._accent = QApplication.palette().color(QPalette.ColorRole.Highlight)
        known = np.isfinite(self._x) if self._y is None else np.isfinite(self._x) & np.isfinite(self._y)
        histogram = self._y is None
        points = not histogram and int(known.sum()) <= _FEW
        for item, used in (
            (self._bars, histogram), (self._marked_bars, histogram), (self._points, points),
            (self._marked, points), (self._density, not histogram and not points),
            (self._marked_density, not histogram and not points),
        ):  # fmt: skip
            item.setVisible(used)
        self._known, self._as_points = known, points
        if histogram:
            values = self._x[known]
            bins = min(_BINS, max(_FEWEST_BINS, round(2 * len(values) ** 0.5)))
            self._edges = np.histogram_bin_edges(values, bins) if len(values) else np.linspace(0, 1, 2)
            self._set_bars(self._bars, values, colour)
        elif points:
            assert self._y is not None
            self._points.setData(self._x[known], self._y[known], brush=self._brushes(known, colour))
        else:
            self._set_density(self._density, known, colour)
        self._draw_selected()

    def _draw_selected(self) -> None:
        if len(self._selected) != len(self._x):
            return
        chosen = self._selected & self._known
        if self._y is None:
            self._set_bars(self._marked_bars, self._x[chosen], self._accent)
        elif self._as_points:
            ring = pg.mkPen(self._accent, width=2)
            self._marked.setData(
                self._x[chosen], self._y[chosen], pen=ring, brush=self._brushes(chosen, self._accent)
            )
        else:
            self._set_density(self._marked_density, chosen, self._accent)

    def _set_bars(self, bars: pg.BarGraphItem, values: np.ndarray, colour: QColor) -> None:
        limits = float(self._edges[0]), float(self._edges[-1])
        counts, edges = np.histogram(values, len(self._edges) - 1, limits)  # with edges it would sort all
        bars.setOpts(x0=edges[:-1], x1=edges[1:], height=counts, brush=pg.mkBrush(colour), pen=None)

    def _brushes(self, rows: np.ndarray, usual: QColor) -> QBrush | list[QBrush]:
        """Of the points of some cells."""
        if self._colours is None:
            return pg.mkBrush(usual)
        brushes: dict[tuple[int, ...], QBrush] = {(0, 0, 0): pg.mkBrush(usual)}
        colours = [tuple(colour) for colour in self._colours[rows].tolist()]
        for colour in set(colours) - brushes.keys():
            brushes[colour] = pg.mkBrush(*colour, 200)
        return [brushes[colour] for colour in colours]

    def _set_density(self, item: pg.ImageItem, rows: np.ndarray, colour: QColor) -> None:
        """How many cells lie where, the more the stronger; on one grid for all and for the selected ones."""
        assert self._y is not None
        if not self._known.any():
            item.clear()
            return
        x, y = self._x[self._known], self._y[self._known]
        low, high = np.array([x.min(), y.min()]), np.array([x.max(), y.max()])
        span = np.where(high > low, high - low, 1.0)
        place = [
            np.minimum(((values[rows] - start) / length * cells).astype(np.int64), cells - 1)
            for values, start, length, cells in zip((self._x, self._y), low, span, _GRID, strict=True)
        ]
        place_of = place[0] * _GRID[1] + place[1]
        counts = np.bincount(place_of, minlength=_GRID[0] * _GRID[1]).reshape(_GRID)
        picture = np.zeros((*_GRID, 4), np.uint8)
        usual = np.array(colour.getRgb()[:3])
        picture[..., :3] = usual
        if self._colours is not None and item is self._density:  # where several classes lie, their mean
            own = self._colours[rows]
            for channel in range(3):
                values = np.where(own.any(axis=1), own[:, channel], usual[channel])
                sums = np.bincount(place_of, values, _GRID[0] * _GRID[1]).reshape(_GRID)
                picture[..., channel] = sums / np.maximum(counts, 1)
        strength = np.log1p(counts) / max(float(np.log1p(counts).max()), 1e-9)
        picture[..., 3] = np.where(counts > 0, 60 + 195 * strength, 0)
        item.setImage(picture, autoLevels=False, levels=None)
        item.setRect(QRectF(low[0], low[1], span[0], span[1]))


def _corners(polygon: QPolygonF) -> list[QPointF]:
    return [polygon.at(place) for place in range(polygon.count())]


def _is_box(polygon: QPolygonF) -> bool:
    corners = {(point.x(), point.y()) for point in _corners(polygon)}
    return len({x for x, _ in corners}) == 2 and len({y for _, y in corners}) == 2


def _in_polygon(x: np.ndarray, y: np.ndarray, polygon: QPolygonF) -> np.ndarray:
    """Whether points lie in a polygon: a ray from each crosses an odd number of its sides."""
    corners = [(point.x(), point.y()) for point in _corners(polygon)]
    order = np.argsort(y)  # so that each side looks at those points only that lie at its height
    x, y = x[order], y[order]
    odd = np.zeros(len(x), bool)
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if y0 != y1:
            low, high = np.searchsorted(y, (min(y0, y1), max(y0, y1)))
            beside = slice(low, high)
            odd[beside] ^= x[beside] < (x1 - x0) * (y[beside] - y0) / (y1 - y0) + x0
    inside = np.empty(len(x), bool)
    inside[order] = odd
    return inside
