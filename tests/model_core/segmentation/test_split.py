"""A stroke across an object parts it where its sinks lie apart, else where it was drawn."""

from __future__ import annotations

import numpy as np
import pytest

from model_core.segmentation.mask import Mask
from model_core.segmentation.split import split
from tests.model_core.drawings import ball, balls
from tests.model_core.segmentation.fields import fields_of

TWINS = balls((100, 120), [(50, 40), (50, 70)], 18)
ALL = np.s_[0:1, 0:100, 0:120]


def of(labels: np.ndarray) -> Mask:
    return Mask((slice(0, 1), slice(0, 100), slice(0, 120)), (labels > 0)[None])


def test_two_sinks_are_parted_where_they_meet_though_the_stroke_is_crooked():
    parts = split(fields_of(TWINS, 36), of(TWINS), np.array([(20.0, 48.0), (50.0, 57.0), (80.0, 60.0)]))
    assert parts is not None
    assert set(np.unique(parts)) == {0, 1, 2}
    assert np.array_equal(parts > 0, (TWINS > 0)[None])
    right, left = (np.bincount(parts[0][number == TWINS], minlength=3)[1:].max() for number in (1, 2))
    assert right + left > 0.97 * (TWINS > 0).sum(), "each of the twins is one part"


def test_one_sink_is_cut_along_the_stroke():
    disc = ball((100, 120), (50, 60), 25).astype(np.int32)
    parts = split(fields_of(disc, 50), of(disc), np.array([(10.0, 50.0), (90.0, 50.0)]))
    assert parts is not None
    columns = [np.flatnonzero((parts[0] == number).any(0)) for number in (1, 2)]
    assert columns[0].min() == pytest.approx(50, abs=1) and columns[1].max() == pytest.approx(50, abs=1)
    assert (parts == 1).sum() > (parts == 2).sum()


def test_sinks_elsewhere_do_not_overrule_the_stroke():
    parts = split(fields_of(TWINS, 36), of(TWINS), np.array([(50.0, 10.0), (50.0, 110.0)]))
    assert parts is not None
    assert (
        np.flatnonzero((parts[0] == 1).any(1)).max() <= 51
        or np.flatnonzero((parts[0] == 2).any(1)).max() <= 51
    )


def test_without_fields_the_stroke_cuts():
    parts = split(None, of(TWINS), np.array([(20.0, 60.0), (80.0, 60.0)]))
    assert parts is not None
    left, right = (np.unique(half[half > 0]) for half in (parts[0][:, :59], parts[0][:, 62:]))
    assert len(left) == len(right) == 1 and left != right


def test_a_stroke_that_ends_inside_is_drawn_on():
    parts = split(None, of(TWINS), np.array([(45.0, 56.0), (55.0, 56.0)]))
    assert parts is not None and set(np.unique(parts)) == {0, 1, 2}


@pytest.mark.parametrize("stroke", [[(5.0, 5.0), (5.0, 110.0)], [(50.0, 40.0)]])
def test_a_stroke_that_does_not_cross_changes_nothing(stroke):
    assert split(fields_of(TWINS, 36), of(TWINS), np.array(stroke)) is None


def test_two_crossings_make_three_parts():
    bar = np.zeros((100, 120), np.int32)
    bar[45:55, 10:110] = 1
    stroke = np.array([(30.0, 40.0), (70.0, 40.0), (70.0, 80.0), (30.0, 80.0)])
    parts = split(None, of(bar), stroke)
    assert parts is not None and parts.max() == 3


def test_a_volume_is_parted_in_all_its_planes():
    labels = balls((20, 50, 70), [(10, 25, 25), (10, 25, 41)], 10)
    mask = Mask((slice(0, 20), slice(0, 50), slice(0, 70)), labels > 0)
    parts = split(fields_of(labels, 20), mask, np.array([(5.0, 31.0), (45.0, 35.0)]))
    assert parts is not None and parts.max() == 2
    assert np.bincount(parts[labels == 1]).max() > 0.97 * (labels == 1).sum()
