"""What a segmentation is."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from model_core.annotation.measure import measure
from model_core.annotation.objects import ObjectRecord, ObjectTable, Source
from model_core.segmentation.confidence import DEFAULT, Calibration, calibrated
from model_core.segmentation.options import Options


@dataclass(frozen=True, eq=False)
class Segmentation:
    """What a model said about an image.

    labels: uint32 (Z, Y, X). flows: float32 (2 or 3, Z, Y, X). cellprob: float32 (Z, Y, X), logits. Where
    planes are large (a side of more than `scaled.LARGE` px) both fields are float16, to save memory.
    diameter: px, of the objects found; the one given or estimated when none was found.
    scores: float64 (max label + 1,), by label, as `Fit.length` tells them.
    calibration: of the model; by it a score becomes a confidence.
    places: where pixels come to rest, as far as known, for `remask`; see `outline`. None: nothing is known.
    notes: plain sentences the user should read.
    """

    labels: np.ndarray
    flows: np.ndarray
    cellprob: np.ndarray
    diameter: float
    scores: np.ndarray
    options: Options
    model_id: str
    notes: tuple[str, ...] = field(default=())
    calibration: Calibration = DEFAULT
    places: np.ndarray | None = field(default=None, repr=False)

    @cached_property
    def confidence(self) -> np.ndarray:
        """float64, by label: the probability that it matches a true object at an IoU of 0.5."""
        confidence = calibrated(self.scores, self.calibration)
        confidence[0] = 0
        return confidence

    @property
    def objects(self) -> ObjectTable:
        """One record an object, measured in the labels."""
        return ObjectTable(
            ObjectRecord(
                label, extent.box, extent.area, extent.centroid, Source.MODEL, float(self.confidence[label])
            )
            for label, extent in measure(self.labels).items()
        )
