"""How much objects differ in brightness from what lies around them."""

from __future__ import annotations

import cv2
import numpy as np

from model_core.images.lazy import Pixels
from model_core.images.normalise import intensity_range

_ROWS = 1024  # of a plane looked at together


def contrasts(labels: np.ndarray, channels: Pixels, reach: int) -> np.ndarray:
    """The mean brightness inside each object less that of the background around it, over the image's range.

    Args:
        labels: integers ``(Z, Y, X)``. channels: any real dtype ``(C, Z, Y, X)``.
        reach: px, how far the background that counts lies from an object in its plane.

    Returns:
        float64 ``(C, max label + 1)``; NaN for objects without any background around them.
    """
    count = int(labels.max(initial=0)) + 1
    inside, around = np.zeros((len(channels), count)), np.zeros((len(channels), count))
    in_number, around_number = np.zeros(count), np.zeros(count)
    height = labels.shape[1]
    for z, plane in enumerate(labels):
        for top in range(0, height, _ROWS):
            low, high = max(0, top - reach), min(height, top + _ROWS + reach)
            own = slice(top - low, min(height, top + _ROWS) - low)
            near = _nearest(plane[low:high], reach)[own]
            here = plane[low:high][own].astype(np.int64)
            in_number += np.bincount(here.ravel(), minlength=count)
            around_number += np.bincount(near.ravel(), minlength=count)
            for c, channel in enumerate(channels):
                values = np.nan_to_num(np.asarray(channel[z, low:high][own], np.float64)).ravel()
                inside[c] += np.bincount(here.ravel(), values, count)
                around[c] += np.bincount(near.ravel(), values, count)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = inside / in_number - around / around_number
    found[:, 0] = np.nan
    for c, channel in enumerate(channels):
        dark, bright = intensity_range(channel)
        found[c] /= max(bright - dark, 1e-9)
    return found


def _nearest(plane: np.ndarray, reach: int) -> np.ndarray:
    """int64: in the background within ``reach`` px of an object, the label of that; 0 elsewhere."""
    away, place = cv2.distanceTransformWithLabels(
        (plane == 0).view(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    objects = np.flatnonzero(plane)  # cv2 numbers the object pixels in some order of its own
    name = np.zeros(int(place.max(initial=0)) + 1, np.int64)
    name[place.ravel()[objects]] = plane.ravel()[objects]
    ring = (away > 0) & (away <= reach)
    return np.where(ring, name[place], 0)
