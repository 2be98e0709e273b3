"""From scores of objects to confidence: fitted to labelled images, and tried on others of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from model_core.segmentation.confidence import calibrated

FEWEST_OBJECTS = 100  # fewer tell nothing
_FEWEST_IN_A_STEP = 50
_MOST_STEPS = 30
_FOLDS = 10


@dataclass(frozen=True)
class ReliabilityBin:
    """The objects with a confidence in a range: their number, mean confidence, share that is right."""

    lowest: float
    highest: float
    objects: int
    confidence: float
    matched: float


def fit_calibration(scores: np.ndarray, matched: np.ndarray) -> list[list[float]]:
    """Points (score, confidence) of the rising curve that fits best.

    Isotonic regression by pooling adjacent violators (Barlow et al. 1972; Zadrozny and Elkan, KDD 2002), over
    equal shares of the objects. Each step counts one right and one wrong object more than it has seen, so
    that no confidence is 0 or 1 for want of objects.

    Args:
        scores: float64 ``(N,)``, 0..1. matched: bool ``(N,)``.
    """
    order = np.argsort(scores, kind="stable")
    shares = min(_MOST_STEPS, max(1, len(scores) // _FEWEST_IN_A_STEP))
    steps: list[_Step] = []
    for part in np.array_split(order, shares):
        step = _Step(float(scores[part].sum()), len(part), int(matched[part].sum()))
        while steps and (steps[-1].rate >= step.rate or steps[-1].score >= step.score):
            lower = steps.pop()
            step = _Step(lower.total + step.total, lower.objects + step.objects, lower.right + step.right)
        steps.append(step)
    points = [[0.0, 0.0]] + [[step.score, round(step.rate, 4)] for step in steps if step.score > 0]
    if points[-1][0] < 1:
        points.append([1.0, points[-1][1]])
    return points


class _Step(NamedTuple):
    """Objects of neighbouring scores: the sum of these, how many there are, how many are right."""

    total: float
    objects: int
    right: int

    @property
    def score(self) -> float:
        return round(self.total / self.objects, 4)

    @property
    def rate(self) -> float:
        return (self.right + 1) / (self.objects + 2)


def cross_validated(scores: np.ndarray, matched: np.ndarray, images: np.ndarray) -> np.ndarray:
    """float64 ``(N,)``: the confidence of each object by a calibration that has not seen its image.

    Args:
        images: integers ``(N,)``, at least two different ones.
    """
    numbers = np.unique(images, return_inverse=True)[1]
    count = int(numbers.max()) + 1
    fold_of = np.random.default_rng(0).permutation(count) % min(_FOLDS, count)
    fold = fold_of[numbers]
    confidence = np.zeros(len(scores))
    for held in np.unique(fold):
        others = fold != held
        confidence[~others] = calibrated(scores[~others], fit_calibration(scores[others], matched[others]))
    return confidence


def reliability(confidence: np.ndarray, matched: np.ndarray) -> Sequence[ReliabilityBin]:
    """Ten bins from 0 to 1; those without objects are left out."""
    places = np.minimum((confidence * 10).astype(int), 9)
    return [
        ReliabilityBin(
            place / 10,
            (place + 1) / 10,
            int(np.count_nonzero(places == place)),
            round(float(confidence[places == place].mean()), 4),
            round(float(matched[places == place].mean()), 4),
        )
        for place in np.unique(places).tolist()
    ]
