"""Copying to another plane and filling the planes between."""

from __future__ import annotations

import numpy as np
import pytest

from model_core.annotation.planes import copy_to_plane, interpolate
from tests.model_core.annotation.cells import apply, areas, lock, square, store_of


def stack(depth: int = 5) -> np.ndarray:
    return np.zeros((depth, 40, 60), int)


def test_a_copy_has_the_same_shape_and_spares_what_is_there() -> None:
    labels = stack()
    square(labels[1], 1, 10, 10, 10)
    square(labels[2], 2, 15, 15, 10)
    store = store_of(labels)
    assert apply(store, copy_to_plane(store, [1], 1, 2)) == "1 cell copied to plane 3"
    assert areas(store) == {1: 100 + 75, 2: 100}
    assert "there already" in copy_to_plane(store, [1], 1, 2).said
    store.undo()
    np.testing.assert_array_equal(store.labels, labels)


def test_copies_that_cannot_be_are_refused() -> None:
    labels = stack()
    square(labels[0], 1, 10, 10, 10)
    square(labels[1], 2, 5, 5, 30)
    store = store_of(labels)
    assert copy_to_plane(store, [1], 0, -1).said == "There is no further plane"
    assert copy_to_plane(store, [2], 1, 5).said == "There is no further plane"
    assert "no room" in copy_to_plane(store, [1], 0, 1).said
    assert "not in this plane" in copy_to_plane(store, [1], 3, 4).said
    lock(store, 2)
    assert "locked" in copy_to_plane(store, [2], 1, 2).said


def test_shapes_between_go_from_one_to_the_other_evenly() -> None:
    labels = stack(5)
    rows, cols = np.mgrid[:40, :60]
    for z, radius in ((0, 4), (4, 12)):
        labels[z][np.hypot(rows - 20, cols - 30) <= radius] = 1
    store = store_of(labels)
    assert apply(store, interpolate(store, [1])) == "Interpolate cell 1 through 3 planes"
    radii = np.sqrt((store.labels == 1).sum(axis=(1, 2)) / np.pi)
    np.testing.assert_allclose(radii, [4, 6, 8, 10, 12], atol=0.7)
    np.testing.assert_array_equal(store.labels[[0, 4]], labels[[0, 4]])


def test_interpolation_spares_neighbours_and_locked_cells() -> None:
    labels = stack(3)
    for z in (0, 2):
        square(labels[z], 1, 5, 5, 20)
        square(labels[z], 2, 5, 35, 10)
    square(labels[1], 3, 8, 8, 5)
    store = store_of(labels)
    lock(store, 2)
    assert "1 cell locked" in apply(store, interpolate(store, [1, 2, 3]))
    assert areas(store) == {1: 400 * 3 - 25, 2: 200, 3: 25}


@pytest.mark.parametrize("planes", [[2], [1, 2, 3]])
def test_without_a_gap_there_is_nothing_to_interpolate(planes) -> None:
    labels = stack()
    labels[planes, 5:9, 5:9] = 1
    assert interpolate(store_of(labels), [1]).said.startswith("Nothing to interpolate")
