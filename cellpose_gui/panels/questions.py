"""What the window asks the person: which file, which folder, what to do with a file that cannot be used."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from PyQt6.QtCore import QObject, QSettings, pyqtSignal
from PyQt6.QtWidgets import QFileDialog, QMessageBox, QWidget

from model_core.images.ome_zarr import METADATA, ome_zarr_around
from model_core.images.readers import SUFFIXES


class Questions(QObject):
    """Dialogs; the answers come as signals."""

    open_chosen = pyqtSignal(object)  # Path of an image or a folder
    model_chosen = pyqtSignal(object)  # Path
    folder_chosen = pyqtSignal(object, object)  # Path of the image, Path of the folder for its document
    set_aside_chosen = pyqtSignal(object)  # Path of the image

    def __init__(self, window: QWidget, settings: QSettings) -> None:
        super().__init__(window)
        self._window = window
        self._settings = settings
        self.image: Path | None = None  # the one that is open

    def ask_image(self) -> None:
        # An OME-Zarr is a folder, which a dialog for files can only enter: any file in it stands for it.
        patterns = " ".join([*(f"*{suffix}" for suffix in SUFFIXES), *METADATA])
        name, _ = QFileDialog.getOpenFileName(
            self._window, "Open image", self._last_folder(), f"Images ({patterns});;All files (*)"
        )
        if name:
            self.open_chosen.emit(ome_zarr_around(Path(name)))

    def ask_folder(self) -> None:
        self._ask_folder("Open folder")

    def ask_zarr(self) -> None:
        self._ask_folder("Open an OME-Zarr: choose the folder whose name ends in .zarr")

    def _ask_folder(self, title: str) -> None:
        if name := QFileDialog.getExistingDirectory(self._window, title, self._last_folder()):
            self.open_chosen.emit(Path(name))

    def ask_model(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self._window, "Import a model of this program or of Cellpose 1 to 3", self._last_folder()
        )
        if name:
            self.model_chosen.emit(Path(name))

    def ask_document_folder(self, path: Path, why: str) -> None:
        """Where to keep the work on an image in a folder that is read-only."""
        box = QMessageBox(
            QMessageBox.Icon.Question, "Where should your work be kept?", why, parent=self._window
        )
        choose = box.addButton("Choose a folder…", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)

        def answered() -> None:
            if box.clickedButton() is not choose:
                return
            folder = QFileDialog.getExistingDirectory(self._window, "Folder for your work", str(Path.home()))
            if folder:
                self.folder_chosen.emit(path, Path(folder))

        box.finished.connect(answered)
        box.open()

    def ask_set_aside(self, path: Path, why: str) -> None:
        """Whether to go on without a document that is damaged."""
        box = QMessageBox(QMessageBox.Icon.Warning, "Damaged file", why, parent=self._window)
        box.setInformativeText(
            f"Your earlier work on “{path.name}” is in that file. It can be kept under another name, "
            "and the image opened without it."
        )
        aside = box.addButton("Keep it aside and open the image", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.finished.connect(
            lambda: self.set_aside_chosen.emit(path) if box.clickedButton() is aside else None
        )
        box.open()

    def may_lose_changes(self, why: str) -> bool:
        """Whether to close although changes could not be saved; waits for the answer."""
        box = QMessageBox(QMessageBox.Icon.Warning, "Not saved", why, parent=self._window)
        box.setInformativeText("Close all the same and lose what was not saved?")
        lose = box.addButton("Close and lose changes", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        return box.clickedButton() is lose

    def tell_about(self) -> None:
        try:
            name = f"Cellpose GUI {version('cellpose-gui')}"
        except PackageNotFoundError:  # started from a checkout that is not installed
            name = "Cellpose GUI"
        QMessageBox.about(
            self._window,
            "About Cellpose GUI",
            f"<p><b>{name}</b></p><p>Finds the cells in microscope images, lets you correct them, and learns "
            "from the corrections.</p>"
            "<p>The code is under the BSD 3-Clause licence; together with PyQt6 it is distributed under the "
            "GPL, version 3.</p>"
            "<p>The algorithm follows Stringer, Wang, Michaelos and Pachitariu, Nature Methods 2021.</p>",
        )

    def _last_folder(self) -> str:
        if self.image is not None:
            return str(self.image.parent)
        return str(self._settings.value("folder", str(Path.home())))
