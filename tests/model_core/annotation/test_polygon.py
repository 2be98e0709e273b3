"""Outlines as polygons, and what moving a vertex does."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from model_core.annotation.polygon import Placed, Point, crosses_itself, outline_vertices, reshape_outline
from tests.model_core.annotation.cells import apply, areas, lock, square, store_of


def filled(points: list[Point], shape: tuple[int, int] = (40, 60)) -> Placed:
    """Pixels whose centres lie inside, by a test of each."""
    outline = np.array(points, np.float32)[:, None]
    rows, cols = np.mgrid[: shape[0], : shape[1]] + 0.5
    inside = [
        cv2.pointPolygonTest(outline, (float(x), float(y)), False) > 0
        for y, x in zip(rows.ravel(), cols.ravel(), strict=True)
    ]
    return 0, 0, np.array(inside).reshape(shape)


def test_the_vertices_of_a_rectangle_are_its_corners() -> None:
    mask = np.zeros((30, 30), bool)
    mask[5:15, 8:20] = True
    corners = sorted(outline_vertices(mask, (100, 200)))
    wanted = [(208, 105), (208, 115), (220, 105), (220, 115)]
    np.testing.assert_allclose(corners, wanted, atol=0.35)


def test_the_polygon_of_a_round_cell_is_nearly_the_cell() -> None:
    rows, cols = np.mgrid[:40, :60]
    mask = np.hypot(rows - 20, cols - 25) <= 15
    vertices = outline_vertices(mask)
    assert 6 <= len(vertices) <= 24
    again = filled(vertices)[2]
    assert np.count_nonzero(again ^ mask) < 0.08 * mask.sum()


def test_of_several_pieces_the_largest_has_the_vertices_and_nothing_has_none() -> None:
    mask = np.zeros((40, 40), bool)
    mask[1:3, 1:3] = mask[10:30, 10:30] = True
    assert min(x for x, _ in outline_vertices(mask)) > 9
    assert outline_vertices(np.zeros((4, 4), bool)) == []


@pytest.mark.parametrize(
    ("points", "crosses"),
    [
        ([(0, 0), (10, 0), (10, 10), (0, 10)], False),
        ([(0, 0), (10, 10), (10, 0), (0, 10)], True),
        ([(0, 0), (10, 0), (5, 9)], False),
        ([(0, 0), (10, 0), (10, 10), (5, 2), (0, 10)], False),
        ([(0, 0), (10, 0), (10, 10), (5, -2), (0, 10)], True),
    ],
)
def test_crossing_sides_are_noticed(points, crosses) -> None:
    assert crosses_itself(points) is crosses


def test_moving_a_vertex_changes_the_cell_there_and_only_there() -> None:
    labels = np.zeros((40, 60), int)
    square(labels, 1, 10, 10, 20)
    labels[15, 9] = 1  # a detail that the polygon does not know
    store = store_of(labels)
    before = [(10.0, 10.0), (30.0, 10.0), (30.0, 30.0), (10.0, 30.0)]
    after = [(10.0, 10.0), (45.0, 10.0), (30.0, 30.0), (10.0, 30.0)]
    said = apply(store, reshape_outline(store, 1, 0, filled(before), filled(after)))
    assert said == "Edit outline of cell 1"
    assert store.labels[0, 15, 9] == 1 and store.labels[0, 11, 40] == 1
    assert areas(store)[1] == pytest.approx(400 + 150, abs=12)


def test_a_moved_outline_spares_neighbours_and_stays_one_piece() -> None:
    labels = np.zeros((40, 60), int)
    square(labels, 1, 10, 10, 20)
    labels[:, 35:38] = 2
    store = store_of(labels)
    before = [(10.0, 10.0), (30.0, 10.0), (30.0, 30.0), (10.0, 30.0)]
    after = [(10.0, 10.0), (55.0, 10.0), (55.0, 30.0), (10.0, 30.0)]
    apply(store, reshape_outline(store, 1, 0, filled(before), filled(after)))
    assert areas(store) == {1: 20 * 25, 2: 120}
    assert not store.labels[0, :, 38:].any()


def test_an_outline_without_area_or_of_a_locked_cell_is_refused() -> None:
    labels = np.zeros((40, 60), int)
    square(labels, 1, 10, 10, 20)
    store = store_of(labels)
    whole = filled([(10, 10), (30, 10), (30, 30), (10, 30)])
    nothing = (0, 0, np.zeros((0, 0), bool))
    assert "would have vanished" in reshape_outline(store, 1, 0, whole, nothing).said
    lock(store, 1)
    assert "locked" in reshape_outline(store, 1, 0, whole, whole).said
    assert reshape_outline(store, 9, 0, whole, whole).patch is None
