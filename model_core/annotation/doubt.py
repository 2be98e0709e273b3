"""Which objects are likely to be wrong, the likeliest first, and what may be the matter with each.

A logistic regression over some of the signs of `signs` says how likely an object is wrong: low confidence and
all that is odd about an object can only add to it. A multinomial one over all signs says what it is if it is
wrong: two or more objects in one, a part of one, no object, or one of the wrong shape. Both were fitted
by ``tests/benchmarks/worst_first.py --fit`` to what the bundled model found in train images of the data sets
that it is evaluated on, each data set of the same weight; right means that the object matches a true one at
an IoU of 0.5. Which signs have a part was settled by data sets that were left out of the fit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from model_core.annotation.candidates import Candidate
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
    ADD = "add"  # a cell that was left out
    NONE = "none"  # there is none where one might have been left out


OUTCOMES = (Advice.ACCEPT, Advice.SPLIT, Advice.MERGE, Advice.DELETE, Advice.RESHAPE)
"""The rows of the coefficients: what an object can be."""

AGAINST = ("confidence", "small", "large", "ragged", "one with neighbour", "waist", "faint", "soft")
"""The signs by which objects are ranked."""
_CONSTANT, _WEIGHTS = -0.966, np.array([-0.873, 0.451, 0.0454, 0.5, 0.5, 1.0, 0.368, 0.879])

# one row an outcome: the constant, then one number for each of SIGNS; 13,329 objects of 76 train images
_COEFFICIENTS = np.array([
    (2.1, 0.468, -0.408, -0.0544, -0.137, 0.233, -0.678, 1.32, -0.0712, -1.07, -0.216, -0.421),  # accept
    (-1.04, -0.0425, -0.4, 0.109, -0.812, 0.48, -0.483, -0.377, -0.226, 5.03, -0.0465, -0.0956),  # split
    (-1.25, -0.0427, -0.198, 0.0886, -0.864, -0.0824, -0.896, 0.178, 0.849, 1.18, -0.0554, -0.152),  # merge
    (0.488, -0.192, 0.62, 0.0457, -0.0958, -0.526, 1.98, -1.44, -2.44, -1.03, 0.302, 0.628),  # delete
    (-0.295, -0.191, 0.387, -0.189, 1.91, -0.104, 0.0797, 0.327, 1.89, -4.11, 0.0158, 0.0402),  # reshape
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
    "soft": "its outline lies on no edge",
}

REASONS = ("", *_WORDS.values())
"""All that `Doubt.reason` can be."""


@dataclass(frozen=True)
class Doubt:
    """An object that may be wrong, or a place where one may have been left out.

    id: of the object, 0 of a place. doubt: 0..1, the probability that it is wrong, or that there is a cell.
    advice: what is likeliest to put it right; ACCEPT where it is more likely right than not. partner: with
    which object it is to be merged, else 0. parts: a point (z, y, x) in each of two parts, None where no
    waist tells two apart. reason: in words, "" if nothing stands out. candidate: what may have been left out.
    """

    id: int
    doubt: float
    advice: Advice
    reason: str
    partner: int = 0
    parts: tuple[tuple[int, int, int], tuple[int, int, int]] | None = None
    candidate: Candidate | None = None


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
    open_ = {i for i, r in objects.items() if not r.protected and r.review is Review.UNREVIEWED}
    return ranked(found, open_)


def with_left_out(doubts: Sequence[Doubt], candidates: Sequence[Candidate]) -> list[Doubt]:
    """Doubts of objects and of places where one may have been left out, in one order, worst first."""
    places = [Doubt(0, each.chance, Advice.ADD, "", candidate=each) for each in candidates]
    return sorted([*doubts, *places], key=lambda doubt: -doubt.doubt)


def evidence(values: np.ndarray) -> np.ndarray:
    """float64 ``(N, len(AGAINST))`` of `Signs.values`: what speaks against an object, and its confidence."""
    chosen = values[:, [SIGNS.index(name) for name in AGAINST]]
    return np.concatenate([chosen[:, :1], np.maximum(chosen[:, 1:], 0)], axis=1)


def doubts(values: np.ndarray) -> np.ndarray:
    """float64 ``(N,)`` of `Signs.values`: how likely each object is wrong, 0..1."""
    return 1 / (1 + np.exp(-_CONSTANT - evidence(values) @ _WEIGHTS))


def probabilities(values: np.ndarray, coefficients: np.ndarray | None = None) -> np.ndarray:
    """float64 ``(N, len(OUTCOMES))`` of `Signs.values`: how likely each outcome is."""
    weights = _COEFFICIENTS if coefficients is None else coefficients
    score = weights[:, 0] + values @ weights[:, 1:].T
    odds = np.exp(score - score.max(axis=1, keepdims=True, initial=-np.inf)) if len(score) else score
    return odds / odds.sum(axis=1, keepdims=True)


def ranked(found: Signs, wanted: Collection[int]) -> list[Doubt]:
    """Those of some IDs, the likeliest to be wrong first."""
    doubt, chance = doubts(found.values), probabilities(found.values)
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
