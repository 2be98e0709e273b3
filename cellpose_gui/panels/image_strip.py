"""The images of the folder: find them, see how far each is, open them, say that they are done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QMouseEvent
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from cellpose_gui.panels.empty_words import EmptyWords
from cellpose_gui.panels.image_list_model import FILTERS, ORDERS, ImageListModel, Role
from cellpose_gui.panels.image_row import ImageRow
from cellpose_gui.panels.run_bar import RunBar
from cellpose_gui.panels.thumbnails import Thumbnails
from cellpose_gui.project.project import Project
from cellpose_gui.project.segment_all import SegmentAll
from cellpose_gui.tasks.task_runner import TaskRunner
from model_core.annotation.cells_summary import ImageState
from model_core.annotation.folder_index import ImageEntry


class ImageStrip(QWidget):
    """A row an image; a click or Return opens it. With Ctrl and Shift several are selected and marked."""

    chosen = pyqtSignal(object)  # Path
    state_asked = pyqtSignal(object, object)  # names, ImageState or None
    note_asked = pyqtSignal(object)  # names

    def __init__(
        self, tasks: TaskRunner, project: Project, segment_all: SegmentAll, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._project = project
        self._segment_all = segment_all
        self._folder: Path | None = None
        self._asked = ""  # the image that was told as the next one, until one is open
        self.model = ImageListModel(self)
        self.thumbnails = Thumbnails(tasks, project, self)
        self.model.show_icons_of(self.thumbnails.of, self.thumbnails.problem)
        self.rows = ImageRow(self)
        self.view = _List()
        self.view.setModel(self.model)
        self.view.setItemDelegate(self.rows)
        self._none = EmptyWords(self.view)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search names and notes")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search names and notes of images")
        self.filter, self.order = QComboBox(), QComboBox()
        self.filter.addItems(FILTERS)
        self.filter.setAccessibleName("Which images are shown")
        self.order.addItems(ORDERS)
        self.order.setAccessibleName("Order of the images")
        for box in (self.filter, self.order):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(6)
        self.shared = _wrapped()
        self.counts = _wrapped()
        self.run_bar = RunBar(segment_all)
        self._lay_out()
        self._connect()
        self._show_counts()
        self.shared.hide()

    def _lay_out(self) -> None:
        boxes = QHBoxLayout()
        boxes.addWidget(self.filter)
        boxes.addWidget(self.order)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.search)
        layout.addLayout(boxes)
        layout.addWidget(self.shared)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.counts)
        layout.addWidget(self.run_bar)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._arrange)
        self.filter.currentTextChanged.connect(self._arrange)
        self.order.currentTextChanged.connect(self._arrange)
        self.view.opened.connect(self._open)
        self.view.menu_asked.connect(self._show_menu)
        self.thumbnails.ready.connect(self.model.refresh)
        self._project.changed.connect(self._show_project)
        self._project.reading.connect(self._show_reading)
        self._project.shared.connect(self._show_shared)
        self._segment_all.changed.connect(self._show_run)
        self.run_bar.failures_asked.connect(lambda: self.filter.setCurrentText("With problems"))

    # ------------------------------------------------------------------ what others ask

    def images(self) -> list[Path]:
        """Those that are shown, in their order."""
        return [self._project.path(entry.name) for entry in self.model.shown]

    def selected(self) -> list[ImageEntry]:
        """The selected rows, else the image that is open."""
        rows = sorted(index.row() for index in self.view.selectedIndexes())
        if rows:
            return [self.model.shown[row] for row in rows]
        return [entry for entry in self.model.all_entries if entry.name == self.rows.current]

    def in_state(self, *states: ImageState) -> list[Path]:
        """All images of the folder in one of these states, shown or not."""
        return [self._project.path(entry.name) for entry in self.model.all_entries if entry.state in states]

    def mark_current(self, path: Path | None) -> None:
        """Highlights the image that is open."""
        name = "" if path is None or path.parent != self._project.folder else path.name
        self.rows.current = name
        self._asked = ""
        row = self.model.row(name)
        self.view.clearSelection()
        if row is not None:
            index = self.model.index(row)
            self.view.setCurrentIndex(index)
            self.view.scrollTo(index)
        self.model.refresh()

    def next_to_do(self) -> Path | None:
        """The image that needs work after the open one; asked again, after the one told last.

        So one that can't be opened doesn't bar the way.
        """
        entry = self.model.next_to_do(self._asked or self.rows.current or None)
        if entry is None:
            return None
        self._asked = entry.name
        return self._project.path(entry.name)

    # ------------------------------------------------------------------ what has changed

    def _show_project(self) -> None:
        if self._project.folder != self._folder:
            self._folder = self._project.folder
            self.thumbnails.forget()
        self._keeping_place(lambda: self.model.show_entries(self._project.folder, self._project.entries))
        self._show_counts()

    def _arrange(self) -> None:
        self.model.search = self.search.text()
        self.model.filter = self.filter.currentText()
        self.model.order = self.order.currentText()
        self._keeping_place(self.model.arrange)
        # Another question: the answer is looked at from the open image or from the top.
        row = self.model.row(self.rows.current)
        if row is not None:
            self.view.scrollTo(self.model.index(row))
        else:
            self.view.scrollToTop()
        self._show_counts()

    def _keeping_place(self, change: Callable[[], None]) -> None:
        """Selection and the row at the top stay where they are, if they are still shown."""
        selected = {entry.name for entry in self.selected()} if self.view.selectedIndexes() else set()
        current = self.view.currentIndex().data()
        bar = self.view.verticalScrollBar()
        at = bar.value() if bar is not None else 0
        reset = False

        def note() -> None:
            nonlocal reset
            reset = True

        self.model.modelReset.connect(note)
        change()
        self.model.modelReset.disconnect(note)
        if not reset:
            return
        chosen = self.view.selectionModel()
        assert chosen is not None
        row = self.model.row(current) if current else None
        if row is not None:
            chosen.setCurrentIndex(self.model.index(row), QItemSelectionModel.SelectionFlag.NoUpdate)
        for name in selected:
            if (row := self.model.row(name)) is not None:
                chosen.select(self.model.index(row), QItemSelectionModel.SelectionFlag.Select)
        if bar is not None:
            bar.setValue(at)

    def _show_run(self) -> None:
        self.model.show_run(self._segment_all.run)
        if self._segment_all.run.errors and self.filter.currentText() == "With problems":
            self._keeping_place(self.model.arrange)
        else:
            self.model.refresh()

    def _show_counts(self) -> None:
        entries = self.model.all_entries
        counts = dict.fromkeys(ImageState, 0)
        for entry in entries:
            counts[entry.state] += 1
        total = f"{len(entries):,} image{'' if len(entries) == 1 else 's'}"
        if len(self.model.shown) != len(entries):
            total = f"{len(self.model.shown):,} of {total} shown"
        parts = [f"{count:,} {state.value}" for state, count in counts.items() if count]
        cells = sum(entry.cells for entry in entries)
        self.counts.setText(
            f"{total}: {', '.join(parts)}; {cells:,} cell{'' if cells == 1 else 's'}" if entries else ""
        )
        self.run_bar.start.setEnabled(bool(entries))
        if self.model.shown:
            self._none.say("")
        elif entries:
            self._none.say("No image fits the search and the choice above.")
        elif self._project.folder is not None:
            self._none.say("There are no images in this folder. New ones appear here by themselves.")
        else:
            self._none.say(
                "No folder is open. Open one (Ctrl+Shift+O) or drag it here: its images are listed here."
            )

    def _show_reading(self, fraction: float) -> None:
        if fraction < 1:
            self.counts.setText(f"Reading what is known of the images: {fraction:.0%}")
        else:
            self._show_counts()

    def _show_shared(self, user: str) -> None:
        self.shared.setVisible(bool(user))
        self.shared.setText(
            f"⚠ This folder is already open: {user}. Images that are open there can't be opened here; "
            "take turns, so that nothing is done twice."
        )

    # ------------------------------------------------------------------ what the person does

    def _open(self, index: QModelIndex) -> None:
        self.chosen.emit(self._project.path(index.data(Role.ENTRY).name))

    def _show_menu(self, place: QPoint) -> None:
        names = [entry.name for entry in self.selected()]
        if not names:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("&Open", lambda: self.chosen.emit(self._project.path(names[0])))
        menu.addAction("&Segment", self.run_bar.selected_asked.emit)
        menu.addSeparator()
        menu.addAction("Mark as &done", lambda: self.state_asked.emit(names, ImageState.DONE))
        menu.addAction("E&xclude", lambda: self.state_asked.emit(names, ImageState.EXCLUDED))
        menu.addAction("&Take up again", lambda: self.state_asked.emit(names, None))
        menu.addAction("&Note…", lambda: self.note_asked.emit(names))
        menu.popup(place)


class _List(QListView):
    """Clicks and Return open; with Ctrl or Shift they select."""

    opened = pyqtSignal(object)  # QModelIndex
    menu_asked = pyqtSignal(object)  # QPoint on the screen

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Images of the folder")
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda at: self.menu_asked.emit(self.mapToGlobal(at)))

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        super().mouseReleaseEvent(event)
        assert event is not None
        index = self.indexAt(event.position().toPoint())
        plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
        if plain and event.button() == Qt.MouseButton.LeftButton and index.isValid():
            self.opened.emit(index)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.opened.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)


def _wrapped() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    return label
