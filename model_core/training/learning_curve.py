"""How good the model became with the number of corrected cells, and what the next ones are likely to bring.

Each retraining adds a round to the card of the model that it makes (`Card.rounds`), after its parent's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model_core.models.package import Card


@dataclass(frozen=True)
class Round:
    """One retraining: cells it learned from, held-out cells, AP at 0.5 on these before, after; ISO date."""

    cells: int
    held_out: int
    ap_before: float
    ap_after: float
    date: str = ""


@dataclass(frozen=True)
class LearningCurve:
    """points: (cells, AP), the first at 0 cells. fitted: (cells, AP) of the curve through them, for a plot;
    empty while there are too few rounds. next_cells, next_gain: what so many more are likely to bring, None
    while there is no fit. in_words: a sentence for the person who asks whether to go on."""

    points: Sequence[tuple[int, float]]
    fitted: Sequence[tuple[int, float]]
    next_cells: int
    next_gain: float | None
    in_words: str


def rounds_of(card: Card) -> list[Round]:
    """The rounds of the model and its parents, oldest first."""
    raise NotImplementedError


def learning_curve(rounds: Sequence[Round]) -> LearningCurve:
    """The points of the rounds and, from three points on, a falling power law through them."""
    raise NotImplementedError
