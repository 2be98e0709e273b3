"""Commands of the menu Review that show what there is to curate with."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cellpose_gui.actions import Command
from cellpose_gui.commands.when import When

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow


def curation_commands(window: MainWindow) -> list[Command]:
    review = partial(Command, menu="Review", section="curation")
    docks = window.docks
    when = When(window)
    return [
        review(
            "worst_first",
            "&Worst first",
            do=window.start_queue,
            keys=("F4",),
            help="Doubtful cells come up one after the other, each with a proposal; one key answers",
            when=when.cells,
        ),
        review(
            "next_doubtful",
            "&Next doubtful cell",
            do=window.curation.queue.skip,
            keys=("F3",),
            help="Go on in the queue, also after correcting a cell with the tools",
            when=when.cells,
        ),
        review(
            "compare",
            "&Compare",
            do=partial(window.docks.toggle, "Compare"),
            keys=("Ctrl+J",),
            help="Compare with another result: a model's, a step of the history, a file, another person's",
            checked=lambda: not docks["Compare"].isHidden(),
        ),
        review(
            "table",
            "&Table and plot",
            do=partial(window.docks.toggle, "Table and plot"),
            keys=("Ctrl+B",),
            help="All cells with their measurements: sort, filter, plot, and select what a gate holds",
            checked=lambda: not docks["Table and plot"].isHidden(),
        ),
    ]
