"""From fields to objects: the last step of a segmentation, and the one that thresholds act on."""

from __future__ import annotations

from typing import Any

import numpy as np

from model_core.flows.masks import CLOSED, OpenSides, flow_errors, flows_to_labels
from model_core.segmentation.options import Options
from model_core.segmentation.stitching import stitch_planes


def outline(
    flows: np.ndarray, cellprob: np.ndarray, options: Options, open_sides: OpenSides = CLOSED
) -> tuple[np.ndarray, np.ndarray]:
    """The objects in the fields of an image, or of a part of it.

    Args:
        flows: float32 ``(2 or 3, Z, Y, X)``. cellprob: float32 ``(Z, Y, X)``, logits.
        options: whose do_3D and anisotropy say how the fields were made.
        open_sides: where the image goes on beyond these fields; see `flows_to_labels`.

    Returns:
        labels uint32 ``(Z, Y, X)``, and the confidence of each, float64 ``(max label + 1,)``, 0..1.
    """
    thresholds: dict[str, Any] = {
        "cellprob_threshold": options.cellprob_threshold,
        "min_size": options.min_size,
        "niter": options.niter,
        "open_sides": open_sides,
    }
    if options.do_3D:
        # the quality check compares with targets of isotropic voxels, which these need not be
        labels = flows_to_labels(flows, cellprob, flow_threshold=0, **thresholds)
    else:
        labels = np.zeros(cellprob.shape, np.int32)
        highest = 0
        for z in range(len(labels)):
            plane = flows_to_labels(
                flows[:, z], cellprob[z], flow_threshold=options.flow_threshold, **thresholds
            ).astype(np.int32)
            labels[z] = np.where(plane > 0, plane + highest, 0)
            highest += int(plane.max())
        if options.stitch_threshold:
            labels = stitch_planes(labels, options.stitch_threshold)
    labels = labels.astype(np.uint32, copy=False)
    return labels, _confidence(labels, flows, cellprob)


def _confidence(labels: np.ndarray, flows: np.ndarray, cellprob: np.ndarray) -> np.ndarray:
    """float64 by label, 0..1: the mean probability of the object's pixels, less where its flows disagree."""
    index = labels.ravel()
    sizes = np.bincount(index)
    chance = np.bincount(index, 1 / (1 + np.exp(-np.clip(cellprob.ravel(), -30, 30)))) / np.maximum(sizes, 1)
    if labels.shape[0] == 1:
        padded = np.concatenate([np.zeros((1, *labels.shape), np.float32), flows])
        chance = chance * np.clip(1 - flow_errors(labels, padded), 0, 1)
    chance[0] = 0
    return chance
