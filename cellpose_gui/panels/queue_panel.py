"""Worst first: doubtful cells come up one after the other, and one key says what is to be done with each."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QEvent, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QKeyEvent
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
from cellpose_gui.panels.doubt_view import in_words, look_at, proposed
from cellpose_gui.panels.focus import leave_keys_to_canvas
from cellpose_gui.tasks.doubts import Doubts
from model_core.annotation.candidates import still_open
from model_core.annotation.doubt import Advice, Doubt
from model_core.annotation.objects import Review
from model_core.annotation.putting_right import put_right
from model_core.annotation.review_queue import Answer, Item, ReviewQueue

HERE, FOLDER = "This image", "All images of the folder"
_FOR_CELLS = {
    Qt.Key.Key_A: (Advice.ACCEPT, "Accept", "It is right (A)"),
    Qt.Key.Key_D: (Advice.DELETE, "Delete", "There is no cell (D)"),
    Qt.Key.Key_S: (Advice.SPLIT, "Split", "These are two cells: cut along the line (S)"),
    Qt.Key.Key_M: (Advice.MERGE, "Merge", "It is one cell with its neighbour (M)"),
}
_FOR_PLACES = {
    Qt.Key.Key_A: (Advice.ADD, "Add", "There is a cell: add it as the dashed line shows it (A)"),
    Qt.Key.Key_D: (Advice.NONE, "No cell", "There is no cell; none will be found here any more (D)"),
}
_ANSWERS = {
    Advice.ACCEPT: Answer.ACCEPTED,
    Advice.DELETE: Answer.DELETED,
    Advice.SPLIT: Answer.SPLIT,
    Advice.MERGE: Answer.MERGED,
    Advice.ADD: Answer.ADDED,
    Advice.NONE: Answer.NONE,
}
_EDIT, _LATER, _SKIP, _BACK = Qt.Key.Key_E, Qt.Key.Key_L, Qt.Key.Key_N, Qt.Key.Key_B


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
        for key, (_, word, tip) in _FOR_CELLS.items():
            self._button(key, word, tip).clicked.connect(lambda _=False, k=key: self._answer_by(k))
        self._button(_EDIT, "Edit", "Draw it with the tools, then press N here (E)").clicked.connect(
            self.edit
        )
        self._button(_LATER, "Later", "Show it again after the others of this image (L)").clicked.connect(
            self.later
        )
        self._button(_SKIP, "Skip", "Leave it as it is and go on (N)").clicked.connect(self.skip)
        self._button(_BACK, "Back", "Take the last answer back (B)").clicked.connect(self.back)
        leave_keys_to_canvas(self.scope, self.start, *self.buttons.values())

    def _button(self, key: Qt.Key, word: str, tip: str) -> QPushButton:
        letter = chr(key.value)
        button = self.buttons.setdefault(key, QPushButton())
        button.setText(f"{word} ({letter})")
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

    def _answer_by(self, key: Qt.Key) -> None:
        if self._shown is not None:
            self.answer(_meanings(self._shown.doubt)[key][0])

    def answer(self, advice: Advice) -> None:
        """Does it, and goes on to the next cell if it was done."""
        item, document = self._shown, self._document
        if item is None or document is None or self._queue is None:
            return
        doubt = item.doubt
        before = document.store.history.position
        ids = [doubt.id, doubt.partner] if advice is Advice.MERGE and doubt.partner else [doubt.id]
        finished = document.store.finished
        self._canvas.change(
            lambda cells, tick: put_right(cells, doubt, advice, finished), "Putting right", ids
        )
        if document.store.history.position > before or self._canvas.working:
            self._said(_ANSWERS[advice], document, document.store.history.position)

    def edit(self) -> None:
        """Leaves the keyboard to the tools, with the cell selected for adjusting."""
        if self._shown is not None:
            place = self._shown.doubt.candidate is not None
            self._canvas.set_tool("brush" if place else "reshape")
            self._canvas.setFocus()
            what = "Draw" if place else "Correct"
            self._canvas.say(
                f"{what} the cell with any tool, then press “Skip (N)” in the panel, or F3, to go on"
            )

    def skip(self) -> None:
        """Goes on; a cell that was changed meanwhile counts as edited."""
        item, document = self._shown, self._document
        if item is None or document is None or self._queue is None:
            return
        done = Answer.EDITED if item.doubt.candidate is None else Answer.ADDED
        self._said(Answer.SKIPPED if _asks(item.doubt, document) else done, document)

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

    def _said(self, answer: Answer, document: Document, position: int = 0) -> None:
        """`position`: of the history after what the answer has changed; 0: it has changed nothing."""
        assert self._queue is not None
        self._steps.append((document.image.path, position))
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
            if _asks(item.doubt, self._document):
                self._shown = item
                break
            queue.answer(Answer.GONE)
        self._show()
        if self._shown is not None and self._document is not None:
            look_at(self._canvas, self._document, self._shown.doubt)
        elif queue is not None:
            self._canvas.show_shape(None)

    def _is_open(self, image: Path) -> bool:
        return self._document is not None and self._document.image.path == image

    # ------------------------------------------------------------------ what is shown

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
                "Cells that are likely wrong, and places where one may have been left out, come up one after "
                "the other, each with a proposal. One key answers."
            )
            self.proposal.setText("")
            return
        self.progress.setMaximum(max(1, len(queue.items)))
        self.progress.setValue(queue.done)
        if item is not None:
            doubt = item.doubt
            self.about.setText(in_words(item))
            self.proposal.setText(proposed(doubt))
            for key, (_, word, tip) in _meanings(doubt).items():
                self._button(key, word, tip)
            self.buttons[Qt.Key.Key_S].setEnabled(doubt.parts is not None)
            self.buttons[Qt.Key.Key_M].setEnabled(doubt.partner > 0)
        elif queue.current is not None:
            self.about.setText(f"Opening {queue.current.image.name}…")
            self.proposal.setText("")
        elif queue.total:
            self.about.setText(
                f"Done: {queue.done:,} were looked at. {queue.wrong:,} cells were wrong, "
                f"{queue.added:,} had been left out."
            )
            self.proposal.setText("")
        else:
            self.about.setText("There are no cells that nobody has reviewed. Find cells first (S).")
            self.proposal.setText("")
        self.estimate.setText(
            f"{queue.estimate.words} Cells of which the model saw nothing are not counted."
            if queue.total
            else ""
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


def _meanings(doubt: Doubt) -> dict[Qt.Key, tuple[Advice, str, str]]:
    """What the keys of the answers say, on the buttons and in their help."""
    return _FOR_CELLS if doubt.candidate is None else _FOR_CELLS | _FOR_PLACES


def _asks(doubt: Doubt, document: Document) -> bool:
    """Whether there is still something to be said of it: nobody has, and it is as it was."""
    if doubt.candidate is not None:
        return bool(still_open([doubt.candidate], document.labels, document.store.finished))
    record = document.objects.get(doubt.id)
    return record is not None and record.review is Review.UNREVIEWED and not record.protected
