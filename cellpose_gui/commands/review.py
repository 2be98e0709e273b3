"""Commands of the menu Review that say which cells are right."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cellpose_gui.actions import Command
from cellpose_gui.canvas.review_cells import ReviewCells
from cellpose_gui.commands.when import When
from model_core.annotation.objects import Review

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow


def review_commands(window: MainWindow) -> list[Command]:
    when, cells = When(window), ReviewCells(window.canvas)
    review = partial(Command, menu="Review", section="review")
    return [
        review(
            "accept",
            "&Accept",
            do=partial(cells.mark, Review.ACCEPTED),
            keys=("Shift+T",),
            help="The selected cells are right: no run changes them, and a model may learn from them",
            icon="accept",
            when=when.cells,
            in_bar=True,
        ),
        review(
            "accept_all",
            "Accept all",
            do=cells.accept_all,
            keys=("Ctrl+Shift+T",),
            help="All cells of this image are right; that none is missing is said by “Image is finished”",
            when=when.cells,
        ),
        review(
            "reject",
            "Re&ject",
            do=partial(cells.mark, Review.REJECTED),
            keys=("Shift+X",),
            help="The selected cells are wrong, and there is background; they stay in sight until deleted",
            when=when.cells,
        ),
        review(
            "unreview",
            "Take back the re&view",
            do=partial(cells.mark, Review.UNREVIEWED),
            help="Nobody has said anything of the selected cells",
            when=when.cells,
        ),
        review(
            "finish_image",
            "Image is &finished",
            do=cells.finish_image,
            keys=("Ctrl+Shift+F",),
            help="Every cell of this image is there and right, and all else is background",
            when=when.image,
        ),
    ]
