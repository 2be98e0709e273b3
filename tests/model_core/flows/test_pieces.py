"""Connected pieces of objects."""

import numpy as np
import pytest
from drawings import crowd
from scipy import ndimage

from model_core.flows.pieces import connected_pieces


def test_pieces_by_hand() -> None:
    labels = np.array([[[1, 0, 2, 2], [0, 1, 0, 2], [3, 0, 1, 0], [3, 3, 0, 1]]])
    wanted = [[[1, 0, 2, 2], [0, 1, 0, 2], [3, 0, 1, 0], [3, 3, 0, 1]]]
    np.testing.assert_array_equal(connected_pieces(labels), wanted)
    cup = np.array([[[5, 0, 0, 5, 0, 0], [5, 0, 5, 0, 0, 5], [0, 5, 0, 0, 0, 5]]])
    np.testing.assert_array_equal(connected_pieces(cup), np.where(cup, [1, 1, 1, 1, 1, 2], 0))


@pytest.mark.parametrize("shape", [(1, 90, 80), (14, 40, 30)])
@pytest.mark.parametrize("planes_apart", [False, True])
def test_pieces_of_each_object_are_those_of_its_mask(shape: tuple[int, ...], planes_apart: bool) -> None:
    labels = crowd(0, shape, 40, 12) * (np.random.default_rng(0).random(shape) < 0.35)
    pieces = connected_pieces(labels, planes_apart)
    assert pieces.dtype == np.int32 and ((pieces > 0) == (labels > 0)).all()
    touching = np.ones((3, 3, 3), int)
    if planes_apart:
        touching[[0, 2]] = 0
    total = 0
    for number in np.unique(labels[labels > 0]):
        wanted, count = ndimage.label(labels == number, touching)
        total += count
        pairs = np.unique(np.stack([wanted[wanted > 0], pieces[wanted > 0]]), axis=1)
        assert pairs.shape[1] == count == len(set(pairs[1].tolist()))
    assert pieces.max() == total
    first_met = pieces[pieces > 0][np.sort(np.unique(pieces[pieces > 0], return_index=True)[1])]
    np.testing.assert_array_equal(first_met, np.arange(1, total + 1))


def test_more_pieces_than_a_table_holds_at_first() -> None:
    labels = np.zeros((1, 200, 200), np.int64)
    labels[0, ::2, ::2] = 7
    assert connected_pieces(labels).max() == 10_000
    assert connected_pieces(np.zeros((2, 3, 4), np.uint32)).max() == 0
