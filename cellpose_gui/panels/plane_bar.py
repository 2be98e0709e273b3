"""The slider through the planes of a stack."""

from __future__ import annotations

from typing import cast

from PyQt6.QtCore import QSignalBlocker, Qt
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from cellpose_gui.canvas.canvas import Canvas
from model_core.images.image import Image


class PlaneBar(QWidget):
    """Lies along the bottom of the canvas; hidden for a single plane. Up and Down step as well."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setAccessibleName("Plane of the stack")
        self._slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # arrow keys step planes and images already
        self._text = QLabel()
        self._text.setMinimumWidth(80)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 2, 8, 2)
        self._name = QLabel()
        layout.addWidget(self._name)
        layout.addWidget(self._slider, 1)
        layout.addWidget(self._text)
        canvas_layout = canvas.layout()
        assert canvas_layout is not None
        canvas_layout.addWidget(self)
        self._slider.valueChanged.connect(self._moved)
        canvas.plane_changed.connect(self._show)
        self.hide()

    def _moved(self, plane: int) -> None:
        self._canvas.plane = plane

    def _show(self, plane: int) -> None:
        document = self._canvas.document
        planes = 1 if document is None else document.labels.shape[0]
        with QSignalBlocker(self._slider):
            self._slider.setRange(0, planes - 1)
            self._slider.setValue(plane)
        moments = document is not None and cast(Image, document.image).time_series
        self._name.setText("Time" if moments else "Plane")
        self._text.setText(f"{plane + 1} of {planes}")
        self.setVisible(planes > 1)
