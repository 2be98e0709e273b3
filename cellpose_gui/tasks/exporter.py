"""Exports of the open image or of its whole folder, in a worker."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from PyQt6.QtCore import QObject, QSettings, pyqtSignal

from cellpose_gui.document.document import Document
from cellpose_gui.tasks.task_runner import Cancel, Progress, TaskRunner
from model_core.annotation.cells_file import cells_path
from model_core.errors import UserError
from model_core.images.image import Image

if TYPE_CHECKING:
    from model_core.exports.exporting import Item, Outcome
    from model_core.formats.labelling import Labelling

_KEY = "export"
_SLOT = "export"


@dataclass(frozen=True)
class ExportChoice:
    """What a person wants to be exported.

    Attributes:
        formats: by their names.
        folder: for the files; "" is beside the images.
        whole_folder: all images with cells, not only the one that is open.
        numbered: number the cells 1, 2, 3 without gaps.
    """

    formats: tuple[str, ...] = ("tiff",)
    folder: str = ""
    whole_folder: bool = False
    numbered: bool = False

    @classmethod
    def stored(cls, settings: QSettings) -> ExportChoice | None:
        """The last one; None if there is none."""
        try:
            values = json.loads(str(settings.value(_KEY, "")))
            return cls(
                tuple(map(str, values["formats"])),
                str(values["folder"]),
                bool(values["whole_folder"]),
                bool(values["numbered"]),
            )
        except (ValueError, TypeError, KeyError):  # none yet, or somebody edited the settings
            return None

    def store(self, settings: QSettings) -> None:
        settings.setValue(_KEY, json.dumps(asdict(self)))


class Exporter(QObject):
    """Carries out one choice at a time."""

    files_exist = pyqtSignal(object, object)  # list[Path], what carries it out all the same
    done = pyqtSignal(object)  # the Outcome
    failed = pyqtSignal(object)  # the exception

    def __init__(self, tasks: TaskRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks

    def run(
        self,
        choice: ExportChoice,
        document: Document,
        images: Sequence[Path],
        work_folders: Mapping[Path, Path],
        overwrite: bool = False,
    ) -> None:
        """Exports the document, or all of ``images`` that have cells; ``files_exist`` before it replaces."""

        def work(progress: Progress, cancel: Cancel) -> Outcome | list[Path]:
            from model_core.exports.all_formats import format_called
            from model_core.exports.exporting import Plan, export

            items = _items(choice, document, images, work_folders)
            plan = Plan(
                items,
                [format_called(name) for name in choice.formats],
                Path(choice.folder) if choice.folder else None,
                document.image.path.parent.name,
            )
            if not overwrite and (there := plan.existing()):
                return there
            return export(plan, overwrite, progress, cancel)

        def arrived(result: Outcome | list[Path]) -> None:
            if isinstance(result, list):
                again = partial(self.run, choice, document, images, work_folders, overwrite=True)
                self.files_exist.emit(result, again)
            else:
                self.done.emit(result)

        self._tasks.run("Exporting", work, arrived, slot=_SLOT, failed=self.failed.emit)


def _items(
    choice: ExportChoice, document: Document, images: Sequence[Path], work_folders: Mapping[Path, Path]
) -> list[Item]:
    from model_core.exports.exporting import Item
    from model_core.exports.sources import Labelled, base_name, labels_beside, load

    here = document.image.path
    items = []
    for image in images if choice.whole_folder else [here]:
        if image == here:
            read = partial(_of_document, document)
        else:
            folder = work_folders.get(image.parent)
            labels = cells_path(image, folder) if folder is not None else labels_beside(image)
            if labels is None or not labels.exists():
                continue
            read = partial(load, Labelled(labels, image))
        items.append(Item(image, base_name(image), partial(_numbered, read) if choice.numbered else read))
    if not items:
        raise UserError("No image of this folder has cells yet.")
    return items


def _of_document(document: Document) -> Labelling:
    """The open document as it is when the worker gets to it; a copy, which edits leave alone."""
    from model_core.exports.sources import of_objects

    while True:
        before = document.store.history.position, len(document.store.history.steps)
        labels, records = document.labels.copy(), document.objects.snapshot()
        if before == (document.store.history.position, len(document.store.history.steps)):
            return of_objects(labels, records, cast(Image, document.image), document.settings)


def _numbered(read: Any) -> Labelling:
    from model_core.formats.labelling import numbered

    return numbered(read())
