"""Scores to confidence: on objects whose chance of being right is known."""

import numpy as np
import pytest

from model_core.models.package import MOST_POINTS
from model_core.segmentation.confidence import calibrated
from model_core.training.calibration import cross_validated, fit_calibration, reliability


def draw(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, what share of such objects is right, and whether each is."""
    rng = np.random.default_rng(seed)
    scores = rng.beta(4, 1.5, count)
    chance = np.clip(2.5 * scores - 1.2, 0.02, 0.98)
    return scores, chance, rng.random(count) < chance


@pytest.mark.parametrize(("count", "tolerance"), [(300, 0.12), (5_000, 0.05), (50_000, 0.03)])
def test_confidence_comes_near_the_true_chance(count: int, tolerance: float) -> None:
    scores, chance, matched = draw(count)
    points = fit_calibration(scores, matched)
    assert np.abs(calibrated(scores, points) - chance).mean() < tolerance


def test_points_rise_and_fit_into_a_card() -> None:
    for seed in range(20):
        scores, _, matched = draw(100 + 400 * seed, seed)
        points = np.array(fit_calibration(np.round(scores, 2), matched))
        assert len(points) <= MOST_POINTS and points[0].tolist() == [0, 0] and points[-1, 0] == 1
        assert (np.diff(points[:, 0]) > 0).all() and (np.diff(points[:, 1]) >= 0).all()


def test_nothing_is_certain_or_impossible() -> None:
    scores = np.linspace(0.5, 0.9, 100)
    assert 0.95 < fit_calibration(scores, np.ones(100, bool))[-1][1] < 1
    assert 0 < fit_calibration(scores, np.zeros(100, bool))[-1][1] < 0.05


def test_all_scores_the_same() -> None:
    matched = np.arange(400) % 4 > 0
    for score in (0.0, 0.7, 1.0):
        points = fit_calibration(np.full(400, score), matched)
        assert calibrated(np.array([score]), points)[0] == pytest.approx(0.75 if score else 0, abs=0.01)


def test_an_object_does_not_tell_its_own_confidence() -> None:
    """Scores that say nothing: told without its own image, each object of an image is worth the others'."""
    images = np.repeat([3, 8], 200)
    matched = images == 3
    confidence = cross_validated(np.full(400, 0.5), matched, images)
    assert (confidence[matched] < 0.02).all() and (confidence[~matched] > 0.98).all()


def test_reliability_of_calibrated_objects() -> None:
    scores, _, matched = draw(20_000)
    confidence = cross_validated(scores, matched, np.arange(20_000) // 100)
    bins = reliability(confidence, matched)
    assert sum(part.objects for part in bins) == 20_000
    for part in bins:
        assert part.lowest <= part.confidence <= part.highest
        if part.objects > 300:
            assert part.matched == pytest.approx(part.confidence, abs=0.06)
    assert reliability(np.array([1.0, 0.0]), np.array([True, False]))[-1].highest == 1
