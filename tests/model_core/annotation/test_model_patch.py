"""What a model found goes around what people made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model_core.annotation.label_store import LabelStore
from model_core.annotation.model_patch import model_patch
from model_core.annotation.objects import Review, Source
from model_core.annotation.patch import StalePatchError


def discs(*boxes: tuple[int, int, int]) -> np.ndarray:
    """Labels (1, 40, 60) with squares (y, x, size), numbered 1, 2 ..."""
    labels = np.zeros((1, 40, 60), np.int32)
    for number, (y, x, size) in enumerate(boxes, start=1):
        labels[0, y : y + size, x : x + size] = number
    return labels


def run(store: LabelStore, found: np.ndarray, confidence: dict[int, float] | None = None) -> None:
    patch = model_patch(store, found, confidence)
    if patch is not None:
        store.apply(patch)


def draw(store: LabelStore, y: int, x: int, size: int) -> int:
    id_ = store.new_id()
    patch = store.edit(
        (slice(0, 1), slice(y, y + size), slice(x, x + size)),
        np.full((1, size, size), id_),
        "Draw",
        Source.DRAWN,
    )
    assert patch is not None
    store.apply(patch)
    return id_


def test_found_objects_get_new_ids_and_their_confidence() -> None:
    store = LabelStore.empty((1, 40, 60))
    run(store, discs((2, 2, 8), (20, 20, 10)) * 7, {7: 0.5, 14: 0.9})
    assert {id_: (r.area, r.confidence, r.source) for id_, r in store.objects.items()} == {
        1: (64, 0.5, Source.MODEL),
        2: (100, 0.9, Source.MODEL),
    }


def test_a_second_run_replaces_the_first_and_reuses_no_id() -> None:
    store = LabelStore.empty((1, 40, 60))
    run(store, discs((2, 2, 8), (20, 20, 10)))
    before = store.labels.copy()
    run(store, discs((5, 5, 8)))
    assert list(store.objects) == [3]
    store.undo()
    np.testing.assert_array_equal(store.labels, before)


@pytest.mark.parametrize("how", ["drawn", "edited", "accepted", "locked"])
def test_protected_objects_keep_every_pixel(how: str) -> None:
    store = LabelStore.empty((1, 40, 60))
    run(store, discs((10, 10, 10)))
    change = {
        "drawn": {"source": Source.DRAWN},
        "edited": {"source": Source.EDITED},
        "accepted": {"review": Review.ACCEPTED},
        "locked": {"locked": True},
    }[how]
    store.apply(store.change_records({1: replace(store.objects[1], **change)}, how))
    mine = store.labels == 1
    run(store, discs((10, 17, 10), (30, 40, 5)))
    np.testing.assert_array_equal(store.labels == 1, mine)
    assert store.objects[2].area == 70, "the neighbour gets what is left"
    assert store.objects[3].area == 25
    run(store, discs())
    assert list(store.objects) == [1]


def test_an_object_mostly_under_a_protected_one_leaves_no_sliver() -> None:
    store = LabelStore.empty((1, 40, 60))
    mine = draw(store, 10, 10, 10)
    run(store, discs((10, 14, 10), (11, 4, 10)))
    assert set(store.objects) == {mine, 2}
    assert store.objects[2].area == 100 - 4 * 9


def test_nothing_found_and_nothing_there_is_no_patch() -> None:
    assert model_patch(LabelStore.empty((1, 40, 60)), discs()) is None


def test_a_result_that_came_too_late_is_refused_and_can_be_made_anew() -> None:
    store = LabelStore.empty((1, 40, 60))
    found = discs((2, 2, 8), (20, 20, 10))
    late = model_patch(store, found)
    assert late is not None
    mine = draw(store, 5, 5, 3)
    with pytest.raises(StalePatchError):
        store.apply(late)
    run(store, found)
    assert store.objects[mine].area == 9


def test_large_and_sparse_ids_of_a_model_work() -> None:
    found = discs((2, 2, 8), (20, 20, 10)).astype(np.uint32)
    found[found == 2] = 4_000_000_000
    store = LabelStore.empty((1, 40, 60))
    run(store, found, {4_000_000_000: 0.75})
    assert {r.area: r.confidence for r in store.objects.values()} == {64: None, 100: 0.75}


@pytest.mark.parametrize("bad", [np.zeros((1, 4, 4), int), -discs((1, 1, 3)), discs((1, 1, 3)) * 0.5])
def test_what_is_no_result_for_this_image_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(ValueError):
        model_patch(LabelStore.empty((1, 40, 60)), bad)
