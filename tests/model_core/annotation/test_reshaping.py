"""Expand, shrink, smooth, convex hull and holes: on background only, in one plane, one step."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage.morphology import convex_hull_image

from model_core.annotation.objects import Source
from model_core.annotation.reshaping import convex_hull, expand, fill_holes, shrink, smooth
from tests.model_core.annotation.cells import apply, areas, lock, square, store_of

ALL = (expand, shrink, smooth, convex_hull, fill_holes)


def disc(shape: tuple[int, int], y: float, x: float, radius: float) -> np.ndarray:
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    return np.hypot(rows - y, cols - x) <= radius


def test_expand_adds_a_rim_on_background_only() -> None:
    labels = np.zeros((20, 30), int)
    square(labels, 1, 5, 5, 5, 6)
    square(labels, 2, 5, 11, 5, 6)
    store = store_of(labels)
    assert apply(store, expand(store, [1], 0)) == "Expand cell 1 by 1 px"
    assert areas(store) == {1: 30 + 2 * 6 + 5, 2: 30}
    store.undo()
    np.testing.assert_array_equal(store.labels[0], labels)


def test_expand_by_many_pixels_makes_a_disc_of_a_point_within_a_tenth() -> None:
    labels = np.zeros((61, 61), int)
    labels[30, 30] = 1
    store = store_of(labels)
    apply(store, expand(store, [1], 0, 20))
    wanted = disc((61, 61), 30, 30, 20)
    differs = np.count_nonzero((store.labels[0] > 0) ^ wanted)
    assert differs < 0.1 * np.count_nonzero(wanted)


def test_ten_times_one_pixel_is_as_round_as_ten_at_once() -> None:
    labels = disc((81, 81), 40, 40, 12).astype(int)
    store = store_of(labels)
    for _ in range(10):
        apply(store, expand(store, [1], 0))
    wanted = disc((81, 81), 40, 40, 22)
    assert np.count_nonzero((store.labels[0] > 0) ^ wanted) < 0.1 * wanted.sum()


def test_cells_that_expand_together_share_the_gap_and_reach_behind_no_neighbour() -> None:
    labels = np.zeros((12, 40), int)
    labels[:, 0:5], labels[:, 15:20], labels[:, 22:24] = 1, 2, 3
    store = store_of(labels)
    apply(store, expand(store, [1, 2], 0, 8))
    row = store.labels[0, 6]
    assert (row[:10] == 1).all() and (row[10:22] == 2).all()
    assert (row[24:] == 0).all(), "nothing grows through cell 3"


def test_shrink_takes_a_rim_but_not_at_the_edge_of_the_image() -> None:
    labels = np.zeros((20, 30), int)
    square(labels, 1, 0, 0, 10)
    store = store_of(labels)
    assert apply(store, shrink(store, [1], 0, 2)) == "Shrink cell 1 by 2 px"
    assert np.count_nonzero(store.labels) in (63, 64)
    assert store.labels[0, 0, 0] == 1 and store.labels[0, 9].sum() == 0


def test_shrinking_gives_a_gap_between_touching_cells() -> None:
    labels = np.ones((10, 20), int)
    labels[:, 10:] = 2
    store = store_of(labels)
    apply(store, shrink(store, [1, 2], 0))
    assert (store.labels[0, :, 9:11] == 0).all() and areas(store) == {1: 90, 2: 90}


def test_a_cell_that_would_vanish_stays_and_is_told() -> None:
    labels = np.zeros((20, 30), int)
    square(labels, 1, 2, 2, 3)
    square(labels, 2, 5, 10, 9)
    store = store_of(labels)
    said = apply(store, shrink(store, [1, 2], 0, 3))
    assert areas(store) == {1: 9, 2: pytest.approx(9, abs=12)}
    assert "cell 1 would have vanished" in said
    said = apply(store, shrink(store, [1], 0, 3))
    assert said.startswith("Cell 1 would have vanished")


def test_a_thin_tail_goes_with_shrinking_and_leaves_one_piece() -> None:
    labels = np.zeros((30, 40), int)
    square(labels, 1, 5, 5, 12)
    square(labels, 1, 10, 17, 2, 12)
    square(labels, 1, 8, 29, 6)
    store = store_of(labels)
    apply(store, shrink(store, [1], 0))
    assert ndimage.label(store.labels[0])[1] == 1
    assert areas(store)[1] == 100 + 2  # and the two pixels that the tail covered


def test_smooth_removes_bumps_and_keeps_the_size() -> None:
    labels = disc((80, 80), 40, 40, 20).astype(int)
    labels[39:42, 60:70] = 1
    labels[20:26, 39:41] = 0
    store = store_of(labels)
    before = areas(store)[1]
    apply(store, smooth(store, [1], 0))
    assert not store.labels[0, 39:42, 64:].any()
    assert store.labels[0, 24, 40] == 1
    assert areas(store)[1] == pytest.approx(before, rel=0.05)


def test_hull_is_that_of_scikit_image() -> None:
    labels = np.zeros((60, 60), int)
    square(labels, 1, 10, 10, 30, 8)
    square(labels, 1, 32, 10, 8, 40)
    store = store_of(labels)
    apply(store, convex_hull(store, [1], 0))
    wanted = convex_hull_image(labels > 0)
    assert np.count_nonzero((store.labels[0] == 1) ^ wanted) < 0.05 * wanted.sum()
    assert (store.labels[0][labels > 0] == 1).all()


def test_hull_spares_a_neighbour_in_the_dent() -> None:
    labels = np.zeros((60, 60), int)
    square(labels, 1, 10, 10, 30, 8)
    square(labels, 1, 32, 10, 8, 40)
    square(labels, 2, 26, 20, 4)
    store = store_of(labels)
    apply(store, convex_hull(store, [1], 0))
    assert areas(store)[2] == 16


def test_holes_are_filled_but_for_cells_inside() -> None:
    labels = np.zeros((30, 30), int)
    square(labels, 1, 5, 5, 20)
    square(labels, 0, 10, 10, 8)
    square(labels, 2, 12, 12, 2)
    store = store_of(labels)
    apply(store, fill_holes(store, [1], 0))
    assert areas(store) == {1: 400 - 4, 2: 4}
    assert apply(store, fill_holes(store, [1], 0)) == "Nothing to change"


@pytest.mark.parametrize("operation", ALL)
def test_locked_cells_and_other_planes_are_left_alone_and_told(operation) -> None:
    labels = np.zeros((2, 40, 60), int)
    for id_, x in ((1, 3), (2, 23), (3, 43)):
        plane = 1 if id_ == 3 else 0
        labels[plane, 5:17, x : x + 12] = id_
        labels[plane, 8:10, x + 4 : x + 6] = 0  # a hole
        labels[plane, 5:8, x + 8 : x + 12] = 0  # a dent
    store = store_of(labels)
    lock(store, 2)
    before = store.labels.copy()
    said = apply(store, operation(store, [1, 2, 3], 0))
    assert "1 cell locked and kept" in said and "1 cell not in this plane" in said
    assert ((before != store.labels) <= np.isin(before + store.labels, [1])).all()
    assert (before != store.labels).any()
    assert operation(store, [2], 0).patch is None
    assert operation(store, [], 0).said == "Select a cell first"


@pytest.mark.parametrize("operation", ALL)
def test_a_cell_of_the_model_becomes_an_edited_one(operation) -> None:
    labels = np.zeros((40, 60), int)
    square(labels, 1, 5, 5, 20)
    square(labels, 0, 10, 10, 4)
    square(labels, 0, 5, 20, 4)
    store = store_of(labels, Source.MODEL)
    apply(store, operation(store, [1], 0))
    assert store.objects[1].source is Source.EDITED


def test_a_cell_in_two_pieces_keeps_both() -> None:
    labels = np.zeros((30, 60), int)
    square(labels, 1, 5, 5, 10)
    square(labels, 1, 5, 40, 8)
    store = store_of(labels)
    apply(store, shrink(store, [1], 0))
    assert areas(store) == {1: 64 + 36}
