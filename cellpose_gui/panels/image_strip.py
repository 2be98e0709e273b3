"""The images of the folder, as thumbnails."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PyQt6.QtCore import QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QColor, QIcon, QImage, QPainter, QPen, QPixmap
from PyQt6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from cellpose_gui.panels.pictures import picture_of
from cellpose_gui.project.image_folder import has_document
from cellpose_gui.tasks.task_runner import Cancel, Progress, TaskRunner
from model_core.errors import UserError
from model_core.images.readers import read_image

_SIDE = 88
_PATH = Qt.ItemDataRole.UserRole


class ImageStrip(QListWidget):
    """A thumbnail an image; a click or Return opens it. A dot marks images that hold work already."""

    chosen = pyqtSignal(object)  # Path
    _thumbnail_ready = pyqtSignal(object, object)  # Path, QImage

    def __init__(self, tasks: TaskRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self.setAccessibleName("Images of the folder")
        self.setViewMode(QListWidget.ViewMode.IconMode)
        self.setMovement(QListWidget.Movement.Static)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setIconSize(QSize(_SIDE, _SIDE))
        self.setGridSize(QSize(_SIDE + 24, _SIDE + 30))
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._blank = QIcon(QPixmap.fromImage(_filled(QColor(128, 128, 128, 40))))
        self.itemActivated.connect(self._choose)
        self.itemClicked.connect(self._choose)
        self._thumbnail_ready.connect(self._put_thumbnail)

    def show_images(self, images: list[Path]) -> None:
        """Lists these images and makes their thumbnails in the background."""
        if images == self.images():
            return
        self.clear()
        for path in images:
            item = QListWidgetItem(self._blank, path.name)
            item.setData(_PATH, path)
            item.setToolTip(str(path))
            self.addItem(item)
        self.refresh_states()

        def make_thumbnails(progress: Progress, cancel: Cancel) -> None:
            for path in images:
                if cancel():
                    return
                self._thumbnail_ready.emit(path, thumbnail(path))

        self._tasks.run("Thumbnails", make_thumbnails, lambda _: None, slot="thumbnails")

    def images(self) -> list[Path]:
        return [self.item(row).data(_PATH) for row in range(self.count())]  # type: ignore[union-attr]

    def mark_current(self, path: Path | None) -> None:
        """Highlights the image that is open."""
        for row in range(self.count()):
            if self.item(row).data(_PATH) == path:  # type: ignore[union-attr]
                self.setCurrentRow(row)
                QTimer.singleShot(0, lambda: self.scrollToItem(self.currentItem()))  # once they are laid out
                return
        self.setCurrentRow(-1)

    def refresh_states(self, only: Path | None = None) -> None:
        """Marks the images that have a document; all of them, or one."""
        for row in range(self.count()):
            item = self.item(row)
            assert item is not None
            path: Path = item.data(_PATH)
            if only is None or path == only:
                item.setText(f"● {path.name}" if has_document(path) else path.name)

    def _choose(self, item: QListWidgetItem) -> None:
        self.chosen.emit(item.data(_PATH))

    def _put_thumbnail(self, path: Path, picture: QImage) -> None:
        for row in range(self.count()):
            item = self.item(row)
            if item is not None and item.data(_PATH) == path:
                item.setIcon(QIcon(QPixmap.fromImage(picture)))
                return


def thumbnail(path: Path) -> QImage:
    """A small picture of the middle plane; a crossed-out square for a file that cannot be read."""
    try:
        pixels = read_image(path).coarse(2 * _SIDE)
        step = max(1, max(pixels.shape[2:]) // (2 * _SIDE))
        sampled = np.asarray(pixels[:3, pixels.shape[1] // 2, ::step, ::step])
    except UserError:
        return _crossed_out()
    return picture_of(sampled, _SIDE)


def _filled(colour: QColor) -> QImage:
    """A QImage, because workers may not touch a QPixmap."""
    image = QImage(_SIDE, _SIDE, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(colour)
    return image


def _crossed_out() -> QImage:
    image = _filled(QColor(180, 60, 60, 70))
    painter = QPainter(image)
    painter.setPen(QPen(QColor(180, 60, 60), 2))
    painter.drawLine(0, 0, _SIDE, _SIDE)
    painter.drawLine(0, _SIDE, _SIDE, 0)
    painter.end()
    return image
