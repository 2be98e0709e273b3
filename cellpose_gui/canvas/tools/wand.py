"""Wand: a click finds the cell there by the flows of the model; the wheel makes it larger or smaller."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PyQt6.QtCore import Qt

from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.tools.stroke import AllUnlocked, Only, Rule
from cellpose_gui.canvas.tools.tool import Tool, ToolHost
from cellpose_gui.document.document import Document
from model_core.annotation.objects import Source
from model_core.annotation.pieces import separate_pieces
from model_core.segmentation.mask import Mask

_SMALLEST, _LARGEST = -12, 20  # levels


@dataclass(frozen=True)
class _Made:
    """The cell of the last click: where it was asked for, how large, and whether it may cover others."""

    document: Document
    point: tuple[int, int, int]
    level: int
    over: bool
    id: int = 0  # 0: not there yet

    @property
    def text(self) -> str:
        return f"Wand: cell {self.id}"


class Wand(Tool):
    """A click on background makes a cell at once, beside others, with Ctrl over those that are not locked.

    While the pointer is over that cell, the wheel and further clicks make it larger, with Shift smaller: the
    step in the history is replaced, so it stays one. Enter, Escape or a click elsewhere leaves it as it is.
    """

    name = "wand"
    title = "Wand"
    help = "Click a cell to find its outline; the wheel over it makes it larger or smaller"
    shortcut = "W"
    gestures = (
        ("Click", "finds the cell there by the model"),
        ("Ctrl+click", "takes from neighbours too"),
        ("Wheel over it, click again", "makes it larger, with Shift smaller"),
        ("Enter", "leaves it as it is"),
    )
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, host: ToolHost) -> None:
        super().__init__(host)
        self._made: _Made | None = None
        self._over_it = False
        self._last = (0.0, 0.0)

    def takes_wheel(self, pointer: Pointer) -> bool:
        self.hover(pointer)
        return self._over_it and self._is_the_last_step()

    def press(self, pointer: Pointer) -> None:
        document = self.host.document
        if document is None:
            return
        self.hover(pointer)
        if self.turn(-1 if pointer.shift else 1):
            return
        self.cancel()
        height, width = document.labels.shape[1:]
        if not (0 <= pointer.row < height and 0 <= pointer.col < width):
            return
        under = self.host.label_at(pointer)
        if under and not pointer.ctrl:
            self.host.say(f"Here is cell {under} already; click with Ctrl to take its place")
            return
        self._ask(_Made(document, (self.host.plane, pointer.row, pointer.col), 0, pointer.ctrl))

    def hover(self, pointer: Pointer | None) -> None:
        made = self._made
        if pointer is None or made is None or not made.id:
            self._over_it = False
            return
        stays = (pointer.x, pointer.y) == self._last  # then the cell may shrink from under the pointer
        self._over_it = self.host.label_at(pointer) == made.id or (stays and self._over_it)
        self._last = pointer.x, pointer.y

    def turn(self, notches: int) -> bool:
        if self._made is None or not self._over_it or not self._is_the_last_step():
            return False
        level = min(max(self._made.level + notches, _SMALLEST), _LARGEST)
        self._ask(replace(self._made, level=level))
        return True

    def double_click(self, pointer: Pointer) -> bool:
        self.press(pointer)
        return True

    def key(self, key: Qt.Key) -> bool:
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._made is not None:
            self.cancel()
            return True
        return False

    def cancel(self) -> None:
        self._made, self._over_it = None, False

    def _is_the_last_step(self) -> bool:
        return self._made is not None and self._made.document.undo_text == self._made.text

    def _ask(self, wanted: _Made) -> None:
        if self.host.prompts is None:
            self.host.say("The wand needs the engine, which has not started")
            return
        self._made = wanted
        self.host.prompts.object_at(wanted.point, wanted.level, lambda mask: self._put(wanted, mask))

    def _put(self, wanted: _Made, mask: Mask | None) -> None:
        document = wanted.document
        last = self._made is wanted  # else other cells have been clicked meanwhile
        if self.host.document is not document or (wanted.id and not last):
            return
        if mask is None:
            if last:
                self.cancel()
            self.host.say("No cell is seen here, not even a faint one")
            return
        if wanted.id:
            if document.undo_text != wanted.text:
                self.cancel()
                self.host.say("Something else was done since; the cell stays as it is")
                return
            document.undo()
        id_ = wanted.id or document.new_id()
        made = replace(wanted, id=id_)
        rule: Rule = AllUnlocked(document.objects, self.host.hidden) if wanted.over else Only(0)
        if last:
            self._made = made
        if _draw(document, mask, id_, rule, made.text):
            document.select({id_})
            size = f"{document.objects[id_].area:,} px"
            self.host.say(f"Cell {id_}: {size}. Wheel or click: larger; Shift: smaller; Enter: done")
        else:
            self.cancel()
            self.host.say("Other cells cover this place")


def _draw(document: Document, mask: Mask, id_: int, rule: Rule, text: str) -> bool:
    """Puts a mask into the labels where the rule allows it; False if that is nowhere."""
    old = document.labels[mask.box]
    rule.meet(old)
    new = np.where(mask.pixels & rule.allows(old), np.uint32(id_), old)
    box, new = separate_pieces(document.labels, document.objects, mask.box, new, document.new_id)
    return document.edit(box, new, text, Source.DRAWN) is not None
