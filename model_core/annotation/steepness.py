"""How steeply the brightness changes along the outlines of objects: a true outline lies on an edge."""

from __future__ import annotations

import cv2
import numpy as np

from model_core.images.lazy import Pixels
from model_core.images.normalise import intensity_range

_SIGMA = 1.0  # px: noise is smoothed by so much
_REACH = 4  # rows around a band that its smoothing and slopes depend on
_ROWS = 1024  # of a plane looked at together


def outline_steepness(labels: np.ndarray, channels: Pixels) -> np.ndarray:
    """Mean slope along each outline, in shares of the image's brightness range a pixel, summed over channels.

    Args:
        labels: integers ``(Z, Y, X)``. channels: any real dtype ``(C, Z, Y, X)``.

    Returns:
        float64 ``(max label + 1,)``; NaN for objects without an outline.
    """
    count = int(labels.max(initial=0)) + 1
    total, number = np.zeros(count), np.zeros(count)
    ranges = [intensity_range(channel) for channel in channels]
    height = labels.shape[1]
    for z, plane in enumerate(labels):
        for top in range(0, height, _ROWS):
            low, high = max(0, top - _REACH), min(height, top + _ROWS + _REACH)
            own = slice(top - low, min(height, top + _ROWS) - low)
            slope = np.zeros((high - low, plane.shape[1]), np.float32)
            for channel, (dark, bright) in zip(channels, ranges, strict=True):
                values = np.nan_to_num(np.asarray(channel[z, low:high], np.float32))
                slope += _slope(values / np.float32(max(bright - dark, 1e-9)))
            rim = _rim(plane[low:high])[own]
            ids = plane[low:high][own][rim].astype(np.int64)
            total += np.bincount(ids, slope[own][rim], count)
            number += np.bincount(ids, minlength=count)
    with np.errstate(invalid="ignore"):
        return total / number


def _slope(values: np.ndarray) -> np.ndarray:
    smooth = cv2.GaussianBlur(values, (0, 0), _SIGMA)
    return np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)) / 8


def _rim(plane: np.ndarray) -> np.ndarray:
    """bool: pixels of objects that lie beside something else."""
    rim = np.zeros(plane.shape, bool)
    for axis in (0, 1):
        here, there = [slice(None)] * 2, [slice(None)] * 2
        here[axis], there[axis] = slice(1, None), slice(None, -1)
        differ = plane[tuple(here)] != plane[tuple(there)]
        rim[tuple(here)] |= differ
        rim[tuple(there)] |= differ
    return rim & (plane > 0)
