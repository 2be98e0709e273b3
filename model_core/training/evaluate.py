"""How good a model is: what it finds in labelled images against their labels."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass

import numpy as np

from model_core.annotation.matching import average_precision
from model_core.errors import Cancelled
from model_core.formats.pairs import Pair
from model_core.models.model import Model
from model_core.segmentation.segmenter import segment
from model_core.segmentation.tiling import Cancel
from model_core.training.dataset import load_pair

_THRESHOLDS = (0.5, 0.75, 0.9)


@dataclass(frozen=True)
class Score:
    """A model on one data set.

    ap50, ap75, ap90: average precision at these IoU, the mean over images; 1 for an image with no objects
    and none found. missed, added: objects not found and found wrongly, at an IoU of 0.5. seconds: spent
    segmenting. The counts are whole numbers but in the mean of several sets.
    """

    images: float
    objects: float
    ap50: float
    ap75: float
    ap90: float
    missed: float
    added: float
    seconds: float


@dataclass(frozen=True)
class ImageScore:
    """A model on one image: objects in its labels; AP, missed and added objects at each threshold."""

    objects: int
    ap: np.ndarray
    missed: np.ndarray
    added: np.ndarray
    seconds: float


def evaluate_model(
    model: Model,
    pairs: Sequence[Pair],
    report: Callable[[int, str], None] | None = None,
    cancel: Cancel | None = None,
) -> dict[str, Score]:
    """Segments the image of every pair without any options and compares the result with its labels.

    Args:
        report: called with the number of images done and the name of the data set that is next.
        cancel: asked between tiles.

    Returns:
        A score by data set, in the order of the pairs.

    Raises:
        UserError: an image or its labels cannot be read. Cancelled: ``cancel`` said so.
    """
    by_set: dict[str, list[ImageScore]] = {}
    for done, pair in enumerate(pairs):
        if cancel and cancel():
            raise Cancelled
        if report:
            report(done, pair.dataset)
        by_set.setdefault(pair.dataset, []).append(score_image(model, pair, cancel))
    if report:
        report(len(pairs), "")
    return {name: _summed(scores) for name, scores in by_set.items()}


def score_image(model: Model, pair: Pair, cancel: Cancel | None = None) -> ImageScore:
    """Segments the image of a pair and compares the result with its labels."""
    image, labels = load_pair(pair)
    started = time.perf_counter()
    found = segment(image, model, cancel=cancel).labels
    seconds = time.perf_counter() - started
    ap, tp, fp, fn = average_precision(labels, found, _THRESHOLDS)
    return ImageScore(int(tp[0] + fn[0]), ap, fn, fp, seconds)


def mean_score(scores: Sequence[Score]) -> Score:
    """The mean over data sets, each of the same weight."""
    return Score(*np.mean([astuple(score) for score in scores], axis=0).tolist())


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
        seconds=round(sum(score.seconds for score in scores), 3),
    )
