"""Commands of the menu Review that show what there is to curate with."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cellpose_gui.actions import Command

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow


def curation_commands(window: MainWindow) -> list[Command]:
    review = partial(Command, menu="Review", section="curation")
    docks = window.docks
    return [
        review(
            "table",
            "&Table and plot",
            do=partial(window.toggle_panel, "Table and plot"),
            keys=("Ctrl+B",),
            help="All cells with their measurements: sort, filter, plot, and select what a gate holds",
            checked=lambda: not docks["Table and plot"].isHidden(),
        ),
    ]
