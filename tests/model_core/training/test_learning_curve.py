"""The curve over rounds, and what the next cells are likely to bring."""

from itertools import pairwise

import pytest

from model_core.models.package import Card
from model_core.training.learning_curve import Round, learning_curve, rounds_of


def rounds(aps: list[float], cells: tuple[int, ...] = (25, 50, 100, 200)) -> list[Round]:
    before = [0.3, *aps]
    return [Round(n, 40, b, a, "2026-01-01") for n, b, a in zip(cells, before, aps, strict=False)]


def test_a_power_law_is_found_again() -> None:
    def truth(n: int) -> float:
        return 0.9 - 1.9 * (n + 10) ** -0.5

    cells = (25, 50, 100, 200)
    curve = learning_curve([Round(b, 40, truth(a), truth(b)) for a, b in pairwise((0, *cells))])
    assert curve.next_gain == pytest.approx(truth(250) - truth(200), abs=1e-3)
    assert all(ap == pytest.approx(truth(n), abs=1e-2) for n, ap in curve.fitted)
    assert curve.points[0] == pytest.approx((0, truth(0))) and curve.fitted[-1][0] == 250


def test_rounds_with_other_held_out_cells_are_linked_by_what_each_gained() -> None:
    """The second round's cells are harder; its model was better all the same."""
    curve = learning_curve([Round(30, 12, 0.5, 0.7), Round(60, 15, 0.4, 0.5)])
    assert [cells for cells, _ in curve.points] == [0, 30, 60]
    assert [ap for _, ap in curve.points] == pytest.approx([0.2, 0.4, 0.5])
    low = learning_curve([Round(30, 12, 0.1, 0.9), Round(60, 15, 0.4, 0.5)])
    assert [ap for _, ap in low.points] == pytest.approx([0, 0.4, 0.5])


def test_it_says_when_to_stop() -> None:
    flat = learning_curve(rounds([0.8, 0.8, 0.8, 0.8]))
    assert flat.next_gain is not None and flat.next_gain < 0.01 and "may be enough" in flat.in_words
    steep = learning_curve(rounds([0.4, 0.5], (10, 30)))
    assert steep.next_gain is not None and steep.next_gain > 0.02 and "more cells" in steep.in_words
    worse = learning_curve(rounds([0.25, 0.2, 0.15]))
    assert worse.next_gain == pytest.approx(0, abs=1e-6)


def test_with_too_few_rounds_it_says_nothing_yet() -> None:
    assert learning_curve([]).points == []
    one = learning_curve(rounds([0.5]))
    assert one.next_gain is None and not one.fitted and len(one.points) == 2


def test_a_card_is_not_trusted() -> None:
    good = {"cells": 3, "held_out": 2, "ap_before": 0.1, "ap_after": 0.2, "date": ""}
    bad = [3, {}, good | {"cells": -1}, good | {"ap_after": float("nan")}, good | {"more": 1}]
    card = Card("m", rounds=[*bad, good])  # type: ignore[list-item]
    assert rounds_of(card) == [Round(3, 2, 0.1, 0.2)]
