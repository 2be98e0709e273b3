"""The button that finds the cells, and what it found."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QDoubleSpinBox, QFormLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

_AUTOMATIC = 0.0


class SegmentPanel(QWidget):
    """Segment, the diameter (measured in the image unless given) and the outcome in a sentence."""

    segment_asked = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._button = QPushButton("Segment")
        self._button.setMinimumHeight(36)
        self._button.setToolTip("Find the cells in this image (S)")
        self._button.clicked.connect(self.segment_asked)
        self._diameter = QDoubleSpinBox()
        self._diameter.setRange(_AUTOMATIC, 2000.0)
        self._diameter.setDecimals(1)
        self._diameter.setSpecialValueText("automatic")
        self._diameter.setSuffix(" px")
        self._diameter.setAccessibleName("Diameter of the cells in pixels")
        self._diameter.setToolTip("How wide the cells are. “automatic” measures it in the image.")
        self._outcome = QLabel()
        self._outcome.setWordWrap(True)
        self._outcome.setMinimumHeight(3 * self._outcome.fontMetrics().lineSpacing())
        self._outcome.setAlignment(Qt.AlignmentFlag.AlignTop)
        form = QFormLayout()
        form.addRow("Cell diameter", self._diameter)
        layout = QVBoxLayout(self)
        layout.addWidget(self._button)
        layout.addLayout(form)
        layout.addWidget(self._outcome)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    @property
    def diameter(self) -> float | None:
        """px, or None for automatic."""
        value = self._diameter.value()
        return None if value == _AUTOMATIC else max(1.0, value)

    def set_ready(self, ready: bool) -> None:
        self._button.setEnabled(ready)

    def show_outcome(self, text: str) -> None:
        self._outcome.setText(text)
