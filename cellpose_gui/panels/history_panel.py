"""Every step that was taken, in words; a click goes back, or forward again, to the state after it."""

from __future__ import annotations

from PyQt6.QtCore import QAbstractListModel, QModelIndex, Qt, pyqtSignal
from PyQt6.QtGui import QFont
from PyQt6.QtWidgets import QApplication, QListView, QMenu, QWidget

from cellpose_gui.document.document import Document
from model_core.annotation.history import Step

_BATCH = 300  # rows laid out at a time, so that a history of any length never stops the window


class HistoryModel(QAbstractListModel):
    """Row 0 is the image as it was opened first; row n the state after step n."""

    def __init__(self) -> None:
        super().__init__()
        self._steps: list[Step] = []
        self.position = 0

    def show(self, steps: list[Step], position: int) -> None:
        """Takes over what was added, cut off or gone through since."""
        same = min(len(steps), len(self._steps))
        while same and steps[same - 1] is not self._steps[same - 1]:
            same -= 1  # a new step has taken the place of those that could be redone
        if same < len(self._steps):
            self.beginRemoveRows(QModelIndex(), same + 1, len(self._steps))
            del self._steps[same:]
            self.endRemoveRows()
        if same < len(steps):
            self.beginInsertRows(QModelIndex(), same + 1, len(steps))
            self._steps.extend(steps[same:])
            self.endInsertRows()
        if position != self.position:
            first, last = sorted((position, self.position))
            self.position = position
            self.dataChanged.emit(self.index(first), self.index(min(last, len(steps))))

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return len(self._steps) + 1

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = index.row()
        undone = row > self.position
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return f"▸ {self._words(row)}" if row == self.position else f"   {self._words(row)}"
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._words(row) + (", now" if row == self.position else ", undone" if undone else "")
            case Qt.ItemDataRole.ToolTipRole:
                return f"{self._words(row)}: {'undone; click to redo up to here' if undone else 'go to here'}"
            case Qt.ItemDataRole.FontRole if row == self.position:
                font = QFont(QApplication.font())
                font.setBold(True)
                return font
            case Qt.ItemDataRole.ForegroundRole if undone:
                return QApplication.palette().placeholderText()
        return None

    def _words(self, row: int) -> str:
        return self._steps[row - 1].text if row else "Beginning"


class HistoryPanel(QListView):
    """The list; Return or a click jumps, the menu of a row can show that state as a second outline."""

    jump_asked = pyqtSignal(int)  # how many steps shall be done
    compare_asked = pyqtSignal(int)  # the state after so many steps, as a second outline

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.steps = HistoryModel()
        self.setModel(self.steps)
        self.setAccessibleName("History")
        self.setUniformItemSizes(True)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setBatchSize(_BATCH)
        self.setSpacing(2)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda place: self._offer(self.indexAt(place)))
        self.clicked.connect(self._go)
        self.activated.connect(self._go)

    def show_document(self, document: Document | None) -> None:
        """Follows the history of this document, or shows nothing."""
        self.setEnabled(document is not None)
        if document is None:
            self.steps.show([], 0)
            return
        history = document.store.history
        self.steps.show(history.steps, history.position)
        here = self.steps.index(history.position)
        self.setCurrentIndex(here)
        if self.isVisible():
            self.scrollTo(here)

    def _go(self, index: QModelIndex) -> None:
        if index.row() != self.steps.position:
            self.jump_asked.emit(index.row())

    def _offer(self, index: QModelIndex) -> None:
        if not index.isValid():
            return
        menu = QMenu(self)
        menu.addAction("Go to this step", lambda: self._go(index))
        menu.addAction(
            "Compare: show the outlines of this step", lambda: self.compare_asked.emit(index.row())
        )
        menu.popup(self.mapToGlobal(self.visualRect(index).bottomLeft()))
