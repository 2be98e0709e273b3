"""Deleting what was chosen or what a rule applies to; locking; numbers without gaps."""

from __future__ import annotations

import numpy as np

from model_core.annotation.deleting import Measured, Rule, delete
from model_core.annotation.locking import set_locked
from model_core.formats.numbering import consecutive
from tests.model_core.annotation.cells import apply, areas, lock, square, store_of


def some() -> np.ndarray:
    labels = np.zeros((40, 60), int)
    square(labels, 1, 0, 5, 3)  # small, at the edge
    square(labels, 2, 10, 15, 12)
    square(labels, 3, 10, 50, 10)  # at the edge
    square(labels, 4, 30, 30, 2)  # small
    return labels


def test_delete_spares_the_locked_and_says_so() -> None:
    store = store_of(some())
    lock(store, 2)
    assert apply(store, delete(store, [1, 2, 4, 77])) == "2 cells deleted; 1 cell locked and kept"
    assert areas(store) == {2: 144, 3: 100}
    assert delete(store, [2]).patch is None and delete(store, []).said == "Select a cell first"


def test_delete_reaches_all_planes_and_says_so() -> None:
    store = store_of(np.stack([some(), some()]))
    assert apply(store, delete(store, [2])) == "1 cell deleted in all planes"
    assert 2 not in areas(store)


def test_rules_name_exactly_the_cells_they_apply_to() -> None:
    store = store_of(some())
    measured = Measured(store.objects, store.labels.shape)
    assert measured.matching(Rule(smaller_than=10)) == ([1, 4], 0)
    assert measured.matching(Rule(smaller_than=9)) == ([4], 0)
    assert measured.matching(Rule(touching_edge=True)) == ([1, 3], 0)
    assert measured.matching(Rule(10, True)) == ([1, 3, 4], 0)
    assert measured.matching(Rule()) == ([], 0)
    assert Rule(10, True).words == "smaller than 10 px or touching the edge"
    lock(store, 1)
    assert Measured(store.objects, store.labels.shape).matching(Rule(10, True)) == ([3, 4], 1)


def test_rules_for_no_cells() -> None:
    assert Measured({}, (1, 5, 5)).matching(Rule(10, True)) == ([], 0)


def test_in_a_stack_first_and_last_plane_are_no_edge() -> None:
    labels = np.zeros((2, 20, 20), int)
    square(labels, 1, 5, 5, 5)
    store = store_of(labels)
    assert Measured(store.objects, store.labels.shape).matching(Rule(0, True)) == ([], 0)


def test_lock_and_unlock_are_steps_that_can_be_undone() -> None:
    store = store_of(some())
    assert "2 cells locked" in apply(store, set_locked(store, [1, 2], True))
    assert store.objects[1].locked and not store.objects[3].locked
    assert set_locked(store, [1], True).patch is None
    assert apply(store, set_locked(store, [1, 3], False)) == "1 cell unlocked"
    store.undo()
    store.undo()
    assert not store.objects[1].locked
    assert set_locked(store, [], True).said == "Select a cell first"


def test_consecutive_numbers_keep_order_background_and_type() -> None:
    labels = np.array([[[0, 7, 7], [3, 0, 4_000_000_000]]], np.uint32)
    for highest in (4_000_000_000, 9):
        labels[0, 1, 2] = highest
        numbered = consecutive(labels)
        assert numbered.dtype == np.uint32
        np.testing.assert_array_equal(numbered, [[[0, 2, 2], [1, 0, 3]]])
    np.testing.assert_array_equal(consecutive(np.zeros((2, 2), np.uint32)), np.zeros((2, 2)))
    far = np.array([[4_000_000_000, 5]], np.uint32)  # no background at all
    np.testing.assert_array_equal(consecutive(far), [[2, 1]])
