"""Edits, undo and redo of labels; records must always equal a measurement from scratch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_core.annotation.label_store import LabelStore
from model_core.annotation.objects import Review, Source
from model_core.annotation.patch import StalePatchError
from tests.model_core.annotation.cells import assert_records_are_right


def box(*bounds: int) -> tuple[slice, slice, slice]:
    z0, z1, y0, y1, x0, x1 = bounds
    return slice(z0, z1), slice(y0, y1), slice(x0, x1)


def paint(store: LabelStore, bounds: tuple[int, ...], value: int, source: Source = Source.DRAWN) -> None:
    where = box(*bounds)
    patch = store.edit(where, np.full_like(store.labels[where], value), f"Paint {value}", source)
    if patch is not None:
        store.apply(patch)


def test_a_new_object_has_its_record() -> None:
    store = LabelStore.empty((1, 20, 30))
    paint(store, (0, 1, 2, 6, 10, 20), 1)
    record = store.objects[1]
    assert record.box == (0, 1, 2, 6, 10, 20)
    assert record.area == 40
    assert record.centroid == (0.0, 3.5, 14.5)
    assert record.source is Source.DRAWN
    assert store.undo_text == "Paint 1"
    assert store.redo_text is None


def test_edit_changes_nothing_until_applied() -> None:
    store = LabelStore.empty((1, 8, 8))
    patch = store.edit(box(0, 1, 0, 4, 0, 4), np.ones((1, 4, 4), np.uint32), "Draw")
    assert not store.labels.any()
    assert len(store.objects) == 0
    assert patch is not None
    store.apply(patch)
    assert store.labels.sum() == 16


def test_a_patch_covers_only_what_changes() -> None:
    store = LabelStore.empty((1, 50, 50))
    new = np.zeros((1, 50, 50), np.uint32)
    new[0, 10:12, 20:25] = 1
    patch = store.edit(box(0, 1, 0, 50, 0, 50), new, "Draw")
    assert patch is not None
    assert patch.box == box(0, 1, 10, 12, 20, 25)
    assert store.edit(box(0, 1, 0, 50, 0, 50), np.zeros((1, 50, 50), np.uint32), "Nothing") is None


def test_labels_are_read_only_outside_and_patches_keep_their_own_copy() -> None:
    store = LabelStore.empty((1, 8, 8))
    with pytest.raises(ValueError):
        store.labels[0, 0, 0] = 1
    new = np.ones((1, 2, 2), np.uint32)
    patch = store.edit(box(0, 1, 0, 2, 0, 2), new, "Draw")
    assert patch is not None
    new[...] = 9
    store.apply(patch)
    assert store.labels.max() == 1


def test_erasing_the_rim_shrinks_the_box_also_beyond_the_erased_part() -> None:
    store = LabelStore.empty((1, 40, 40))
    paint(store, (0, 1, 5, 35, 5, 10), 1)
    paint(store, (0, 1, 20, 22, 10, 30), 1)  # an arm; erasing its middle and then its tip leaves a gap
    paint(store, (0, 1, 20, 22, 15, 25), 0)
    paint(store, (0, 1, 18, 24, 24, 40), 0)
    assert store.objects[1].box == (0, 1, 5, 35, 5, 15)
    assert_records_are_right(store)


def test_a_model_object_that_is_reshaped_becomes_an_edited_one() -> None:
    store = LabelStore.empty((1, 20, 20))
    paint(store, (0, 1, 0, 5, 0, 5), 1, Source.MODEL)
    assert not store.objects[1].protected
    paint(store, (0, 1, 0, 5, 4, 8), 1, Source.EDITED)
    assert store.objects[1].source is Source.EDITED
    assert store.objects[1].protected


def test_records_change_without_labels_and_back() -> None:
    store = LabelStore.empty((1, 20, 20))
    paint(store, (0, 1, 0, 5, 0, 5), 1, Source.MODEL)
    patch = store.change_records({1: replace(store.objects[1], review=Review.ACCEPTED)}, "Accept")
    store.apply(patch)
    assert store.objects[1].protected
    store.undo()
    assert store.objects[1].review is Review.UNREVIEWED
    with pytest.raises(ValueError, match="pixels"):
        store.change_records({1: replace(store.objects[1], area=3)}, "Cheat")


def test_a_patch_that_no_longer_fits_is_refused_and_changes_nothing() -> None:
    store = LabelStore.empty((1, 20, 20))
    late = store.edit(box(0, 1, 0, 10, 0, 10), np.full((1, 10, 10), 2), "Late")
    assert late is not None
    paint(store, (0, 1, 5, 8, 5, 8), 1)
    before = store.labels.copy()
    with pytest.raises(StalePatchError):
        store.apply(late)
    np.testing.assert_array_equal(store.labels, before)
    assert list(store.objects) == [1]
    assert store.redo_text is None and store.undo_text == "Paint 1"


def test_a_new_edit_forgets_what_could_be_redone() -> None:
    store = LabelStore.empty((1, 20, 20))
    paint(store, (0, 1, 0, 5, 0, 5), store.new_id())
    store.undo()
    assert store.redo_text == "Paint 1"
    paint(store, (0, 1, 0, 5, 0, 5), store.new_id())
    assert store.redo_text is None
    assert store.redo() is None
    assert list(store.objects) == [2], "the ID of the undone object must not come back"


def test_listeners_hear_the_patch_as_it_was_applied() -> None:
    store = LabelStore.empty((1, 8, 8))
    heard: list[tuple[int, str]] = []
    store.listeners.append(lambda patch, direction: heard.append((int(patch.new.max()), direction)))
    paint(store, (0, 1, 0, 2, 0, 2), 1)
    store.undo()
    store.redo()
    assert heard == [(1, "apply"), (0, "undo"), (1, "redo")]


@pytest.mark.parametrize(
    ("where", "new"),
    [
        (box(0, 1, 0, 9, 0, 4), np.zeros((1, 9, 4), np.uint32)),
        (box(0, 1, -2, 2, 0, 4), np.zeros((1, 4, 4), np.uint32)),
        (box(0, 1, 0, 4, 0, 4), np.zeros((1, 4, 5), np.uint32)),
        (box(0, 1, 0, 4, 0, 4), np.full((1, 4, 4), -1)),
        (box(0, 1, 0, 4, 0, 4), np.full((1, 4, 4), 2**32)),
        (box(0, 1, 0, 4, 0, 4), np.full((1, 4, 4), 1.5)),
    ],
)
def test_what_cannot_be_labels_is_refused(where: tuple[slice, slice, slice], new: np.ndarray) -> None:
    with pytest.raises(ValueError):
        LabelStore.empty((1, 8, 8)).edit(where, new, "Bad")


def test_a_compressed_history_changes_no_undo() -> None:
    store = LabelStore.empty((1, 64, 64))
    for i in range(20):
        paint(store, (0, 1, i, i + 9, 2 * i, 2 * i + 9), i % 6 + 1)
    final = store.labels.copy()
    store.history.unpacked_bytes = 1000
    store.history.tidy()
    assert sum(step.unpacked_bytes for step in store.history.steps) <= 1000
    while store.undo():
        assert_records_are_right(store)
    assert not store.labels.any()
    while store.redo():
        pass
    np.testing.assert_array_equal(store.labels, final)


SHAPE = (3, 14, 17)


@st.composite
def stamps(draw: st.DrawFn) -> tuple[tuple[slice, slice, slice], np.ndarray, Source]:
    """A box with random labels in it: often whole blocks of one object, sometimes salt and pepper."""
    sides = []
    for size in SHAPE:
        low = draw(st.integers(0, size - 1))
        sides.append(slice(low, draw(st.integers(low + 1, size))))
    shape = tuple(side.stop - side.start for side in sides)
    values = np.array(draw(st.lists(st.integers(0, 5), min_size=1, max_size=6)), np.uint32)
    seed = draw(st.integers(0, 2**16))
    new = values[np.random.default_rng(seed).integers(0, len(values), shape)]
    return (sides[0], sides[1], sides[2]), new, draw(st.sampled_from(Source))


@settings(max_examples=120, deadline=None)
@given(st.lists(st.one_of(stamps(), st.sampled_from(["undo", "redo"])), max_size=12))
def test_any_edits_keep_records_right_and_can_be_taken_back_exactly(actions: list) -> None:
    store = LabelStore.empty(SHAPE)
    for action in actions:
        if action == "undo":
            store.undo()
        elif action == "redo":
            store.redo()
        elif patch := store.edit(action[0], action[1], "Stamp", action[2]):
            store.apply(patch)
        assert_records_are_right(store)
    final, records, position = store.labels.copy(), store.objects.snapshot(), store.history.position
    while store.undo():
        pass
    assert not store.labels.any() and len(store.objects) == 0
    for _ in range(position):
        store.redo()
    np.testing.assert_array_equal(store.labels, final)
    assert store.objects.snapshot() == records
