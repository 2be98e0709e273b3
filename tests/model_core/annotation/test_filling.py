"""Filling areas that cells enclose."""

from __future__ import annotations

import numpy as np
import pytest

from model_core.annotation.filling import fill_area
from model_core.annotation.objects import Source
from tests.model_core.annotation.cells import apply, areas, lock, square, store_of


def ring() -> np.ndarray:
    labels = np.zeros((40, 60), int)
    square(labels, 1, 5, 5, 20)
    square(labels, 0, 10, 10, 8)
    return labels


def test_a_hole_joins_its_cell() -> None:
    store = store_of(ring())
    assert apply(store, fill_area(store, 0, 12, 12)) == "Fill hole of cell 1"
    assert areas(store) == {1: 400}


def test_an_area_between_several_becomes_a_new_cell() -> None:
    labels = ring()
    labels[5:25, 15:25][labels[5:25, 15:25] == 1] = 2
    store = store_of(labels)
    proposal = fill_area(store, 0, 12, 12)
    assert "new cell, 3, between 2 cells" in apply(store, proposal)
    assert areas(store)[3] == 64 and store.objects[3].source is Source.DRAWN
    assert proposal.selected == {3}


def test_a_diagonal_line_of_the_brush_closes_an_area() -> None:
    labels = np.zeros((40, 40), int)
    for step in range(11):
        labels[20 - step, 10 + step] = labels[20 + step, 10 + step] = 1
        labels[10 + step, 20 + step] = labels[30 - step, 20 + step] = 1
    store = store_of(labels)
    apply(store, fill_area(store, 0, 20, 20))
    assert store.labels[0, 20, 20] == 1 and store.labels[0, 11, 10] == 0


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ((0, 0), "edge of the image"),
        ((30, 40), "edge of the image"),
        ((6, 6), "here already"),
        ((-1, 5), "outside"),
    ],
)
def test_what_is_not_enclosed_is_refused(place, why) -> None:
    store = store_of(ring())
    proposal = fill_area(store, 0, *place)
    assert proposal.patch is None and why in proposal.said


def test_a_hole_of_a_locked_cell_is_refused() -> None:
    store = store_of(ring())
    lock(store, 1)
    assert "locked" in fill_area(store, 0, 12, 12).said


def test_large_areas_are_found_and_endless_ones_refused() -> None:
    labels = np.zeros((1400, 1400), np.uint32)
    labels[100:801, 100:801] = 1
    labels[101:800, 101:800] = 0
    store = store_of(labels)
    apply(store, fill_area(store, 0, 450, 450))
    assert areas(store) == {1: 701 * 701}
    labels = np.zeros((1400, 1400), np.uint32)
    labels[[0, -1]] = labels[:, [0, -1]] = 1
    assert "goes on for more than" in fill_area(store_of(labels), 0, 700, 700).said
