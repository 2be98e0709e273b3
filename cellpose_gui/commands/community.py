"""Commands of the menu Review for those who make releases: the doubtful contributions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cellpose_gui.actions import Command

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow


def community_commands(window: MainWindow) -> list[Command]:
    queue = window.community.queue
    review = partial(Command, menu="Review", section="contributions")

    def waits() -> bool:
        return queue.current is not None

    return [
        review(
            "review_contributions",
            "Review &contributions…",
            do=window.review_contributions,
            help="Walk through contributions that the intake found doubtful",
        ),
        review(
            "accept_contribution",
            "Accept this contribution",
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
    ]
