"""Two results of one image: how far they agree, and a walk through what differs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PyQt6.QtCore import QEvent, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cellpose_gui.canvas.background import Background
from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.document.document import Document
from cellpose_gui.panels.empty_words import EmptyWords
from cellpose_gui.panels.focus import leave_keys_to_canvas
from cellpose_gui.tasks.comparing import PATTERNS
from model_core.annotation.differences import Comparison, Difference, Kind, compare, take_over
from model_core.annotation.patch import Box

_ALL = "All differences"
_WORDS = {
    Kind.MISSED: "only there",
    Kind.ADDED: "only here",
    Kind.SPLIT: "several here, one there",
    Kind.MERGED: "one here, several there",
    Kind.SHAPE: "another shape",
}
_ROOM = 30  # px that are seen around a difference, at least
_REST = 300  # ms without a change after which it is compared anew
_MOST_ROWS = 5000
_HERE = "Where the two results differ is listed here; a click shows the place."


class ComparePanel(QWidget):
    """The other result is drawn in dashes; a row of the list shows a difference, one key takes it over."""

    previous_asked = pyqtSignal()
    model_asked = pyqtSignal(str)
    file_asked = pyqtSignal(object)  # Path
    end_asked = pyqtSignal()

    def __init__(self, canvas: Canvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._document: Document | None = None
        self._other: np.ndarray | None = None
        self._comparison: Comparison | None = None
        self._background = Background(self._take)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._compare)
        self.models: list[str] = []
        self._make_widgets()
        self._show()

    def _make_widgets(self) -> None:
        self.choose = QPushButton("Compare with")
        menu = QMenu(self.choose)
        menu.aboutToShow.connect(self._offer)
        self.choose.setMenu(menu)
        self.end = QPushButton("End")
        self.end.setToolTip("Take the other outlines away")
        self.end.clicked.connect(self.end_asked)
        self.figures = QLabel()
        self.figures.setWordWrap(True)
        self.kinds = QComboBox()
        self.kinds.setAccessibleName("Which differences are listed")
        self.kinds.currentIndexChanged.connect(self._list)
        self.list = QListWidget()
        self.list.setAccessibleName("Differences")
        self.list.setUniformItemSizes(True)
        self._none = EmptyWords(self.list)
        self.list.currentRowChanged.connect(self._look_at)
        self.list.installEventFilter(self)
        self.take = QPushButton("Take from there (T)")
        self.take.setToolTip("Put what the other result has here in place of the present cells")
        self.take.clicked.connect(self.take_over)
        self.next = QPushButton("Next (N)")
        self.next.setToolTip("Leave it as it is and show the next difference")
        self.next.clicked.connect(lambda: self._step(1))
        leave_keys_to_canvas(self.choose, self.end, self.kinds, self.take, self.next)
        above, below = QHBoxLayout(), QHBoxLayout()
        above.addWidget(self.choose, 1)
        above.addWidget(self.end)
        below.addWidget(self.take)
        below.addWidget(self.next)
        layout = QVBoxLayout(self)
        layout.addLayout(above)
        layout.addWidget(self.figures)
        layout.addWidget(self.kinds)
        layout.addWidget(self.list, 1)
        layout.addLayout(below)

    def set_document(self, document: Document | None) -> None:
        """Another image is open: there is nothing to compare with yet."""
        if self._document is not None:
            self._document.patch_applied.disconnect(self._changed)
        self._document = document
        if document is not None:
            document.patch_applied.connect(self._changed)
        self.show_other(None)

    def show_other(self, labels: np.ndarray | None) -> None:
        """Compares with these labels, (Z, Y, X); None: with nothing any more."""
        self._background.cancel()
        self._rest.stop()
        self._other, self._comparison = labels, None
        self._show()
        if labels is not None:
            self._compare()

    def take_over(self) -> None:
        """What the other result has here comes in place of the present cells."""
        difference, other = self.current, self._other
        if difference is not None and other is not None:
            self._canvas.change(
                lambda cells, tick: take_over(cells, other, difference), "Taking over", difference.mine
            )

    @property
    def current(self) -> Difference | None:
        """The difference that is shown."""
        item = self.list.currentItem()
        return None if item is None else item.data(Qt.ItemDataRole.UserRole)

    def _offer(self) -> None:
        menu = self.choose.menu()
        assert menu is not None
        menu.clear()
        menu.addAction("The previous result of the model", self.previous_asked.emit)
        models = menu.addMenu("What a model finds")
        assert models is not None
        for name in self.models:
            models.addAction(name.replace("&", "&&"), lambda n=name: self.model_asked.emit(n))
        menu.addAction("A file or another person's work…", self._ask_file)
        hint = menu.addAction("A step of the history: right click it in the panel “History”")
        assert hint is not None
        hint.setEnabled(False)

    def _ask_file(self) -> None:
        folder = "" if self._document is None else str(self._document.image.path.parent)
        words = f"Labels ({PATTERNS});;All files (*)"
        name, _ = QFileDialog.getOpenFileName(self, "Labels to compare with", folder, words)
        if name:
            self.file_asked.emit(Path(name))

    def _changed(self) -> None:
        if self._other is not None:
            self._rest.start()

    def _compare(self) -> None:
        document, other = self._document, self._other
        if document is None or other is None or other.shape != document.labels.shape:
            return
        labels = document.labels
        self._background.start(lambda cancelled: compare(labels.copy(), other))

    def _take(self, comparison: object) -> None:
        if isinstance(comparison, Comparison):
            self._comparison = comparison
            self._show()

    def _show(self) -> None:
        comparison = self._comparison
        there = self._document is not None
        self.choose.setEnabled(there)
        self.end.setEnabled(self._other is not None)
        if comparison is None:
            waiting = "Comparing…" if self._other is not None else "Choose what the cells are compared with."
            self.figures.setText(waiting)
        else:
            ap = ", ".join(f"{value:.2f}" for value in comparison.ap)
            self.figures.setText(
                f"{comparison.mine:,} cells here, {comparison.theirs:,} there; {comparison.matched:,} "
                f"the same (IoU of 0.5 or more). AP at 0.5, 0.75, 0.9: {ap}."
            )
        chosen = self.kinds.currentData()
        self.kinds.blockSignals(True)
        self.kinds.clear()
        self.kinds.setEnabled(comparison is not None)
        total = 0 if comparison is None else len(comparison.differences)
        self.kinds.addItem(f"{_ALL}: {total:,}", None)
        for kind, words in _WORDS.items():
            count = 0 if comparison is None else comparison.count(kind)
            self.kinds.addItem(f"{kind.value.capitalize()} ({words}): {count:,}", kind)
        self.kinds.setCurrentIndex(max(0, self.kinds.findData(chosen)))
        self.kinds.blockSignals(False)
        self._list()

    def _list(self) -> None:
        row = self.list.currentRow()
        kind = self.kinds.currentData()
        self.list.blockSignals(True)
        self.list.clear()
        differences = () if self._comparison is None else self._comparison.differences
        wanted = [each for each in differences if kind is None or each.kind is kind]
        for each in wanted[:_MOST_ROWS]:
            item = QListWidgetItem(_line(each))
            item.setData(Qt.ItemDataRole.UserRole, each)
            self.list.addItem(item)
        self.list.blockSignals(False)
        for button in (self.take, self.next):
            button.setEnabled(bool(wanted))
        if self._comparison is None:
            self._none.say("" if self._other is not None else _HERE)
        else:
            self._none.say("" if wanted else "No differences.")
        if row >= 0 and wanted:
            self.list.setCurrentRow(min(row, self.list.count() - 1))

    def _look_at(self, row: int) -> None:
        difference, document = self.current, self._document
        if difference is None or document is None or row < 0:
            return
        document.select(difference.mine)
        self._canvas.zoom_to(_with_room(difference.box))

    def _step(self, step: int) -> None:
        if self.list.count():
            self.list.setCurrentRow((self.list.currentRow() + step) % self.list.count())

    def eventFilter(self, watched, event) -> bool:  # type: ignore[no-untyped-def]
        """In the list, T takes over and N goes on, whatever command they stand for otherwise."""
        if watched is self.list and isinstance(event, QKeyEvent):
            key = Qt.Key(event.key())
            if key in (Qt.Key.Key_T, Qt.Key.Key_N) and not event.modifiers():
                if event.type() == QEvent.Type.KeyPress:
                    (self.take if key == Qt.Key.Key_T else self.next).click()
                event.accept()
                return True
        return super().eventFilter(watched, event)


def _line(difference: Difference) -> str:
    """A difference in a few words."""
    ids = ", ".join(str(id_) for id_ in difference.mine[:4])
    where = (
        f"cell{'s' if len(difference.mine) > 1 else ''} {ids}"
        if difference.mine
        else f"at {difference.box[2].start}, {difference.box[1].start}"
    )
    iou = f", IoU {difference.iou:.2f}" if difference.kind is Kind.SHAPE else ""
    return f"{difference.kind.value.capitalize()}: {where}{iou}"


def _with_room(box: Box) -> Box:
    z, y, x = box
    room = max(_ROOM, y.stop - y.start, x.stop - x.start)
    return z, slice(y.start - room, y.stop + room), slice(x.start - room, x.stop + room)
