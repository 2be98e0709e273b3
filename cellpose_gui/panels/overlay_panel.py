"""How the cells are drawn over the image."""

from __future__ import annotations

from dataclasses import replace

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QSizePolicy, QSlider, QWidget

from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.canvas.colour_by import EACH
from cellpose_gui.canvas.colouring import Colouring
from cellpose_gui.canvas.palettes import PALETTES
from cellpose_gui.panels.focus import leave_keys_to_canvas
from cellpose_gui.panels.legend import LegendView


class OverlayPanel(QWidget):
    """Fill, outlines, numbers, a second outline; what colours mean, with a legend."""

    comparison_asked = pyqtSignal(bool)  # show the model's previous result, or take it away

    def __init__(self, canvas: Canvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        style = canvas.overlay
        self.labels = self._check("Show cells", "Show or hide all cells")
        self.labels.toggled.connect(lambda on: self._change(visible=on))
        self.outlines = self._check("Outlines", "Draw the outline of each cell")
        self.outlines.toggled.connect(lambda on: self._change(outlines=on))
        self.numbers = self._check("Numbers", "Write the number of each cell that is large enough on screen")
        self.numbers.toggled.connect(self._show_numbers)
        self.comparison = self._check(
            "Second result",
            "White dashed outlines: what “Compare” shows, or the cells before the last run of the model",
        )
        self.comparison.clicked.connect(self.comparison_asked)
        fill = self._slider("Opacity of the fill", style.fill_opacity)
        fill.valueChanged.connect(lambda value: self._change(fill_opacity=value / 100))
        line = self._slider("Opacity of the outlines", style.outline_opacity)
        line.valueChanged.connect(lambda value: self._change(outline_opacity=value / 100))
        self.colour_by = self._choice("Colour by", canvas.colour_by.names)
        self.colour_by.currentTextChanged.connect(self._choose)
        self._palette = self._choice("Palette", list(PALETTES))
        self._palette.setCurrentText(style.palette)
        self._palette.setToolTip("Colours that neighbours are told apart by; all suit colour-blind eyes")
        self._palette.currentTextChanged.connect(lambda name: self._change(palette=name))
        self._legend = LegendView()
        leave_keys_to_canvas(fill, line)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        form = QFormLayout(self)
        form.addRow(self.labels)
        form.addRow("&Fill", fill)
        form.addRow(self.outlines, line)
        form.addRow(self.numbers, self.comparison)
        form.addRow("Colour &by", self.colour_by)
        form.addRow(self._legend)
        form.addRow("&Palette", self._palette)
        self._form = form
        canvas.overlay_changed.connect(self._follow)
        canvas.guides.changed.connect(self._follow)
        canvas.colour_by.offered.connect(self._offer)
        canvas.colour_by.coloured.connect(self._show_legend)
        self._follow()

    def _check(self, text: str, tip: str) -> QCheckBox:
        box = QCheckBox(text)
        box.setToolTip(tip)
        leave_keys_to_canvas(box)
        return box

    def _slider(self, name: str, opacity: float) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, 100)
        slider.setValue(round(100 * opacity))
        slider.setAccessibleName(name)
        slider.setToolTip(name)
        return slider

    def _choice(self, name: str, options: list[str]) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        box.addItems(options)
        box.setMinimumContentsLength(8)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        leave_keys_to_canvas(box)
        return box

    def _change(self, **changes: object) -> None:
        self._canvas.overlay = replace(self._canvas.overlay, **changes)  # type: ignore[arg-type]

    def _follow(self) -> None:
        """Commands change the same things."""
        for box, on in (
            (self.labels, self._canvas.overlay.visible),
            (self.outlines, self._canvas.overlay.outlines),
            (self.numbers, self._canvas.guides.numbers),
            (self.comparison, self._canvas.guides.comparison),
        ):
            with QSignalBlocker(box):
                box.setChecked(on)

    def _show_numbers(self, shown: bool) -> None:
        self._canvas.guides.numbers = shown

    def _choose(self, name: str) -> None:
        self._canvas.colour_by.choice = name

    def _offer(self, names: list[str]) -> None:
        with QSignalBlocker(self.colour_by):
            self.colour_by.clear()
            self.colour_by.addItems(names)
            self.colour_by.setCurrentText(self._canvas.colour_by.choice)

    def _show_legend(self, colouring: Colouring | None) -> None:
        self._legend.show_legend(None if colouring is None else colouring.legend)
        each = self._canvas.colour_by.choice == EACH
        self._form.setRowVisible(self._palette, each)
        with QSignalBlocker(self.colour_by):
            self.colour_by.setCurrentText(self._canvas.colour_by.choice)
