"""Splitting by a line and by two points; merging."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from model_core.annotation.merging import merge
from model_core.annotation.splitting import split_by_line, split_by_points, through_planes
from tests.model_core.annotation.cells import apply, areas, lock, square, store_of


def dumbbell(radius: int = 14, apart: int = 22) -> np.ndarray:
    """Two overlapping discs, 1 everywhere, of centres (30, 30) and (30, 30 + apart)."""
    rows, cols = np.mgrid[:60, :90]
    left = np.hypot(rows - 30, cols - 30) <= radius
    right = np.hypot(rows - 30, cols - 30 - apart) <= radius
    return (left | right).astype(int)


def test_a_line_across_makes_two_cells_without_a_gap() -> None:
    labels = np.zeros((40, 40), int)
    square(labels, 1, 10, 10, 20)
    store = store_of(labels)
    proposal = split_by_line(store, 0, [(17.5, 4), (17.5, 36)])
    assert apply(store, proposal) == "Cell 1 split into 2"
    assert proposal.selected == {1, 2}
    assert areas(store) == {1: pytest.approx(250, abs=20), 2: pytest.approx(150, abs=20)}
    assert sum(areas(store).values()) == 400
    assert (store.labels[0, 10:30, 10:16] == 2).all() and (store.labels[0, 10:30, 20:30] == 1).all()
    store.undo()
    np.testing.assert_array_equal(store.labels[0], labels)


def test_a_diagonal_line_lets_nothing_through_its_corners() -> None:
    labels = np.zeros((40, 40), int)
    square(labels, 1, 10, 10, 20)
    store = store_of(labels)
    apply(store, split_by_line(store, 0, [(5, 5), (35, 35)]))
    assert len(areas(store)) == 2
    for id_ in areas(store):
        assert ndimage.label(store.labels[0] == id_, np.ones((3, 3)))[1] == 1


def test_a_line_that_ends_a_little_early_still_cuts() -> None:
    labels = np.zeros((40, 40), int)
    square(labels, 1, 10, 10, 20)
    store = store_of(labels)
    apply(store, split_by_line(store, 0, [(20, 12), (20, 28)]))
    assert len(areas(store)) == 2


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ([(2, 2), (2, 30)], "crosses no cell"),
        ([(-50, -9), (-20, -9)], "crosses no cell"),
        ([(20, 0), (20, 18)], "from one side to the other"),
        ([(20, 20)], "crosses no cell"),
        ([(20, 20), (20, 20)], "crosses no cell"),
    ],
)
def test_a_line_that_misses_changes_nothing_and_says_so(line, why) -> None:
    labels = np.zeros((40, 40), int)
    square(labels, 1, 10, 10, 20)
    store = store_of(labels)
    proposal = split_by_line(store, 0, line)
    assert proposal.patch is None and why in proposal.said


def test_a_line_cuts_all_that_it_crosses_or_only_the_selected() -> None:
    labels = np.zeros((40, 60), int)
    square(labels, 1, 10, 5, 15)
    square(labels, 2, 10, 30, 15)
    store = store_of(labels)
    line = [(0, 17), (60, 17)]
    assert apply(store, split_by_line(store, 0, line, among=[2])) == "Cell 2 split into 2"
    assert areas(store)[1] == 225
    store.undo()
    assert apply(store, split_by_line(store, 0, line, among=[99])) == "2 cells split into 4"
    store.undo()
    lock(store, 1)
    assert "1 cell locked and kept" in apply(store, split_by_line(store, 0, line))
    assert areas(store)[1] == 225


def test_crumbs_are_not_split_off() -> None:
    labels = np.zeros((40, 40), int)
    square(labels, 1, 10, 10, 20)
    store = store_of(labels)
    assert split_by_line(store, 0, [(5, 13), (13, 5)]).patch is None


def test_a_line_beside_a_cell_in_two_pieces_does_not_part_them() -> None:
    labels = np.zeros((40, 60), int)
    square(labels, 1, 10, 5, 15)
    square(labels, 1, 10, 30, 15)
    store = store_of(labels)
    assert split_by_line(store, 0, [(10, 5), (12, 12)]).patch is None


@pytest.mark.parametrize("second", [(30, 52), (30, 44), (24, 60)])
def test_two_points_cut_at_the_waist_wherever_in_the_halves_they_are(second) -> None:
    store = store_of(dumbbell())
    apply(store, split_by_points(store, 0, (30, 26), second))
    left, right = store.labels[0] == store.labels[0, 30, 26], store.labels[0] == store.labels[0][second]
    cut = np.flatnonzero((left[:, :-1] & right[:, 1:]).any(axis=0))
    assert len(areas(store)) == 2 and sum(areas(store).values()) == dumbbell().sum()
    assert cut.size and np.abs(cut - 41).max() <= 4, "the waist is at column 41"


def test_two_points_without_a_waist_cut_half_way() -> None:
    labels = np.zeros((30, 80), int)
    square(labels, 1, 10, 10, 8, 60)
    store = store_of(labels)
    apply(store, split_by_points(store, 0, (11, 20), (16, 60)))
    cut = np.flatnonzero(np.diff(store.labels[0, 14, 10:70].astype(int)))
    assert cut.size == 1 and abs(10 + cut[0] - 40) <= 3


def test_two_points_follow_the_cell_around_a_bend() -> None:
    labels = np.zeros((60, 60), int)
    square(labels, 1, 5, 5, 50, 10)
    square(labels, 1, 45, 5, 10, 50)
    square(labels, 1, 5, 45, 50, 10)
    store = store_of(labels)
    apply(store, split_by_points(store, 0, (7, 10), (7, 50)))
    one, other = int(store.labels[0, 7, 10]), int(store.labels[0, 7, 50])
    assert one != other
    assert (store.labels[0, 5:45, 5:15] == one).all() and (store.labels[0, 5:45, 45:55] == other).all()


@pytest.mark.parametrize(
    ("one", "other"), [((0, 0), (12, 12)), ((12, 12), (12, 45)), ((12, 12), (12, 12)), ((0, 0), (1, 1))]
)
def test_points_that_are_not_two_of_one_cell_split_nothing(one, other) -> None:
    labels = np.zeros((40, 60), int)
    square(labels, 1, 10, 5, 15)
    square(labels, 2, 10, 40, 15)
    store = store_of(labels)
    proposal = split_by_points(store, 0, one, other)
    assert proposal.patch is None and proposal.said.startswith("Not split")


def test_splitting_changes_one_plane() -> None:
    labels = np.zeros((3, 40, 40), int)
    square(labels, 1, 10, 10, 20)
    store = store_of(labels)
    apply(store, split_by_line(store, 1, [(20, 0), (20, 39)]))
    assert (np.array([len(np.unique(plane)) for plane in store.labels]) == [2, 3, 2]).all()
    apply(store, split_by_points(store, 2, (12, 12), (28, 28)))
    assert len(np.unique(store.labels[2])) == 3


def test_a_volume_is_cut_through_all_its_planes() -> None:
    labels = np.zeros((4, 40, 40), int)
    for z in range(3):
        square(labels[z : z + 1], 1, 10, 10, 20)
    labels[3, 10:30, 20] = 1  # a plane in which the cell is no wider than the cut
    store = store_of(labels)
    said = apply(store, split_by_line(store, 1, [(20.5, 0), (20.5, 39)], parting=through_planes))
    assert said == "Cell 1 split into 2" and sum(areas(store).values()) == 3 * 400 + 20
    for plane in store.labels[:3]:
        assert set(plane[10:30, 10:19].ravel()) != set(plane[10:30, 22:30].ravel())
    assert len(np.unique(store.labels[3])) == 2


def test_a_line_leaves_spared_cells_and_those_under_its_ends_alone() -> None:
    labels = np.zeros((40, 80), int)
    for id_, left in ((1, 5), (2, 25), (3, 45)):
        square(labels, id_, 10, left, 15)
    store = store_of(labels)
    assert split_by_line(store, 0, [(12, 17), (52, 17)]).said == "Cell 2 split into 2"
    assert "cell 1" in split_by_line(store, 0, [(0, 17), (70, 17)], spared=[2, 3]).said.casefold()
    assert split_by_line(store, 0, [(0, 17), (70, 17)], spared=[1, 2, 3]).said == "The line crosses no cell"


def test_merge_keeps_the_largest_and_tells_whether_they_touch() -> None:
    labels = np.zeros((40, 60), int)
    square(labels, 1, 10, 5, 10)
    square(labels, 2, 10, 15, 12)
    square(labels, 3, 10, 40, 5)
    store = store_of(labels)
    proposal = merge(store, [1, 2])
    assert apply(store, proposal) == "2 cells merged into cell 2"
    assert proposal.selected == {2} and areas(store) == {2: 244, 3: 25}
    assert "do not all touch, so it has 2 pieces" in apply(store, merge(store, [2, 3]))
    assert areas(store) == {2: 269}
    store.undo()
    store.undo()
    np.testing.assert_array_equal(store.labels[0], labels)


def test_merge_of_one_or_with_locked_ones_is_refused() -> None:
    labels = np.zeros((40, 60), int)
    square(labels, 1, 10, 5, 10)
    square(labels, 2, 10, 15, 12)
    store = store_of(labels)
    assert merge(store, [1]).said == "Select two cells or more to merge"
    lock(store, 2)
    proposal = merge(store, [1, 2])
    assert proposal.patch is None and "1 cell locked" in proposal.said
