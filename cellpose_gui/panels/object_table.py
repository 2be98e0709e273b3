"""The table of all cells: sorted and filtered in numpy, so that 100,000 rows are as quick as ten."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
from PyQt6.QtCore import QAbstractTableModel, QEvent, QModelIndex, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QMouseEvent
from PyQt6.QtWidgets import QAbstractItemView, QApplication, QTableView, QWidget

from cellpose_gui.panels.object_values import Columns

_DISPLAY, _ALIGNMENT, _BACKGROUND, _FOREGROUND = _ROLES = (
    Qt.ItemDataRole.DisplayRole.value,
    Qt.ItemDataRole.TextAlignmentRole.value,
    Qt.ItemDataRole.BackgroundRole.value,
    Qt.ItemDataRole.ForegroundRole.value,
)  # numbers: comparing members of Qt's enumerations takes longer than all else
_LEFT = (Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter).value
_RIGHT = (Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter).value
_FIRST = ("label", "class", "review", "confidence", "area", "equivalent_diameter_area")
_HELP = {
    "label": "The number of the cell",
    "class": "The class that it was put into",
    "review": "What a person said of it",
    "source": "Found by the model, drawn, or corrected by hand",
    "confidence": "How sure the model is that there is a cell of this shape, 0 to 1",
    "equivalent_diameter_area": "Diameter of the circle of equal area",
    "perimeter_crofton": "Length of the outline",
    "circularity": "4π area / perimeter²: 1 for a disc, less for everything else",
    "eccentricity": "0 for a disc, nearly 1 for a line",
    "solidity": "Area over the area of the convex hull: 1 without dents",
    "neighbours": "How many other cells it touches",
}


class ObjectModel(QAbstractTableModel):
    """Rows in the order of one column, as far as the filter lets them through.

    Shows the columns as they were at the last `refresh`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = ["label"]
        self.columns: Columns = {"label": np.zeros(0, np.int64)}
        self.units: Mapping[str, str] = {}
        self._order = np.zeros(0, np.int64)  # row of the table -> row of the columns
        self.mask: np.ndarray | None = None
        self._sorted_by, self._ascending = "label", True
        self.selected: frozenset[int] = frozenset()

    def refresh(self, columns: Columns, units: Mapping[str, str], mask: np.ndarray | None) -> None:
        """Show these columns, and only rows at which the mask is true; None shows all.

        Cheap where the rows stay as they are: an array that is the same one as before is not looked at.
        """
        first = [name for name in _FIRST if name in columns]
        names = first + [name for name in columns if name not in first]
        same_rows = columns["label"] is self.columns["label"] and _same(mask, self.mask)
        by = self._sorted_by if self._sorted_by in columns else "label"
        same_order = same_rows and columns[by] is self.columns.get(by)
        if same_order and names == self.names:
            self.columns, self.units = dict(columns), units
            if rows := self.rowCount():
                self.dataChanged.emit(self.index(0, 0), self.index(rows - 1, self.columnCount() - 1))
            return
        self.beginResetModel()
        self.names, self.columns, self.units, self.mask = names, dict(columns), units, mask
        if not same_order:
            self._arrange()
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By one column; rows without a value come last."""
        if not 0 <= column < len(self.names):
            return
        by, ascending = self.names[column], order == Qt.SortOrder.AscendingOrder
        if (by, ascending) != (self._sorted_by, self._ascending):
            self.layoutAboutToBeChanged.emit()
            self._sorted_by, self._ascending = by, ascending
            self._arrange()
            self.layoutChanged.emit()

    def _arrange(self) -> None:
        values = self.columns.get(self._sorted_by, self.columns["label"])
        if self.mask is None:
            rows = np.arange(len(values))
        else:
            rows = np.flatnonzero(self.mask)
            values = values[rows]
        if values.dtype == object:
            words = values.tolist()
            rank = {word: place for place, word in enumerate(sorted(set(words)))}
            values = np.fromiter(map(rank.__getitem__, words), np.int64, len(words))
        keys = values if self._ascending else -values  # NaN stays last either way
        self._order = rows[np.argsort(keys, kind="stable")]

    @property
    def ids(self) -> np.ndarray:
        """int64: the cells in the order of the rows."""
        return self.columns["label"][self._order]

    def first_of(self, mask: np.ndarray) -> int | None:
        """The uppermost row of one of some cells: bool, as long as the columns."""
        found = mask[self._order]
        row = int(found.argmax()) if len(found) else 0
        return row if len(found) and found[row] else None

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return len(self._order)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return len(self.names)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role not in _ROLES:  # Qt asks for seven at each place that it paints
            return None
        row = index.row()
        if not 0 <= row < len(self._order):
            return None
        place, values = self._order[row], self.columns[self.names[index.column()]]
        if role == _DISPLAY:
            return shown(values[place])
        if role == _ALIGNMENT:
            return _LEFT if values.dtype == object else _RIGHT
        if int(self.columns["label"][place]) not in self.selected:
            return None
        palette = QApplication.palette()
        return palette.highlight() if role == _BACKGROUND else palette.highlightedText()

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.names):
            return None
        name = self.names[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return titled(name, self.units.get(name, ""))
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{name}: {_HELP.get(name, 'as scikit-image names it')}. A click sorts by it."
        return None


def _same(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    return one is other or (one is not None and other is not None and np.array_equal(one, other))


def shown(value: object) -> str:
    """A value as the table writes it: four digits, nothing where there is none."""
    if isinstance(value, str):
        return value
    number = float(value)  # type: ignore[arg-type]
    if math.isnan(number):
        return ""
    return f"{number:.0f}" if number.is_integer() and abs(number) < 1e9 else f"{number:.4g}"


def titled(name: str, unit: str) -> str:
    """A column's name with its unit."""
    return f"{name} ({unit})" if unit else name


class ObjectTable(QTableView):
    """A click on a row selects its cell, Ctrl adds or takes away, Shift takes all between; so do the arrows.

    The selection is that of the document: Qt's own would take seconds for 100,000 rows.
    """

    chosen = pyqtSignal(object)  # frozenset[int], by the person
    went_to = pyqtSignal(int)  # the cell that is now the current one

    def __init__(self, model: ObjectModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.objects = model
        self._anchor = self._current = 0
        self._own: frozenset[int] = frozenset()  # chosen here last
        self.setModel(model)
        self.setAccessibleName("Table of cells")
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSortingEnabled(True)
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.setWordWrap(False)
        rows, header = self.verticalHeader(), self.horizontalHeader()
        assert rows is not None and header is not None
        rows.setVisible(False)
        rows.setDefaultSectionSize(self.fontMetrics().lineSpacing() + 6)
        rows.setMinimumSectionSize(self.fontMetrics().lineSpacing() + 4)
        header.setSectionsMovable(True)
        header.setHighlightSections(False)
        self._widened: list[str] = []
        model.modelReset.connect(self._widen)

    def _widen(self) -> None:
        """Columns that have come get the room that their names need; a person may change it."""
        if self.objects.names == self._widened:
            return
        self._widened = list(self.objects.names)
        metrics, header = self.fontMetrics(), Qt.Orientation.Horizontal
        for column in range(self.objects.columnCount()):
            words = str(self.objects.headerData(column, header))
            self.setColumnWidth(column, max(metrics.horizontalAdvance(words), 50) + 34)

    def show_selected(self, ids: frozenset[int], mask: np.ndarray | None) -> None:
        """Marks the rows of these cells.

        The first that is true in `mask` (bool, as long as the columns) comes into view, unless they were
        chosen here.
        """
        self.objects.selected = ids
        port = self.viewport()
        if port is not None:
            port.update()
        if mask is not None and ids and ids != self._own and len(ids) < self.objects.rowCount():
            row = self.objects.first_of(mask)
            if row is not None:
                self._anchor = self._current = row
                self.scrollTo(self.objects.index(row, max(0, self.columnAt(0))))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        index = self.indexAt(event.position().toPoint())
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if index.isValid():
            self._go(index.row(), event.modifiers())
        else:
            self.chosen.emit(frozenset())

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        index = self.indexAt(event.position().toPoint())
        if event.buttons() & Qt.MouseButton.LeftButton and index.isValid() and index.row() != self._current:
            self._go(index.row(), Qt.KeyboardModifier.ShiftModifier)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """The press has done it all."""

    def event(self, event: QEvent | None) -> bool:
        """Arrows move through the rows here, whatever command they stand for on the canvas."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            step = _STEPS.get(Qt.Key(event.key()))
            if step is not None and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        step = _STEPS.get(Qt.Key(event.key()))
        if step is None:
            event.ignore()
            return
        page = max(1, self.height() // max(1, self.rowHeight(0)) - 2) if self.objects.rowCount() else 1
        rows = step if abs(step) == 1 or abs(step) > 10**6 else step // abs(step) * page
        self._go(self._current + rows, event.modifiers())

    def _go(self, row: int, held: Qt.KeyboardModifier) -> None:
        ids = self.objects.ids
        if not len(ids):
            return
        row = min(max(row, 0), len(ids) - 1)
        self._current = row
        chosen: Iterable[int]
        if held & Qt.KeyboardModifier.ShiftModifier:
            first, last = sorted((min(self._anchor, len(ids) - 1), row))
            chosen = ids[first : last + 1].tolist()
        elif held & Qt.KeyboardModifier.ControlModifier:
            self._anchor = row
            chosen = self.objects.selected ^ {int(ids[row])}
        else:
            self._anchor = row
            chosen = [int(ids[row])]
        self.scrollTo(self.objects.index(row, max(0, self.columnAt(0))))
        self._own = frozenset(chosen)
        self.chosen.emit(self._own)
        self.went_to.emit(int(ids[row]))


_STEPS = {
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_PageUp: -2,
    Qt.Key.Key_PageDown: 2,
    Qt.Key.Key_Home: -(10**9),
    Qt.Key.Key_End: 10**9,
}
