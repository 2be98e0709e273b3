"""Numbers that float32, in which nets compute, cannot tell apart or hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from model_core.images.image import Image

_SAMPLES = 1_000_000  # pixels looked at
_HUGE, _TINY = 1e30, 1e-30  # far from where float32 ends, so that differences and reciprocals can be formed
_FINE = 1e-4  # of the largest number: a smaller contrast is lost in float32, which has 7 digits


def fit_for_float32(image: Image) -> Image:
    """The image itself or, where its numbers are too large or small or differ too little, shifted and scaled.

    What matters in an image is not changed by that. If one channel needs it, all get it: each has its dark
    end at 0 and its bright end at 1 then.
    """
    if image.dtype.kind == "b" or (image.dtype.kind in "iu" and image.dtype.itemsize < 4):
        return image
    step = max(1, int(np.ceil(np.sqrt(image.pixels[0].size / _SAMPLES))))
    quantiles = [_quantiles(np.asarray(channel[:, ::step, ::step])) for channel in image.pixels]
    if not any(_is_odd(*of_channel) for of_channel in quantiles):
        return image
    scaled = np.zeros(image.pixels.shape, np.float32)
    for channel, (lowest, low, high, highest), out in zip(image.pixels, quantiles, scaled, strict=True):
        if not low < high:  # unless the outermost pixels are the only ones that differ, they do not count
            low, high = lowest, highest
        if low < high:
            with np.errstate(invalid="ignore", over="ignore"):  # NaN and infinity stay what they are
                out[...] = np.subtract(channel, low, dtype=np.float64) / (high - low)
    return replace(image, pixels=scaled, levels=())


def _quantiles(channel: np.ndarray) -> tuple[float, float, float, float]:
    """The least, the dark, the bright and the largest number that is finite."""
    values = channel.astype(np.float64)
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 0.0, 0.0, 0.0
    lowest, low, high, highest = map(float, np.percentile(values, (0, 1, 99, 100)))
    return lowest, low, high, highest


def _is_odd(lowest: float, low: float, high: float, highest: float) -> bool:
    contrast = high - low if low < high else highest - lowest
    if contrast == 0:
        return False
    return max(-lowest, highest) > _HUGE or contrast < max(_TINY, _FINE * max(-low, high))
