"""The queue of doubtful objects: order, answers, what is said of those that nobody looks at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from model_core.annotation.audit import estimate
from model_core.annotation.candidates import Candidate
from model_core.annotation.doubt import Advice, Doubt, with_left_out
from model_core.annotation.review_queue import Answer, ReviewQueue

A, B = Path("a.tif"), Path("b.tif")


def doubts(values: list[float]) -> list[Doubt]:
    return [Doubt(id_, value, Advice.ACCEPT, "") for id_, value in enumerate(values, start=1)]


@pytest.fixture
def queue() -> ReviewQueue:
    """The worst 4 of 20 are 0.9 and 0.8 in b, 0.7 in a, 0.6 in b; two of the others are a sample."""
    return ReviewQueue({A: doubts([0.7, *[0.1] * 9]), B: doubts([0.9, 0.8, 0.6, *[0.05] * 7])}, 0.2, audits=3)


def test_the_worst_come_image_by_image_with_a_random_sample(queue: ReviewQueue) -> None:
    worst = [(item.image, item.doubt.doubt) for item in queue.items if not item.sample]
    assert worst == [(B, 0.9), (B, 0.8), (B, 0.6), (A, 0.7)]
    assert sum(item.sample for item in queue.items) == 2
    images = [item.image for item in queue.items]
    assert images == sorted(images, reverse=True), "each image is opened once"


def test_answers_later_and_back(queue: ReviewQueue) -> None:
    first = queue.current
    assert first is not None
    queue.later()
    second = queue.current
    assert second is not None and second != first and queue.done == 0
    queue.answer(Answer.DELETED)
    assert queue.done == 1 and queue.wrong == 1
    assert queue.back() and queue.current == second and queue.wrong == 0
    assert not queue.back()
    while queue.current is not None:
        queue.answer(Answer.ACCEPTED)
    assert queue.done == 6
    place = queue.items.index(first)
    assert all(item.image == A for item in queue.items[place + 1 :])


def test_the_sample_tells_of_the_others(queue: ReviewQueue) -> None:
    assert queue.estimate.sampled == 0 and queue.estimate.unseen == 14
    assert "not known yet" in queue.estimate.words
    while (item := queue.current) is not None:
        queue.answer(Answer.DELETED if item.sample else Answer.ACCEPTED)
    told = queue.estimate
    assert (told.sampled, told.wrong, told.share, told.high) == (2, 2, 1, 1)
    assert "2 of 2" in told.words and queue.wrong == 2


def test_skipped_ones_tell_nothing(queue: ReviewQueue) -> None:
    while queue.current is not None:
        queue.answer(Answer.SKIPPED)
    assert queue.estimate.sampled == 0 and queue.wrong == 0


def test_nothing_to_look_at() -> None:
    empty = ReviewQueue({}, 0.2)
    assert empty.current is None and empty.total == 0 and not empty.back()


@pytest.mark.parametrize(
    ("wrong", "sampled", "low", "high"),
    [(0, 10, 0.0, 0.3085), (1, 10, 0.0025, 0.4450), (5, 50, 0.0333, 0.2181), (10, 10, 0.6915, 1.0)],
)
def test_intervals_are_those_of_the_tables(wrong: int, sampled: int, low: float, high: float) -> None:
    told = estimate(100, sampled, wrong)
    assert told.low == pytest.approx(low, abs=1e-4) and told.high == pytest.approx(high, abs=1e-4)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.37])
def test_95_of_100_intervals_hold_the_true_share(share: float) -> None:
    held = sum(
        float(binom.pmf(wrong, 40, share))
        for wrong in range(41)
        if estimate(1, 40, wrong).low <= share <= estimate(1, 40, wrong).high
    )
    assert held >= 0.95


def test_counts_that_cannot_be_are_refused() -> None:
    for wrong, sampled in ((2, 1), (-1, 3)):
        with pytest.raises(ValueError, match="wrong of"):
            estimate(5, sampled, wrong)
    assert np.isfinite(estimate(0, 0, 0).high)


def test_places_where_a_cell_was_left_out_are_counted_apart() -> None:
    square = Candidate((slice(0, 1), slice(0, 3), slice(0, 3)), np.ones((1, 3, 3), bool), 0.4)
    places = [replace(square, chance=chance) for chance in (0.85, 0.3, 0.1, 0.1)]
    queue = ReviewQueue({A: with_left_out(doubts([0.9, 0.8, *[0.05] * 18]), places)}, 0.2, audits=2)
    worst = [item.doubt.doubt for item in queue.items if not item.sample]
    assert sorted(worst) == [0.3, 0.8, 0.85, 0.9], "as many as a fifth of the 20 cells"
    assert queue.total == 24 and queue.estimate.unseen == 18
    while (item := queue.current) is not None:
        queue.answer(Answer.DELETED if item.doubt.candidate is None else Answer.ADDED)
    assert queue.added + queue.wrong == 6 and queue.added == sum(
        item.doubt.candidate is not None for item in queue.items
    )
    assert queue.estimate.wrong == 2 and "possible cells that do not come up" in queue.estimate.words


def test_an_image_with_nothing_but_places() -> None:
    square = Candidate((slice(0, 1), slice(0, 3), slice(0, 3)), np.ones((1, 3, 3), bool), 0.4)
    queue = ReviewQueue({A: with_left_out([], [square] * 10)}, 0.2, audits=0)
    assert len(queue.items) == 2
    while queue.current is not None:
        queue.answer(Answer.NONE)
    assert queue.added == queue.wrong == 0
