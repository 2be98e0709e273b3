"""Fields as a good net would say them of labels that are known."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from model_core.flows.targets import labels_to_flows
from model_core.segmentation.options import Options
from model_core.segmentation.segmentation import Segmentation


def fields_of(labels: np.ndarray, diameter: float, height: float = 4.0, **options: float) -> Segmentation:
    """A `Segmentation` with the true flows of ``labels``, (Y, X) or (Z, Y, X).

    The cell probability rises by a logit a px from 0 on the rim of an object to ``height`` inside it, and
    falls outside to -8.
    """
    flows = labels_to_flows(labels)
    shape = labels.reshape((-1, *labels.shape[-2:])).shape
    rim = np.minimum(*(labels_eroded(labels, grow) for grow in (False, True)))
    inside = ndimage.distance_transform_edt(rim)
    outside = ndimage.distance_transform_edt(labels == 0)
    cellprob = np.where(labels > 0, np.minimum(inside + 0.5, height), np.maximum(0.5 - outside, -8.0))
    return Segmentation(
        labels.reshape(shape).astype(np.uint32),
        flows.reshape((-1, *shape)).astype(np.float32),
        cellprob.reshape(shape).astype(np.float32),
        diameter,
        np.ones(int(labels.max()) + 1),
        Options(**options),  # type: ignore[arg-type]
        "fields for tests",
    )


def labels_eroded(labels: np.ndarray, largest: bool) -> np.ndarray:
    """True where all pixels around have the same label, in one of two directions of comparison."""
    around = ndimage.maximum_filter(labels, 3) if largest else ndimage.minimum_filter(labels, 3)
    return (around == labels) & (labels > 0)
