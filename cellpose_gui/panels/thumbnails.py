"""Small pictures of images: made in a worker when somebody looks, kept in the folder's index."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
from PyQt6.QtCore import QBuffer, QByteArray, QIODevice, QObject, pyqtSignal
from PyQt6.QtGui import QColor, QImage, QPainter, QPen, QPixmap

from cellpose_gui.panels.pictures import picture_of
from cellpose_gui.project.project import Project
from cellpose_gui.tasks.task_runner import Cancel, Progress, TaskRunner
from model_core.annotation.folder_index import FolderIndex, ImageEntry
from model_core.errors import UserError
from model_core.images.readers import read_image

SIDE = 88  # px
_KEPT = 600  # pictures in memory: more than any screen shows
_WANTED = 80  # what was asked for before so many others has scrolled away


class Thumbnails(QObject):
    """Gives what is there at once, and says when more is."""

    ready = pyqtSignal(str)  # name of the image
    _made = pyqtSignal(str, str, QImage, str)  # name, stamp, picture, why there is none

    def __init__(self, tasks: TaskRunner, project: Project, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._project = project
        self._kept: OrderedDict[tuple[str, str], QPixmap] = OrderedDict()
        self._problems: dict[tuple[str, str], str] = {}
        self._wanted: OrderedDict[str, ImageEntry] = OrderedDict()  # the last one asked for comes first
        self._made.connect(self._keep)

    def of(self, entry: ImageEntry) -> QPixmap | None:
        """The picture of an image; None while it is made."""
        if not entry.image_stamp:  # the index is not read yet
            return None
        key = (entry.name, entry.image_stamp)
        picture = self._kept.get(key)
        if picture is not None:
            self._kept.move_to_end(key)
            return picture
        self._wanted[entry.name] = entry
        self._wanted.move_to_end(entry.name)
        while len(self._wanted) > _WANTED:
            self._wanted.popitem(last=False)
        self._make()
        return None

    def problem(self, entry: ImageEntry) -> str:
        """Why an image has no picture; "" if it has one or was not looked at yet."""
        return self._problems.get((entry.name, entry.image_stamp), "")

    def forget(self) -> None:
        """Another folder was opened."""
        self._tasks.cancel("thumbnails")
        self._kept.clear()
        self._problems.clear()
        self._wanted.clear()

    def _make(self) -> None:
        index = self._project.index
        if index is None or not self._wanted or self._tasks.current("thumbnails") is not None:
            return

        def job(progress: Progress, cancel: Cancel) -> None:
            while self._wanted and not cancel():
                try:
                    name, entry = self._wanted.popitem()
                except KeyError:  # the window has just forgotten them
                    return
                self._made.emit(name, entry.image_stamp, *_picture(index, entry))

        self._tasks.run("Thumbnails", job, lambda _: self._make(), slot="thumbnails")

    def _keep(self, name: str, stamp: str, picture: QImage, problem: str) -> None:
        if problem:
            self._problems[name, stamp] = problem
        self._kept[name, stamp] = QPixmap.fromImage(picture)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        self.ready.emit(name)


def _picture(index: FolderIndex, entry: ImageEntry) -> tuple[QImage, str]:
    """The picture, and why the image cannot be read: such a one is looked at again the next time."""
    stored = index.file.computed(entry.name, "thumbnail", entry.image_stamp)
    if stored is not None and len(stored) < 1 << 20:
        picture = QImage()
        if picture.loadFromData(stored, "PNG") and max(picture.width(), picture.height()) <= SIDE:
            return picture, ""
    try:
        picture = thumbnail(index.folder / entry.name)
    except UserError as error:
        return _crossed_out(), str(error)
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")
    index.file.keep_computed(entry.name, "thumbnail", entry.image_stamp, data.data())
    return picture, ""


def thumbnail(path: Path) -> QImage:
    """A small picture of the middle plane. Raises UserError for a file that cannot be read."""
    pixels = read_image(path).coarse(2 * SIDE)
    step = max(1, max(pixels.shape[2:]) // (2 * SIDE))
    sampled = np.asarray(pixels[:3, pixels.shape[1] // 2, ::step, ::step])
    return picture_of(sampled, SIDE)


def _filled(colour: QColor) -> QImage:
    """A QImage, because workers may not touch a QPixmap."""
    image = QImage(SIDE, SIDE, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(colour)
    return image


def _crossed_out() -> QImage:
    image = _filled(QColor(180, 60, 60, 70))
    painter = QPainter(image)
    painter.setPen(QPen(QColor(180, 60, 60), 2))
    painter.drawLine(0, 0, SIDE, SIDE)
    painter.drawLine(0, SIDE, SIDE, 0)
    painter.end()
    return image
