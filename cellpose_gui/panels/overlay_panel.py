"""How the labels are drawn over the image."""

from __future__ import annotations

from dataclasses import replace

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QCheckBox, QFormLayout, QSizePolicy, QSlider, QWidget

from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.panels.focus import leave_keys_to_canvas


class OverlayPanel(QWidget):
    """Fill, outlines, and showing labels at all."""

    def __init__(self, canvas: Canvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self.labels = QCheckBox("Show labels")
        self.labels.setToolTip("Show or hide all labels")
        self.labels.setChecked(canvas.overlay.visible)
        self.labels.toggled.connect(lambda on: self._change(visible=on))
        self.outlines = QCheckBox("Outlines")
        self.outlines.setToolTip("Draw the outline of each cell")
        self.outlines.setChecked(canvas.overlay.outlines)
        self.outlines.toggled.connect(lambda on: self._change(outlines=on))
        fill = self._slider("Opacity of the fill", canvas.overlay.fill_opacity)
        fill.valueChanged.connect(lambda value: self._change(fill_opacity=value / 100))
        line = self._slider("Opacity of the outlines", canvas.overlay.outline_opacity)
        line.valueChanged.connect(lambda value: self._change(outline_opacity=value / 100))
        leave_keys_to_canvas(self.labels, self.outlines, fill, line)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        form = QFormLayout(self)
        form.addRow(self.labels)
        form.addRow("Fill", fill)
        form.addRow(self.outlines, line)

    def toggle_labels(self) -> None:
        self.labels.toggle()

    def toggle_outlines(self) -> None:
        self.outlines.toggle()

    def _slider(self, name: str, opacity: float) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, 100)
        slider.setValue(round(100 * opacity))
        slider.setAccessibleName(name)
        return slider

    def _change(self, **changes: object) -> None:
        self._canvas.overlay = replace(self._canvas.overlay, **changes)  # type: ignore[arg-type]
