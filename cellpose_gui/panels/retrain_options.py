"""All options of a retraining; the defaults come from the data, and nobody has to see this."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from cellpose_gui.tasks.retrain_work import Material, Wish

_PATH = Qt.ItemDataRole.UserRole


class RetrainOptionsDialog(QDialog):
    """Start model, images, time or epochs, learning rate, rendered cells, name."""

    wished = pyqtSignal(object)  # Wish

    def __init__(
        self, parent: QWidget, folder: Path, material: Material, models: list[str], start: str | None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Retrain")
        self._folder, self._material = folder, material
        chosen = material.chosen
        self.name = QLineEdit(material.name)
        self.start = QComboBox()
        self.start.addItems(models)
        self.start.setCurrentIndex(max(0, self.start.findText(start or "")))
        self.images = QListWidget()
        for path, cells in material.images:
            item = QListWidgetItem(f"{path.name}   {cells:,} cell{'' if cells == 1 else 's'}")
            item.setData(_PATH, path)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
            self.images.addItem(item)
        self.images.setMaximumHeight(150)
        self.minutes = QDoubleSpinBox()
        self.minutes.setRange(0.1, 24 * 60)
        self.minutes.setDecimals(1)
        self.minutes.setSuffix(" min at most")
        self.minutes.setValue(chosen.minutes)
        self.epochs = QSpinBox()
        self.epochs.setRange(0, 100_000)
        self.epochs.setSpecialValueText("chosen by the number of cells")
        self.epochs.setToolTip(
            "How often the corrected cells are gone through; it ends earlier where the time is over or "
            "nothing improves. With another time and no epochs it uses all of the time."
        )
        self.rate = QDoubleSpinBox()
        self.rate.setDecimals(6)
        self.rate.setRange(1e-6, 0.1)
        self.rate.setSingleStep(1e-4)
        self.rate.setValue(chosen.learning_rate)
        self.replay = QSpinBox()
        self.replay.setRange(0, 90)
        self.replay.setSuffix(" %")
        self.replay.setValue(round(100 * chosen.replay))
        self.replay.setToolTip("So much of what it sees are rendered cells of all kinds, lest it forget them")
        form = QFormLayout()
        for title, widget in (
            ("&Name", self.name),
            ("Start &from", self.start),
            ("&Images", self.images),
            ("&Time", self.minutes),
            ("&Epochs", self.epochs),
            ("&Learning rate", self.rate),
            ("&Rendered cells", self.replay),
        ):
            form.addRow(title, widget)
        said = QLabel(" ".join(material.problems))
        said.setWordWrap(True)
        said.setVisible(bool(material.problems))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        go = buttons.addButton("Retrain", QDialogButtonBox.ButtonRole.AcceptRole)
        assert go is not None
        go.setEnabled(bool(material.images))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(said)
        layout.addWidget(buttons)
        go.setDefault(True)  # only now does it know whose default it is
        self.accepted.connect(lambda: self.wished.emit(self.wish()))

    def wish(self) -> Wish:
        """What is set; what was left as proposed is chosen from the data again."""
        from model_core.training.retraining import RetrainOptions

        chosen = self._material.chosen
        items = [self.images.item(row) for row in range(self.images.count())]
        marked = [item for item in items if item is not None and item.checkState() == Qt.CheckState.Checked]
        minutes, rate, replay = self.minutes.value(), self.rate.value(), self.replay.value()
        options = RetrainOptions(
            minutes=None if abs(minutes - chosen.minutes) < 0.05 else minutes,
            epochs=self.epochs.value() or None,
            learning_rate=None if abs(rate - chosen.learning_rate) < 1e-7 else rate,
            replay=None if replay == round(100 * chosen.replay) else replay / 100,
        )
        only = None if len(marked) == len(items) else frozenset(item.data(_PATH) for item in marked)
        name = self.name.text().strip()
        return Wish(
            self._folder,
            None if name == self._material.name else name,
            self.start.currentText() or None,
            only,
            options,
        )
