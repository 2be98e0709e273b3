"""The button that finds the cells, and what it found."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from cellpose_gui.panels.focus import leave_keys_to_canvas
from cellpose_gui.panels.threshold_sliders import ThresholdSliders
from model_core.models.registry import DEFAULT

_AUTOMATIC = 0.0


class SegmentPanel(QWidget):
    """Segment, the model, the diameter (measured in the image unless given), how much is to be found, the
    outcome in a sentence."""

    segment_asked = pyqtSignal()
    adjusted = pyqtSignal()  # the person wants more or less of what was found
    cancel_asked = pyqtSignal()
    model_chosen = pyqtSignal(str)  # its name, by the person

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._running = self._ready = False
        self._thresholds = ThresholdSliders()
        self._thresholds.settled.connect(self.adjusted)
        self._button = QPushButton()
        self._button.setMinimumHeight(36)
        self._button.clicked.connect(self._clicked)
        leave_keys_to_canvas(self._button)
        self.show_running(False)
        self._model = QComboBox()
        self._model.addItem(DEFAULT)
        self._model.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._model.setAccessibleName("Model that finds the cells")
        self._model.setToolTip("What finds the cells. More models: “Import a model…”, or drop its file here.")
        self._model.textActivated.connect(self.model_chosen)
        leave_keys_to_canvas(self._model)
        self._diameter = QDoubleSpinBox()
        self._diameter.setRange(_AUTOMATIC, 2000.0)
        self._diameter.setDecimals(1)
        self._diameter.setSpecialValueText("automatic")
        self._diameter.setSuffix(" px")
        self._diameter.setAccessibleName("Diameter of the cells in pixels")
        self._diameter.setToolTip(
            "How wide the cells are, in pixels. “automatic” measures it in the image; 0 brings that back."
        )
        editor = self._diameter.lineEdit()
        assert editor is not None
        editor.returnPressed.connect(self.segment_asked)
        self._outcome = QLabel()
        self._outcome.setWordWrap(True)
        self._least_height = 3 * self._outcome.fontMetrics().lineSpacing()
        self._outcome.setMinimumHeight(self._least_height)
        self._outcome.setAlignment(Qt.AlignmentFlag.AlignTop)
        form = QFormLayout()
        form.addRow("Model", self._model)
        form.addRow("Cell diameter", self._diameter)
        layout = QVBoxLayout(self)
        layout.addWidget(self._button)
        layout.addLayout(form)
        layout.addWidget(self._thresholds)
        layout.addWidget(self._outcome)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    @property
    def options(self) -> dict[str, float]:
        """Those of the engine's `segment` that the person has given; all else is automatic."""
        diameter = self._diameter.value()
        given = {} if diameter == _AUTOMATIC else {"diameter": max(1.0, diameter)}
        return given | self._thresholds.options

    @property
    def model(self) -> str | None:
        """Name of the chosen model, None for the one that comes with the program."""
        name = self._model.currentText()
        return None if name == DEFAULT else name

    @property
    def model_name(self) -> str:
        """Name of the chosen model."""
        return self._model.currentText()

    def show_models(self, names: list[str], chosen: str) -> None:
        """Which models there are; the first is chosen if there is no such one."""
        self._model.clear()
        self._model.addItems(names)
        self._model.setCurrentIndex(max(0, self._model.findText(chosen)))

    def show_running(self, running: bool) -> None:
        """While cells are being looked for the button stops that."""
        self._running = running
        self._button.setEnabled(self._ready)
        self._thresholds.setEnabled(not running)
        self._button.setText("Cancel" if running else "Segment (S)")
        self._button.setToolTip("Stop; nothing is changed" if running else "Find the cells in this image")

    def show_cancelling(self) -> None:
        """A run has been asked to stop and may need a moment."""
        self._button.setEnabled(False)
        self._button.setText("Cancelling…")

    def set_ready(self, ready: bool) -> None:
        """Whether there is an image."""
        self._ready = ready
        self._button.setEnabled(ready)

    def show_outcome(self, text: str) -> None:
        self._outcome.setText(text)
        room = max(self._outcome.heightForWidth(self._outcome.width()), self._least_height)
        self._outcome.setMinimumHeight(room)  # a dock gives wrapped text no more than it asks for

    def _clicked(self) -> None:
        (self.cancel_asked if self._running else self.segment_asked).emit()
