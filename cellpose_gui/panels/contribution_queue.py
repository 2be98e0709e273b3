"""Contributions that a person should look at: each image opens with its labels, and the reasons beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QSettings, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cellpose_gui.panels.focus import leave_keys_to_canvas
from cellpose_gui.tasks.reviewing import decide_image, read_queue
from cellpose_gui.tasks.task_runner import TaskRunner
from model_core.errors import UserError

if TYPE_CHECKING:
    from model_core.community.review import Waiting

_SLOT = "review contributions"
_PLACE = Qt.ItemDataRole.UserRole
_FOLDER = "contributions/work"  # in the settings


@dataclass(frozen=True)
class Place:
    """One image of a bundle in the queue."""

    queue: Waiting
    name: str

    @property
    def path(self) -> Path:
        return self.queue.image(self.name)


class ContributionQueue(QWidget):
    """Bundles and their doubtful images; the current one is open, to be accepted or declined."""

    said = pyqtSignal(str)
    problem = pyqtSignal(str, object)  # title, exception
    changed = pyqtSignal()

    def __init__(
        self,
        tasks: TaskRunner,
        settings: QSettings,
        open_image: Callable[[Path], None],
        close_image: Callable[[], None],
    ) -> None:
        """``close_image`` gives the open document free, or raises UserError if it cannot be saved."""
        super().__init__()
        self._tasks, self._settings = tasks, settings
        self._open, self._close = open_image, close_image
        self._folder: Path | None = None
        self.current: Place | None = None
        self.about = QLabel()
        self.about.setWordWrap(True)
        self.about.setTextFormat(Qt.TextFormat.PlainText)
        self.list = QTreeWidget()
        self.list.setHeaderHidden(True)
        self.list.setAccessibleName("Contributions that wait for a review")
        self.list.itemClicked.connect(self._clicked)
        self.list.itemActivated.connect(self._clicked)
        self.reason = QLabel()
        self.reason.setWordWrap(True)
        self.reason.setTextFormat(Qt.TextFormat.PlainText)
        self.reason.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.reason.setMinimumHeight(6 * self.reason.fontMetrics().lineSpacing())
        self.reason.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.accept_button = QPushButton("Accept")
        self.accept_button.setToolTip("Add the image with its labels as they are now to the training data")
        self.accept_button.clicked.connect(lambda: self.decide(True))
        self.decline_button = QPushButton("Decline")
        self.decline_button.setToolTip("Leave the image out")
        self.decline_button.clicked.connect(lambda: self.decide(False))
        self.folder_button = QPushButton("Other folder…")
        self.folder_button.clicked.connect(self.ask_folder)
        leave_keys_to_canvas(self.list, self.accept_button, self.decline_button, self.folder_button)
        buttons = QHBoxLayout()
        for button in (self.accept_button, self.decline_button, self.folder_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.about)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.reason)
        layout.addLayout(buttons)
        self._show([])

    def start(self) -> None:
        """Reads the queue in the folder of the last time, or asks for one."""
        stored = str(self._settings.value(_FOLDER, ""))
        if stored and Path(stored).is_dir():
            self.read(Path(stored))
        else:
            self.ask_folder()

    def ask_folder(self) -> None:
        """Where contributions are taken in."""
        folder = QFileDialog.getExistingDirectory(
            self, "Folder in which contributions are taken in", str(self._settings.value(_FOLDER, ""))
        )
        if folder:
            self.read(Path(folder))

    def read(self, folder: Path) -> None:
        """Lists what waits there and opens the first image."""

        def show(queues: list[Waiting]) -> None:
            self._folder = folder
            self._settings.setValue(_FOLDER, str(folder))
            self._show(queues)
            self._go_on()

        self._tasks.run(
            "Reading the review queue",
            lambda progress, cancel: read_queue(folder),
            show,
            slot=_SLOT,
            failed=lambda error: self.problem.emit("Contributions to review", error),
        )

    def decide(self, take: bool) -> None:
        """Accepts or declines the current image, and opens the next."""
        place, folder = self.current, self._folder
        if place is None or folder is None or self._tasks.current(_SLOT) is not None:
            return
        if place.queue.open_images == [place.name]:  # the bundle is done then: its files are moved
            try:
                self._close()
            except UserError as error:
                self.problem.emit("Not saved", error)
                return
        self._set_ready(False)

        def failed(error: Exception) -> None:
            self.problem.emit("Nothing was decided", error)
            self._choose(place)

        def decided(queues: list[Waiting]) -> None:
            word = "accepted" if take else "declined"
            self.said.emit(f"Image {place.name} of the contribution by {place.queue.by} {word}.")
            self._show(queues)
            self._go_on(place)

        def work(progress: object, cancel: object) -> list[Waiting]:
            decide_image(folder, place.queue.bundle, place.name, take)
            return read_queue(folder)

        self._tasks.run("Keeping the decision", work, decided, slot=_SLOT, failed=failed)

    def _show(self, queues: list[Waiting]) -> None:
        self.list.clear()
        self.current = None
        left = 0
        for queue in queues:
            head = QTreeWidgetItem([f"{queue.kind}, by {queue.by}"])
            head.setToolTip(0, f"Contribution {queue.bundle}, {queue.date}, {queue.licence}")
            head.setFlags(Qt.ItemFlag.ItemIsEnabled)
            self.list.addTopLevelItem(head)
            for name, reason in queue.reasons.items():
                if name in queue.taken:
                    mark = "✓" if queue.taken[name] else "✗"
                elif not queue.image(name).exists():
                    continue
                else:
                    mark, left = "?", left + 1
                item = QTreeWidgetItem([f"{mark} Image {name}"])
                item.setToolTip(0, reason)
                item.setData(0, _PLACE, Place(queue, name))
                head.addChild(item)
        self.list.expandAll()
        images = "1 image waits" if left == 1 else f"{left or 'No'} images wait"
        self.about.setText(f"{images} for a review." if self._folder else "No folder was chosen yet.")
        self.reason.clear()
        self._set_ready(False)

    def _go_on(self, after: Place | None = None) -> None:
        """Opens the next image about which nothing was said, of the same bundle first."""
        places = [item.data(0, _PLACE) for item in self._items()]
        waiting = [place for place in places if place.name in place.queue.open_images]
        if after is not None:
            waiting.sort(key=lambda place: place.queue.bundle != after.queue.bundle)
        if waiting:
            self._choose(waiting[0])
        else:
            self.said.emit("No contribution waits for a review.")
        self.changed.emit()

    def _clicked(self, item: QTreeWidgetItem) -> None:
        place = item.data(0, _PLACE)
        if place is not None:
            self._choose(place)

    def _choose(self, place: Place) -> None:
        self.current = place
        for item in self._items():
            if item.data(0, _PLACE) == place:
                self.list.setCurrentItem(item)
        queue = place.queue
        self.reason.setText(
            f"Image {place.name} by {queue.by}, {queue.date}, under {queue.licence}\n"
            f"Doubtful because: {queue.reasons[place.name]}"
        )
        self._set_ready(True)
        self._open(place.path)

    def _items(self) -> list[QTreeWidgetItem]:
        heads = [self.list.topLevelItem(row) for row in range(self.list.topLevelItemCount())]
        children = [head.child(row) for head in heads if head is not None for row in range(head.childCount())]
        return [item for item in children if item is not None]

    def _set_ready(self, ready: bool) -> None:
        for button in (self.accept_button, self.decline_button):
            button.setEnabled(ready)
        self.changed.emit()
