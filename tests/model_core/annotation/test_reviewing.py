"""Accepting cells, and regions that are declared finished: in memory, in the history, on disk."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from model_core.annotation.cells_load import open_cells
from model_core.annotation.cells_schema import DamagedDocumentError
from model_core.annotation.finished import (
    FinishedRegion,
    finished_mask,
    rectangle,
    regions_from_json,
    regions_to_json,
)
from model_core.annotation.label_store import LabelStore
from model_core.annotation.model_patch import model_patch
from model_core.annotation.objects import Review, Source
from model_core.annotation.patch import StalePatchError, pack
from model_core.annotation.region_patch import region_patch
from model_core.annotation.reviewing import mark_finished, set_review, unmark_finished
from tests.model_core.annotation.cells import apply, square, store_of
from tests.model_core.annotation.documents import SavedStore, assert_same

TRIANGLE = FinishedRegion((0, 1), ((0.0, 0.0), (20.0, 0.0), (0.0, 20.0)))


def three_cells() -> LabelStore:
    labels = np.zeros((40, 60), np.uint32)
    square(labels, 1, 2, 2, 6)
    square(labels, 2, 2, 30, 6)
    square(labels, 3, 25, 40, 6)
    return store_of(labels, Source.MODEL)


def reviews(store: LabelStore) -> dict[int, Review]:
    return {id_: record.review for id_, record in store.objects.items()}


def test_accepting_is_one_step_and_can_be_taken_back() -> None:
    store = three_cells()
    assert apply(store, set_review(store, {1, 3, 99}, Review.ACCEPTED)) == "2 cells accepted"
    assert reviews(store) == {1: Review.ACCEPTED, 2: Review.UNREVIEWED, 3: Review.ACCEPTED}
    assert store.undo_text == "Accept 2 cells"
    assert store.objects[1].protected
    assert set_review(store, {1}, Review.ACCEPTED).said == "Already accepted: cell 1"
    assert set_review(store, (), Review.ACCEPTED).patch is None
    apply(store, set_review(store, {1}, Review.UNREVIEWED))
    assert reviews(store)[1] is Review.UNREVIEWED
    store.undo()
    store.undo()
    assert set(reviews(store).values()) == {Review.UNREVIEWED}


def test_a_finished_region_accepts_the_cells_in_it_but_not_the_rejected_ones() -> None:
    store = three_cells()
    apply(store, set_review(store, {2}, Review.REJECTED))
    top = rectangle((0, 1), 0, 0, 60, 15)
    said = apply(store, mark_finished(store, store.finished, top))
    assert said.startswith("Region finished: 2 cells")
    assert reviews(store) == {1: Review.ACCEPTED, 2: Review.REJECTED, 3: Review.UNREVIEWED}
    assert store.finished == (top,)
    assert mark_finished(store, store.finished, top).patch is None
    store.undo()
    assert store.finished == () and reviews(store)[1] is Review.UNREVIEWED
    store.redo()
    apply(store, unmark_finished(store.finished, top))
    assert store.finished == () and reviews(store)[1] is Review.ACCEPTED
    assert unmark_finished(store.finished, top).patch is None


def test_the_mask_holds_the_pixels_whose_centres_lie_in_a_region() -> None:
    mask = finished_mask([rectangle((1, 3), 2, 1, 5, 4)], (4, 10, 10))
    expected = np.zeros((4, 10, 10), bool)
    expected[1:3, 1:4, 2:5] = True
    np.testing.assert_array_equal(mask, expected)
    triangle = finished_mask([TRIANGLE], (1, 30, 30))[0]
    y, x = np.mgrid[:30, :30] + 0.5
    sure = np.abs(x + y - 20) > 1e-6
    np.testing.assert_array_equal(triangle[sure], (x + y < 20)[sure])
    beyond = finished_mask([rectangle((0, 9), -5, -5, 99, 99)], (2, 4, 4))
    assert beyond.all(), "regions may reach beyond the image"


def test_a_step_that_marks_a_region_refuses_when_the_regions_are_others() -> None:
    store = three_cells()
    first, second = rectangle((0, 1), 0, 0, 9, 9), rectangle((0, 1), 20, 20, 60, 40)
    late = mark_finished(store, store.finished, first)
    apply(store, mark_finished(store, store.finished, second))
    assert late.patch is not None
    before = reviews(store)
    with pytest.raises(StalePatchError):
        store.apply(late.patch)
    assert store.finished == (second,) and reviews(store) == before


def test_a_jump_carries_the_regions_along() -> None:
    store = three_cells()
    for corner in (9, 30, 50):
        apply(store, mark_finished(store, store.finished, rectangle((0, 1), 0, 0, corner, 9)))
    three = store.finished
    store.jump(store.prepare_jump(1))
    assert store.finished == ()
    store.jump(store.prepare_jump(4))
    assert store.finished == three and len(three) == 3


def test_regions_survive_closing_and_the_history_with_them(tmp_path: Path) -> None:
    image = tmp_path / "image.tif"
    saved = SavedStore(image, (1, 40, 60))
    saved.paint(5, 5, 8)
    for region in (TRIANGLE, rectangle((0, 1), 20.5, 0, 40.25, 9)):
        proposal = mark_finished(saved.store, saved.store.finished, region)
        assert proposal.patch is not None
        saved.store.apply(proposal.patch)
    saved.store.undo()
    saved.close()
    file, again = open_cells(saved.path, image, (1, 40, 60))
    file.close()
    assert_same(again, saved.store)
    assert again.finished == (TRIANGLE,)
    again.redo()
    assert len(again.finished) == 2
    again.jump(again.prepare_jump(0))
    assert again.finished == ()


@pytest.mark.parametrize(
    "stored",
    [
        7,
        [[0, 1]],
        [[0, 1, "points"]],
        [[1, 1, [[0, 0], [1, 0], [1, 1]]]],
        [[0, 1, [[0, 0], [1, 0]]]],
        [[0, 1, [[0, 0], [1, 0], [1, 1e300]]]],
        [[0, True, [[0, 0], [1, 0], [1, 1]]]],
    ],
)
def test_regions_that_cannot_be_are_damage(stored: object, tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        regions_from_json(stored)
    image = tmp_path / "image.tif"
    saved = SavedStore(image, (1, 40, 60))
    saved.paint(5, 5, 8)
    saved.close()
    with sqlite3.connect(saved.path) as connection:
        connection.execute("INSERT INTO settings VALUES ('finished', ?)", (json.dumps(stored),))
    connection.close()
    with pytest.raises(DamagedDocumentError):
        open_cells(saved.path, image, (1, 40, 60))


def test_regions_and_patches_come_back_from_their_bytes() -> None:
    assert regions_from_json(json.loads(json.dumps(regions_to_json((TRIANGLE,))))) == (TRIANGLE,)
    patch = mark_finished(three_cells(), (), TRIANGLE).patch
    assert patch is not None
    back = pack(patch).unpack()
    assert back.finished == patch.finished and back.records == patch.records
    assert patch.reversed().finished == ((TRIANGLE,), ())


def test_a_model_finds_nothing_new_on_finished_background() -> None:
    store = three_cells()
    apply(store, mark_finished(store, store.finished, rectangle((0, 1), 0, 0, 60, 20)))
    found = np.zeros((1, 40, 60), np.uint32)
    square(found, 1, 2, 15, 8)  # on finished background
    square(found, 2, 16, 20, 10)  # reaches into it, but lies outside for the most part
    square(found, 3, 30, 5, 8)
    patch = model_patch(store, found)
    assert patch is not None
    store.apply(patch)
    assert {1, 2} < set(store.objects) and len(store.objects) == 4
    assert (store.labels[0, 2:10, 15:23] == 0).all() and (store.labels[0, 16:26, 20:30] > 0).all()
    box = (slice(0, 1), slice(0, 18), slice(10, 30))
    assert region_patch(store, box, np.where(found[box] == 1, found[box], 0), {}, "Box") is None
