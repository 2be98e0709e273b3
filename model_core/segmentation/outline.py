"""From fields to objects: the last step of a segmentation, and the one that thresholds act on."""

from __future__ import annotations

from typing import Any

import numpy as np

from model_core.flows.masks import CLOSED, OpenSides, checked_masks
from model_core.segmentation.confidence import joined_scores
from model_core.segmentation.options import Options
from model_core.segmentation.stitching import stitch_planes


def outline(
    flows: np.ndarray,
    cellprob: np.ndarray,
    options: Options,
    open_sides: OpenSides = CLOSED,
    places: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The objects in the fields of an image, or of a part of it.

    Args:
        flows: float32 ``(2 or 3, Z, Y, X)``, of a volume those of `predict_volume`.
        cellprob: float32 ``(Z, Y, X)``, logits.
        options: whose do_3D and anisotropy say how the fields were made; see `Options.suited_to`.
        open_sides: where the image goes on beyond these fields; see `checked_masks`.
        places: integers ``(Z, Y, X)``, where pixels come to rest as far as that is known, -1 elsewhere; what
            is found is added. Of planes each is numbered by itself.

    Returns:
        labels uint32 ``(Z, Y, X)``, and the score of each for its confidence, `Fit.length`, float64
        ``(max label + 1,)``, 0..1.
    """
    thresholds: dict[str, Any] = {
        "cellprob_threshold": options.cellprob_threshold,
        "flow_threshold": options.flow_threshold or 0.0,
        "score_threshold": options.score_threshold or 0.0,
        "min_size": options.min_size,
        "niter": options.niter,
        "open_sides": open_sides,
    }
    if options.do_3D:
        labels, fit = checked_masks(
            flows, cellprob, anisotropy=options.anisotropy or 1.0, places=places, **thresholds
        )
        scores = fit.length
    else:
        labels, scores = _masks_of_planes(flows, cellprob, places, thresholds)
        if options.stitch_threshold:
            stitched = stitch_planes(labels, options.stitch_threshold)
            labels, scores = stitched, joined_scores(labels, stitched, scores)
    return labels.astype(np.uint32, copy=False), scores


def _masks_of_planes(
    flows: np.ndarray, cellprob: np.ndarray, places: np.ndarray | None, thresholds: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Labels of each plane by itself, numbered through, and the score of each."""
    labels = np.zeros(cellprob.shape, np.int32)
    scores = [np.zeros(1)]
    highest = 0
    for z in range(len(labels)):
        here = slice(z, z + 1)
        known = None if places is None else places[here]
        plane, fit = checked_masks(flows[:, here], cellprob[here], places=known, **thresholds)
        labels[z] = np.where(plane[0] > 0, plane[0] + highest, 0)
        scores.append(fit.length[1:])
        highest += len(fit.error) - 1
    return labels, np.concatenate(scores)
