"""Which intensities are shown as black and as white when nobody has chosen."""

from __future__ import annotations

import numpy as np

from model_core.images.lazy import Pixels

SAMPLE = 50_000  # 100 of them lie above the white point: 16 channels take no longer than a blink


def auto_levels(plane: Pixels, low: float = 0.5, high: float = 99.8) -> tuple[float, float]:
    """Black and white point of a (Y, X) plane: percentiles of a regular subsample, blind to NaN and infinity.

    Always `black < white`. A sparse image, whose percentiles coincide, falls back to its extremes; a constant
    image gets a range of one above its value; a plane without any finite value 0 to 1.
    """
    stride = max(1, int(np.ceil(np.sqrt(plane.size / SAMPLE))))
    sample = np.asarray(plane[::stride, ::stride]).ravel().astype(np.float64)
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return 0.0, 1.0
    black, white = (float(value) for value in np.percentile(sample, (low, high)))
    if not black < white:
        black, white = float(sample.min()), float(sample.max())
    return (black, white) if black < white else (black, black + 1.0)
