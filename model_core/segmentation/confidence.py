"""How sure one can be of an object: the probability that it matches a true one at an IoU of 0.5 or more.

The score of an object is the mean length of the net's flows in it (`Fit.length`): a net that is unsure of the
direction says short ones. In labelled images that orders objects better than how well flows and cell
probability fit them (`Fit.score`, by which objects are kept). What share of objects with a score is right
depends on the model: its calibration says so, a few points (score, confidence) between which the confidence
is linear.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Calibration = Sequence[Sequence[float]]  # (score, confidence), both rising from 0 to at most 1

# of models that were never evaluated: what a generalist showed on 17,354 objects of 15 data sets
DEFAULT: Calibration = (
    (0.0, 0.0),
    (0.5, 0.2),
    (0.6, 0.28),
    (0.7, 0.45),
    (0.75, 0.58),
    (0.8, 0.75),
    (0.85, 0.88),
    (0.9, 0.955),
    (0.95, 0.985),
    (1.0, 0.995),
)


def joined_scores(labels: np.ndarray, joined: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The scores of objects that were joined from several: the mean of theirs, weighted by size.

    Args:
        labels, joined: integers ``(Z, Y, X)``, before and after. scores: those of ``labels``.
    """
    sizes = np.zeros(len(scores), np.int64)
    number = np.zeros(len(scores), np.int64)
    for before, after in zip(labels, joined, strict=True):
        sizes += np.bincount(before.ravel(), minlength=len(scores))
        number[before] = after
    sizes[0] = 0
    total = np.bincount(number, sizes)
    return np.bincount(number, sizes * scores) / np.maximum(total, 1)


def calibrated(scores: np.ndarray, calibration: Calibration) -> np.ndarray:
    """float64, the confidence that belongs to each score; by `DEFAULT` without a calibration."""
    knots = np.array(calibration if len(calibration) else DEFAULT, float)
    return np.interp(scores, knots[:, 0], knots[:, 1])
