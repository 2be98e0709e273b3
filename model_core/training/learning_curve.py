"""How good the model became with the number of corrected cells, and what the next ones are likely to bring.

Each retraining adds a round to the card of the model that it makes (`Card.rounds`), after its parent's. Every
round has held-out cells of its own, so APs of different rounds say nothing about each other. Only the two of
one round do: two models on the same cells. The curve is therefore linked back from the last round, as the
indices of prices are whose baskets change: from point to point it rises as much as AP rose within the round.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from model_core.models.package import Card

_NEXT = 50  # cells: about what a person corrects before thinking about a pause
_FEWEST = 3  # points for a fit
_OFFSET = 10.0  # cells; so that the curve is finite where it begins
_EXPONENTS = (0.25, 0.5, 0.75, 1.0, 1.5)
_WORTH_IT = 0.01  # AP


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
    """points: (cells, AP on the held-out cells of the last round), the first at 0 cells; before that round
    linked by what each round gained on its own cells, and within 0..1. fitted: (cells, AP) of the curve
    through them, for a plot; empty while there are too few rounds. next_cells, next_gain: what so many more
    are likely to bring, None while there is no fit. in_words: a sentence for the person who asks whether to
    go on."""

    points: Sequence[tuple[int, float]]
    fitted: Sequence[tuple[int, float]]
    next_cells: int
    next_gain: float | None
    in_words: str


def rounds_of(card: Card) -> list[Round]:
    """The rounds of the model and its parents, oldest first; what is no round is left out."""
    return [Round(**entry) for entry in card.rounds if _is_round(entry)]


def _is_round(entry: Any) -> bool:
    if not isinstance(entry, dict) or entry.keys() != {f.name for f in fields(Round)}:
        return False
    counts, aps = (entry["cells"], entry["held_out"]), (entry["ap_before"], entry["ap_after"])
    return (
        all(type(count) is int and count >= 0 for count in counts)
        and all(type(ap) in (int, float) and 0 <= ap <= 1 for ap in aps)
        and type(entry["date"]) is str
    )


def learning_curve(rounds: Sequence[Round]) -> LearningCurve:
    """The points of the rounds and, from three points on, a falling power law through them.

    The model of the n-th cell is AP(n) = a - b (n + 10)^-c, as learning curves of many tasks follow (Hestness
    et al., Deep learning scaling is predictable, empirically, 2017): least squares for a and b >= 0, the best
    of a few c. Points count by the number of held-out cells they were measured on.
    """
    points = _linked(rounds)
    weights = [float(r.held_out) for r in [*rounds[:1], *rounds]]
    if len({cells for cells, _ in points}) < _FEWEST:
        return LearningCurve(points, (), _NEXT, None, _first_words(points))
    at = _fit(np.array(points, float), np.sqrt(np.maximum(weights, 1.0)))
    last = max(cells for cells, _ in points)
    gain = at(last + _NEXT) - at(last)
    places = np.unique(np.linspace(0, last + _NEXT, 50).astype(int)).tolist()
    fitted = [(n, at(n)) for n in places]
    return LearningCurve(points, fitted, _NEXT, gain, _words(gain))


def _linked(rounds: Sequence[Round]) -> list[tuple[int, float]]:
    if not rounds:
        return []
    ap = rounds[-1].ap_after
    cells, aps = [r.cells for r in rounds], [ap]
    for r in reversed(rounds):
        ap -= r.ap_after - r.ap_before
        aps.append(ap)
    return list(zip([0, *cells], np.clip(aps[::-1], 0, 1).tolist(), strict=True))


def _fit(points: np.ndarray, weights: np.ndarray) -> _Power:
    best, least = _Power(float(points[:, 1].mean()), 0.0, 1.0), math.inf
    for exponent in _EXPONENTS:
        falling = (points[:, 0] + _OFFSET) ** -exponent
        design = np.column_stack([np.ones_like(falling), -falling]) * weights[:, None]
        (a, b), *_ = np.linalg.lstsq(design, points[:, 1] * weights, rcond=None)
        if b < 0 or a > 1:  # more cells never make it worse in the long run, and nothing is better than right
            b = max(0.0, b)
            a = min(1.0, float(np.average(points[:, 1] + b * falling, weights=weights**2)))
        error = float((((a - b * falling - points[:, 1]) * weights) ** 2).sum())
        if error < least:
            best, least = _Power(float(a), float(b), exponent), error
    return best


@dataclass(frozen=True)
class _Power:
    a: float
    b: float
    exponent: float

    def __call__(self, cells: float) -> float:
        return float(np.clip(self.a - self.b * (cells + _OFFSET) ** -self.exponent, 0, 1))


def _first_words(points: Sequence[tuple[int, float]]) -> str:
    if not points:
        return "Correct some cells and retrain; then this shows how much it helped."
    return "After one more round this can say whether more cells are worth it."


def _words(gain: float) -> str:
    if gain < _WORTH_IT:
        return f"The next {_NEXT} cells are likely to bring less than {_WORTH_IT:.0%}: this may be enough."
    return f"The next {_NEXT} cells are likely to bring about {gain:.0%} more cells found right."
