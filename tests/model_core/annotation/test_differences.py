"""Differences between two labellings: of what kind they are, and taking one over."""

from __future__ import annotations

import numpy as np
import pytest

from model_core.annotation.differences import Kind, compare, take_over
from model_core.annotation.label_store import LabelStore
from model_core.annotation.matching import average_precision
from tests.model_core.annotation.cells import apply, areas, lock, square, store_of


def two() -> tuple[np.ndarray, np.ndarray]:
    """Same, added, missed, split, merged, of another shape (IoU 0.6 and 0.33)."""
    mine, theirs = np.zeros((1, 80, 120), np.uint32), np.zeros((1, 80, 120), np.uint32)
    square(mine, 1, 2, 2, 10)
    square(theirs, 11, 2, 2, 10)
    square(mine, 2, 2, 22, 10)
    square(theirs, 12, 2, 42, 10)
    square(mine, 3, 2, 62, 10, 6)
    square(mine, 4, 2, 68, 10, 6)
    square(theirs, 13, 2, 62, 10, 12)
    square(mine, 5, 30, 2, 10, 20)
    square(theirs, 14, 30, 2, 10)
    square(theirs, 15, 30, 12, 10)
    square(mine, 6, 30, 42, 10)
    square(theirs, 16, 30, 42, 10, 6)
    square(mine, 7, 30, 62, 10)
    square(theirs, 17, 30, 67, 10)
    return mine, theirs


def found(kind: Kind) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    return [(each.mine, each.theirs) for each in compare(*two()).differences if each.kind is kind]


def test_every_kind_is_told() -> None:
    assert found(Kind.ADDED) == [((2,), ())]
    assert found(Kind.MISSED) == [((), (12,))]
    assert found(Kind.SPLIT) == [((3, 4), (13,))]
    assert found(Kind.MERGED) == [((5,), (14, 15))]
    assert sorted(found(Kind.SHAPE)) == [((6,), (16,)), ((7,), (17,))]


def test_figures_are_those_of_the_metrics() -> None:
    mine, theirs = two()
    told = compare(mine, theirs)
    assert told.ap == tuple(average_precision(theirs, mine)[0])
    assert (told.mine, told.theirs) == (7, 7) and told.matched == 4
    same = compare(mine, mine)
    assert same.differences == () and same.ap == (1, 1, 1)


def test_random_labels_leave_no_difference_untold() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        mine, theirs = (np.kron(rng.integers(0, 6, (1, 6, 6)), np.ones((1, 3, 3), int)) for _ in range(2))
        told = compare(mine.astype(np.uint32), theirs.astype(np.uint32))
        gone = {id_ for each in told.differences for id_ in each.mine}
        come = {id_ for each in told.differences for id_ in each.theirs}
        assert len(set(np.unique(mine)) - {0} - gone) <= told.matched
        assert len(set(np.unique(theirs)) - {0} - come) <= told.matched


def test_taking_everything_over_gives_the_other_result() -> None:
    mine, theirs = two()
    store = store_of(mine)
    for difference in compare(mine, theirs).differences:
        apply(store, take_over(store, theirs, difference))
    assert np.array_equal(store.labels > 0, theirs > 0)
    told = compare(store.labels, theirs)
    assert told.ap == (1, 1, 1) and told.differences == ()
    assert 6 in areas(store), "one for one keeps its number"
    while store.undo() is not None and store.history.position > 1:
        pass
    assert np.array_equal(store.labels, mine)


@pytest.fixture
def store() -> LabelStore:
    return store_of(two()[0])


def test_locked_cells_and_neighbours_stay(store: LabelStore) -> None:
    mine, theirs = two()
    by_kind = {each.kind: each for each in compare(mine, theirs).differences}
    lock(store, 2)
    assert "locked" in apply(store, take_over(store, theirs, by_kind[Kind.ADDED]))
    assert areas(store)[2] == 100
    big = np.zeros_like(theirs)
    square(big, 9, 0, 36, 20)  # reaches over cell 2 and free space
    (missed,) = [e for e in compare(mine, big).differences if e.theirs == (9,)]
    apply(store, take_over(store, big, missed))
    if 2 not in missed.mine:
        assert areas(store)[2] == 100


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        compare(np.zeros((1, 3, 3), np.uint32), np.zeros((1, 4, 3), np.uint32))
