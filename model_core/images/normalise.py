"""Intensities of any camera to the range that the net is used to."""

from __future__ import annotations

import numpy as np

from model_core.images.lazy import Pixels

_SAMPLES = 1_000_000  # pixels a channel looked at for the percentiles
Ends = float | np.ndarray


def intensity_range(channel: Pixels, samples: int = _SAMPLES) -> tuple[float, float]:
    """The dark and the bright end of one channel.

    The 1st and the 99th percentile, so that hot pixels count for nothing. Where less than 1 % of the
    image is bright (a few cells on a dark field), the bright end moves towards them, so that it is the
    cells that span the range and not the camera's noise.

    Args:
        channel: numbers of any shape; NaN and infinity are left out.
        samples: about as many pixels are looked at.

    Returns:
        ``(low, high)``; equal when the channel is constant or holds no finite number.
    """
    step = max(1, int(np.ceil(np.sqrt(channel.size / samples))))
    some = channel[..., ::step, ::step] if channel.ndim >= 2 else channel[::step]
    sample = np.asarray(some, np.float32).ravel()
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return 0.0, 0.0
    low, middle, high, top = np.percentile(sample, (1, 50, 99, 99.9))
    return float(low), float(max(high, middle + 0.3 * (top - middle)))


def normalise(pixels: np.ndarray) -> np.ndarray:
    """Every channel scaled so that its dark end is 0 and its bright end 1; beyond them logarithmic.

    Args:
        pixels: ``(C, ...)`` of any real dtype; NaN and infinity count as the dark end.

    Returns:
        float32 of the same shape; a constant channel is 0.
    """
    scaled = np.empty(pixels.shape, np.float32)
    for channel, out in zip(pixels, scaled, strict=True):
        scale(channel, *intensity_range(channel), out)
    return scaled


def scale(channel: np.ndarray, low: Ends, high: Ends, out: np.ndarray) -> None:
    """Writes the channel to ``out``, float32: 0 at its dark end, 1 at its bright end, logarithmic beyond.

    The ends are numbers, or arrays with one for every pixel. NaN and infinity become 0, and so does
    everything when the ends are the same.
    """
    if not np.all(high > low):
        out[...] = 0
        return
    np.subtract(channel, low, out=out, dtype=np.float32, casting="unsafe")
    out *= 1 / (high - low)
    if channel.dtype.kind == "f":
        np.nan_to_num(out, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    compress(out)


def compress(values: np.ndarray) -> None:
    """In place: 1 + log(x) above 1 and -log(1 - x) below 0, so that nothing clips and nothing explodes."""
    bright = values > 1
    values[bright] = 1 + np.log(values[bright])
    dark = values < 0
    values[dark] = -np.log1p(-values[dark])
