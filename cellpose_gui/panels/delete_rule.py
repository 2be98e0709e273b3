"""Delete by rule: cells that are too small or touch the edge; tells how many would go before they do."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QSpinBox, QVBoxLayout

from cellpose_gui.canvas.background import Background
from cellpose_gui.canvas.canvas import Canvas
from model_core.annotation.deleting import Measured, Rule, delete
from model_core.annotation.proposal import count_cells

_FIRST_SIZE = 30  # pixels


class DeleteRule(QDialog):
    """While it is open the cells that would go are selected, so that they can be seen in the image."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas.window())
        self.setWindowTitle("Delete cells by rule")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        document = canvas.document
        assert document is not None
        self._canvas, self._document = canvas, document
        self._selected_before = document.selected
        self._measured: Measured | None = None
        self._measurer = Background(self._take)
        document.patch_applied.connect(self._measure)  # a run may end while the dialog is open
        self._ids: list[int] = []
        self.small = QCheckBox("Smaller than")
        self.small.setChecked(True)
        self.least = QSpinBox()
        self.least.setRange(1, 1_000_000)
        self.least.setValue(_FIRST_SIZE)
        self.least.setSuffix(" px" if document.labels.shape[0] == 1 else " voxels")
        self.least.setAccessibleName("Size below which cells are deleted")
        self.edge = QCheckBox("Touching the edge of the image")
        self.count = QLabel()
        self.count.setMinimumWidth(320)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        button = buttons.addButton("Delete", QDialogButtonBox.ButtonRole.AcceptRole)
        assert button is not None
        self.delete_button = button
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        row.addWidget(self.small)
        row.addWidget(self.least, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(self.edge)
        layout.addWidget(self.count)
        layout.addWidget(buttons)
        self.small.toggled.connect(self._judge)
        self.edge.toggled.connect(self._judge)
        self.least.valueChanged.connect(self._judge)
        self._measure()

    @property
    def rule(self) -> Rule:
        return Rule(self.least.value() if self.small.isChecked() else 0, self.edge.isChecked())

    def accept(self) -> None:
        self._document.select(self._selected_before)
        ids, words = self._ids, self.rule.words
        self._canvas.change(lambda cells, tick: delete(cells, ids, words), "Deleting", ids)
        super().accept()

    def reject(self) -> None:
        self._document.select(self._selected_before)
        super().reject()

    def done(self, result: int) -> None:
        self._document.patch_applied.disconnect(self._measure)
        self._measurer.cancel()
        super().done(result)
        self._canvas.setFocus()

    def _measure(self) -> None:
        """A worker looks at all cells; of 100,000 that takes longer than a frame."""
        self._measured = None
        objects, shape = self._document.objects.snapshot(), self._document.labels.shape
        self._measurer.start(lambda cancelled: Measured(objects, shape))
        self._judge()

    def _take(self, measured: object) -> None:
        assert isinstance(measured, Measured)
        self._measured = measured
        self._judge()

    def _judge(self) -> None:
        self.least.setEnabled(self.small.isChecked())
        if self._measured is None:
            self.count.setText("Counting…")
            self.delete_button.setEnabled(False)
            return
        self._ids, locked = self._measured.matching(self.rule)
        words = f"{len(self._ids):,} of {count_cells(len(self._document.objects))} would be deleted"
        if self._ids:
            words += "; they are highlighted in the image"
        if locked:
            words += f".\n{count_cells(locked)} locked and kept"
        self.count.setText(f"{words}.")
        self.delete_button.setEnabled(bool(self._ids))
        self._document.select(self._ids)
