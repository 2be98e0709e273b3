"""Cells that a run may have missed: seen again in its fields, scored, none of what was kept."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from model_core.errors import Cancelled
from model_core.segmentation.left_out import left_out, likelihood
from model_core.segmentation.remask import remask
from model_core.segmentation.segmentation import Segmentation
from tests.model_core.segmentation.fields import fields_of

PLACES = [(30, 30), (30, 90), (90, 30), (90, 90)]


def scene() -> np.ndarray:
    labels = np.zeros((120, 120), np.int32)
    for number, (y, x) in enumerate(PLACES, start=1):
        cv2.circle(labels, (x, y), 12, number, -1)
    return labels


@pytest.fixture
def result() -> Segmentation:
    """Of four discs the second is faint, the third is unsure of its flows; neither is kept."""
    labels = scene()
    fields = fields_of(labels, 24.0, score_threshold=0.4)
    fields.cellprob[0][labels == 2] -= 4.5
    fields.flows[:, 0, labels == 3] *= 0.35
    found = remask(fields, score_threshold=0.4)
    assert found.labels.max() == 2
    return found


def test_faint_and_unsure_cells_are_seen(result: Segmentation) -> None:
    found = left_out(result)
    truth = scene()
    seen = {}
    for candidate in found:
        under = truth[candidate.box[1:]][candidate.pixels[0]]
        id_ = int(np.bincount(under).argmax())
        assert (under == id_).mean() > 0.7
        seen[id_] = candidate
        assert not (result.labels[candidate.box][candidate.pixels] > 0).any()
    assert set(seen) == {2, 3}
    assert [each.chance for each in found] == sorted((each.chance for each in found), reverse=True)
    overlap = seen[3].pixels[0] & (truth == 3)[seen[3].box[1:]]
    assert overlap.sum() > 0.9 * (truth == 3).sum()


def test_nothing_is_asked_where_nothing_was_left_out() -> None:
    fields = fields_of(scene(), 24.0)
    assert left_out(remask(fields, score_threshold=0.4)) == []


def test_likelihood_rises_with_the_score() -> None:
    chances = [likelihood(score) for score in (0.0, 0.1, 0.2, 0.4)]
    assert chances == sorted(chances) and chances[0] > 0 and chances[-1] == likelihood(0.9) < 1


def test_cancel(result: Segmentation) -> None:
    with pytest.raises(Cancelled):
        left_out(result, cancel=lambda: True)


def test_stack(result: Segmentation) -> None:
    z, y, x = np.mgrid[:24, :40, :80]
    labels = np.zeros(z.shape, np.int32)
    labels[np.hypot(np.hypot(z - 12, y - 20), x - 20) < 9] = 1
    labels[np.hypot(np.hypot(z - 12, y - 20), x - 60) < 9] = 2
    fields = fields_of(labels, 18.0, do_3D=True)
    fields.flows[:, labels == 2] *= 0.35
    found = remask(fields, score_threshold=0.6)
    assert found.labels.max() == 1
    (candidate,) = left_out(found)
    assert (labels[candidate.box][candidate.pixels] == 2).mean() > 0.9
