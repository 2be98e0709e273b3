"""Commands for what people give each other: contributions, their review, and new releases of the model."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cellpose_gui.actions import Command
from cellpose_gui.commands.when import When

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow


def community_commands(window: MainWindow) -> list[Command]:
    when, queue = When(window), window.community.queue
    file = partial(Command, menu="File", section="community")
    review = partial(Command, menu="Review", section="contributions")

    def waits() -> bool:
        return queue.current is not None

    return [
        file(
            "contribute",
            "&Contribute these labels…",
            do=window.community.contribute,
            help="Give images and labels to the model that everybody uses; you see first what would leave",
            when=when.cells,
        ),
        review(
            "review_contributions",
            "Review &contributions…",
            do=window.review_contributions,
            help="Walk through contributions that the intake found doubtful",
        ),
        review(
            "accept_contribution",
            "&Accept this contribution",
            do=partial(queue.decide, True),
            keys=("F7",),
            help="Add the image with its labels as they are now to the training data",
            when=waits,
        ),
        review(
            "decline_contribution",
            "&Decline this contribution",
            do=partial(queue.decide, False),
            keys=("F8",),
            help="Leave the image out",
            when=waits,
        ),
        Command(
            "updates",
            "&Updates of the model…",
            menu="Help",
            section="updates",
            do=window.community.updates.ask,
            help="New releases of the model from a store; off until you give an address",
        ),
    ]
