"""Confidence of objects: what raises and lowers it."""

import numpy as np
import pytest
from drawings import balls

from model_core.flows.sections import section_flows
from model_core.flows.targets import labels_to_flows
from model_core.segmentation.confidence import calibrated, joined_scores
from model_core.segmentation.options import Options
from model_core.segmentation.outline import outline


def test_score_of_a_joined_object_is_weighted_by_size() -> None:
    labels = np.array([[[0, 1, 1, 1, 2]], [[0, 3, 4, 4, 0]]])
    joined = np.array([[[0, 1, 1, 1, 2]], [[0, 1, 3, 3, 9]]])  # the 9 was filled in, nobody saw it
    joined[1, 0, 4] = 2
    scores = joined_scores(labels, joined, np.array([0, 0.9, 0.5, 0.1, 0.3]))
    np.testing.assert_allclose(scores, [0, 0.7, 0.5, 0.3])


def test_calibration_is_linear_between_its_points() -> None:
    points = [[0.0, 0.0], [0.5, 0.2], [1.0, 0.9]]
    np.testing.assert_allclose(calibrated(np.array([0.25, 0.5, 0.75, 1.0]), points), [0.1, 0.2, 0.55, 0.9])


@pytest.mark.parametrize("anisotropy", [None, 1.0, 3.0])
def test_objects_whose_flows_are_short_are_less_trusted(anisotropy: float | None) -> None:
    """By as much in a plane as in volumes; anisotropy None is a plane."""
    if anisotropy:
        shape, radii = (round(20 / anisotropy) + 2, 40, 110), (8 / anisotropy, 12, 12)
        labels = balls(shape, [(shape[0] // 2, 20, x) for x in (20, 55)], radii)
        flows = section_flows(labels, anisotropy)
    else:
        labels = balls((1, 40, 110), [(0, 20, x) for x in (20, 55)], (1, 12, 12))
        flows = labels_to_flows(labels)
    flows = np.where(labels == 2, 0.6 * flows, flows).astype(np.float32)
    flows[0] /= anisotropy or 1
    cellprob = np.where(labels, 6, -6).astype(np.float32)
    options = Options(do_3D=anisotropy is not None, anisotropy=anisotropy)
    found, scores = outline(flows if anisotropy else flows[1:], cellprob, options)
    confidence = calibrated(scores, [[0, 0], [0.5, 0.2], [1, 1]])
    good, unsure = (confidence[found[labels.shape[0] // 2, 20, x]] for x in (24, 59))
    assert confidence[0] == 0 and good > 0.97
    assert unsure == pytest.approx(np.interp(0.6, [0, 0.5, 1], [0, 0.2, 1]), abs=0.05)


def test_a_filled_plane_does_not_change_the_confidence() -> None:
    plane = balls((40, 40), [(20, 20)], 12)
    cellprob = np.where(plane, 6, -6).astype(np.float32)
    cellprob = np.stack([cellprob, -np.abs(cellprob), cellprob])
    flows = np.repeat(labels_to_flows(plane)[:, None], 3, axis=1)
    found, scores = outline(flows, cellprob, Options(stitch_threshold=0.5))
    assert found.max() == 1 and (found[1] > 0).any() and scores[1] > 0.95
