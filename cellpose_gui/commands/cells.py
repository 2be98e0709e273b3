"""Commands of the menu Cells."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cellpose_gui.actions import Command
from cellpose_gui.commands.when import When

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow


def cell_commands(window: MainWindow) -> list[Command]:
    cells, when = partial(Command, menu="Cells"), When(window)
    return [
        cells(
            "segment",
            "&Segment",
            do=window.segment,
            keys=("S",),
            help="Find the cells in this image",
            icon="segment",
            section="model",
            when=when.image,
            in_bar=True,
        ),
        cells(
            "import_model",
            "Import a &model…",
            do=window.questions.ask_model,
            help="Also one of Cellpose 1 to 3",
            section="models",
        ),
    ]
