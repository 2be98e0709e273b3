"""How sure one can be of an object: the probability that it matches a true one at an IoU of 0.5 or more.

An object scores the mean cell probability of its pixels, times how well the flows fit its shape. On labelled
images the score alone orders objects nearly as well as everything else that was tried beside it (size, size
relative to the others, roundness, sharpness of the border, length of the flows). What share of objects with
a score is right depends on the model: its calibration says so, a few points (score, confidence) between
which the confidence is linear.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Calibration = Sequence[Sequence[float]]  # (score, confidence), both rising from 0 to at most 1

UNCALIBRATED: Calibration = ((0.0, 0.0), (1.0, 1.0))
DEFAULT: Calibration = ((0.0, 0.0), (1.0, 1.0))


def object_scores(labels: np.ndarray, cellprob: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """The score of each object.

    Args:
        labels: integers ``(Z, Y, X)``. cellprob: float32 ``(Z, Y, X)``, logits.
        errors: float64 ``(max label + 1,)``, the `flow_errors` of the objects.

    Returns:
        float64 ``(max label + 1,)``, 0..1; 0 for background and labels that do not occur.
    """
    on = np.flatnonzero(labels)
    index = labels.ravel()[on]
    chance = 1 / (1 + np.exp(-np.clip(cellprob.ravel()[on], -30, 30)))
    sizes = np.bincount(index, minlength=len(errors))
    mean = np.bincount(index, chance, minlength=len(errors)) / np.maximum(sizes, 1)
    return mean * np.clip(1 - errors, 0, 1)


def joined_scores(labels: np.ndarray, joined: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The scores of objects that were joined from several: the mean of theirs, weighted by size.

    Args:
        labels, joined: integers ``(Z, Y, X)``, before and after. scores: those of ``labels``.
    """
    sizes = np.bincount(labels.ravel(), minlength=len(scores))
    sizes[0] = 0
    number = np.zeros(len(scores), np.int64)
    number[labels] = joined
    total = np.bincount(number, sizes)
    return np.bincount(number, sizes * scores) / np.maximum(total, 1)


def calibrated(scores: np.ndarray, calibration: Calibration) -> np.ndarray:
    """float64, the confidence that belongs to each score; the score itself without a calibration."""
    knots = np.array(calibration if len(calibration) else DEFAULT, float)
    return np.interp(scores, knots[:, 0], knots[:, 1])
