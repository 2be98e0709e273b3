"""What the workers of the review queue do: read what waits, keep what a person decides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from model_core.errors import UserError

if TYPE_CHECKING:
    from model_core.community.review import Waiting
    from model_core.community.workplace import Decision


def read_queue(folder: Path) -> list[Waiting]:
    """What waits in the folder of an intake.

    Raises:
        UserError: it is no such folder, or a card in it is damaged.
    """
    from model_core.community.review import waiting
    from model_core.community.workplace import Workplace

    if not (folder / "review").is_dir():
        raise UserError(
            f"“{folder}” is not a folder in which contributions are taken in: it holds no folder “review”. "
            "It is the one that “cellpose-engine release intake” was given as --into."
        )
    return waiting(Workplace(folder))


def decide_image(folder: Path, bundle: str, image: str, take: bool) -> list[Decision]:
    """Keeps the decision about one image; what it is part of is done with the last one. Raises UserError."""
    from model_core.community.review import decide
    from model_core.community.workplace import Workplace

    return decide(Workplace(folder), bundle, image, take)
