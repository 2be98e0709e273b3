"""Objects that were cut, objects that were joined, and outlines that are off."""

import numpy as np
import pytest
from drawings import balls

from model_core.annotation.mistakes import boundary_f, split_and_merged


def two_cells() -> np.ndarray:
    return balls((60, 120), [(30, 30), (30, 90)], 20)


def test_right_labels_have_no_mistakes() -> None:
    labels = two_cells()
    assert split_and_merged(labels, labels) == (0, 0)
    assert boundary_f(labels, labels) == 1
    assert boundary_f(np.zeros_like(labels), np.zeros_like(labels)) == 1


def test_a_cut_cell_and_two_that_became_one() -> None:
    true = two_cells()
    cut = true.copy()
    cut[(true == 1) & (np.indices(true.shape)[0] > 30)] = 3
    assert split_and_merged(true, cut) == (1, 0)
    joined = np.where(true > 0, 1, 0)
    joined[25:35, 30:90] = 1
    assert split_and_merged(true, joined) == (0, 1)
    assert split_and_merged(joined, true) == (1, 0)
    assert split_and_merged(true, np.zeros_like(true)) == (0, 0)


# of a circle of radius 20 moved by 12 px, (acos 0.125 - acos 0.458) / pi = 0.11 lies within 2 px
@pytest.mark.parametrize(("shift", "expected"), [(2, 1.0), (12, 0.11)])
def test_outlines_may_be_off_by_two_pixels(shift: int, expected: float) -> None:
    true = two_cells()
    moved = np.roll(true, shift, axis=1)
    assert boundary_f(true, moved) == pytest.approx(expected, abs=0.06)
    assert boundary_f(moved, true) == pytest.approx(boundary_f(true, moved))


def test_missing_and_touching_objects() -> None:
    true = two_cells()
    assert boundary_f(true, np.zeros_like(true)) == 0
    assert boundary_f(true, np.where(true == 1, 1, 0)) == pytest.approx(2 / 3, abs=0.01)
    halves = np.ones((1, 20, 20), np.int32)
    halves[..., 10:] = 2
    assert boundary_f(halves, np.ones_like(halves)) == 0  # the line between them is not found
