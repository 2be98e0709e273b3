"""The classes of cells: names, colours, how many cells are in each."""

from __future__ import annotations

from collections import Counter
from functools import partial

from PyQt6.QtCore import QSize, Qt, QTimer
from PyQt6.QtGui import QColor, QIcon, QPainter, QPixmap
from PyQt6.QtWidgets import (
    QColorDialog,
    QGridLayout,
    QHeaderView,
    QInputDialog,
    QMenu,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.document.document import Document
from cellpose_gui.panels.empty_words import EmptyWords
from cellpose_gui.panels.focus import leave_keys_to_canvas
from model_core.annotation.classes import LONGEST_NAME
from model_core.annotation.patch import Patch
from model_core.errors import UserError

_ROWS = 5  # in view; more scroll
_CLOSED = "Open an image: its cells can be put into classes of yours here."
_NONE = (
    "No classes yet. “Add…” makes one, such as “mitotic”; then a number key puts the selected cells into it."
)


class ClassPanel(QWidget):
    """The chosen row is the class that the tool “Classify” puts cells into."""

    def __init__(self, canvas: Canvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas, self._classes = canvas, canvas.classes
        self._document: Document | None = None
        self._counts: Counter[str] = Counter()
        self.list = QTreeWidget()
        self.list.setColumnCount(3)
        self.list.setHeaderLabels(["Class", "Key", "Cells"])
        self.list.setRootIsDecorated(False)
        self.list.setAccessibleName("Classes of cells")
        self.list.setToolTip("A double click puts the selected cells into a class; so does its number key")
        self._none = EmptyWords(self.list)
        header = self.list.header()
        assert header is not None
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(False)
        row = self.list.fontMetrics().lineSpacing() + 6
        self.list.setMinimumHeight((_ROWS + 1) * row)
        self.list.itemClicked.connect(lambda item: self._classes.choose(self._place(item)))
        self.list.itemDoubleClicked.connect(lambda item: self._put(self._place(item)))
        self.add_button = QPushButton("Add…")
        self.add_button.setToolTip("A new class")
        self.add_button.clicked.connect(self.ask_new)
        self.put_button = QPushButton("Put selected in")
        self.put_button.setToolTip("Put the selected cells into the chosen class")
        self.put_button.clicked.connect(lambda: self._put(self._classes.current_place))
        self.find_button = QPushButton("Select these")
        self.find_button.setToolTip("Select all cells of the chosen class")
        self.find_button.clicked.connect(self.select_cells)
        self.more = QPushButton("More")
        self.more.setAccessibleName("More about the chosen class")
        menu = QMenu(self.more)
        menu.addAction("Rename…", self.ask_name)
        menu.addAction("Colour…", self.ask_colour)
        menu.addAction("Colour the cells by class", self._colour_by_class)
        menu.addAction("Take the selected cells out of their class (0)", lambda: self._put(None))
        menu.addSeparator()
        menu.addAction("Remove", self.remove)
        self.more.setMenu(menu)
        leave_keys_to_canvas(self.list, self.add_button, self.put_button, self.find_button, self.more)
        buttons = QGridLayout()
        buttons.addWidget(self.add_button, 0, 0)
        buttons.addWidget(self.more, 0, 1)
        buttons.addWidget(self.put_button, 1, 0)
        buttons.addWidget(self.find_button, 1, 1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.list)
        layout.addLayout(buttons)
        self._classes.changed.connect(self._rebuild)
        self._rebuild()

    def set_document(self, document: Document | None) -> None:
        """Counts the cells of this document."""
        if self._document is not None:
            self._document.patch_applied.disconnect(self._count_soon)
        self._document = document
        self._counts = Counter()
        if document is not None:
            self._counts.update(record.class_name for record in document.objects.values())
            document.patch_applied.connect(self._count_soon)
        self._rebuild()

    def ask_new(self) -> None:
        """A new class, by its name."""
        name, given = QInputDialog.getText(self, "New class", "Name of the class, such as “mitotic”:")
        if given:
            self._try(lambda: self._classes.add(name.strip()[:LONGEST_NAME]))

    def ask_name(self) -> None:
        """Another name for the chosen class."""
        current = self._classes.current
        if current is None:
            return
        name, given = QInputDialog.getText(self, "Rename class", "Name of the class:", text=current.name)
        if given:
            place = self._classes.current_place
            self._try(lambda: self._classes.rename(place, name.strip()[:LONGEST_NAME]))

    def ask_colour(self) -> None:
        """Another colour for the chosen class."""
        current = self._classes.current
        if current is not None:
            colour = QColorDialog.getColor(QColor(current.colour), self, f"Colour of “{current.name}”")
            if colour.isValid():
                self._classes.recolour(self._classes.current_place, colour.name().upper())

    def remove(self) -> None:
        """The chosen class goes; its cells stay, in no class."""
        if self._classes.current is not None:
            self._classes.remove(self._classes.current_place)

    def select_cells(self) -> None:
        """All cells of the chosen class."""
        document, current = self._document, self._classes.current
        if document is not None and current is not None:
            name = current.name
            document.select(id_ for id_, record in document.objects.items() if record.class_name == name)
            self._canvas.say(f"{len(document.selected):,} cells of class “{name}” selected")

    def _put(self, place: int | None) -> None:
        if self._document is not None and (place is None or self._classes.current is not None):
            self._classes.put(self._document.selected, place)

    def _colour_by_class(self) -> None:
        self._canvas.colour_by.choice = "Class"

    def _try(self, change) -> None:  # type: ignore[no-untyped-def]
        try:
            change()
        except UserError as error:
            self._canvas.say(str(error))

    def _place(self, item: QTreeWidgetItem) -> int:
        return self.list.indexOfTopLevelItem(item)

    def _count_soon(self, patch: Patch) -> None:
        """On its own: other panels look at the records of a large patch at the same time."""
        QTimer.singleShot(0, partial(self._count, self._counts, patch))

    def _count(self, counts: Counter[str], patch: Patch) -> None:
        """Only what the patch has changed."""
        if counts is not self._counts:  # of another document, or counted anew
            return
        pairs = patch.records.values()
        before = Counter([record.class_name for record, _ in pairs if record is not None])
        after = Counter([record.class_name for _, record in pairs if record is not None])
        if before != after:
            self._counts.subtract(before)
            self._counts.update(after)
            self._show_counts()

    def _rebuild(self) -> None:
        self.list.clear()
        for place, each in enumerate(self._classes.all):
            item = QTreeWidgetItem(["", str(place + 1), ""])
            item.setText(0, each.name)
            item.setToolTip(0, each.name)
            item.setIcon(0, _swatch(each.colour))
            for column in (1, 2):
                item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight)
            self.list.addTopLevelItem(item)
            if place == self._classes.current_place:
                self.list.setCurrentItem(item)
        self._show_counts()
        there = self._document is not None
        self._none.say("" if len(self._classes) else _NONE if there else _CLOSED)
        self.add_button.setEnabled(there)
        for button in (self.put_button, self.find_button, self.more):
            button.setEnabled(there and len(self._classes) > 0)

    def _show_counts(self) -> None:
        for place, each in enumerate(self._classes.all):
            item = self.list.topLevelItem(place)
            if item is not None:
                item.setText(2, f"{self._counts[each.name]:,}")


def _swatch(colour: str) -> QIcon:
    picture = QPixmap(QSize(14, 14))
    picture.fill(QColor(colour))
    painter = QPainter(picture)
    painter.setPen(QColor(90, 90, 90))
    painter.drawRect(0, 0, 13, 13)
    painter.end()
    return QIcon(picture)
