"""Planes to volumes: what overlaps is one object, a missed plane does not cut it."""

import numpy as np
import pytest
from drawings import balls

from model_core.segmentation.stitching import stitch_planes


def columns(depth: int) -> np.ndarray:
    """Three objects through all planes, numbered anew in each plane and in another order."""
    plane = balls((40, 90), [(20, 15), (20, 45), (20, 75)], 10)
    return np.stack([np.where(plane, (plane + z) % 3 + 1 + 3 * z, 0) for z in range(depth)])


def planes(*drawn: np.ndarray) -> np.ndarray:
    """Planes numbered through, as they come out of the net one by one."""
    highest, numbered = 0, []
    for plane in drawn:
        numbered.append(np.where(plane > 0, plane + highest, 0))
        highest += int(plane.max())
    return np.stack(numbered)


def test_columns_become_objects() -> None:
    stitched = stitch_planes(columns(5), 0.5)
    for x in (15, 45, 75):
        assert len(set(stitched[:, 20, x])) == 1
    assert set(np.unique(stitched)) == {0, 1, 2, 3}


def test_a_missed_plane_is_bridged_and_two_are_not() -> None:
    labels = columns(7)
    labels[2][:, :30] = 0
    labels[3:5][:, :, 30:60] = 0
    stitched = stitch_planes(labels, 0.5)
    assert stitched[1, 20, 15] == stitched[3, 20, 15] == stitched[6, 20, 15]
    assert stitched[2, 20, 45] != stitched[5, 20, 45] > 0
    assert not stitched[3:5, 20, 45].any()


def test_a_missed_plane_is_filled_with_the_shape_halfway_between() -> None:
    def disc(x: float, radius: float) -> np.ndarray:
        return balls((60, 80), [(30, x)], radius)

    labels = planes(disc(30, 20), disc(30, 20), 0 * disc(30, 20), disc(36, 12), disc(36, 12))
    stitched = stitch_planes(labels, 0.25)
    assert set(np.unique(stitched)) == {0, 1}
    halfway = disc(33, 16)
    both = np.count_nonzero(halfway & (stitched[2] > 0))
    assert both / np.count_nonzero(halfway | (stitched[2] > 0)) > 0.9


def test_a_missed_plane_is_filled_only_where_it_is_free() -> None:
    neighbour = np.zeros((40, 40), np.int32)
    neighbour[:, 22:] = 2
    left = np.zeros_like(neighbour)
    left[10:30, 5:22] = 1
    wide = neighbour.copy()
    wide[:, 15:] = 2  # in the missed plane the neighbour reaches further
    labels = planes(left + neighbour, wide - (wide > 0), left + neighbour)
    stitched = stitch_planes(labels, 0.4)
    left_number, right_number = stitched[0, 20, 10], stitched[0, 20, 30]
    assert stitched[2, 20, 10] == left_number and stitched[2, 20, 30] == right_number
    np.testing.assert_array_equal(stitched[1] == right_number, wide > 0)
    assert (stitched[1, 12:28, 6:15] == left_number).all()


def test_crossing_cells_are_not_confused() -> None:
    """Two cells change places from plane to plane, passing each other closely."""
    drawn = [balls((60, 90), [(24, 20 + 5 * z), (40, 70 - 5 * z)], 12) for z in range(11)]
    drawn[5][drawn[5] == 1] = 0  # one of them is missed where they pass
    stitched = stitch_planes(planes(*drawn), 0.15)
    assert set(np.unique(stitched)) == {0, 1, 2}
    for z, plane in enumerate(drawn):
        for cell in (1, 2):
            if (z, cell) != (5, 1):
                assert (stitched[z][plane == cell] == stitched[0][drawn[0] == cell][0]).all()
    assert np.count_nonzero(stitched[5] == stitched[0, 24, 20]) > 300


def test_the_best_pair_wins_over_two_poor_ones() -> None:
    """Else two cells would change their numbers for those of neighbours that they hardly touch."""
    before, after = np.zeros((2, 20, 50), np.int32)
    before[5:15, 0:10], before[5:15, 10:30] = 1, 2
    after[5:15, 6:26], after[5:15, 26:40] = 1, 2
    stitched = stitch_planes(planes(before, after), 0.1)
    assert stitched[1, 10, 20] == stitched[0, 10, 20]
    assert stitched[1, 10, 35] not in stitched[0]


def test_a_cell_missed_in_one_plane_is_not_taken_for_its_neighbour_there() -> None:
    """In the plane before only the neighbour is there, and it ends there; one plane earlier is the cell."""
    cell, neighbour = balls((40, 60), [(20, 20)], 10), balls((40, 60), [(20, 32)], 10)
    first = np.where(neighbour, 2, 0)
    first[cell > 0] = 1
    stitched = stitch_planes(planes(first, neighbour, cell), 0.1)
    assert stitched[2, 20, 20] == stitched[0, 20, 15] != stitched[1, 20, 35]


def test_what_hardly_overlaps_stays_apart() -> None:
    labels = np.stack([balls((40, 60), [(20, 20)], 10), balls((40, 60), [(20, 34)], 10)])
    assert len(np.unique(stitch_planes(labels, 0.3))) == 3
    assert len(np.unique(stitch_planes(labels, 0.05))) == 2


def test_a_cell_that_divides_goes_on_in_the_half_that_is_more_like_it() -> None:
    before = np.zeros((20, 40), np.int32)
    before[5:15, 5:35] = 1
    for cut in (20, 25, 12):
        after = before.copy()
        after[:, cut:] *= 2
        stitched = stitch_planes(np.stack([before, after, after]), 0.2)
        larger, smaller = (10, 30) if cut >= 20 else (30, 10)
        assert stitched[1, 10, larger] == stitched[0, 10, 10] != stitched[1, 10, smaller]
        np.testing.assert_array_equal(stitched[2], stitched[1])
        assert len(np.unique(stitched[1])) == 3


@pytest.mark.parametrize("shape", [(1, 5, 5), (4, 5, 5)])
def test_nothing(shape: tuple[int, ...]) -> None:
    assert not stitch_planes(np.zeros(shape, np.int32), 0.5).any()
