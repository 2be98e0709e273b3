"""Worst first: doubtful cells come up one after the other, and one key says what is to be done with each."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QEvent, QPointF, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QPainterPath
from PyQt6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QGridLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.document.document import Document
from cellpose_gui.panels.focus import leave_keys_to_canvas
from cellpose_gui.tasks.doubts import Doubts
from model_core.annotation.boxes import around
from model_core.annotation.doubt import Advice, Doubt
from model_core.annotation.objects import Review
from model_core.annotation.patch import Box
from model_core.annotation.putting_right import cut_between, put_right
from model_core.annotation.review_queue import Answer, Item, ReviewQueue

HERE, FOLDER = "This image", "All images of the folder"
_ROOM = 1.5  # times the size of a cell that is seen around it ...
_LEAST_ROOM = 25  # px: ... a speck is judged by its neighbours too
_ANSWERS = {
    Advice.ACCEPT: (Qt.Key.Key_A, "Accept", "It is right (A)", Answer.ACCEPTED),
    Advice.DELETE: (Qt.Key.Key_D, "Delete", "There is no cell (D)", Answer.DELETED),
    Advice.SPLIT: (Qt.Key.Key_S, "Split", "These are two cells: cut along the line (S)", Answer.SPLIT),
    Advice.MERGE: (Qt.Key.Key_M, "Merge", "It is one cell with its neighbour (M)", Answer.MERGED),
}  # fmt: skip
_EDIT, _LATER, _SKIP, _BACK = Qt.Key.Key_E, Qt.Key.Key_L, Qt.Key.Key_N, Qt.Key.Key_B
_PROPOSED = {
    Advice.ACCEPT: "Probably right: accept",
    Advice.DELETE: "Delete",
    Advice.SPLIT: "Split along the line",
    Advice.MERGE: "Merge with its neighbour",
    Advice.RESHAPE: "Correct its outline",
}


class QueuePanel(QWidget):
    """While it has the keyboard its own letters count; a click on the canvas gives the tools theirs back.

    Each answer is a step of the document that can be undone as any other.
    """

    start_asked = pyqtSignal(bool)  # True: all images of the folder
    open_asked = pyqtSignal(object)  # Path of an image

    def __init__(self, canvas: Canvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._document: Document | None = None
        self._queue: ReviewQueue | None = None
        self._shown: Item | None = None
        self._steps: list[tuple[Path, int]] = []  # image, and where its history stood after each answer
        self._going_back = False  # the image of the last answer is being opened
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._make_widgets()
        self._lay_out()
        self._show()

    def _make_widgets(self) -> None:
        self.scope = QComboBox()
        self.scope.addItems([HERE, FOLDER])
        self.scope.setAccessibleName("Which images are looked at")
        self.share = QSpinBox()
        self.share.setRange(1, 100)
        self.share.setValue(20)
        self.share.setSuffix(" % of the cells")
        self.share.setAccessibleName("How many of the cells come up")
        self.share.setToolTip("The most doubtful ones come up, and some others picked at random")
        self.start = QPushButton("Start")
        self.start.setToolTip("Look for doubtful cells and show the worst one first")
        self.start.clicked.connect(lambda: self.start_asked.emit(self.scope.currentText() == FOLDER))
        self.progress = QProgressBar()
        self.progress.setTextVisible(True)
        self.progress.setFormat("%v of %m")
        self.about, self.proposal, self.estimate = QLabel(), QLabel(), QLabel()
        for label in (self.about, self.proposal, self.estimate):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.MinimumExpanding)
        bold = self.proposal.font()
        bold.setBold(True)
        self.proposal.setFont(bold)
        self.buttons: dict[Qt.Key, QPushButton] = {}
        for advice, (key, word, tip, _) in _ANSWERS.items():
            self._button(key, word, tip).clicked.connect(lambda _=False, a=advice: self.answer(a))
        self._button(
            _EDIT, "Edit", "Correct its outline with the tools, then press N here (E)"
        ).clicked.connect(self.edit)
        self._button(_LATER, "Later", "Show it again after the others of this image (L)").clicked.connect(
            self.later
        )
        self._button(_SKIP, "Skip", "Leave it as it is and go on (N)").clicked.connect(self.skip)
        self._button(_BACK, "Back", "Take the last answer back (B)").clicked.connect(self.back)
        leave_keys_to_canvas(self.scope, self.start, *self.buttons.values())

    def _button(self, key: Qt.Key, word: str, tip: str) -> QPushButton:
        letter = chr(key.value)
        button = self.buttons[key] = QPushButton(f"{word} ({letter})")
        button.setToolTip(tip)
        button.setAccessibleName(word)
        return button

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow("Look at", self.scope)
        form.addRow("The worst", self.share)
        answers = QGridLayout()
        for place, button in enumerate(self.buttons.values()):
            answers.addWidget(button, place // 2, place % 2)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.start)
        layout.addWidget(self.progress)
        layout.addWidget(self.about)
        layout.addWidget(self.proposal)
        layout.addLayout(answers)
        layout.addWidget(self.estimate)
        layout.addStretch(1)

    # ------------------------------------------------------------------ the queue

    def begin(self, found: Doubts) -> None:
        """A new queue of these doubts."""
        self._queue = ReviewQueue(found.by_image, self.share.value() / 100)
        self._steps = []
        if found.errors:
            (path, why), more = found.errors[0], len(found.errors) - 1
            others = f", and {more} more" if more else ""
            self._canvas.say(f"Left out: {path.name} ({why}){others}")
        self._next()
        self.setFocus()

    def set_document(self, document: Document | None) -> None:
        """Another image is open, because the queue asked for it or the person did."""
        if self._document is not None:
            self._document.history_changed.disconnect(self._follow_history)
        self._document = document
        if document is not None:
            document.history_changed.connect(self._follow_history)
        item = self._queue.current if self._queue is not None else None
        self._shown = None
        back, self._going_back = self._going_back, False
        if back and self._steps and self._is_open(self._steps[-1][0]):
            QTimer.singleShot(0, self.back)
        elif item is not None and self._is_open(item.image):
            QTimer.singleShot(0, self._go_on)  # the canvas fits the image and takes the keyboard first
        else:
            self._show()

    def _go_on(self) -> None:
        self._next()
        self.setFocus()

    def answer(self, advice: Advice) -> None:
        """Does it, and goes on to the next cell if it was done."""
        item, document = self._shown, self._document
        if item is None or document is None or self._queue is None:
            return
        doubt = item.doubt
        before = document.store.history.position
        ids = [doubt.id, doubt.partner] if advice is Advice.MERGE and doubt.partner else [doubt.id]
        self._canvas.change(lambda cells, tick: put_right(cells, doubt, advice, tick), "Putting right", ids)
        if document.store.history.position > before or self._canvas.working:
            self._said(_ANSWERS[advice][3], document)

    def edit(self) -> None:
        """Leaves the keyboard to the tools, with the cell selected for adjusting."""
        if self._shown is not None:
            self._canvas.set_tool("reshape")
            self._canvas.setFocus()
            self._canvas.say(
                "Correct the cell with any tool, then press “Skip (N)” in the panel, or F3, to go on"
            )

    def skip(self) -> None:
        """Goes on; a cell that was changed meanwhile counts as edited."""
        item, document = self._shown, self._document
        if item is None or document is None or self._queue is None:
            return
        record = document.objects.get(item.doubt.id)
        changed = record is None or record.protected
        self._said(Answer.EDITED if changed else Answer.SKIPPED, document)

    def later(self) -> None:
        """Comes up again after the others of this image."""
        if self._queue is not None and self._shown is not None:
            self._queue.later()
            self._next()

    def back(self) -> None:
        """Takes the last answer back, and what it has changed; opens its image first if need be."""
        if self._queue is None or not self._steps:
            return
        image, position = self._steps[-1]
        if not self._is_open(image):
            self._going_back = True
            self.open_asked.emit(image)
            return
        assert self._document is not None
        self._steps.pop()
        self._queue.back()
        if position and self._document.store.history.position == position:
            self._document.undo()
        self._next()
        self.setFocus()

    def _said(self, answer: Answer, document: Document) -> None:
        assert self._queue is not None
        changed = answer not in (Answer.SKIPPED, Answer.EDITED)
        self._steps.append((document.image.path, document.store.history.position if changed else 0))
        self._shown = None
        self._queue.answer(answer)
        self._next()
        self.setFocus()

    def _follow_history(self) -> None:
        """An undo of the last answer, by whatever key, brings its cell back."""
        document = self._document
        if self._queue is None or document is None or not self._steps or self._shown is None:
            return
        image, position = self._steps[-1]
        if self._is_open(image) and position and document.store.history.position < position:
            self._steps.pop()
            if self._queue.back():
                QTimer.singleShot(0, self._next)

    def _next(self) -> None:
        """Shows the current cell; those that nobody has to look at any more are passed over."""
        queue = self._queue
        self._shown = None
        while queue is not None and (item := queue.current) is not None:
            if not self._is_open(item.image):
                self.open_asked.emit(item.image)
                break
            assert self._document is not None
            record = self._document.objects.get(item.doubt.id)
            if record is not None and record.review is Review.UNREVIEWED and not record.protected:
                self._shown = item
                break
            queue.answer(Answer.GONE)
        self._show()
        if self._shown is not None:
            self._look_at(self._shown.doubt)

    def _is_open(self, image: Path) -> bool:
        return self._document is not None and self._document.image.path == image

    # ------------------------------------------------------------------ what is shown

    def _look_at(self, doubt: Doubt) -> None:
        document, canvas = self._document, self._canvas
        assert document is not None
        ids = [doubt.id]
        if doubt.advice is Advice.MERGE and doubt.partner in document.objects:
            ids.append(doubt.partner)
        document.select(ids)
        canvas.zoom_to(_with_room(around(document.objects[id_] for id_ in ids), document.labels.shape))
        if doubt.advice is Advice.SPLIT and (line := cut_between(document.labels, doubt)) is not None:
            path = QPainterPath(QPointF(*line[0]))
            path.lineTo(QPointF(*line[1]))
            canvas.show_shape(path, fill=False)
        else:
            canvas.show_shape(None)

    def _show(self) -> None:
        queue, item = self._queue, self._shown
        self.start.setEnabled(self._document is not None)
        for widget in (self.progress, self.estimate):
            widget.setVisible(queue is not None)
        for button in self.buttons.values():
            button.setEnabled(item is not None)
        self.buttons[_BACK].setEnabled(bool(self._steps))
        if queue is None:
            self.about.setText(
                "Cells that are likely wrong come up one after the other, each with a proposal. "
                "One key answers."
            )
            self.proposal.setText("")
            return
        self.progress.setMaximum(max(1, len(queue.items)))
        self.progress.setValue(queue.done)
        if item is not None:
            doubt = item.doubt
            self.about.setText(f"Cell {doubt.id} of {item.image.name}: {_in_words(item)}")
            self.proposal.setText(f"Proposal: {_PROPOSED[doubt.advice]}")
            has_line, has_partner = doubt.parts is not None, doubt.partner > 0
            self.buttons[Qt.Key.Key_S].setEnabled(has_line)
            self.buttons[Qt.Key.Key_M].setEnabled(has_partner)
        elif queue.current is not None:
            self.about.setText(f"Opening {queue.current.image.name}…")
            self.proposal.setText("")
        elif queue.total:
            self.about.setText(f"Done: {queue.done:,} cells were looked at, {queue.wrong:,} were wrong.")
            self.proposal.setText("")
        else:
            self.about.setText("There are no cells that nobody has reviewed. Find cells first (S).")
            self.proposal.setText("")
        self.estimate.setText(
            queue.estimate.words + " Cells that were not found at all are not counted." if queue.total else ""
        )

    # ------------------------------------------------------------------ keys

    def event(self, event: QEvent | None) -> bool:
        """Its letters are answers while it has the keyboard, whatever command they stand for otherwise."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and event.modifiers() == Qt.KeyboardModifier.NoModifier
            and Qt.Key(event.key()) in self.buttons
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        button = self.buttons.get(Qt.Key(event.key()))
        if button is not None and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            button.click()
        else:
            event.ignore()


def _in_words(item: Item) -> str:
    if item.sample:
        return "picked at random, to learn how many of the others are wrong."
    reason = f"; {item.doubt.reason}" if item.doubt.reason else ""
    return f"{item.doubt.doubt:.0%} likely to be wrong{reason}."


def _with_room(box: Box, shape: tuple[int, ...]) -> Box:
    """Wider on all sides, so that one sees where the cell lies; moved into the image as far as it goes."""
    z, y, x = box
    room = max(_LEAST_ROOM, int(_ROOM * max(y.stop - y.start, x.stop - x.start)))
    return z, _moved_into(y, room, shape[1]), _moved_into(x, room, shape[2])


def _moved_into(part: slice, room: int, size: int) -> slice:
    start, stop = part.start - room, part.stop + room
    shift = max(0, -start) - max(0, stop - size)
    return slice(start + shift, stop + shift)
