"""New releases of the model: a person who gives a store's address sees them, takes them or declines them."""

from __future__ import annotations

import json

from PyQt6.QtCore import QObject, QSettings, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMainWindow,
    QPushButton,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cellpose_gui.panels.messages import show_problem
from cellpose_gui.panels.task_bar import TaskBar
from cellpose_gui.tasks.task_runner import TaskRunner
from cellpose_gui.tasks.updating import Found, look, take

_SLOT = "updates"
_ADDRESS, _DECLINED = "updates/store", "updates/declined"  # in the settings


class Updates(QObject):
    """Looks once at the start, and only while an address is given: by itself the program asks no network."""

    taken = pyqtSignal(str)  # the name of a release that is now among the models

    def __init__(self, window: QMainWindow, tasks: TaskRunner, settings: QSettings) -> None:
        super().__init__(window)
        self._window, self._tasks, self._settings = window, tasks, settings
        self.notice = QToolButton()
        self.notice.setAccessibleName("A new release of the model")
        self.notice.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.notice.setToolTip("See what it does better, then take or decline it")
        self.notice.clicked.connect(self.ask)
        self.notice.hide()
        bar = window.statusBar()
        assert bar is not None
        bar.addPermanentWidget(self.notice)

    @property
    def address(self) -> str:
        """Of the store; "" while nobody gave one."""
        return str(self._settings.value(_ADDRESS, ""))

    @address.setter
    def address(self, address: str) -> None:
        self._settings.setValue(_ADDRESS, address.strip())
        if not address.strip():
            self.notice.hide()

    @property
    def declined(self) -> set[str]:
        """Names of releases that the person did not want."""
        try:
            return set(json.loads(str(self._settings.value(_DECLINED, "[]"))))
        except (ValueError, TypeError):  # settings that somebody edited
            return set()

    def decline(self, name: str) -> None:
        """This release is not offered again."""
        self._settings.setValue(_DECLINED, json.dumps(sorted(self.declined | {name})))
        self.notice.hide()

    def look_at_start(self) -> None:
        """In the background; what fails is no business of somebody who wants to see cells."""
        address = self.address
        if address:
            self._tasks.run(
                "Looking for a new model",
                lambda progress, cancel: look(address),
                self._tell,
                slot=_SLOT,
                failed=lambda error: None,
            )

    def _tell(self, found: Found) -> None:
        new = found.newest
        self.notice.setVisible(new is not None and new.name not in self.declined)
        if new is not None:
            self.notice.setText(f"New model: {new.name}")

    def ask(self) -> None:
        """The dialog."""
        UpdatesDialog(self._window, self, self._tasks).open()


class UpdatesDialog(QDialog):
    """The address, the releases there, how good each is on which kinds of image, and what is new in it."""

    def __init__(self, window: QWidget, updates: Updates, tasks: TaskRunner) -> None:
        super().__init__(window)
        self.setWindowTitle("Updates of the model")
        self._updates, self._tasks = updates, tasks
        self._found: Found | None = None
        about = QLabel(
            "Give the address of a store to see the releases of the model there. While there is an address, "
            "the program looks once at each start. Without one it never asks a network."
        )
        about.setWordWrap(True)
        self.address = QLineEdit(updates.address)
        self.address.setPlaceholderText(
            "a folder, or an address such as https://host/store or s3://bucket/store"
        )
        self.address.setAccessibleName("Address of the store")
        self.address.returnPressed.connect(self.look)
        browse = QPushButton("&Folder…")
        browse.clicked.connect(self._browse)
        self.look_button = QPushButton("&Look")
        self.look_button.clicked.connect(self.look)
        for button in (browse, self.look_button):
            button.setAutoDefault(False)
        row = QHBoxLayout()
        for widget in (self.address, browse, self.look_button):
            row.addWidget(widget)
        self.releases = QTreeWidget()
        self.releases.setRootIsDecorated(False)
        self.releases.setHeaderLabels(["Release", "Date", "Score", ""])
        self.releases.setAccessibleName("Releases of the model")
        self.releases.currentItemChanged.connect(self._show_release)
        self.scores = QTreeWidget()
        self.scores.setRootIsDecorated(False)
        self.scores.setHeaderLabels(["Kind of image", "Score", "Against the one before"])
        self.scores.setAccessibleName("Scores by kind of image")
        self.scores.setToolTip(
            "Average precision at an IoU of 0.5, on images that no release has learned from: 1 is perfect"
        )
        self.news = QLabel()
        self.news.setWordWrap(True)
        self.news.setTextFormat(Qt.TextFormat.PlainText)
        self.progress = TaskBar()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        self.take_button = buttons.addButton("&Take it", QDialogButtonBox.ButtonRole.ActionRole)
        self.decline_button = buttons.addButton("&Decline", QDialogButtonBox.ButtonRole.ActionRole)
        assert self.take_button is not None and self.decline_button is not None
        self.take_button.setToolTip("Fetch it, check it, and use it from now on; the other models stay")
        self.decline_button.setToolTip("Do not offer this release again")
        self.take_button.clicked.connect(self._take)
        self.decline_button.clicked.connect(self._decline)
        layout = QVBoxLayout(self)
        layout.addWidget(about)
        layout.addLayout(row)
        layout.addWidget(self.releases, 2)
        layout.addWidget(self.scores, 3)
        layout.addWidget(self.news)
        layout.addWidget(self.progress)
        layout.addWidget(buttons)
        self.resize(640, 620)
        self._show_release()
        if updates.address:
            self.look()

    def look(self) -> None:
        """Keeps the address and asks the store, if there is one."""
        address = self.address.text().strip()
        self._updates.address = address
        self._clear()
        if not address:
            self.news.setText("No address is given: nothing is asked.")
            return
        task = self._tasks.run(
            "Looking for releases",
            lambda progress, cancel: look(address),
            self._show,
            slot=_SLOT,
            failed=lambda error: self._failed("The store was not read", error),
        )
        self.progress.watch(task)

    def _browse(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, "Folder of the store", self.address.text()):
            self.address.setText(folder)
            self.look()

    def _clear(self) -> None:
        self._found = None
        self.releases.clear()
        self._show_release()

    def _show(self, found: Found) -> None:
        self._clear()
        self._found = found
        declined = self._updates.declined
        for release in reversed(found.releases.all):
            marks = ["current"] if release.name == found.releases.current else []
            marks += ["here already"] if release.name in found.here else []
            marks += ["declined"] if release.name in declined else []
            words = [release.name, release.date[:10], f"{release.mean:.3f}", ", ".join(marks)]
            item = QTreeWidgetItem(words)
            item.setData(0, Qt.ItemDataRole.UserRole, release.name)
            self.releases.addTopLevelItem(item)
            if release.name == found.releases.current:
                self.releases.setCurrentItem(item)
        for column in range(4):
            self.releases.resizeColumnToContents(column)
        if not found.releases.all:
            self.news.setText("There is no release in this store yet.")

    def _chosen(self) -> str | None:
        item = self.releases.currentItem()
        return None if item is None else str(item.data(0, Qt.ItemDataRole.UserRole))

    def _show_release(self) -> None:
        name, found = self._chosen(), self._found
        self.scores.clear()
        self.news.clear()
        here = name is not None and found is not None and name in found.here
        for button in (self.take_button, self.decline_button):
            assert button is not None
            button.setEnabled(name is not None and not here)
        if name is None or found is None:
            return
        release = found.releases.get(name)
        names = {other.name for other in found.releases.all}
        before = found.releases.get(release.parent).scores if release.parent in names else {}
        for kind in sorted(release.scores):
            score = release.scores[kind]
            change = f"{score - before[kind]:+.3f}" if kind in before else ("new" if before else "")
            self.scores.addTopLevelItem(QTreeWidgetItem([kind, f"{score:.3f}", change]))
        self.scores.resizeColumnToContents(0)
        lines = [*release.changelog, f"{release.size / 2**20:.1f} MB"]
        self.news.setText("\n".join(lines))

    def _take(self) -> None:
        name, found = self._chosen(), self._found
        if name is None or found is None:
            return
        release = found.releases.get(name)
        task = self._tasks.run(
            f"Fetching {name}",
            lambda progress, cancel: take(found.address, release, progress, cancel),
            self._taken,
            slot=_SLOT,
            failed=lambda error: self._failed("The release was not taken", error),
            cancelled=self._show_release,
        )
        self.progress.watch(task)
        for button in (self.take_button, self.decline_button):
            assert button is not None
            button.setEnabled(False)

    def _failed(self, title: str, error: Exception) -> None:
        self._show_release()
        show_problem(self, title, error)

    def _taken(self, name: str) -> None:
        self._updates.notice.hide()
        self._updates.taken.emit(name)
        self.accept()

    def _decline(self) -> None:
        if (name := self._chosen()) is not None:
            self._updates.decline(name)
            self.accept()

    def done(self, result: int) -> None:
        task = self._tasks.current(_SLOT)
        self._tasks.cancel(_SLOT)
        if task is None:
            self.deleteLater()
        else:
            task.finished.connect(self.deleteLater)
        super().done(result)
