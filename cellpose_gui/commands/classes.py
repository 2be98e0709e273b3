"""Commands of the menu Review that put cells into classes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cellpose_gui.actions import Command
from cellpose_gui.commands.when import When
from model_core.annotation.classes import MOST_CLASSES

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow


def class_commands(window: MainWindow) -> list[Command]:
    classes, chosen = window.canvas.classes, window.selected_cells
    command = partial(Command, menu="Review", section="classes", when=When(window).cells)

    def name_of(place: int) -> str | None:
        return classes.all[place].name if place < len(classes) else None

    return [
        *(
            command(
                f"class_{place + 1}",
                f"Class &{place + 1}",
                do=partial(chosen.classify, place),
                keys=(str(place + 1),),
                help=f"Put the selected cells into class {place + 1}",
                detail=partial(name_of, place),
            )
            for place in range(MOST_CLASSES)
        ),
        command(
            "class_none",
            "&No class",
            do=partial(chosen.classify, None),
            keys=("0",),
            help="Take the selected cells out of their class",
        ),
    ]
