"""What a model finds in a box takes the place of what nobody vouches for, and of nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from model_core.annotation.label_store import LabelStore
from model_core.annotation.objects import Source
from model_core.annotation.patch import Patch
from model_core.annotation.region_patch import region_patch

BOX = (slice(0, 1), slice(10, 30), slice(10, 30))


def store(source: Source = Source.MODEL) -> LabelStore:
    """Object 1 in rows 5 to 19, its centre in the box; object 2 with its centre beside it."""
    labels = LabelStore.empty((1, 50, 50))
    new = np.zeros((1, 50, 50), np.uint32)
    new[0, 5:20, 12:18] = 1
    new[0, 12:18, 26:50] = 2
    patch = labels.edit((slice(0, 1), slice(0, 50), slice(0, 50)), new, "Start", source)
    assert patch is not None
    labels.apply(patch)
    return labels


def place(labels: LabelStore, found: np.ndarray) -> Patch | None:
    patch = region_patch(labels, BOX, found, {1: 0.5, 2: 0.7}, "Box")
    if patch is not None:
        labels.apply(patch)
    return patch


def found_at(*places: tuple[slice, slice]) -> np.ndarray:
    found = np.zeros((1, 20, 20), np.uint32)
    for number, (rows, columns) in enumerate(places, 1):
        found[0, rows, columns] = number
    return found


def test_objects_centred_in_the_box_make_room_whole():
    labels = store()
    place(labels, found_at((slice(2, 8), slice(2, 8)), (slice(12, 18), slice(2, 8))))
    assert set(labels.objects) == {2, 3, 4}
    assert labels.objects[2].area == 6 * 24
    assert labels.objects[4].confidence == 0.7 and labels.objects[4].source is Source.MODEL
    assert not (labels.labels[0, :10] > 0).any(), "also what reached out of the box"
    labels.undo()
    assert set(labels.objects) == {1, 2}


def test_protected_objects_keep_every_pixel():
    labels = store(Source.DRAWN)
    before = labels.labels.copy()
    place(labels, found_at((slice(0, 20), slice(1, 7)), (slice(12, 18), slice(9, 15))))
    assert np.array_equal(labels.labels[before > 0], before[before > 0])
    assert len(labels.objects) == 4


def test_what_others_mostly_cover_is_left_out():
    labels = store(Source.DRAWN)
    assert place(labels, found_at((slice(0, 10), slice(2, 9)))) is None


def test_an_empty_box_clears_what_nobody_vouches_for():
    labels = store()
    labels.apply(labels.change_records({2: replace(labels.objects[2], locked=True)}, "Lock"))
    place(labels, found_at())
    assert set(labels.objects) == {2}
