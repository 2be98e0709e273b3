"""The interface of all tools, and what they may use of the canvas around them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QPainterPath

from cellpose_gui.canvas.cell_classes import CellClasses
from cellpose_gui.canvas.label_picture import Preview
from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.document.document import Document
from cellpose_gui.tasks.prompter import Prompter
from model_core.annotation.proposal import Operation

CREATES = QColor(70, 235, 140)  # a press makes a new cell
CHANGES = QColor(90, 205, 255)  # a press changes the cell under the cursor
ERASES_ONE = QColor(240, 150, 40)
ERASES_ALL = QColor(240, 80, 70)
REFUSED = QColor(150, 150, 150)  # the cell under the cursor is locked
_KEYS_OF_GESTURES = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


class ToolHost(Protocol):
    """The canvas as tools see it."""

    @property
    def document(self) -> Document | None: ...
    @property
    def plane(self) -> int: ...
    @property
    def brush_size(self) -> float: ...
    @property
    def hidden(self) -> frozenset[int]:
        """Cells that are not shown and that tools leave alone."""

    @property
    def classes(self) -> CellClasses:
        """Those that cells can be put into."""

    @property
    def prompts(self) -> Prompter | None:
        """Asks the fields of the image; None where there is no engine."""

    @property
    def pixel_size(self) -> float:
        """Length of a logical pixel of the screen in image coordinates."""

    def label_at(self, pointer: Pointer) -> int:
        """The id under the pointer in the plane shown, 0 for background, outside and on hidden cells."""

    def show_preview(self, preview: Preview | None, rows: slice, cols: slice) -> None:
        """Show a change that is not made yet, and repaint these rows and columns."""

    def show_shape(self, path: QPainterPath | None, colour: QColor = CHANGES, fill: bool = True) -> None:
        """Show the outline or box that is being drawn (image coordinates), tinted inside unless it is a mere
        line; None takes it away."""

    def show_ring(self, pointer: Pointer | None, colour: QColor = CHANGES, double: bool = False) -> None:
        """Show the ring of the brush around the pointer, `double` when it also takes what belongs to other
        cells; None takes it away."""

    def change(
        self, operation: Operation, title: str = "", ids: Iterable[int] = (), *, slow: bool = False
    ) -> None:
        """Carry out an operation on the cells `ids` as one step, and say what it says; in a worker if these
        are many or far apart, or the operation is `slow`."""

    def say(self, text: str) -> None:
        """Tell the user in the status bar."""


class Tool:
    """Reacts to the pointer in image coordinates. The default does nothing.

    `press`, any number of `drag` and `release` make a gesture; `cancel` ends it without a change and must be
    safe at any time. A tool changes labels only through the document, at the end of a gesture, as one edit.

    Menu, tool bar, palette and cheat sheet are made of `title`, `help`, `shortcut` and `gestures`; the icon
    is `resources/icons/NAME.svg`.
    """

    name = ""
    title = ""
    help = ""  # one line, also for the status bar when the tool is chosen
    shortcut = ""  # the default key that chooses it
    gestures: tuple[tuple[str, str], ...] = ()  # what the hand does, what happens then
    cursor = Qt.CursorShape.ArrowCursor
    uses_brush_size = False
    pans = False  # a left drag moves the view instead of reaching the tool

    def __init__(self, host: ToolHost) -> None:
        self.host = host

    @property
    def busy(self) -> bool:
        """True within a gesture."""
        return False

    def press(self, pointer: Pointer) -> None: ...
    def drag(self, pointer: Pointer) -> None: ...
    def release(self, pointer: Pointer) -> None: ...

    def hover(self, pointer: Pointer | None) -> None:
        """The pointer moved without a button, or a key or the brush size changed below it; None: it left."""

    def refresh(self) -> None:
        """Labels, selection, plane, zoom or tool have changed: draw again what is shown on top of them."""

    def double_click(self, pointer: Pointer) -> bool:
        """True when the tool has used it; otherwise it fits the image into the window."""
        return False

    def takes_wheel(self, pointer: Pointer) -> bool:
        """True where the wheel, without a key held, goes to `turn` instead of zooming."""
        return False

    def turn(self, notches: int) -> bool:
        """The wheel was turned; True when the tool has used it."""
        return False

    def takes_key(self, key: Qt.Key) -> bool:
        """True where a key goes to `key`, whatever command it stands for otherwise."""
        return self.busy and key in _KEYS_OF_GESTURES

    def key(self, key: Qt.Key) -> bool:
        """True when the tool has used the key."""
        return False

    def cancel(self) -> None: ...
