"""Random fields: the smooth and rough textures that everything rendered is painted with.

All fields are float32 `(Y, X)` with mean 0 and standard deviation about 1 unless told otherwise.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from scipy.special import ndtri

Shape = tuple[int, int]


def uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def chance(rng: np.random.Generator, probability: float) -> bool:
    return bool(rng.random() < probability)


def blur(field: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur; a wide one runs on a reduced copy, so its cost does not grow with sigma."""
    if sigma < 0.2:
        return field
    if sigma <= 5:
        return cv2.GaussianBlur(field, (0, 0), sigma)
    factor = min(int(sigma / 2.5), max(min(field.shape) // 4, 1))
    height, width = field.shape
    small = cv2.resize(
        field, (max(width // factor, 2), max(height // factor, 2)), interpolation=cv2.INTER_AREA
    )
    small = cv2.GaussianBlur(small, (0, 0), sigma / factor)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


@cache
def _normal_quantiles() -> np.ndarray:
    """The normal distribution cut into 65,536 equally likely values."""
    return ndtri((np.arange(65536) + 0.5) / 65536).astype(np.float32)


def _normal_values(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Independent normal values, looked up by random bytes: four times as fast as drawing them."""
    drawn = np.frombuffer(rng.bytes(2 * shape[0] * shape[1]), np.uint16)
    return _normal_quantiles()[drawn].reshape(shape)


_SHEET = 1536  # px; only noise of less than half of it is cut from the sheet


@cache
def _noise_sheet() -> np.ndarray:
    return _normal_values(np.random.default_rng(0), (_SHEET, _SHEET))


def white(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Independent normal values.

    A picture has more noise than anything else, so it is cut from one sheet, at a random place and mirrored
    by chance: many times as fast as drawing it, and a small image has over 10 million different results.
    """
    if max(shape) > _SHEET // 2:
        return _normal_values(rng, shape)
    y, x, turn = rng.integers(0, (_SHEET - shape[0] + 1, _SHEET - shape[1] + 1, 8))
    cut = _noise_sheet()[y : y + shape[0], x : x + shape[1]]
    cut = cut[:: 1 - 2 * int(turn & 1), :: 1 - 2 * int(turn >> 1 & 1)]
    return -cut if turn >> 2 else cut.copy()


def _standard(field: np.ndarray) -> np.ndarray:
    """Brought to mean 0 and standard deviation 1."""
    mean, deviation = cv2.meanStdDev(field)
    return (field - np.float32(mean.item())) * np.float32(1 / (deviation.item() + 1e-6))


def smooth(rng: np.random.Generator, shape: Shape, scale: float) -> np.ndarray:
    """Noise whose bumps are about `scale` px wide."""
    if scale <= 1.5:
        return white(rng, shape)
    factor = max(scale / 5, 1.0)
    small = (int(np.ceil(shape[0] / factor)) + 4, int(np.ceil(shape[1] / factor)) + 4)
    field = cv2.GaussianBlur(white(rng, small), (0, 0), min(scale, 5.0) / 3)
    if factor > 1:
        size = (int(small[1] * factor), int(small[0] * factor))
        field = cv2.resize(field, size, interpolation=cv2.INTER_CUBIC)
        field = field[: shape[0], : shape[1]]
    else:
        field = field[: shape[0], : shape[1]]
    return _standard(field)


def fractal(
    rng: np.random.Generator, shape: Shape, scale: float, gain: float = 0.6, octaves: int = 4
) -> np.ndarray:
    """Sum of smooth fields, each half as wide as the last and `gain` times as strong."""
    total = np.zeros(shape, np.float32)
    weight = 1.0
    for octave in range(octaves):
        width = scale / 2**octave
        total += weight * smooth(rng, shape, width)
        weight *= gain
        if width <= 2:
            break
    return total / (total.std() + 1e-6)


def fibrous(
    rng: np.random.Generator, shape: Shape, scale: float, angle: float, stretch: float = 6.0
) -> np.ndarray:
    """Streaks of width `scale` that run along `angle` (radians, from x towards y), wavering a little."""
    diagonal = int(np.hypot(*shape)) + 8
    long = smooth(rng, (diagonal, max(int(diagonal / stretch), 8)), scale)
    x, y = grid(shape)
    x = x - shape[1] / 2
    y = y - shape[0] / 2
    waver = smooth(rng, shape, scale * stretch * 3) * np.float32(scale * 1.5)
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    along = (x * cosine + y * sine) / np.float32(stretch) + long.shape[1] / 2
    across = y * cosine - x * sine + waver + diagonal / 2
    return remap(long, along, across)


def ridges(rng: np.random.Generator, shape: Shape, scale: float, width: float = 0.25) -> np.ndarray:
    """A net of thin curved lines, 0..1: the zero crossings of a smooth field (reticula, folds, cracks)."""
    field = smooth(rng, shape, scale)
    return np.exp(-((field / width) ** 2), dtype=np.float32)


def spots(rng: np.random.Generator, shape: Shape, count: int, sigma: float) -> np.ndarray:
    """`count` round spots of brightness 0.3..1 and about `sigma` px radius, at random places."""
    field = np.zeros(shape, np.float32)
    if count > 0:
        y = rng.integers(0, shape[0], count)
        x = rng.integers(0, shape[1], count)
        field[y, x] = rng.uniform(0.3, 1.0, count)
        field = cv2.GaussianBlur(field, (0, 0), max(sigma, 0.5)) * np.float32(
            2 * np.pi * max(sigma, 0.5) ** 2
        )
    return field


def grid(shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """x (1, X) and y (Y, 1) coordinates, float32, for broadcasting."""
    return np.arange(shape[1], dtype=np.float32)[None, :], np.arange(shape[0], dtype=np.float32)[:, None]


def remap(field: np.ndarray, x: np.ndarray, y: np.ndarray, nearest: bool = False) -> np.ndarray:
    """`field` sampled at the (x, y) given for each pixel; mirrored outside."""
    how = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    x, y = np.broadcast_arrays(x, y)
    return cv2.remap(
        field, x.astype(np.float32), y.astype(np.float32), how, borderMode=cv2.BORDER_REFLECT_101
    )


def shifted(field: np.ndarray, dx: float, dy: float) -> np.ndarray:
    """`field` moved by (dx, dy) px, edges repeated."""
    matrix = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    size = (field.shape[1], field.shape[0])
    return cv2.warpAffine(field, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
