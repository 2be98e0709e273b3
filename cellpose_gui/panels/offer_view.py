"""What a retraining offers: held-out cells before and after, and the question whether to use it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QBrush, QColor, QFont
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cellpose_gui.panels.focus import leave_keys_to_canvas
from cellpose_gui.panels.training_plots import RoundsPlot

if TYPE_CHECKING:
    from model_core.training.comparing import CellChange, Comparison, ImageChange
    from model_core.training.retraining import RetrainResult

_SHOWN = Qt.ItemDataRole.UserRole
# In the order in which a person wants to see them. The values are those of `comparing.Change`.
_KINDS = {
    "broken": ("broken", "right before, wrong now", QColor("#d64545")),
    "fixed": ("fixed", "wrong before, right now", QColor("#1f9d63")),
    "still wrong": ("still wrong", "wrong before and now", QColor("#c98a1b")),
    "still right": ("still right", "right before and now", QColor("#8a8f94")),
}
_BEFORE, _AFTER = frozenset({"broken", "still right"}), frozenset({"fixed", "still right"})
AP_IN_WORDS = (
    "AP, average precision: the cells that are found, of these, the missed ones and what is found where no "
    "cell is. A cell is found if an object has more than half in common with it (IoU 0.5)."
)
_FEW = 4  # images that are unfolded at once
_MOST = 200  # cells of a kind that are listed below an image


class OfferView(QWidget):
    """Use, keep the old one, or look closer; the better one is the default."""

    use_asked = pyqtSignal()
    keep_asked = pyqtSignal()
    compare_asked = pyqtSignal()  # on the image that is open
    cell_chosen = pyqtSignal(object, object)  # ImageChange, CellChange or None for the whole image

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._headline = QLabel()
        self._headline.setWordWrap(True)
        self._headline.setToolTip(AP_IN_WORDS)
        font = QFont(self._headline.font())
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self._headline.setFont(font)
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.use_button = QPushButton("Use the new one")
        self.use_button.setToolTip("The new model finds the cells from now on; the old one is kept")
        self.keep_button = QPushButton("Keep the old one")
        self.keep_button.setToolTip("The new model is put away; for a month it can be brought back")
        self.compare_button = QPushButton("Compare on this image")
        self.compare_button.setToolTip(
            "Draws what the new model finds in the open image as white dashed outlines; nothing is changed"
        )
        self.use_button.clicked.connect(self.use_asked)
        self.keep_button.clicked.connect(self.keep_asked)
        self.compare_button.clicked.connect(self.compare_asked)
        leave_keys_to_canvas(self.use_button, self.keep_button, self.compare_button)
        self.list = QTreeWidget()
        self.list.setHeaderLabels(["Held-out cells", "before", "now"])
        self.list.setAccessibleName("Cells that were held back from training")
        self.list.setToolTip("A click shows the cell; white dashed outlines are what the new model finds")
        header = self.list.header()
        assert header is not None
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(False)
        self.list.itemClicked.connect(self._choose)
        self.list.itemActivated.connect(self._choose)
        self.rounds = RoundsPlot()
        left = QVBoxLayout()
        left.addWidget(self._headline)
        left.addWidget(self._words, 1)
        left.addWidget(self.use_button)
        row = QHBoxLayout()
        row.addWidget(self.keep_button)
        row.addWidget(self.compare_button)
        left.addLayout(row)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(left, 4)
        layout.addWidget(self.list, 5)
        layout.addWidget(self.rounds, 3)

    def show_offer(self, result: RetrainResult) -> None:
        """Shows what a training has brought."""
        comparison = result.comparison
        self._headline.setText(headline(comparison))
        sentences = [counts(comparison), result.stopped.value, result.curve.in_words, *result.notes]
        self._words.setText(" ".join(sentence for sentence in sentences if sentence))
        better = comparison.better
        for button, preferred in ((self.use_button, better), (self.keep_button, not better)):
            button.setDefault(preferred)
            font = button.font()
            font.setBold(preferred)
            button.setFont(font)
        self.list.clear()
        by_path: dict[Path, list[ImageChange]] = {}
        for image in comparison.images:
            by_path.setdefault(image.path, []).append(image)
        for parts in sorted(by_path.values(), key=lambda parts: _ap(parts, _AFTER) - _ap(parts, _BEFORE)):
            row = _image_row(parts)
            self.list.addTopLevelItem(row)
            row.setExpanded(len(by_path) <= _FEW)
        self.rounds.show_curve(result.curve)

    def show_busy(self, busy: bool) -> None:
        """While the answer is carried out nothing can be asked."""
        for button in (self.use_button, self.keep_button):
            button.setEnabled(not busy)

    def _choose(self, item: QTreeWidgetItem) -> None:
        image, cell = item.data(0, _SHOWN) or (None, None)
        if image is not None:
            self.cell_chosen.emit(image, cell)


def headline(comparison: Comparison) -> str:
    """Whether the new model is better, in a line."""
    before, after = comparison.ap_before, comparison.ap_after
    ap = f"AP {before:.2f} → {after:.2f}" if after != before else f"AP stays at {after:.2f}"
    fit = "mean IoU {:.2f} → {:.2f}".format(*comparison.ious)
    if comparison.better:
        return (
            f"The new model is better: {ap}" if after > before else f"The new model fits better: {fit}, {ap}"
        )
    return f"The new model is worse: {ap}" if after < before else f"The new model is no better: {ap}, {fit}"


def counts(comparison: Comparison) -> str:
    """How many held-out cells were fixed and broken."""
    numbers = {kind: sum(cell.change.value == kind for cell in comparison.cells) for kind in _KINDS}
    total = len(comparison.cells)
    parts = ", ".join(f"{numbers[kind]} {words}" for kind, (words, *_) in _KINDS.items() if numbers[kind])
    if not comparison.held_out:
        return f"On the cell that it learned from, since there is no other: {parts}."
    how = "each by a model that had not seen it" if comparison.cross_validated else "never learned from"
    return f"On {total} held-out cell{'' if total == 1 else 's'}, {how}: {parts or 'none could be judged'}."


def _ap(parts: Sequence[ImageChange], right: frozenset[str]) -> float:
    """AP on the parts of an image together; `right`: what is said of a cell that is found."""
    cells = [cell for part in parts for cell in part.cells]
    false = sum(part.false_before if right is _BEFORE else part.false_after for part in parts)
    return sum(cell.change.value in right for cell in cells) / max(1, len(cells) + false)


def _image_row(parts: Sequence[ImageChange]) -> QTreeWidgetItem:
    row = QTreeWidgetItem([parts[0].path.name, f"{_ap(parts, _BEFORE):.2f}", f"{_ap(parts, _AFTER):.2f}"])
    row.setData(0, _SHOWN, (parts[0], None))
    row.setToolTip(0, f"{parts[0].path}: average precision before and now")
    for kind, (words, meaning, colour) in _KINDS.items():
        cells = [(part, cell) for part in parts for cell in part.cells if cell.change.value == kind]
        if not cells:
            continue
        group = QTreeWidgetItem([f"{len(cells)} {words}"])
        group.setToolTip(0, meaning)
        group.setForeground(0, QBrush(colour))
        group.setData(0, _SHOWN, (cells[0][0], None))
        row.addChild(group)
        group.addChildren([_cell_row(part, cell) for part, cell in cells[:_MOST]])
        group.setExpanded(kind in ("broken", "fixed"))
    before, after = (sum(part.false_before for part in parts), sum(part.false_after for part in parts))
    if before or after:
        false = QTreeWidgetItem(["found where nothing is", str(before), str(after)])
        false.setData(0, _SHOWN, (parts[0], None))
        row.addChild(false)
    return row


def _cell_row(image: ImageChange, cell: CellChange) -> QTreeWidgetItem:
    row = QTreeWidgetItem([f"cell {cell.id}", f"{cell.before:.2f}", f"{cell.after:.2f}"])
    row.setToolTip(0, "IoU with what the models found, before and now; a click shows the cell")
    row.setData(0, _SHOWN, (image, cell))
    return row
