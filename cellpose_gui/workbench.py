"""What the window does: opens images, finds cells, saves; every slow step in a task."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

from PyQt6.QtCore import QObject, pyqtSignal

from cellpose_gui.document.document import Document, ImageOnDisk
from cellpose_gui.project.image_folder import images_in, neighbour
from cellpose_gui.project.samples import write_sample
from cellpose_gui.tasks import work
from cellpose_gui.tasks.task_runner import Cancel, Progress, TaskRunner
from model_core.annotation.cells_file import cells_path
from model_core.annotation.cells_schema import DamagedDocumentError, ReadOnlyFolderError
from model_core.annotation.patch import StalePatchError
from model_core.errors import Cancelled, UserError
from model_core.images.image import Image

Read = tuple[work.Opened | None, list[Path]]  # what was opened (None: it is open already), images beside it


class Workbench(QObject):
    """The open document, the folder it lies in, and what can be done with them."""

    document_changed = pyqtSignal()
    folder_changed = pyqtSignal(object)  # list[Path]
    said = pyqtSignal(str)  # a line for the status bar
    outcome = pyqtSignal(str)  # what the last run found
    engine_ready = pyqtSignal(str)  # the device; "" when the engine cannot start
    problem = pyqtSignal(str, object)  # title, exception
    folder_needed = pyqtSignal(object, str)  # Path of the image, why: another folder for the document
    document_damaged = pyqtSignal(object, str)  # Path of the image, why: set it aside?

    def __init__(self, tasks: TaskRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tasks = tasks
        self.image: Image | None = None
        self.document: Document | None = None
        self.images: list[Path] = []
        self.work_folders: dict[Path, Path] = {}  # where work goes for images in folders that are read-only
        self._heading_for: Path | None = None  # the image that is being opened
        self._opening = threading.Lock()
        self._closed = threading.Event()  # the document before this one has given its file free
        self._closed.set()
        tasks.failed.connect(self.problem)

    @property
    def path(self) -> Path | None:
        """The image that is open."""
        return None if self.image is None else self.image.path

    def warm_up(self) -> None:
        """Loads the engine while the person looks at the first image."""

        def failed(error: Exception) -> None:
            self.engine_ready.emit("")
            self.problem.emit("Cells cannot be found", error)

        self.tasks.run(
            "Starting the engine",
            lambda progress, cancel: work.warm_up(),
            self.engine_ready.emit,
            slot="warm-up",
            failed=failed,
        )

    # ------------------------------------------------------------------ opening

    def open(self, path: Path, folder: Path | None = None) -> None:
        """Opens an image, or the first image of a folder.

        Its document is looked for beside it or in ``folder``. What is open stays open till then.
        """
        before, closed = self.document, self._closed
        if folder is not None:
            self.work_folders[path.parent] = folder

        def read(progress: Progress, cancel: Cancel) -> Read:
            with self._opening:  # one at a time, and after closing: documents are locked
                closed.wait()
                if cancel():
                    raise Cancelled
                return self._read(path, before)

        def failed(error: Exception) -> None:
            self._heading_for = None
            if isinstance(error, ReadOnlyFolderError):
                self.folder_needed.emit(path, str(error))
            elif isinstance(error, DamagedDocumentError):
                self.document_damaged.emit(path, str(error))
            else:
                self.problem.emit(f"“{path.name}” was not opened", error)

        self._heading_for = path
        self.tasks.run(
            f"Opening {path.name}", read, self._show_opened, slot="open", failed=failed, dropped=_close_unseen
        )

    def _read(self, path: Path, before: Document | None) -> Read:
        """In a worker: the image and its document, after all changes of the one before are on disk."""
        images = images_in(path if path.is_dir() else path.parent)
        if path.is_dir():
            if not images:
                raise UserError(f"“{path}” holds no images that can be opened.")
            path = images[0]
        folder = self.work_folders.get(path.parent)
        if before is not None:
            if path == before.image.path and before.path == cells_path(path, folder):
                return None, images
            if before.path == cells_path(path, folder):
                raise UserError(
                    f"“{path.name}” and “{before.image.path.name}” would keep their cells in the same file, "
                    f"{before.path.name}. Give one of them another name."
                )
            before.wait_until_saved()
        return work.open_image(path, folder), images

    def _show_opened(self, read: Read) -> None:
        self._heading_for = None
        opened, self.images = read
        if opened is None:
            self.folder_changed.emit(self.images)
            self.said.emit("This image is open already.")
            return
        if self.document is not None and not self._let_go(self.document):
            _close_unseen(read)
            return
        self.tasks.cancel("segment")
        self.image = opened.image
        self.document = Document(cast(ImageOnDisk, opened.image), opened.file, opened.store)
        self.folder_changed.emit(self.images)
        self.document_changed.emit()
        self.said.emit(f"Opened {opened.image.name}")

    def _let_go(self, document: Document) -> bool:
        """Closes a document that another takes the place of; False, and still open, if it can't be saved."""
        if not document.all_saved:  # changed since the worker waited for it
            try:
                document.close()
            except UserError as error:
                self.problem.emit("Not saved", error)
                return False
            return True
        closed = self._closed = threading.Event()

        def close(progress: Progress, cancel: Cancel) -> None:  # may wait for the disk
            try:
                document.close()
            finally:
                closed.set()

        self.tasks.run("Closing", close, lambda _: None, slot=f"close {document.path}")
        return True

    def open_sample(self, title: str) -> None:
        self.tasks.run(
            "Opening the sample", lambda progress, cancel: write_sample(title), self.open, slot="open"
        )

    def open_neighbour(self, step: int) -> None:
        """The next (1) or previous (-1) image of the folder."""
        here = self._heading_for if self._heading_for in self.images else self.path
        if here is None:
            return
        path = neighbour(here, self.images, step)
        if path is not None:
            self.open(path)
        else:
            self.said.emit("This is the last image." if step > 0 else "This is the first image.")

    def set_aside_and_open(self, path: Path) -> None:
        """Renames the damaged document of an image and opens the image without it."""
        folder = self.work_folders.get(path.parent)
        self.tasks.run(
            "Setting the file aside",
            lambda progress, cancel: work.set_document_aside(path, folder),
            lambda _: self.open(path),
            slot="open",
        )

    # ------------------------------------------------------------------ finding cells

    def segment(self, diameter: float | None = None) -> None:
        """Runs the model on the open image; its result becomes one step that can be undone."""
        document, image = self.document, self.image
        if document is None or image is None:
            return
        if self.tasks.current("segment") is not None:
            self.said.emit("The cells are being looked for already. “Cancel” stops that.")
            return
        self.tasks.run(
            "Finding cells",
            lambda progress, cancel: work.find_cells(image, document.store, diameter, progress, cancel),
            lambda found: self._put_found(document, found),
            slot="segment",
            cancelled=lambda: self.said.emit("Cancelled; nothing was changed."),
        )

    def cancel_segment(self) -> None:
        """Stops the run; the labels stay as they are."""
        if (task := self.tasks.current("segment")) is not None:
            task.cancel()

    def _put_found(self, document: Document, found: work.Found) -> None:
        if document is not self.document or self.image is None:
            return
        if found.patch is not None:
            try:
                document.apply(found.patch)
            except StalePatchError:  # edited while the model ran: fit the result around those edits
                self.tasks.run(
                    "Placing cells",
                    lambda progress, cancel: work.Found(
                        found.segmentation, work.make_model_patch(document.store, found.segmentation)
                    ),
                    lambda again: self._put_found(document, again),
                    slot="segment",
                )
                return
        self.outcome.emit(work.outcome_in_words(found.segmentation, self.image))

    # ------------------------------------------------------------------ undo, save, export, close

    def undo(self) -> None:
        self._step(lambda document: document.undo(), "Undone")

    def redo(self) -> None:
        self._step(lambda document: document.redo(), "Redone")

    def _step(self, move: Callable[[Document], object], word: str) -> None:
        if self.document is None:
            return
        text = self.document.undo_text if word == "Undone" else self.document.redo_text
        try:
            if move(self.document) is not None:
                self.said.emit(f"{word}: {text}")
        except UserError as error:
            self.problem.emit("Undo and redo", error)

    def save(self) -> None:
        """Tries again what could not be saved; all else is saved already."""
        if self.document is not None:
            self.document.save()
            if self.document.all_saved:
                self.said.emit(f"All changes are saved in {self.document.path.name}.")

    def export(self, path: Path, consecutive: bool = False) -> None:
        """Writes the labels as an image file, with the cells numbered without gaps if wanted."""
        if self.document is None:
            return
        labels = self.document.labels.copy()
        self.tasks.run(
            "Exporting",
            lambda progress, cancel: work.export_labels(path, labels, consecutive),
            lambda written: self.said.emit(f"Exported {written}"),
            slot="export",
        )

    def close(self, discard: bool = False) -> None:
        """Closes the document.

        Raises:
            UserError: changes cannot be saved; the document stays open unless ``discard``.
        """
        if self.document is not None:
            self.document.close(discard)
            self.document = self.image = None
            self.document_changed.emit()


def _close_unseen(read: object) -> None:
    """Gives a document free that was opened for nothing."""
    if isinstance(read, tuple) and isinstance(read[0], work.Opened):
        read[0].file.close()
