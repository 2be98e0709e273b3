"""Which objects are likely to be wrong, the likeliest first, and what may be the matter with each.

A multinomial logistic regression over the signs of `signs` says how likely an object is right, two or more
objects in one, a part of one, no object at all, or one of the wrong shape. Its coefficients were fitted by
``tests/benchmarks/worst_first.py --fit`` to what the bundled model found in train images of the data sets
that it is evaluated on, each data set of the same weight; right means that the object matches a true one at
an IoU of 0.5.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np

from model_core.annotation.objects import ObjectRecord, Review
from model_core.annotation.signs import SIGNS, Signs, signs
from model_core.images.lazy import Pixels


class Advice(str, Enum):
    """What would put an object right."""

    ACCEPT = "accept"
    SPLIT = "split"
    MERGE = "merge"
    DELETE = "delete"
    RESHAPE = "reshape"


OUTCOMES = tuple(Advice)
"""The rows of the coefficients."""

# one row an outcome: the constant, then one number for each of SIGNS; 10,397 objects of 57 train images
_COEFFICIENTS = np.array([
    (1.37, 0.588, 0.121, -0.321, -0.691, -0.0813, -0.00896, 1.29, 1.07, -4.58, 0.00674),  # accept
    (-1.33, 0.0431, -0.147, 0.118, -2.35, 1.71, -1.5, -0.278, -0.314, 7.42, -0.0103),  # split
    (-0.77, -0.196, -0.296, 0.623, 0.0198, -0.461, -0.779, -0.153, -0.0223, 0.371, -0.289),  # merge
    (1.42, -0.291, -0.0638, -0.362, 0.472, -0.918, 2.32, -1.5, -2.39, -0.322, 0.218),  # delete
    (-0.683, -0.144, 0.385, -0.0575, 2.55, -0.25, -0.0361, 0.635, 1.66, -2.89, 0.0743),  # reshape
])  # fmt: skip

_WORDS = {
    "confidence": "the model is unsure",
    "small": "much smaller than the others",
    "large": "much larger than the others",
    "ragged": "ragged outline",
    "elongated": "longer than the others",
    "at edge": "cut off by the edge of the image",
    "touching": "touches others all around",
    "one with neighbour": "looks like one cell with its neighbour",
    "waist": "looks like two cells",
    "faint": "hardly stands out from what is around it",
}

REASONS = ("", *_WORDS.values())
"""All that `Doubt.reason` can be."""


@dataclass(frozen=True)
class Doubt:
    """An object that may be wrong.

    doubt: 0..1, the probability that it is. advice: what is likeliest to put it right; ACCEPT where it is
    more likely right than not. partner: with which object it is to be merged, else 0. parts: a point
    (z, y, x) in each of two parts, None where no waist tells two apart. reason: in words, "" if nothing
    stands out.
    """

    id: int
    doubt: float
    advice: Advice
    reason: str
    partner: int = 0
    parts: tuple[tuple[int, int, int], tuple[int, int, int]] | None = None


def find_doubts(
    labels: np.ndarray, objects: Mapping[int, ObjectRecord], channels: Pixels | None = None
) -> list[Doubt]:
    """The objects that nobody vouches for or has rejected, worst first. Takes a worker's time.

    Args:
        labels: uint32 ``(Z, Y, X)``. objects: their records, as they were at one moment.
        channels: of the image, ``(C, Z, Y, X)``; None judges by shape and confidence alone.
    """
    confidence = np.full(int(labels.max(initial=0)) + 1, np.nan)
    for id_, record in objects.items():
        if id_ < len(confidence) and record.confidence is not None:
            confidence[id_] = record.confidence
    found = signs(labels, confidence, channels)
    chance = probabilities(found.values)
    open_ = {i for i, r in objects.items() if not r.protected and r.review is Review.UNREVIEWED}
    return ranked(found, chance, open_)


def probabilities(values: np.ndarray, coefficients: np.ndarray | None = None) -> np.ndarray:
    """float64 ``(N, len(OUTCOMES))`` of `Signs.values`: how likely each outcome is."""
    weights = _COEFFICIENTS if coefficients is None else coefficients
    score = weights[:, 0] + values @ weights[:, 1:].T
    odds = np.exp(score - score.max(axis=1, keepdims=True, initial=-np.inf)) if len(score) else score
    return odds / odds.sum(axis=1, keepdims=True)


def ranked(found: Signs, chance: np.ndarray, wanted: Collection[int]) -> list[Doubt]:
    """Those of some IDs, the likeliest to be wrong first."""
    doubt = 1 - chance[:, 0]
    pull = _COEFFICIENTS[0, 1:] * (found.values - np.median(found.values, axis=0)) if len(doubt) else doubt
    answer = []
    for row in np.argsort(-doubt, kind="stable").tolist():
        id_ = int(found.ids[row])
        if id_ in wanted:
            answer.append(_doubt(found, chance, doubt, pull, row, id_))
    return answer


def _doubt(
    found: Signs, chance: np.ndarray, doubt: np.ndarray, pull: np.ndarray, row: int, id_: int
) -> Doubt:
    partner, values = int(found.partner[row]), found.values[row]
    parted = values[SIGNS.index("waist")] > 0
    possible = chance[row].copy()
    if not partner:
        possible[OUTCOMES.index(Advice.MERGE)] = 0
    if not parted:
        possible[OUTCOMES.index(Advice.SPLIT)] = 0
    advice = Advice.ACCEPT if doubt[row] < 0.5 else OUTCOMES[1 + int(possible[1:].argmax())]
    first, second = (tuple(point) for point in found.parts[row].tolist())
    worst = int(pull[row].argmin())
    return Doubt(
        id_,
        float(doubt[row]),
        advice,
        _WORDS[SIGNS[worst]] if pull[row, worst] < -_NOTEWORTHY else "",
        partner,
        ((*first,), (*second,)) if parted else None,
    )


_NOTEWORTHY = 0.4  # by so much a sign lowers the log odds of an object that it is told as the reason
