"""Commands of the menu Edit."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cellpose_gui.actions import Command
from cellpose_gui.commands.when import When

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow


def edit_commands(window: MainWindow) -> list[Command]:
    edit, when = partial(Command, menu="Edit"), When(window)
    bench = window.workbench
    return [
        edit(
            "undo",
            "&Undo",
            do=bench.undo,
            keys=("Ctrl+Z",),
            icon="undo",
            section="history",
            when=when.undo,
            detail=lambda: bench.document.undo_text if bench.document else None,
            in_bar=True,
        ),
        edit(
            "redo",
            "&Redo",
            do=bench.redo,
            keys=("Ctrl+Shift+Z", "Ctrl+Y"),
            icon="redo",
            section="history",
            when=when.redo,
            detail=lambda: bench.document.redo_text if bench.document else None,
            in_bar=True,
        ),
        edit(
            "select_all",
            "Select &all",
            do=window.selected_cells.select_all,
            keys=("Ctrl+A",),
            section="selection",
            when=when.cells,
        ),
        edit(
            "delete_selected",
            "&Delete selected cells",
            do=window.canvas.delete_selected,
            keys=("Del", "Backspace"),
            section="selection",
            when=when.selection,
        ),
        edit(
            "shortcuts",
            "&Keyboard shortcuts…",
            do=window.edit_shortcuts,
            help="Choose which keys do what",
            section="settings",
        ),
    ]
