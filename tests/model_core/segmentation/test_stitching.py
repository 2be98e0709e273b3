"""Planes to volumes: what overlaps is one object, a missed plane does not cut it."""

import numpy as np
import pytest
from drawings import balls

from model_core.segmentation.stitching import stitch_planes


def columns(depth: int) -> np.ndarray:
    """Three objects through all planes, numbered anew in each plane and in another order."""
    plane = balls((40, 90), [(20, 15), (20, 45), (20, 75)], 10)
    return np.stack([np.where(plane, (plane + z) % 3 + 1 + 3 * z, 0) for z in range(depth)])


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
    assert stitched[2, 20, 15] == 0
    assert stitched[2, 20, 45] != stitched[5, 20, 45] > 0


def test_what_hardly_overlaps_stays_apart() -> None:
    labels = np.stack([balls((40, 60), [(20, 20)], 10), balls((40, 60), [(20, 34)], 10)])
    assert len(np.unique(stitch_planes(labels, 0.3))) == 3
    assert len(np.unique(stitch_planes(labels, 0.05))) == 2


def test_a_cell_that_divides_goes_on_in_one_of_the_two() -> None:
    before = np.zeros((20, 40), np.int32)
    before[5:15, 5:35] = 1
    after = before.copy()
    after[:, 25:] *= 2
    stitched = stitch_planes(np.stack([before, after]), 0.2)
    assert stitched[1, 10, 10] == stitched[0, 10, 10] != stitched[1, 10, 30]
    assert len(np.unique(stitched[1])) == 3


@pytest.mark.parametrize("shape", [(1, 5, 5), (4, 5, 5)])
def test_nothing(shape: tuple[int, ...]) -> None:
    assert not stitch_planes(np.zeros(shape, np.int32), 0.5).any()
