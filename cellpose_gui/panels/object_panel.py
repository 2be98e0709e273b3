"""All cells of the image as a table and a plot, linked both ways with the canvas."""

from __future__ import annotations

import numpy as np
from PyQt6.QtCore import QPointF, QSignalBlocker, Qt, QTimer
from PyQt6.QtGui import QColor, QHideEvent, QShowEvent
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.canvas.review_cells import ReviewCells
from cellpose_gui.document.document import Document
from cellpose_gui.panels.empty_words import EmptyWords
from cellpose_gui.panels.focus import leave_keys_to_canvas
from cellpose_gui.panels.object_plot import ObjectPlot
from cellpose_gui.panels.object_table import ObjectModel, ObjectTable, titled
from cellpose_gui.panels.object_values import ObjectValues
from cellpose_gui.theme import alarm
from model_core.annotation.boxes import around
from model_core.annotation.classes import Classes
from model_core.annotation.objects import Review
from model_core.annotation.rules import EXAMPLE, parse_rule, rows_of
from model_core.errors import UserError

_COUNT = "Number of cells"
_X, _Y = "area", _COUNT
_LAID_OUT = 50  # ms after which the docks have their places
_FEW = 10  # selected cells that one looks at
_TYPING = 700  # ms without a key after which it is said what is wrong with a rule


class ObjectPanel(QWidget):
    """The rule above the table filters it; a gate in the plot, rows, and the canvas share one selection.

    Measures only while it is in view.
    """

    def __init__(self, canvas: Canvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._review = ReviewCells(canvas)
        self._document: Document | None = None
        self._plotted: tuple[str, str] | None = None  # what the view was last fitted to
        self._drawn: tuple[np.ndarray | None, ...] = (None, None, None)
        self._coloured: tuple[np.ndarray | None, Classes, np.ndarray | None] = (None, (), None)
        self._measuring = False
        self.values = ObjectValues()
        self.model = ObjectModel()
        self.table = ObjectTable(self.model)
        self._no_rows = EmptyWords(self.table)
        self.plot = ObjectPlot()
        self.rule = QLineEdit()
        self.rule.setPlaceholderText(f"Show only, for example: {EXAMPLE}")
        self.rule.setAccessibleName("Rule for the rows that are shown")
        self.rule.setToolTip("Conditions joined by “and”; all columns of the table can be compared")
        self.rule.setClearButtonEnabled(True)
        self.count = QLabel()
        self.wrong = QLabel()  # why the rule is none
        self.wrong.setWordWrap(True)
        self.wrong.hide()
        self._said_wrong = QTimer(self)
        self._said_wrong.setSingleShot(True)
        self._said_wrong.setInterval(_TYPING)
        self._said_wrong.timeout.connect(self.wrong.show)
        self.x_axis, self.y_axis = QComboBox(), QComboBox()
        self.x_axis.setAccessibleName("What is plotted from left to right")
        self.y_axis.setAccessibleName("What is plotted upwards")
        self.lasso = QCheckBox("Lasso")
        self.lasso.setToolTip("Draw the gate freely instead of as a box; Alt and drag does so too")
        self._lay_out()
        self._connect()
        self._refresh()

    def _lay_out(self) -> None:
        self.select_shown = self._button("Select shown", "Select the cells of all rows that are shown")
        self.accept = self._button("Accept", "The selected cells are right")
        self.delete = self._button("Delete", "Delete the selected cells")
        self.classify = self._button("Class", "Put the selected cells into a class")
        self.classify.setMenu(QMenu(self.classify))
        leave_keys_to_canvas(self.x_axis, self.y_axis, self.lasso)
        above = QHBoxLayout()
        above.addWidget(self.rule, 1)
        above.addWidget(self.count)
        buttons = QHBoxLayout()
        for button in (self.select_shown, self.accept, self.delete, self.classify):
            buttons.addWidget(button)
        axes = QHBoxLayout()
        for name, box in (("Across", self.x_axis), ("Up", self.y_axis)):
            label = QLabel(name)
            label.setBuddy(box)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(10)
            axes.addWidget(label)
            axes.addWidget(box, 1)
        axes.addWidget(self.lasso)
        left, right = QWidget(), QWidget()
        for widget, rows in ((left, (above, self.wrong, buttons, self.table)), (right, (axes, self.plot))):
            layout = QVBoxLayout(widget)
            layout.setContentsMargins(4, 4, 4, 4)
            for row in rows:
                if isinstance(row, QHBoxLayout):
                    layout.addLayout(row)
                else:
                    layout.addWidget(row, 0 if row is self.wrong else 1)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.addWidget(left)
        halves.addWidget(right)
        halves.setStretchFactor(0, 3)
        halves.setStretchFactor(1, 2)
        halves.setChildrenCollapsible(False)
        self.setMinimumHeight(self.fontMetrics().lineSpacing() * 12)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(halves)

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        leave_keys_to_canvas(button)
        return button

    def _connect(self) -> None:
        self.values.changed.connect(self._refresh)
        self.values.measuring.connect(self._show_measuring)
        self.rule.textChanged.connect(self._list)
        self.table.chosen.connect(self._select)
        self.table.went_to.connect(self._show_cell)
        self.plot.gated.connect(self._gate)
        self.x_axis.currentIndexChanged.connect(self._plot)
        self.y_axis.currentIndexChanged.connect(self._plot)
        self._canvas.classes.changed.connect(self._plot)
        self.lasso.toggled.connect(lambda on: setattr(self.plot.gate, "lasso", on))
        self.select_shown.clicked.connect(lambda: self._select(frozenset(self.model.ids.tolist())))
        self.accept.clicked.connect(lambda: self._review.mark(Review.ACCEPTED))
        self.delete.clicked.connect(self._canvas.delete_selected)
        menu = self.classify.menu()
        assert menu is not None
        menu.aboutToShow.connect(self._list_classes)

    def set_document(self, document: Document | None) -> None:
        """Shows the cells of this document, when it is in view."""
        if self._document is not None:
            self._document.selection_changed.disconnect(self._follow_selection)
        self._document = document
        if document is not None:
            document.selection_changed.connect(self._follow_selection)
        self._plotted = None
        self.values.set_document(document if self.isVisible() else None)
        self._refresh()

    def recolour(self) -> None:
        """The theme has changed."""
        self.plot.recolour()

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self.values.set_document(self._document)
        self._follow_selection()
        QTimer.singleShot(_LAID_OUT, self._keep_in_view)

    def hideEvent(self, event: QHideEvent | None) -> None:
        super().hideEvent(event)
        self.values.set_document(None)

    def _keep_in_view(self) -> None:
        """The panel has taken room from the canvas: what one looks at must not be hidden by that."""
        document, view = self._document, self._canvas.view
        if document is None or not 0 < len(document.selected) <= _FEW:
            return
        _, y, x = around(document.objects[id_] for id_ in document.selected)
        middle = QPointF((x.start + x.stop) / 2, (y.start + y.stop) / 2)
        if not view.box.viewRect().contains(middle):
            view.centre_on(middle)

    # ------------------------------------------------------------------ what is shown

    def _refresh(self) -> None:
        """Rows, columns or values are others."""
        numbers = [n for n, v in self.values.columns.items() if v.dtype != object]
        for box, first, usual in ((self.x_axis, [], _X), (self.y_axis, [_COUNT], _Y)):
            if [box.itemText(place) for place in range(box.count())] != first + numbers and len(numbers) > 1:
                with QSignalBlocker(box):
                    before = box.currentText() or usual
                    box.clear()
                    box.addItems(first + numbers)
                    box.setCurrentIndex(max(0, box.findText(before), 0 if before else box.findText(usual)))
        empty = not self.model.rowCount()
        self._list()
        self._plot()
        if empty:  # the first cells that are measured: those that are selected come into view
            self._follow_selection()

    def _list(self) -> None:
        text, wrong = self.rule.text(), ""
        mask = None
        if text.strip() and len(self.values):
            try:
                mask = rows_of(parse_rule(text, self.values.columns), self.values.columns)
            except UserError as error:
                wrong = str(error)
        self.rule.setStyleSheet(f"QLineEdit {{ color: {alarm().name()}; }}" if wrong else "")
        self.wrong.setText(wrong)
        self.wrong.setStyleSheet(f"color: {alarm().name()}")
        if not wrong:
            self._said_wrong.stop()
            self.wrong.hide()
        elif self.wrong.isHidden():
            self._said_wrong.start()
        self.model.refresh(self.values.columns, self.values.units, mask)
        self._show_count()

    def _show_measuring(self, busy: bool) -> None:
        self._measuring = busy
        self._say_empty()

    def _show_count(self) -> None:
        shown, all_ = self.model.rowCount(), len(self.values)
        words = f"{shown:,} cells" if shown == all_ else f"{shown:,} of {all_:,} cells"
        self.count.setText(words)
        self.select_shown.setEnabled(shown > 0)
        self._say_empty()

    def _plot(self) -> None:
        columns, units = self.model.columns, self.model.units
        x, y = self.x_axis.currentText(), self.y_axis.currentText()
        across, upwards = columns.get(x), columns.get(y)
        colours = None if upwards is None else self._colours()
        if across is None:
            self.plot.show_values(np.zeros(0), None, "", _COUNT)
        elif any(
            one is not other for one, other in zip(self._drawn, (across, upwards, colours), strict=True)
        ):
            fit = self._plotted != (x, y)
            if len(across):
                self._plotted = (x, y)
            titles = (titled(x, units.get(x, "")), titled(y, units.get(y, "")))
            self.plot.show_values(across, upwards, *titles, fit=fit, colours=colours)
            self._mark()
        self._drawn = (across, upwards, colours)
        self._say_empty()

    def _say_empty(self) -> None:
        """What to do where there is no cell, or none with the values that are plotted."""
        if len(self.values):
            drawn = self._drawn[0] is None or self.plot.shows_any
            self.plot.empty.say(
                "" if drawn else "No cell has a value for what is plotted. Choose another column."
            )
            hidden = not self.model.rowCount()
            self._no_rows.say("No cell fulfils the conditions above." if hidden else "")
            return
        if self._document is None:
            words = "Open an image: its cells are listed and plotted here."
        elif self._measuring and len(self._document.objects):
            words = "Measuring the cells…"
        else:
            words = "There are no cells yet. Find them (S) or draw some: they are listed and plotted here."
        self._no_rows.say(words)
        self.plot.empty.say(words)

    def _colours(self) -> np.ndarray | None:
        """uint8 (N, 3): of the class of each cell, black without one; None if no cell has one."""
        classes, column = self._canvas.classes.all, self.model.columns.get("class")
        if self._coloured[0] is not column or self._coloured[1] != classes:
            self._coloured = (column, classes, None if column is None else _class_colours(column, classes))
        return self._coloured[2]

    def _mark(self) -> np.ndarray:
        """Bool (N,): the cells that are selected."""
        document = self._document
        mask = self.values.mask_of(() if document is None else document.selected)
        self.plot.show_selected(mask)
        return mask

    def _follow_selection(self) -> None:
        selected = self._document is not None and bool(self._document.selected)
        for button in (self.accept, self.delete, self.classify):
            button.setEnabled(selected)
        if self._document is not None and self.isVisible():
            mask = self._mark()
            same = len(mask) == len(
                self.model.columns["label"]
            )  # else the table will be refreshed in a moment
            self.table.show_selected(self._document.selected, mask if same else None)

    # ------------------------------------------------------------------ what the person does

    def _select(self, ids: frozenset[int]) -> None:
        if self._document is not None:
            self._document.select(ids)

    def _show_cell(self, id_: int) -> None:
        if self._document is not None and id_ in self._document.objects:
            self._canvas.reveal(self._document.objects[id_].slices)

    def _gate(self, inside: np.ndarray | None) -> None:
        """A gate selects what it holds, of the rows that are shown."""
        if self._document is None:
            return
        if inside is None:
            self._document.select(())
            return
        if self.model.mask is not None:
            inside = inside & self.model.mask
        self._document.select(self.model.columns["label"][inside].tolist())
        self._canvas.say(f"{len(self._document.selected):,} cells in the gate are selected")

    def _list_classes(self) -> None:
        menu = self.classify.menu()
        assert menu is not None
        menu.clear()
        classes = self._canvas.classes
        ids = frozenset() if self._document is None else self._document.selected
        for place, each in enumerate(classes.all):
            menu.addAction(each.name.replace("&", "&&"), lambda p=place: classes.put(ids, p))
        if not len(classes):
            action = menu.addAction("Add a class in the panel “Classes” first")
            assert action is not None
            action.setEnabled(False)
        menu.addSeparator()
        menu.addAction("No class", lambda: classes.put(ids, None))


def _class_colours(column: np.ndarray, classes: Classes) -> np.ndarray | None:
    words = column.tolist()
    if not any(words):
        return None
    known = {each.name: QColor(each.colour).getRgb()[:3] for each in classes}
    number = {word: place for place, word in enumerate(set(words))}
    table = np.array([known.get(word, (0, 0, 0)) for word in number], np.uint8)
    return table[np.fromiter(map(number.__getitem__, words), np.int64, len(words))]
