"""How good a model is: what it finds in labelled images against their labels."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, field

import numpy as np

from model_core.annotation.matching import average_precision, match
from model_core.annotation.mistakes import boundary_f, split_and_merged
from model_core.errors import Cancelled
from model_core.formats.pairs import Pair
from model_core.images.image import Image
from model_core.models.model import Model
from model_core.segmentation.segmenter import segment
from model_core.segmentation.tiling import Cancel
from model_core.training.calibration import (
    FEWEST_OBJECTS,
    ReliabilityBin,
    cross_validated,
    fit_calibration,
    reliability,
)
from model_core.training.dataset import load_pair

_THRESHOLDS = (0.5, 0.75, 0.9)


@dataclass(frozen=True)
class Score:
    """A model on one data set.

    ap50, ap75, ap90: average precision at these IoU, the mean over images; 1 for an image with no objects
    and none found. missed, added: objects not found and found wrongly, at an IoU of 0.5. split, merged: as
    `split_and_merged` counts them. boundary: `boundary_f`, the mean over images. seconds: spent segmenting.
    The counts are whole numbers but in the mean of several sets.
    """

    images: float
    objects: float
    ap50: float
    ap75: float
    ap90: float
    missed: float
    added: float
    split: float
    merged: float
    boundary: float
    seconds: float


@dataclass(frozen=True)
class ImageScore:
    """A model on one image: objects in its labels; AP, missed and added objects at each threshold.

    split, merged, boundary: as in `Score`.

    found, matched: of each object found, the score before calibration, and whether it is right at 0.5.
    """

    objects: int
    ap: np.ndarray
    missed: np.ndarray
    added: np.ndarray
    split: int
    merged: int
    boundary: float
    seconds: float
    found: np.ndarray
    matched: np.ndarray


Seen = Callable[[Pair, Image, np.ndarray, np.ndarray, ImageScore], None]


@dataclass(frozen=True)
class Evaluation:
    """A model on labelled images: a score by data set, and what its confidence is worth.

    calibration: points (score, confidence) for the model's card. reliability: how right objects were,
    by a confidence told without having seen their image. Both are empty with fewer than 100 objects
    or a single image.
    """

    scores: dict[str, Score]
    calibration: list[list[float]] = field(default_factory=list)
    reliability: Sequence[ReliabilityBin] = ()

    @property
    def mean(self) -> Score:
        """The mean over data sets, each of the same weight."""
        return Score(*np.mean([astuple(score) for score in self.scores.values()], axis=0).tolist())


def evaluate_model(
    model: Model,
    pairs: Sequence[Pair],
    report: Callable[[int, str], None] | None = None,
    cancel: Cancel | None = None,
    seen: Seen | None = None,
) -> Evaluation:
    """Segments the image of every pair without any options and compares the result with its labels.

    Args:
        report: called with the number of images done and the name of the data set that is next.
        cancel: asked between tiles.
        seen: called with every pair, its image, labels, what was found, and the score.

    Raises:
        UserError: an image or its labels cannot be read. Cancelled: ``cancel`` said so.
    """
    by_set: dict[str, list[ImageScore]] = {}  # in the order of the pairs
    for done, pair in enumerate(pairs):
        if cancel and cancel():
            raise Cancelled
        if report:
            report(done, pair.dataset)
        by_set.setdefault(pair.dataset, []).append(score_image(model, pair, cancel, seen))
    if report:
        report(len(pairs), "")
    scores = {name: _summed(of_set) for name, of_set in by_set.items()}
    return Evaluation(scores, *_confidence([score for of_set in by_set.values() for score in of_set]))


def score_image(
    model: Model, pair: Pair, cancel: Cancel | None = None, seen: Seen | None = None
) -> ImageScore:
    """Segments the image of a pair and compares the result with its labels."""
    image, labels = load_pair(pair)
    started = time.perf_counter()
    result = segment(image, model, cancel=cancel)
    seconds = time.perf_counter() - started
    ap, tp, fp, fn = average_precision(labels, result.labels, _THRESHOLDS)
    right = np.isin(np.arange(len(result.scores)), match(labels, result.labels, _THRESHOLDS[0])[1])
    split, merged = split_and_merged(labels, result.labels)
    boundary = boundary_f(labels, result.labels)
    score = ImageScore(
        int(tp[0] + fn[0]), ap, fn, fp, split, merged, boundary, seconds, result.scores[1:], right[1:]
    )
    if seen:
        seen(pair, image, labels, result.labels, score)
    return score


def _confidence(images: Sequence[ImageScore]) -> tuple[list[list[float]], Sequence[ReliabilityBin]]:
    """The calibration, and the reliability table."""
    found = np.concatenate([image.found for image in images])
    matched = np.concatenate([image.matched for image in images])
    of_image = np.repeat(np.arange(len(images)), [len(image.found) for image in images])
    if len(found) < FEWEST_OBJECTS or of_image[0] == of_image[-1]:
        return [], ()
    confidence = cross_validated(found, matched, of_image)
    return fit_calibration(found, matched), reliability(confidence, matched)


def _summed(scores: Sequence[ImageScore]) -> Score:
    ap = np.mean([score.ap for score in scores], axis=0)
    return Score(
        images=len(scores),
        objects=sum(score.objects for score in scores),
        ap50=float(ap[0]),
        ap75=float(ap[1]),
        ap90=float(ap[2]),
        missed=int(sum(score.missed[0] for score in scores)),
        added=int(sum(score.added[0] for score in scores)),
        split=sum(score.split for score in scores),
        merged=sum(score.merged for score in scores),
        boundary=float(np.mean([score.boundary for score in scores])),
        seconds=round(sum(score.seconds for score in scores), 3),
    )
