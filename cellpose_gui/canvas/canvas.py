"""The canvas: an image with its labels on screen, and the tool that the mouse drives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from PyQt6.QtCore import QEvent, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QKeyEvent, QPainterPath
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from cellpose_gui.canvas.cell_classes import CellClasses
from cellpose_gui.canvas.channel_display import ChannelDisplay, default_channels
from cellpose_gui.canvas.colour_by import ColourBy
from cellpose_gui.canvas.display_settings import Display, ImageStyle
from cellpose_gui.canvas.guides import Guides
from cellpose_gui.canvas.hand import Hand
from cellpose_gui.canvas.image_item import ImageItem
from cellpose_gui.canvas.label_item import LabelItem
from cellpose_gui.canvas.label_picture import Preview
from cellpose_gui.canvas.palette import OverlayStyle
from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.reading import Reading
from cellpose_gui.canvas.tools.tool import CHANGES
from cellpose_gui.canvas.view import CanvasView
from cellpose_gui.document.document import Document
from cellpose_gui.tasks.changes import Changes, is_small
from cellpose_gui.tasks.prompter import Prompter
from cellpose_gui.tasks.task_runner import TaskRunner
from model_core.annotation.boxes import around
from model_core.annotation.deleting import delete
from model_core.annotation.patch import Box, Patch
from model_core.annotation.proposal import Operation
from model_core.images.glance import glance
from model_core.images.image import Image

_FEW = 20  # cells that are repainted one by one
_MANY = 1000  # selected cells; with more, all is repainted without asking which have changed


class Canvas(QWidget):
    """Shows a document and lets the current tool edit it.

    Escape cancels the gesture, else clears the selection; all other keys are those of the commands. Space and
    drag, a middle or a right drag pan.
    """

    hovered = pyqtSignal(object)  # a Reading, or None off the image
    tool_changed = pyqtSignal(str)
    brush_size_changed = pyqtSignal(float)
    plane_changed = pyqtSignal(int)
    overlay_changed = pyqtSignal()
    channels_changed = pyqtSignal()
    view_changed = pyqtSignal()  # the zoom factor or the part of the image that is shown
    said = pyqtSignal(str)  # a line for the status bar
    failed = pyqtSignal(object)  # a UserError: some pixels of the image can't be read

    def __init__(self, parent: QWidget | None = None, tasks: TaskRunner | None = None) -> None:
        super().__init__(parent)
        self._changes = Changes(tasks or TaskRunner(self), self)
        self._changes.said.connect(self.said)
        self.view = CanvasView(self)
        self.setFocusProxy(self.view)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self._image, self._overlay = ImageItem(), LabelItem()
        for item in (self._image, self._overlay):
            self.view.add(item)
        self._image.pixels_arrived.connect(lambda: self._read(self._hand.pointer))
        self._image.failed.connect(self.failed)
        self.guides = Guides(self.view, self._image)
        self.colour_by = ColourBy()
        self.colour_by.coloured.connect(self._overlay.set_colouring)
        self.classes = CellClasses(self)
        self.classes.changed.connect(self.colour_by.refresh)
        self._document: Document | None = None
        self._plane = 0
        self._selected: frozenset[int] = frozenset()  # as it is shown
        self.prompts: Prompter | None = None
        self._hand = Hand(self, self.view)
        self._hand.tool_changed.connect(self.tool_changed)
        self._hand.brush_size_changed.connect(self.brush_size_changed)
        self._hand.pointed.connect(self._read)
        self._hand.fit_asked.connect(self.fit)
        self.view.view_changed.connect(self.view_changed)

    # ------------------------------------------------------------------ what is shown

    @property
    def document(self) -> Document | None:
        return self._document

    def set_document(self, document: Document | None, display: Display | None = None) -> None:
        """Show another document from its first plane, fitted; None shows nothing.

        `display`: how its channels look; None looks at the pixels here and now.
        """
        self._hand.tool.cancel()
        if self._document is not None:
            self._document.patch_applied.disconnect(self._show_patch)
            self._document.selection_changed.disconnect(self._show_selection)
        self._document, self._plane = document, 0
        self.classes.set_document(document)
        self.colour_by.set_document(document)
        self.guides.set_document(document)
        if document is None:
            self._image.set_image(None)
            self._overlay.set_labels(None)
            self.hovered.emit(None)
            return
        document.patch_applied.connect(self._show_patch)
        document.selection_changed.connect(self._show_selection)
        image = cast(Image, document.image)
        if display is None:
            display = Display(default_channels(glance(image, 0), image.channel_names), self.image_style)
        self._image.set_image(image, display)
        self._overlay.set_labels(document.labels, document.store.next_id - 1)
        self._selected = frozenset()
        self._overlay.set_selected(self._selected)
        self._overlay.set_locked(id_ for id_, record in document.objects.items() if record.locked)
        self.view.set_image_size(*document.labels.shape[1:])
        self._show_selection()
        self.plane_changed.emit(0)

    @property
    def plane(self) -> int:
        """The plane of a stack that is shown, from 0."""
        return self._plane

    @plane.setter
    def plane(self, plane: int) -> None:
        planes = 1 if self._document is None else self._document.labels.shape[0]
        plane = min(max(plane, 0), planes - 1)
        if plane == self._plane:
            return
        self._hand.tool.cancel()
        self._plane = plane
        self._image.set_plane(plane)
        self._overlay.set_plane(plane)
        self.guides.set_plane(plane)
        self.plane_changed.emit(plane)
        self._hand.tool.refresh()
        self._hand.hover_again()

    @property
    def channels(self) -> tuple[ChannelDisplay, ...]:
        """Levels, gamma, colour and visibility of every channel; assign to change them."""
        return self._image.channels

    @channels.setter
    def channels(self, channels: tuple[ChannelDisplay, ...]) -> None:
        self._image.channels = channels
        self.channels_changed.emit()

    @property
    def image_style(self) -> ImageStyle:
        """One channel or all, and whether dark turns bright; assign to change it."""
        return self._image.style

    @image_style.setter
    def image_style(self, style: ImageStyle) -> None:
        self._image.style = style
        self.channels_changed.emit()

    @property
    def overlay(self) -> OverlayStyle:
        """How labels are drawn: `canvas.overlay = replace(canvas.overlay, fill_opacity=0.5)`."""
        return self._overlay.style

    @overlay.setter
    def overlay(self, style: OverlayStyle) -> None:
        self._overlay.style = style
        self.overlay_changed.emit()

    @property
    def hidden(self) -> frozenset[int]:
        """Cells that are not shown and that tools leave alone."""
        return self._overlay.colours.hidden

    @hidden.setter
    def hidden(self, ids: frozenset[int]) -> None:
        self._overlay.set_hidden(ids)
        self.guides.set_hidden(ids)
        self._hand.hover_again()

    def fit(self) -> None:
        """Show the whole image."""
        self.view.fit()

    def actual_size(self) -> None:
        """One image pixel per screen pixel."""
        self.view.actual_size()

    def zoom_to(self, box: Box) -> None:
        """Show a box (z, y, x), with some room around it, in its first plane if another one is shown."""
        z, y, x = box
        if not z.start <= self._plane < z.stop:
            self.plane = z.start
        self.view.zoom_to(QRectF(x.start, y.start, x.stop - x.start, y.stop - y.start), border=0.25)

    def zoom_to_selection(self) -> None:
        """Show all selected cells as large as they fit."""
        if self._document is not None and self._document.selected:
            self.zoom_to(around(self._document.objects[id_] for id_ in self._document.selected))

    def reveal(self, box: Box) -> None:
        """Move the view to a box (z, y, x) of which nothing can be seen; the zoom stays if the box fits."""
        z, y, x = box
        if not z.start < z.stop or self._document is None:
            return
        if not z.start <= self._plane < z.stop:
            self.plane = z.start
        self.view.reveal(QRectF(x.start, y.start, x.stop - x.start, y.stop - y.start))

    # ------------------------------------------------------------------ tools

    @property
    def tool(self) -> str:
        return self._hand.tool.name

    def set_tool(self, name: str) -> None:
        """Choose a tool by its name."""
        if self._hand.take(name) and self._document is not None:
            self.say(self._hand.tool.help)

    @property
    def brush_size(self) -> float:
        """Diameter of the brush and the eraser in image pixels."""
        return self._hand.brush_size

    @brush_size.setter
    def brush_size(self, size: float) -> None:
        self._hand.brush_size = size

    def resize_brush(self, notches: int) -> None:
        """Larger or smaller by a tenth, at least by one pixel, each notch."""
        self._hand.resize_brush(notches)

    def cancel(self) -> bool:
        """Give up the gesture that is going on, without a change; False if there was none."""
        return self._hand.cancel()

    def delete_selected(self) -> None:
        """Delete the selected cells; locked ones stay."""
        if self._document is not None and self._document.selected:
            self.cancel()
            ids = self._document.selected
            self.change(lambda cells, tick: delete(cells, ids), "Deleting", ids)

    @property
    def working(self) -> bool:
        """Whether a change that takes long is being computed."""
        return self._changes.working

    # ------------------------------------------------------------------ what tools use

    @property
    def pixel_size(self) -> float:
        return 1 / self.view.scale_factor

    def label_at(self, pointer: Pointer) -> int:
        if self._document is None or not self._on_image(pointer):
            return 0
        id_ = int(self._document.labels[self._plane, pointer.row, pointer.col])
        return 0 if id_ in self.hidden else id_

    def show_preview(self, preview: Preview | None, rows: slice, cols: slice) -> None:
        self._overlay.set_preview(preview)
        self._overlay.repaint_box(rows, cols)

    def show_shape(
        self, path: QPainterPath | None, colour: QColor = CHANGES, fill: bool = True, dashed: bool = False
    ) -> None:
        self._hand.show_shape(path, colour, fill, dashed)

    def show_ring(self, pointer: Pointer | None, colour: QColor = CHANGES, double: bool = False) -> None:
        self._hand.show_ring(pointer, colour, double)

    def change(
        self, operation: Operation, title: str = "", ids: Iterable[int] = (), *, slow: bool = False
    ) -> None:
        if self._document is not None:
            at_once = not slow and is_small(self._document, set(ids))
            self._changes.carry_out(self._document, operation, title, at_once)

    def say(self, text: str) -> None:
        self.said.emit(text)

    # ------------------------------------------------------------------ events

    def event(self, event: QEvent | None) -> bool:
        """Some keys belong to the tool, whatever command they stand for otherwise."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and self._hand.tool.takes_key(Qt.Key(event.key()))
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        if self._hand.key(event):
            return
        if event.key() == Qt.Key.Key_Escape and self._document is not None:
            self._document.select(())
        else:
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        self._hand.hold_modifiers(event)
        event.ignore()

    def _read(self, pointer: Pointer | None) -> None:
        self.hovered.emit(None if pointer is None else self._reading(pointer))

    def _reading(self, pointer: Pointer) -> Reading | None:
        if self._document is None or not self._on_image(pointer):
            return None
        values = self._image.values_at(pointer.row, pointer.col)
        label = int(self._document.labels[self._plane, pointer.row, pointer.col])
        return Reading(self._plane, pointer.row, pointer.col, values, label)

    def _on_image(self, pointer: Pointer) -> bool:
        assert self._document is not None
        height, width = self._document.labels.shape[1:]
        return 0 <= pointer.row < height and 0 <= pointer.col < width

    # ------------------------------------------------------------------ the document has changed

    def _show_patch(self, patch: Patch) -> None:
        self.guides.apply(patch)
        self._overlay.records_changed(patch.records)
        z, rows, cols = patch.box
        if z.start <= self._plane < z.stop:
            self._overlay.labels_changed(rows, cols)
            self._hand.hover_again()
        self._hand.tool.refresh()

    def _show_selection(self) -> None:
        assert self._document is not None
        before, now = self._selected, self._document.selected
        self._selected = now
        # Cells that are gone have been repainted by the patch that took them.
        changed: list[tuple[slice, slice]] | None = None
        if max(len(before), len(now)) <= _MANY:
            objects = self._document.objects
            others = objects.keys() & (before ^ now)
            changed = [objects[id_].slices[1:] for id_ in others] if len(others) <= _FEW else None
        self._overlay.set_selected(now, changed)
        self._hand.tool.refresh()
