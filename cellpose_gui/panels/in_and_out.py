"""Export and import of labels, as the person meets them: dialogs, questions, what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, QSettings, pyqtSignal
from PyQt6.QtWidgets import QFileDialog, QMessageBox, QWidget

from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.tasks.exporter import ExportChoice, Exporter
from cellpose_gui.tasks.task_runner import TaskRunner
from model_core.annotation.proposal import Annotated, Proposal, Tick, count_cells
from model_core.errors import UserError

if TYPE_CHECKING:
    from model_core.exports.exporting import Outcome

_MOST_LISTED = 8  # lines of a message
_ENDINGS = "*.tif *.tiff *.png *_seg.npy *.zip *.roi *.geojson *.json *.txt"


_DROPPED = (
    "_seg.npy",
    ".zip",
    ".roi",
    ".geojson",
    ".json",
    ".txt",
)  # of labels alone


class InAndOut(QObject):
    """Asks what and where, and remembers it."""

    said = pyqtSignal(str)
    problem = pyqtSignal(str, object)  # title, exception

    def __init__(self, window: QWidget, tasks: TaskRunner, settings: QSettings, canvas: Canvas) -> None:
        super().__init__(window)
        self._window, self._tasks, self._settings, self._canvas = window, tasks, settings, canvas
        self.images: Callable[[], list[Path]] = lambda: []  # those of the folder
        self.work_folders: Callable[[], Mapping[Path, Path]] = lambda: {}
        self._exporter = Exporter(tasks, self)
        self._exporter.files_exist.connect(self._ask_to_replace)
        self._exporter.done.connect(self._tell)
        self._exporter.failed.connect(lambda error: self.problem.emit("Nothing was exported", error))

    # ------------------------------------------------------------------ export

    def ask_export(self) -> None:
        """Shows the dialog with what was chosen last."""

        def load() -> None:
            import model_core.exports.all_formats  # noqa: F401  (takes a second when nothing ran before)

        self._tasks.run("Export", lambda progress, cancel: load(), self._show_dialog, slot="export formats")

    def export_again(self) -> None:
        """The same export as last time, for the image that is open now; asks if there was none."""
        choice = ExportChoice.stored(self._settings)
        if choice is None:
            self.ask_export()
        else:
            self.export(choice)

    def export(self, choice: ExportChoice) -> None:
        """Carries out and remembers a choice."""
        document = self._canvas.document
        if document is not None:
            choice.store(self._settings)
            self._exporter.run(choice, document, self.images(), dict(self.work_folders()))

    def _show_dialog(self, _: object) -> None:
        from cellpose_gui.panels.export_dialog import ExportDialog

        document = self._canvas.document
        if document is None:
            return
        choice = ExportChoice.stored(self._settings) or ExportChoice()
        dialog = ExportDialog(self._window, choice, document.image.path, len(self.images()))
        dialog.chosen.connect(self.export)
        dialog.open()

    def _ask_to_replace(self, there: list[Path], go_on: Callable[[], None]) -> None:
        box = QMessageBox(QMessageBox.Icon.Question, "Replace files?", "", parent=self._window)
        count = "This file exists" if len(there) == 1 else f"{len(there):,} files exist"
        box.setText(f"{count} already:\n{_listed([path.name for path in there])}")
        box.setInformativeText("Replace them by what is exported now?" if len(there) > 1 else "Replace it?")
        replace = box.addButton("Replace", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.finished.connect(lambda: go_on() if box.clickedButton() is replace else None)
        box.finished.connect(box.deleteLater)
        box.open()

    def _tell(self, outcome: Outcome) -> None:
        if outcome.written:
            count = len(outcome.written)
            what = outcome.written[0].name if count == 1 else f"{count:,} files"
            self.said.emit(f"Exported {what} into {outcome.written[0].parent}")
        if outcome.failed:
            why = "\n".join(outcome.failed.values())
            self.problem.emit("Not everything was exported", UserError(why))
        elif outcome.notes:
            box = QMessageBox(QMessageBox.Icon.Information, "Exported", "", parent=self._window)
            box.setText(_listed(list(dict.fromkeys(outcome.notes))))
            box.finished.connect(box.deleteLater)
            box.open()

    # ------------------------------------------------------------------ import

    def ask_import(self) -> None:
        """Which file, and what becomes of the cells that are there."""
        document = self._canvas.document
        if document is None:
            return
        name, _ = QFileDialog.getOpenFileName(
            self._window,
            "Import labels",
            str(document.image.path.parent),
            f"Labels ({_ENDINGS});;All files (*)",
        )
        if name:
            self.import_labels(Path(name))

    def takes(self, path: Path) -> bool:
        """Whether a file that is dropped on the window is one of labels, for the image that is open."""
        return self._canvas.document is not None and path.name.lower().endswith(_DROPPED)

    def import_labels(self, path: Path) -> None:
        """Puts the cells of a file into the open image as one step; asks first if there are cells already."""
        document = self._canvas.document
        if document is None:
            return
        if not document.objects:
            self._import(path, True)
            return
        there = count_cells(len(document.objects))
        box = QMessageBox(QMessageBox.Icon.Question, "Import labels", "", parent=self._window)
        box.setText(f"This image has {there} already.")
        box.setInformativeText("Locked cells stay. Ctrl+Z takes the import back.")
        replace = box.addButton("Replace them", QMessageBox.ButtonRole.AcceptRole)
        add = box.addButton("Add where there is room", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)

        def answered() -> None:
            if box.clickedButton() in (replace, add):
                self._import(path, box.clickedButton() is replace)

        box.finished.connect(answered)
        box.finished.connect(box.deleteLater)
        box.open()

    def _import(self, path: Path, replace: bool) -> None:
        document = self._canvas.document
        if document is not None:
            operation = partial(_imported, path, document.image.path.name, replace)
            self._canvas.change(operation, f"Importing {path.name}", slow=True)


def _imported(path: Path, image_name: str, replace: bool, cells: Annotated, tick: Tick) -> Proposal:
    """In a worker: reads the file and says what it would change."""
    from model_core.annotation.importing import place
    from model_core.exports.all_formats import read_any

    shape = cells.labels.shape
    found = read_any(path, (shape[0], shape[1], shape[2]), image_name)
    tick(0.5)
    return place(cells, found, replace, path.name)


def _listed(lines: list[str]) -> str:
    more = len(lines) - _MOST_LISTED
    return "\n".join(lines[:_MOST_LISTED] + ([f"and {more:,} more"] if more > 0 else []))
