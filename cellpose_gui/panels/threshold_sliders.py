"""How much is found: sliders whose middle is what the model asks."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import QGridLayout, QLabel, QSlider, QWidget

from cellpose_gui.panels.focus import leave_keys_to_canvas

_STEPS = 10  # to each side of the middle
_SETTLED = 150  # ms without a movement
_USUAL_SCORE, _SCORE_STEP = 0.4, 0.04  # of `Options.score_threshold`, so that it goes from 0 to 0.8
_LOGIT_STEP = 0.3  # of `Options.cellprob_threshold`, so that it goes from -3 to 3


class ThresholdSliders(QWidget):
    """Fewer or more cells, tighter or wider outlines.

    A double click on a slider brings it back to the middle.
    """

    settled = pyqtSignal()  # the person has moved one, and rests

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_SETTLED)
        self._rest.timeout.connect(self.settled)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setColumnStretch(1, 1)
        self._cells = self._slider(
            layout,
            ("Fewer", "more cells"),
            "Cells that less speaks for are left out, or shown too. The middle is what the model asks; "
            "a double click goes there.",
        )
        self._outlines = self._slider(
            layout,
            ("Tighter", "wider"),
            "Outlines closer to the middle of the cells, or farther out. A double click goes back to what "
            "the model asks.",
        )

    @property
    def options(self) -> dict[str, float]:
        """Those of `segment` that are not as the model asks."""
        found = {}
        if more := self._cells.value():
            found["score_threshold"] = round(_USUAL_SCORE - more * _SCORE_STEP, 2)
        if wider := self._outlines.value():
            found["cellprob_threshold"] = round(-wider * _LOGIT_STEP, 1)
        return found

    def _slider(self, layout: QGridLayout, ends: tuple[str, str], tip: str) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(-_STEPS, _STEPS)
        slider.setTickPosition(QSlider.TickPosition.TicksBelow)
        slider.setTickInterval(_STEPS)
        slider.setToolTip(tip)
        slider.setAccessibleName(" or ".join(ends))
        slider.valueChanged.connect(self._rest.start)
        slider.installEventFilter(self)
        leave_keys_to_canvas(slider)
        row = layout.rowCount()
        layout.addWidget(QLabel(ends[0]), row, 0)
        layout.addWidget(slider, row, 1)
        layout.addWidget(QLabel(ends[1]), row, 2)
        return slider

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if (
            isinstance(watched, QSlider)
            and event is not None
            and event.type() == QEvent.Type.MouseButtonDblClick
        ):
            watched.setValue(0)
            return True
        return super().eventFilter(watched, event)
