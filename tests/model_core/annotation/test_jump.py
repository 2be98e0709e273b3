"""Many undos in one go give what single ones give, in memory and on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_core.annotation.cells_load import open_cells
from model_core.annotation.label_store import LabelStore
from model_core.annotation.objects import Review, Source
from model_core.annotation.patch import StalePatchError
from model_core.errors import Cancelled, UserError
from tests.model_core.annotation.documents import SavedStore, assert_same

SHAPE = (2, 20, 24)


def scribbled(strokes: list[tuple[int, int, int, int]]) -> LabelStore:
    """A store after these squares (plane, row, column, value), every third followed by a review."""
    store = LabelStore.empty(SHAPE)
    for number, (z, y, x, value) in enumerate(strokes):
        box = (slice(z, z + 1), slice(y, y + 4), slice(x, x + 5))
        patch = store.edit(box, np.full((1, 4, 5), value, np.uint32), f"Paint {number}", Source.DRAWN)
        if patch is not None:
            store.apply(patch)
        if number % 3 == 2 and store.objects:
            id_ = next(iter(store.objects))
            reviewed = {id_: replace(store.objects[id_], review=Review.ACCEPTED)}
            patch = store.change_records(reviewed, "Accept")
            if patch.records:
                store.apply(patch)
    return store


strokes = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 16), st.integers(0, 19), st.integers(0, 5)),
    min_size=1,
    max_size=12,
)


@settings(deadline=None)
@given(strokes, st.data())
def test_a_jump_does_what_single_steps_do(
    drawn: list[tuple[int, int, int, int]], data: st.DataObject
) -> None:
    single, jumping = scribbled(drawn), scribbled(drawn)
    for _ in range(3):
        target = data.draw(st.integers(0, len(single.history.steps)))
        while single.history.position > target:
            single.undo()
        while single.history.position < target:
            single.redo()
        told: list[str] = []
        jumping.listeners = [lambda patch, direction, told=told: told.append(direction)]
        moved = jumping.history.position != target
        patch = jumping.jump(jumping.prepare_jump(target))
        assert (patch is not None) == moved and told == ["jump"] * moved
        np.testing.assert_array_equal(jumping.labels, single.labels)
        assert jumping.objects.snapshot() == single.objects.snapshot()
        assert jumping.history.position == target


def test_a_jump_that_was_overtaken_changes_nothing() -> None:
    store = scribbled([(0, 0, 0, 1), (0, 8, 8, 2)])
    jump = store.prepare_jump(0)
    store.undo()
    before = store.labels.copy()
    with pytest.raises(StalePatchError):
        store.jump(jump)
    np.testing.assert_array_equal(store.labels, before)
    store.redo()
    store.jump(jump)
    assert not store.labels.any()


def test_a_jump_can_be_cancelled_and_knows_its_limits() -> None:
    store = scribbled([(0, 0, 0, 1), (0, 8, 8, 2)])
    with pytest.raises(Cancelled):
        store.prepare_jump(0, lambda: True)
    with pytest.raises(ValueError, match="outside"):
        store.prepare_jump(9)


def test_a_damaged_step_on_the_way_stops_the_jump_in_plain_words() -> None:
    store = scribbled([(0, 0, 0, 1), (0, 8, 8, 2)])
    step = store.history.steps[0]
    step.release()
    step._packed = step.packed.__class__(step.packed.box, b"x", b"x", step.packed.records, step.text)
    with pytest.raises(UserError, match="damaged"):
        store.prepare_jump(0)
    assert store.labels.any()


def test_a_jump_is_on_disk_like_single_steps(tmp_path: Path) -> None:
    image = tmp_path / "a.tif"
    saved = SavedStore(image, (1, 600, 700))
    for number in range(6):
        saved.paint(90 * number, 100 * number, 60)
    saved.store.jump(saved.store.prepare_jump(1))
    saved.store.jump(saved.store.prepare_jump(4))
    saved.close()
    file, again = open_cells(saved.path, image, (1, 600, 700))
    assert_same(again, saved.store)
    assert again.history.position == 4 and len(again.history.steps) == 6
    file.close()
    saved = SavedStore(image, (1, 600, 700))
    saved.store.jump(saved.store.prepare_jump(2))
    saved.paint(5, 5, 9)  # a new step after a jump takes the place of those that could be redone
    saved.close()
    file, again = open_cells(saved.path, image, (1, 600, 700))
    assert_same(again, saved.store)
    assert len(again.history.steps) == 3
    file.close()
