"""Whether a model that was trained anew may replace the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from model_core.training.catalogue import Catalogue
from model_core.training.evaluate import Score

TOLERANCE = 0.01  # AP at an IoU of 0.5: no kind of image may lose more


@dataclass(frozen=True)
class Verdict:
    """Whether it may, and why not; what changed, a line for the mean and for each kind."""

    passed: bool
    reasons: tuple[str, ...]
    changes: tuple[str, ...]


def by_kind(scores: Mapping[str, Score], catalogue: Catalogue) -> dict[str, float]:
    """AP at an IoU of 0.5 for each kind of image: the mean over the images of all its data sets."""
    kinds: dict[str, list[tuple[float, float]]] = {}
    for name, score in scores.items():
        kinds.setdefault(catalogue.kind_of(name), []).append((score.ap50, score.images))
    return {
        kind: float(np.average([ap for ap, _ in found], weights=[images for _, images in found]))
        for kind, found in kinds.items()
    }


def mean(scores: Mapping[str, float]) -> float:
    """Over the kinds, each of the same weight."""
    return float(np.mean(list(scores.values())))


def compare(before: Mapping[str, float], after: Mapping[str, float]) -> Verdict:
    """AP by kind before and after; passed if no kind falls by more than `TOLERANCE` and the mean rises.

    Raises:
        ValueError: the two were not measured on the same kinds.
    """
    if before.keys() != after.keys() or not before:
        raise ValueError(f"measured on different kinds of image: {sorted(before)} and {sorted(after)}")
    reasons = [
        f"“{kind}” falls from {before[kind]:.3f} to {after[kind]:.3f}"
        for kind in before
        if after[kind] < before[kind] - TOLERANCE
    ]
    if mean(after) <= mean(before):
        reasons.append(f"the mean does not rise: {mean(before):.3f} before, {mean(after):.3f} now")
    changes = [f"AP at an IoU of 0.5, mean over kinds: {mean(before):.3f} → {mean(after):.3f}"]
    changes += [f"{kind}: {before[kind]:.3f} → {after[kind]:.3f}" for kind in sorted(before)]
    return Verdict(not reasons, tuple(reasons), tuple(changes))
