"""Commands of the menu Go."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cellpose_gui.actions import Command
from cellpose_gui.commands.when import When

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow


def go_commands(window: MainWindow) -> list[Command]:
    go, when, bench = partial(Command, menu="Go"), When(window), window.workbench
    return [
        go(
            "previous",
            "&Previous image",
            do=partial(bench.open_neighbour, -1),
            keys=("A", "Left"),
            when=when.image,
        ),
        go("next", "&Next image", do=partial(bench.open_neighbour, 1), keys=("D", "Right"), when=when.image),
    ]
