"""Brightness, colour and visibility of each channel, with its histogram."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.canvas.channel_display import COLOURS, ChannelDisplay
from cellpose_gui.canvas.levels import auto_levels
from cellpose_gui.panels.focus import leave_keys_to_canvas

_BINS = 128
_SAMPLES = 100_000


class ChannelPanel(QScrollArea):
    """A row a channel; dragging the edges of the shaded band sets what is shown black and white."""

    def __init__(self, canvas: Canvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._rows: list[_ChannelRow] = []
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.rebuild()

    def rebuild(self) -> None:
        """Makes the rows anew for the document that the canvas shows."""
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(6, 6, 6, 6)
        self._rows = []
        document = self._canvas.document
        if document is not None:
            for index, display in enumerate(self._canvas.channels):
                plane = document.image.pixels[index, self._canvas.plane]  # type: ignore[attr-defined]
                row = _ChannelRow(index, display, plane, self)
                row.changed = self._apply
                self._rows.append(row)
                layout.addWidget(row)
        layout.addStretch(1)
        self.setWidget(body)

    def toggle(self, index: int) -> None:
        """Shows or hides a channel, as the keys R, G and B do; an image of one channel always shows it."""
        if index < len(self._rows) > 1:
            self._rows[index].visible.toggle()

    def _apply(self) -> None:
        self._canvas.channels = tuple(row.display for row in self._rows)


class _ChannelRow(QWidget):
    def __init__(self, index: int, display: ChannelDisplay, plane: np.ndarray, parent: QWidget) -> None:
        super().__init__(parent)
        self.display = display
        self.changed = lambda: None
        step = max(1, int(np.ceil(np.sqrt(plane.size / _SAMPLES))))
        self._sample = np.asarray(plane[::step, ::step])
        self.visible = QCheckBox(f"Channel {index + 1}")
        self.visible.setChecked(display.visible)
        self.visible.toggled.connect(lambda on: self._change(visible=on))
        colours = QComboBox()
        colours.setAccessibleName(f"Colour of channel {index + 1}")
        colours.addItems(list(COLOURS))
        colours.setMinimumContentsLength(6)
        colours.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        colours.setCurrentText(str(display.colour))
        colours.currentTextChanged.connect(lambda name: self._change(colour=name))
        auto = QToolButton()
        auto.setText("Auto")
        auto.setToolTip("Set black and white from the plane that is shown")
        auto.clicked.connect(self._auto)
        leave_keys_to_canvas(self.visible, colours, auto)
        top = QHBoxLayout()
        top.addWidget(self.visible, 1)
        top.addWidget(colours)
        top.addWidget(auto)
        self._band = pg.LinearRegionItem((display.black, display.white), brush=(47, 127, 209, 60))
        self._band.sigRegionChanged.connect(self._band_moved)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 8)
        layout.addLayout(top)
        layout.addWidget(self._histogram())

    def _histogram(self) -> QWidget:
        finite = self._sample[np.isfinite(self._sample)] if self._sample.dtype.kind == "f" else self._sample
        values = finite.ravel().astype(np.float64) if finite.size else np.zeros(1)
        counts, edges = np.histogram(values, _BINS)
        plot = pg.PlotWidget(background=None)
        plot.setFixedHeight(64)
        plot.setMinimumWidth(0)
        plot.setMouseEnabled(False, False)
        plot.hideButtons()
        plot.setMenuEnabled(False)
        plot.hideAxis("left")
        plot.getAxis("bottom").setStyle(tickLength=-4)
        text = QApplication.palette().color(QPalette.ColorRole.WindowText)
        plot.getAxis("bottom").setTextPen(text)
        plot.plot(
            edges, np.log1p(counts), stepMode="center", fillLevel=0, pen=None, brush=(*text.getRgb()[:3], 110)
        )
        plot.addItem(self._band)
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return plot

    def _auto(self) -> None:
        self._band.setRegion(auto_levels(self._sample))

    def _band_moved(self) -> None:
        black, white = self._band.getRegion()
        if white > black:
            self._change(black=float(black), white=float(white))

    def _change(self, **changes: object) -> None:
        self.display = replace(self.display, **changes)  # type: ignore[arg-type]
        self.changed()
