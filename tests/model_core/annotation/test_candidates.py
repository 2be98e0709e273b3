"""Places where a cell may have been left out: kept, gone once answered, hostile ones refused."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np
import pytest

from model_core.annotation.candidates import Candidate, from_setting, still_open, to_setting
from model_core.annotation.doubt import Advice, Doubt, with_left_out
from model_core.annotation.finished import finished_mask, rectangle
from model_core.annotation.label_store import LabelStore
from model_core.annotation.objects import Review, Source
from model_core.annotation.putting_right import put_right
from tests.model_core.annotation.cells import apply

SHAPE = (1, 60, 80)


def disc(y: int, x: int, radius: int, chance: float = 0.6) -> Candidate:
    yy, xx = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    box = slice(0, 1), slice(y - radius, y + radius + 1), slice(x - radius, x + radius + 1)
    return Candidate(box, (np.hypot(yy, xx) <= radius)[None], chance)


@pytest.fixture
def store() -> LabelStore:
    store = LabelStore.empty(SHAPE)
    labels = np.zeros((8, 8), np.uint32)
    labels[:] = store.new_id()
    patch = store.edit((slice(0, 1), slice(2, 10), slice(2, 10)), labels[None], "Find cells", Source.MODEL)
    assert patch is not None
    store.apply(patch)
    return store


def test_they_survive_in_a_setting() -> None:
    some = [disc(30, 40, 9, 0.7), disc(20, 20, 4, 0.3)]
    assert from_setting(json.loads(json.dumps(to_setting(some)))) == some
    assert from_setting(to_setting([])) == []
    assert from_setting(None) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"rows": 5},
        {"rows": [[0, 1, 0, 60_000, 0, 60_000, 0.5]]},
        {"rows": [[0, 1, -4, 3, 0, 7, 0.5]]},
        {"rows": [[0, 1, 0, 7, 0, 7, float("nan")]]},
        {"rows": [[0, 1, 0, 7, 0]]},
        {"rows": [[0, 1, 0, 7, 0, 7, 0.5]] * 30_000},
        {"pixels": "ä"},
        {"pixels": base64.b64encode(zlib.compress(b"")).decode()},
        {"pixels": base64.b64encode(zlib.compress(bytes(1 << 24))).decode()},
        {"pixels": base64.b64encode(b"no zlib").decode()},
    ],
)
def test_what_is_damaged_is_not_believed(wrong: dict[str, Any]) -> None:
    assert from_setting({**to_setting([disc(30, 40, 3)]), **wrong}) == []


def test_cells_and_finished_background_close_them(store: LabelStore) -> None:
    inside, beyond = disc(30, 40, 5), disc(70, 40, 5)
    assert still_open([inside, beyond], store.labels) == [inside], "one lies outside of the image"
    assert still_open([disc(6, 6, 3)], store.labels) == []
    here, elsewhere = rectangle((0, 1), 30, 20, 50, 40), rectangle((0, 1), 0, 0, 20, 20)
    assert still_open([inside], store.labels, (elsewhere,)) == [inside]
    assert still_open([inside], store.labels, (elsewhere, here)) == []


def test_they_come_in_one_order_with_the_doubts() -> None:
    doubts = [Doubt(1, 0.8, Advice.DELETE, ""), Doubt(2, 0.1, Advice.ACCEPT, "")]
    ranked = with_left_out(doubts, [disc(9, 9, 3, 0.6), disc(9, 20, 3, 0.3)])
    assert [each.doubt for each in ranked] == [0.8, 0.6, 0.3, 0.1]
    assert [each.advice for each in ranked[1:3]] == [Advice.ADD] * 2


def test_it_is_added_as_an_accepted_cell_and_taken_back(store: LabelStore) -> None:
    candidate = disc(12, 12, 5)  # a corner of it lies on the cell that is there
    (doubt,) = with_left_out([], [candidate])
    before = np.array(store.labels)
    apply(store, put_right(store, doubt, Advice.ADD))
    new = max(store.objects)
    record = store.objects[new]
    assert record.review is Review.ACCEPTED and record.source is Source.MODEL and record.confidence == 0.6
    assert record.area == (candidate.pixels & (before[candidate.box] == 0)).sum()
    assert still_open([candidate], store.labels) == []
    store.undo()
    assert (store.labels == before).all() and new not in store.objects


@pytest.mark.parametrize("radius", [1, 2, 5, 14])
def test_no_cell_is_finished_background_and_taken_back(store: LabelStore, radius: int) -> None:
    candidate = disc(35, 40, radius)
    (doubt,) = with_left_out([], [candidate])
    apply(store, put_right(store, doubt, Advice.NONE, store.finished))
    assert len(store.objects) == 1 and still_open([candidate], store.labels, store.finished) == []
    seen = finished_mask(store.finished, SHAPE)
    assert (seen[candidate.box] & candidate.pixels).sum() >= 0.8 * candidate.pixels.sum()
    assert seen.sum() <= 1.3 * candidate.pixels.sum() + 8, "no more is said than was asked"
    store.undo()
    assert not store.finished and still_open([candidate], store.labels, store.finished) == [candidate]


def test_other_answers_change_nothing(store: LabelStore) -> None:
    (doubt,) = with_left_out([], [disc(35, 40, 5)])
    assert put_right(store, doubt, Advice.SPLIT).patch is None
    (covered,) = with_left_out([], [disc(6, 6, 2)])
    assert put_right(store, covered, Advice.ADD).patch is None
