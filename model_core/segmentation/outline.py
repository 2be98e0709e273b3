"""From fields to objects: the last step of a segmentation, and the one that thresholds act on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from model_core.errors import UserError
from model_core.flows.masks import checked_masks
from model_core.segmentation.confidence import (
    DEFAULT,
    Calibration,
    calibrated,
    joined_scores,
    object_scores,
)
from model_core.segmentation.options import Options
from model_core.segmentation.segmentation import Segmentation
from model_core.segmentation.sizes import median_diameter
from model_core.segmentation.stitching import stitch_planes


def outline(
    flows: np.ndarray, cellprob: np.ndarray, options: Options, calibration: Calibration = DEFAULT
) -> tuple[np.ndarray, np.ndarray]:
    """The objects in the fields of an image, or of a part of it.

    Args:
        flows: float32 ``(2 or 3, Z, Y, X)``, of a volume those of `predict_volume`.
        cellprob: float32 ``(Z, Y, X)``, logits.
        options: whose do_3D and anisotropy say how the fields were made.
        calibration: of the model that made them.

    Returns:
        labels uint32 ``(Z, Y, X)``, and the confidence of each, float64 ``(max label + 1,)``, 0..1.
    """
    thresholds: dict[str, Any] = {
        "cellprob_threshold": options.cellprob_threshold,
        "flow_threshold": options.flow_threshold,
        "min_size": options.min_size,
        "niter": options.niter,
    }
    if options.do_3D:
        labels, fit = checked_masks(flows, cellprob, anisotropy=options.anisotropy or 1.0, **thresholds)
        scores = object_scores(fit)
    else:
        labels, scores = _masks_of_planes(flows, cellprob, thresholds)
        if options.stitch_threshold:
            stitched = stitch_planes(labels, options.stitch_threshold)
            labels, scores = stitched, joined_scores(labels, stitched, scores)
    confidence = calibrated(scores, calibration)
    confidence[0] = 0
    return labels.astype(np.uint32, copy=False), confidence


def _masks_of_planes(
    flows: np.ndarray, cellprob: np.ndarray, thresholds: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Labels of each plane by itself, numbered through, and the score of each."""
    labels = np.zeros(cellprob.shape, np.int32)
    scores = [np.zeros(1)]
    highest = 0
    for z in range(len(labels)):
        fields = np.concatenate([np.zeros((1, 1, *cellprob.shape[1:]), np.float32), flows[:, z : z + 1]])
        plane, fit = checked_masks(fields, cellprob[z : z + 1], **thresholds)
        labels[z] = np.where(plane[0] > 0, plane[0] + highest, 0)
        scores.append(object_scores(fit)[1:])
        highest += len(fit.error) - 1
    return labels, np.concatenate(scores)


def remask(result: Segmentation, **changes: Any) -> Segmentation:
    """The same fields with other thresholds: only the last step is done again.

    Args:
        changes: any of cellprob_threshold, flow_threshold, min_size, niter, stitch_threshold.

    Raises:
        UserError: an option that is not about this step, or a value that makes no sense.
    """
    allowed = {"cellprob_threshold", "flow_threshold", "min_size", "niter", "stitch_threshold"}
    if set(changes) - allowed:
        raise UserError(f"Only {', '.join(sorted(allowed))} can be changed without running the model again.")
    options = replace(result.options, **changes).checked()
    labels, confidence = outline(result.flows, result.cellprob, options, result.calibration)
    found = median_diameter(labels)
    return replace(
        result, labels=labels, confidence=confidence, diameter=found or result.diameter, options=options
    )
