"""The folder that is open: its images with states, counts and notes, kept up to date in the background."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QFileSystemWatcher, QObject, QTimer, pyqtSignal

from cellpose_gui.document.document import Document
from cellpose_gui.project.serial import Job, Serial
from cellpose_gui.tasks.task_runner import Cancel, Progress, TaskRunner
from model_core.annotation.cells_summary import (
    NOTE_SETTING,
    STATE_SETTING,
    ImageState,
    Summary,
    write_settings,
)
from model_core.annotation.folder_index import FolderIndex, ImageEntry
from model_core.annotation.object_rows import rows_of_records
from model_core.annotation.patch import Patch
from model_core.errors import Cancelled, UserError

_SETTLE = 600  # ms after a change in the folder until it is looked at: files come in bursts ...
_SHARE = 20  # ... or so many times as long as looking takes: a large folder must not keep a core busy
_LOOK_EVERY = 15_000  # ms; network drives tell nobody what others change there


class Project(QObject):
    """Whatever is asked of the index of the folder, a worker does; the results come as signals."""

    changed = pyqtSignal()
    """`entries` are others than before."""
    reading = pyqtSignal(float)
    """0..1 while documents are read for the index; 1 at the end."""
    shared = pyqtSignal(str)
    """Who else has the folder open, "" if nobody has."""
    problem = pyqtSignal(str, object)
    """Title, exception."""
    _progressed = pyqtSignal(float)

    def __init__(self, tasks: TaskRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder: Path | None = None
        self.index: FolderIndex | None = None
        self.entries: list[ImageEntry] = []
        self._jobs = Serial(tasks, "folder")
        self._documents: list[Document] = []  # that are open here, or still closing
        # patches that the index must learn: of which image, and the text of the last step then
        self._patches: deque[tuple[FolderIndex, str, Patch, str | None]] = deque()
        self._counting = False  # a job that takes them is waiting
        self._other_user = ""
        self._gone = False
        self._watcher = QFileSystemWatcher(self)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE)
        self._often = QTimer(self)
        self._often.setInterval(_LOOK_EVERY)
        self._watcher.directoryChanged.connect(self.look_soon)
        self._settle.timeout.connect(self.look)
        self._often.timeout.connect(self.look)
        self._progressed.connect(self.reading)

    # ------------------------------------------------------------------ the folder

    def open(self, folder: Path, images: Iterable[Path], work_folder: Path | None = None) -> None:
        """Shows a folder: the names at once, what is known of them as soon as it is read."""
        if folder == self.folder and (self.index is None or self.index.work_folder == work_folder):
            self.look()
            return
        self.close_folder()
        self.folder = folder
        self.entries = [ImageEntry(path.name, at, "", "") for at, path in enumerate(images)]
        self.changed.emit()

        def take(index: FolderIndex) -> None:
            if folder != self.folder:
                self._jobs.add("Closing the folder", lambda progress, cancel: index.close())
                return
            self.index = index
            self._gone = False
            self._tell_shared()
            known = {entry.name: entry for entry in index.entries}  # the last time: files may have come since
            self.entries = [known.get(entry.name, entry) for entry in self.entries]
            self.changed.emit()
            self._watcher.addPath(str(folder))
            self._often.start()
            self.look()
            for document in self._documents:
                self._put(document)

        self._jobs.add("Opening the folder", lambda progress, cancel: FolderIndex(folder, work_folder), take)

    def close_folder(self) -> None:
        """Gives the folder free, in the background."""
        index, self.index, self.folder, self.entries = self.index, None, None, []
        self._often.stop()
        if self._watcher.directories():
            self._watcher.removePaths(self._watcher.directories())
        if index is not None:
            self._jobs.add("Closing the folder", lambda progress, cancel: index.close())

    def close(self) -> None:
        """Gives the folder free here and now, at the end of the program."""
        self._jobs.clear()
        self._often.stop()
        self._settle.stop()
        if self.index is not None:
            self.index.close()
        self.index, self.folder, self.entries = None, None, []

    def look(self) -> None:
        """Looks for new, changed and vanished files."""
        index = self.index
        if index is None:
            return
        live = self._live()

        def job(progress: Progress, cancel: Cancel) -> tuple[bool, float]:
            since = time.monotonic()
            claimed = index.file.other_user != "" and index.claim()
            changed = index.look(self._progressed.emit, cancel, live)
            return changed or claimed, time.monotonic() - since

        def done(looked: tuple[bool, float]) -> None:
            changed, seconds = looked
            self._settle.setInterval(max(_SETTLE, min(round(1000 * _SHARE * seconds), _LOOK_EVERY)))
            self._gone = False
            if changed and index is self.index:
                self._tell_shared()
                self._show_entries()

        def failed(error: Exception) -> None:
            if index is self.index and not self._gone:  # a network drive that went away is told once
                self._gone = True
                self.problem.emit("The folder can't be read", error)

        self._jobs.add("Looking at the folder", job, done, failed)

    def look_soon(self) -> None:
        """As `look`, in a moment: files come in bursts."""
        if not self._settle.isActive():
            self._settle.start()

    def run(self, title: str, job: Job) -> None:
        """Something that opens documents of the folder, while nothing else here does."""
        self._jobs.add(title, job)

    @property
    def idle(self) -> bool:
        """True when all that was asked for is done."""
        return self._jobs.idle

    def path(self, name: str) -> Path:
        """The image of this name."""
        assert self.folder is not None
        return self.folder / name

    def _show_entries(self) -> None:
        if self.index is not None:
            self.entries = self.index.entries
            self.changed.emit()

    def _tell_shared(self) -> None:
        user = "" if self.index is None else self.index.file.other_user
        if user != self._other_user:
            self._other_user = user
            self.shared.emit(user)

    # ------------------------------------------------------------------ the document that is open here

    def watch(self, document: Document) -> None:
        """Keeps the index up with a document that was opened here, until it is closed."""
        self._documents = [each for each in self._documents if not each.closed] + [document]
        document.patch_applied.connect(lambda patch: self._patched(document, patch))
        self._put(document)

    def _live(self) -> list[str]:
        self._documents = [document for document in self._documents if not document.closed]
        return [d.image.path.name for d in self._documents if d.image.path.parent == self.folder]

    def _put(self, document: Document) -> None:
        """Tells the index all about a document."""
        name, store, settings = document.image.path.name, document.store, dict(document.settings)
        if self.index is None or document.image.path.parent != self.folder:
            return
        index = self.index

        def job(progress: Progress, cancel: Cancel) -> None:
            class_names = [""]
            rows = rows_of_records(store.objects.snapshot().values(), class_names)
            index.put(name, Summary(rows, class_names, settings, store.undo_text))

        self._jobs.add("Counting cells", job, lambda _: self._show_entries())

    def _patched(self, document: Document, patch: Patch) -> None:
        path = document.image.path
        if self.index is None or path.parent != self.folder:
            return
        self._patches.append((self.index, path.name, patch, document.undo_text))
        if not self._counting:
            self._counting = True
            self._jobs.add("Counting cells", self._apply_patches, lambda _: self._show_entries())

    def _apply_patches(self, progress: Progress, cancel: Cancel) -> None:
        self._counting = False  # what comes from now on gets a job of its own
        while self._patches:
            index, name, patch, last = self._patches.popleft()
            index.apply(name, patch.records, last)

    # ------------------------------------------------------------------ what a person says of images

    def set_state(self, names: Iterable[str], state: ImageState | None) -> None:
        """Calls images done or excluded; None: their state follows from the work on them again."""
        self._set(names, STATE_SETTING, None if state is None else state.value)

    def set_note(self, names: Iterable[str], note: str) -> None:
        """Writes something about images."""
        self._set(names, NOTE_SETTING, note)

    def _set(self, names: Iterable[str], key: str, value: Any) -> None:
        index, folder = self.index, self.folder
        if index is None or folder is None:
            return
        open_here = {document.image.path: document for document in self._documents if not document.closed}
        closed = []
        for name in names:
            document = open_here.get(folder / name)
            if document is None:
                closed.append(name)
            else:
                document.set_setting(key, value, make=True)
                self._put(document)
        if not closed:
            return

        def job(progress: Progress, cancel: Cancel) -> list[str]:
            failures: list[str] = []
            for at, name in enumerate(closed):
                if cancel():
                    raise Cancelled
                progress(at / len(closed), f"{at} of {len(closed)} images")
                try:
                    write_settings(index.document_path(name), folder / name, {key: value})
                except UserError as error:
                    failures.append(str(error))
            return failures

        def done(failures: list[str]) -> None:
            self.look()
            if failures:
                more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
                self.problem.emit("Not all images could be marked", UserError(failures[0] + more))

        self._jobs.add("Marking images", job, done)
