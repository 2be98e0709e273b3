"""What the window does: opens images, finds cells, saves; every slow step in a task."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from PyQt6.QtCore import QObject, pyqtSignal

from cellpose_gui.canvas.channel_display import ChannelDisplay, default_channels
from cellpose_gui.document.document import Document, ImageOnDisk
from cellpose_gui.project.image_folder import neighbour
from cellpose_gui.project.project import Project
from cellpose_gui.project.samples import write_sample
from cellpose_gui.project.segment_all import SegmentAll
from cellpose_gui.tasks import work
from cellpose_gui.tasks.comparisons import Comparisons
from cellpose_gui.tasks.finder import Finder
from cellpose_gui.tasks.prompter import Prompter
from cellpose_gui.tasks.task_runner import Cancel, Progress, TaskRunner
from model_core.annotation.cells_file import cells_path
from model_core.annotation.cells_schema import DamagedDocumentError, ReadOnlyFolderError
from model_core.annotation.jump import Jump
from model_core.annotation.patch import Patch, StalePatchError
from model_core.errors import Cancelled, UserError
from model_core.formats.folder import images_in
from model_core.images.glance import glance
from model_core.images.image import Image
from model_core.images.readers import is_folder
from model_core.models.registry import model_names

if TYPE_CHECKING:
    pass


class Read(NamedTuple):
    """What a worker has read: the image (None: it is open already), how it is to look, the images beside."""

    opened: work.Opened | None
    images: list[Path]
    channels: tuple[ChannelDisplay, ...] = ()


class Workbench(QObject):
    """The open document, the folder it lies in, and what can be done with them."""

    document_changed = pyqtSignal()
    said = pyqtSignal(str)  # a line for the status bar
    stepped = pyqtSignal(object)  # the Box in which an undo, a redo or a jump has changed something
    engine_ready = pyqtSignal(str)  # the device; "" when the engine cannot start
    models_changed = pyqtSignal(object, str)  # list[str], the one that has just been imported or ""
    problem = pyqtSignal(str, object)  # title, exception
    folder_needed = pyqtSignal(object, str)  # Path of the image, why: another folder for the document
    document_damaged = pyqtSignal(object, str)  # Path of the image, why: set it aside?

    def __init__(self, tasks: TaskRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tasks = tasks
        self.prompts = Prompter(tasks, self)
        self.finder = Finder(tasks, self.prompts, self)
        self.comparisons = Comparisons(tasks, lambda: self.document, self)
        self.image: Image | None = None
        self.document: Document | None = None
        self.channels: tuple[ChannelDisplay, ...] = ()  # of the open image, as nobody has changed them yet
        self.work_folders: dict[Path, Path] = {}  # where work goes for images in folders that are read-only
        self._heading_for: Path | None = None  # the image that is being opened
        self.opening = threading.Lock()
        self._closed = threading.Event()  # the document before this one has given its file free
        self._closed.set()
        self.project = Project(tasks, self)
        self.segment_all = SegmentAll(tasks, lambda: self.document, self.opening, self)
        for asked in (self.project, self.segment_all):
            asked.problem.connect(self.problem)
        tasks.failed.connect(self.problem)
        for part in (self.prompts, self.finder):
            part.said.connect(self.said)
        self.comparisons.said.connect(self.said)

    @property
    def path(self) -> Path | None:
        """The image that is open."""
        return None if self.image is None else self.image.path

    @property
    def images(self) -> list[Path]:
        """Those of the folder, in natural order."""
        return [self.project.path(entry.name) for entry in self.project.entries]

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
            self.work_folders[path if is_folder(path) else path.parent] = folder
        listed: list[Path] = []

        def read(progress: Progress, cancel: Cancel) -> Read:
            with self.opening:  # one at a time, and after closing: documents are locked
                closed.wait()
                if cancel():
                    raise Cancelled
                return self._read(path, before, listed)

        def failed(error: Exception) -> None:
            self._heading_for = None
            if listed and path not in listed:  # a folder: its first image is broken, the others may not be
                self._show_images(listed)
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

    def _read(self, path: Path, before: Document | None, images: list[Path]) -> Read:
        """In a worker: the image and its document, after all changes of the one before are on disk.

        `images` gets those of the folder.
        """
        images += images_in(path if is_folder(path) else path.parent)
        if is_folder(path):
            if not images:
                raise UserError(f"“{path}” holds no images that can be opened.")
            path = images[0]
        folder = self.work_folders.get(path.parent)
        if before is not None:
            if path == before.image.path and before.path == cells_path(path, folder):
                return Read(None, images)
            if before.path == cells_path(path, folder):
                raise UserError(
                    f"“{path.name}” and “{before.image.path.name}” would keep their cells in the same file, "
                    f"{before.path.name}. Give one of them another name."
                )
            before.wait_until_saved()
        opened = work.open_image(path, folder)
        try:
            channels = default_channels(glance(opened.image, 0), opened.image.channel_names)
        except BaseException:
            opened.file.close()
            raise
        return Read(opened, images, channels)

    def _show_opened(self, read: Read) -> None:
        self._heading_for = None
        opened = read.opened
        self._show_images(read.images)
        if opened is None:
            self.said.emit("This image is open already.")
            return
        if self.document is not None and not self._let_go(self.document):
            _close_unseen(read)
            return
        self.image = opened.image
        self.channels = read.channels
        self.document = Document(cast(ImageOnDisk, opened.image), opened.file, opened.store)
        self._look_at(self.document)
        self.project.watch(self.document)
        self.document_changed.emit()
        self.said.emit(f"Opened {opened.image.name}")

    def _look_at(self, document: Document | None) -> None:
        for part in (self.prompts, self.finder):
            part.set_document(document)

    def _show_images(self, images: list[Path]) -> None:
        if images:
            folder = images[0].parent
            self.project.open(folder, images, self.work_folders.get(folder))

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

    # ------------------------------------------------------------------ models

    def list_models(self, imported: str = "") -> None:
        """Looks again which models there are."""
        self.tasks.run(
            "Looking for models",
            lambda progress, cancel: model_names(),
            lambda names: self.models_changed.emit(names, imported),
            slot="models",
        )

    def import_model(self, path: Path) -> None:
        """Puts a model file, of Cellpose too, beside the person's models."""

        def imported(name: str) -> None:
            self.list_models(name)
            self.said.emit(f"The model “{name}” is there and chosen.")

        self.tasks.run(
            f"Importing {path.name}",
            lambda progress, cancel: work.import_model(path),
            imported,
            slot="import model",
            failed=lambda error: self.problem.emit(f"“{path.name}” was not imported", error),
        )

    # ------------------------------------------------------------------ undo, save, close

    def undo(self) -> None:
        self._step(lambda document: document.undo(), "Undone")

    def redo(self) -> None:
        self._step(lambda document: document.redo(), "Redone")

    def jump(self, target: int) -> None:
        """Undoes or redoes in one go until so many steps are done; the way is prepared in a worker."""
        document = self.document
        if document is None or target == document.store.history.position:
            return

        def arrive(jump: Jump) -> None:
            if document is not self.document:
                return
            try:
                patch = document.jump(jump)
            except StalePatchError as error:
                failed(error)
                return
            if patch is not None:
                count = len(jump.steps)
                word = "undone" if jump.target < jump.start else "redone"
                self.said.emit(f"{count} step{'' if count == 1 else 's'} {word}")
                self.stepped.emit(patch.box)

        def failed(error: Exception) -> None:
            if isinstance(error, StalePatchError):
                self.said.emit("Something was changed meanwhile; nothing was undone.")
            else:
                self.problem.emit("Undo and redo", error)

        self.tasks.run(
            "Going through the history",
            lambda progress, cancel: document.store.prepare_jump(target, cancel),
            arrive,
            slot="jump",
            failed=failed,
        )

    def _step(self, move: Callable[[Document], Patch | None], word: str) -> None:
        if self.document is None:
            return
        text = self.document.undo_text if word == "Undone" else self.document.redo_text
        try:
            if (patch := move(self.document)) is not None:
                self.said.emit(f"{word}: {text}")
                self.stepped.emit(patch.box)
        except UserError as error:
            self.problem.emit("Undo and redo", error)

    def save(self) -> None:
        """Tries again what could not be saved; all else is saved already."""
        if self.document is not None:
            self.document.save()
            if self.document.all_saved:
                self.said.emit(f"All changes are saved in {self.document.path.name}.")

    def close(self, discard: bool = False) -> None:
        """Closes the document.

        Raises:
            UserError: changes cannot be saved; the document stays open unless ``discard``.
        """
        if self.document is not None:
            self.document.close(discard)
            self.document = self.image = None
            self._look_at(None)
            self.document_changed.emit()
        self.segment_all.stop()
        self.project.close()


def _close_unseen(read: object) -> None:
    """Gives a document free that was opened for nothing."""
    if isinstance(read, Read) and read.opened is not None:
        read.opened.file.close()
