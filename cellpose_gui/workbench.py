"""What the window does: opens images, finds cells, saves; every slow step in a task."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QObject, pyqtSignal

from cellpose_gui.document.document import Document
from cellpose_gui.project.image_folder import images_in, neighbour
from cellpose_gui.project.samples import write_sample
from cellpose_gui.tasks import work
from cellpose_gui.tasks.task_runner import Cancel, Progress, TaskRunner
from model_core.annotation.cells_schema import DamagedDocumentError, ReadOnlyFolderError
from model_core.annotation.patch import StalePatchError
from model_core.errors import UserError


class Workbench(QObject):
    """The open document, the folder it lies in, and what can be done with them."""

    document_changed = pyqtSignal()
    folder_changed = pyqtSignal(object)  # list[Path]
    said = pyqtSignal(str)  # a line for the status bar
    outcome = pyqtSignal(str)  # what the last run found
    device_known = pyqtSignal(str)
    problem = pyqtSignal(str, object)  # title, exception
    folder_needed = pyqtSignal(object, str)  # Path of the image, why: another folder for the document
    document_damaged = pyqtSignal(object, str)  # Path of the image, why: set it aside?

    def __init__(self, tasks: TaskRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tasks = tasks
        self.document: Document | None = None
        self.images: list[Path] = []
        self.segmentation: object | None = None  # fields of the last run on this image
        tasks.failed.connect(self.problem)

    @property
    def path(self) -> Path | None:
        """The image that is open."""
        return None if self.document is None else self.document.image.path

    def warm_up(self) -> None:
        """Loads the engine while the person looks at the first image."""
        self.tasks.run(
            "Starting the engine", lambda progress, cancel: work.warm_up(), self.device_known.emit, slot="warm-up"
        )

    # ------------------------------------------------------------------ opening

    def open(self, path: Path, folder: Path | None = None) -> None:
        """Opens an image, or the first image of a folder; its document is looked for beside it or in ``folder``."""
        before = self.document

        def read(progress: Progress, cancel: Cancel) -> tuple[work.Opened, list[Path]]:
            chosen = path
            if path.is_dir():
                images = images_in(path)
                if not images:
                    raise UserError(f"“{path}” holds no images that can be opened.")
                chosen = images[0]
            progress(0.1, f"Opening {chosen.name}")
            if before is not None:
                before.close()
            opened = work.open_image(chosen, folder)
            return opened, images_in(chosen.parent)

        self.tasks.cancel("segment")
        self.tasks.run(f"Opening {path.name}", read, self._show_opened, slot="open", failed=self._not_opened(path))

    def open_sample(self, title: str) -> None:
        self.tasks.run(
            "Opening the sample", lambda progress, cancel: write_sample(title), self.open, slot="open"
        )

    def open_neighbour(self, step: int) -> None:
        """The next (1) or previous (-1) image of the folder."""
        if self.path is not None and (path := neighbour(self.path, self.images, step)) is not None:
            self.open(path)

    def set_aside_and_open(self, path: Path) -> None:
        """Renames the damaged document of an image and opens the image without it."""

        def set_aside(progress: Progress, cancel: Cancel) -> Path:
            work.set_document_aside(path)
            return path

        self.tasks.run("Setting the file aside", set_aside, self.open, slot="open")

    def _show_opened(self, result: tuple[work.Opened, list[Path]]) -> None:
        opened, self.images = result
        self.document = Document(opened.image, opened.file, opened.store)  # type: ignore[arg-type]
        self.segmentation = None
        self.folder_changed.emit(self.images)
        self.document_changed.emit()
        self.said.emit(f"Opened {opened.image.name}")

    def _not_opened(self, path: Path) -> Callable[[Exception], None]:
        def tell(error: Exception) -> None:
            if self.document is not None and self.document.closed:
                self.document = None
                self.document_changed.emit()
            if isinstance(error, ReadOnlyFolderError):
                self.folder_needed.emit(path, str(error))
            elif isinstance(error, DamagedDocumentError):
                self.document_damaged.emit(path, str(error))
            else:
                self.problem.emit(f"“{path.name}” was not opened", error)

        return tell

    # ------------------------------------------------------------------ finding cells

    def segment(self, diameter: float | None = None) -> None:
        """Runs the model on the open image; its result becomes one step that can be undone."""
        document = self.document
        if document is None:
            return
        image, store = document.image, document.store
        self.tasks.run(
            "Finding cells",
            lambda progress, cancel: work.find_cells(image, store, diameter, progress, cancel),  # type: ignore[arg-type]
            lambda found: self._put_found(document, found),
            slot="segment",
            cancelled=lambda: self.said.emit("Cancelled; nothing was changed."),
        )

    def _put_found(self, document: Document, found: work.Found) -> None:
        if document is not self.document:
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
        self.segmentation = found.segmentation
        self.outcome.emit(work.outcome_in_words(found.segmentation, document.image))  # type: ignore[arg-type]

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

    def export(self, path: Path) -> None:
        """Writes the labels as an image file."""
        if self.document is None:
            return
        labels = self.document.labels.copy()
        self.tasks.run(
            "Exporting",
            lambda progress, cancel: work.export_labels(path, labels),
            lambda written: self.said.emit(f"Exported {written}"),
            slot="export",
        )

    def close(self, discard: bool = False) -> None:
        """Stops all tasks and closes the document.

        Raises:
            UserError: changes cannot be saved; the document stays open unless ``discard``.
        """
        if self.document is not None:
            self.document.close(discard)
            self.document = None
        self.tasks.stop_all()
