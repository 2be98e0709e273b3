"""Select: click a cell, drag a box, draw a lasso; and what Cellpose users do with a modifier held."""

from __future__ import annotations

from PyQt6.QtCore import Qt

from cellpose_gui.canvas.pointer import Pointer
from cellpose_gui.canvas.tools.area import AreaTool
from model_core.annotation.deleting import delete
from model_core.annotation.merging import merge


class Select(AreaTool):
    """A click selects the cell below and a click on background none; with Shift it adds or takes away. A
    dragged box selects, Alt and drag draws a lasso, both with Shift add. Ctrl and click deletes the cell,
    Alt and click merges it into the selection."""

    name = "select"
    title = "Select"
    help = "Click a cell, drag a box or, with Alt, draw around cells; Ctrl+click deletes, Alt+click merges"
    shortcut = "V"
    gestures: tuple[tuple[str, str], ...] = (
        ("Click", "selects a cell"),
        ("Shift+click", "adds a cell, or takes it away"),
        ("Drag", "selects the cells in a box, with Shift adds them"),
        ("Alt+drag", "selects the cells in a line drawn around them"),
        ("Ctrl+click", "deletes a cell"),
        ("Alt+click", "merges a cell with the selected ones"),
    )

    def clicked(self, pointer: Pointer, id_: int) -> None:
        document = self.host.document
        assert document is not None
        if pointer.ctrl:
            if id_:
                self.host.change(lambda cells, tick: delete(cells, [id_]), "Deleting", [id_])
        elif pointer.alt:
            self._merge(id_)
        elif pointer.shift:
            document.select(document.selected ^ ({id_} if id_ else set()))
        else:
            document.select({id_} if id_ else ())

    def covered(self, pointer: Pointer, ids: set[int]) -> None:
        document = self.host.document
        assert document is not None
        document.select(document.selected | ids if pointer.shift else ids)

    def key(self, key: Qt.Key) -> bool:
        document = self.host.document
        if key == Qt.Key.Key_Escape and document is not None and document.selected:
            document.select(())
            return True
        return False

    def _merge(self, id_: int) -> None:
        document = self.host.document
        assert document is not None
        others = document.selected - {id_}
        if not others:
            self.host.say("Select a cell first, then Alt+click the one to be merged with it")
        elif not id_:
            self.host.say("There is no cell here to be merged")
        else:
            ids = others | {id_}
            self.host.change(lambda cells, tick: merge(cells, ids), "Merging", ids)
