"""Signs that an object may be wrong, as numbers: what `doubt` is computed from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from model_core.annotation.contacts import contacts
from model_core.annotation.contrast import contrasts
from model_core.annotation.moments import Moments, elongations, fill_of_ellipse, moments
from model_core.annotation.steepness import outline_steepness
from model_core.annotation.waists import waists
from model_core.images.lazy import Pixels

SIGNS = (
    "confidence",  # logit of the model's confidence
    "small",  # how many times smaller than the median object of the image (log)
    "large",  # the same for larger
    "ragged",  # how much less an ellipse is filled than by the median object (log)
    "elongated",  # how many times longer, for its width, than the median object (log)
    "at edge",  # share of the outline that lies at the rim of the image
    "touching",  # share of the outline that lies at other objects
    "one with neighbour",  # how well an ellipse is filled by it and a neighbour together, beside each alone
    "waist",  # prominence of a second part of its own
    "faint",  # how much less contrast to its surroundings than the median object
    "soft",  # how many times less steep the image is along its outline than along the median one (log)
)
"""The columns of `Signs.values`."""

_LEAST_CONFIDENCE = 0.02
_KNOWN = 20.0  # objects' worth of usual values that the medians of an image with few objects lean on
_USUAL_FILL, _USUAL_ELONGATION = 0.93, 1.35


class Signs(NamedTuple):
    """ids: int64 ``(N,)``. values: float64 ``(N, len(SIGNS))``, 0 where an object is like the others.

    partner: int64 ``(N,)``, the neighbour that an object may be one with, 0 without any. parts: int64
    ``(N, 2, 3)``, a point z, y, x in each of two parts that an object may be.
    """

    ids: np.ndarray
    values: np.ndarray
    partner: np.ndarray
    parts: np.ndarray


def signs(labels: np.ndarray, confidence: np.ndarray, channels: Pixels | None = None) -> Signs:
    """Looks at all objects of an image.

    Args:
        labels: integers ``(Z, Y, X)``.
        confidence: float64 ``(max label + 1,)``, 0..1 by label; NaN where nobody said one.
        channels: ``(C, Z, Y, X)``; None judges by shape alone.
    """
    volume = labels.shape[0] > 1
    of = moments(labels)
    ids = np.flatnonzero(of.size)
    if not len(ids):
        none = np.zeros(0, np.int64)
        return Signs(none, np.zeros((0, len(SIGNS))), none, np.zeros((0, 2, 3), np.int64))
    touch = contacts(labels)
    neck = waists(labels)
    own = of.of(ids)
    fill, length = fill_of_ellipse(own, volume), elongations(own, volume)
    usual_size = float(np.median(own.size))
    diameter = 2 * np.cbrt(usual_size * 3 / (4 * np.pi)) if volume else 2 * np.sqrt(usual_size / np.pi)
    size = np.log(own.size / usual_size) / (3 if volume else 2)
    outline = np.maximum(touch.outline[ids], 1)
    beside = np.bincount(touch.a, touch.faces, len(of.size)) + np.bincount(touch.b, touch.faces, len(of.size))
    together, partner = _unions(of, touch, volume)
    values = np.stack(
        [
            _logit(confidence[ids]),
            np.maximum(-size, 0),
            np.maximum(size, 0),
            np.log(_typical(fill, _USUAL_FILL) / fill),
            np.log(length / _typical(length, _USUAL_ELONGATION)),
            touch.rim[ids] / outline,
            beside[ids] / outline,
            together[ids],
            neck.prominence[ids],
            _faintness(labels, ids, channels, max(2, round(0.2 * diameter))),
            _softness(labels, ids, channels),
        ],
        axis=1,
    )
    return Signs(ids, values, partner[ids], neck.points[ids])


def _logit(confidence: np.ndarray) -> np.ndarray:
    known = np.clip(np.where(np.isnan(confidence), 0.5, confidence), _LEAST_CONFIDENCE, 1 - _LEAST_CONFIDENCE)
    return np.log(known / (1 - known))


def _typical(values: np.ndarray, usual: float) -> float:
    """The median; that of a few objects is drawn towards what is usual."""
    weight = len(values) / (len(values) + _KNOWN)
    return float(weight * np.median(values) + (1 - weight) * usual)


def _unions(of: Moments, touch, volume: bool) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[no-untyped-def]
    """For each label how much it looks like one object with the neighbour for which that is most, and which.

    A pair is told by the share of the smaller one's outline that they share, times how well both together
    fill an ellipse beside the worse of the two alone.
    """
    count = len(of.size)
    best, partner = np.zeros(count), np.zeros(count, np.int64)
    if not len(touch.a):
        return best, partner
    one, other = of.of(touch.a), of.of(touch.b)
    whole = fill_of_ellipse(one.joined(other), volume)
    worse = np.minimum(fill_of_ellipse(one, volume), fill_of_ellipse(other, volume))
    share = touch.faces / np.maximum(np.minimum(touch.outline[touch.a], touch.outline[touch.b]), 1)
    likeness = share * np.clip(whole / worse, 0, 1.2)
    order = np.argsort(likeness, kind="stable")
    for mine, theirs in ((touch.a, touch.b), (touch.b, touch.a)):
        better = order[likeness[order] > best[mine[order]]]
        best[mine[better]] = likeness[better]  # the last assignment, which is the largest, stays
        partner[mine[better]] = theirs[better]
    return best, partner


def _faintness(labels: np.ndarray, ids: np.ndarray, channels: Pixels | None, reach: int) -> np.ndarray:
    """1 - contrast over the median contrast, of the channel in which objects stand out most; -1 to 2."""
    if channels is None:
        return np.zeros(len(ids))
    found = contrasts(labels, channels, reach)[:, ids]
    with np.errstate(all="ignore"):
        usual = np.array([np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else 0 for row in found])
    best = int(np.abs(usual).argmax())
    if abs(usual[best]) < 1e-6:
        return np.zeros(len(ids))
    return np.nan_to_num(np.clip(1 - found[best] / usual[best], -1, 2))


def _softness(labels: np.ndarray, ids: np.ndarray, channels: Pixels | None) -> np.ndarray:
    if channels is None:
        return np.zeros(len(ids))
    slope = np.nan_to_num(outline_steepness(labels, channels)[ids])
    usual = float(np.median(slope))
    if usual < 1e-6:
        return np.zeros(len(ids))
    return np.clip(-np.log((slope + 1e-3 * usual) / usual), 0, 4)
