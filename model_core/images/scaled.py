"""An image as nets see it: intensities scaled where and when somebody looks, never all at once."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from model_core.images.lazy import Pixels
from model_core.images.normalise import Ends, intensity_range, scale

LARGE = 2560  # px: planes with a longer side are scaled place by place
_SPACING = 512  # px between the places where the range of a large plane is measured
_REACH = 512  # px around such a place that are looked at
_SAMPLES = 100_000  # of them
_LEAST = 1 / 3  # of the range of the whole image: no place has less, or empty ones would show noise as cells
_BAND_PIXELS = 1 << 22


class ScaledImage:
    """Windows of an image with its intensities scaled as `normalise` does.

    Planes of up to `LARGE` px have one range a channel, that of the whole image. In larger ones light and
    stain may change from place to place: their ranges are measured on a coarse grid and change smoothly
    between its nodes. Where nothing is but noise, the range stays that of the image (see ``_LEAST``).
    """

    def __init__(self, pixels: Pixels) -> None:
        """Args: pixels: ``(C, Z, Y, X)`` of any real dtype; only samples are looked at here."""
        self.pixels = pixels
        self._ranges = [_local_range(channel) for channel in pixels]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Z, Y, X."""
        z, y, x = self.pixels.shape[1:]
        return z, y, x

    @property
    def is_large(self) -> bool:
        return is_large(self.shape)

    @property
    def is_constant(self) -> bool:
        """Whether every channel has the same value everywhere, so far as its samples tell."""
        return not any(np.any(high > low) for low, high in self._ranges)

    def window(self, z: int, rows: slice = slice(None), columns: slice = slice(None)) -> np.ndarray:
        """Float32 ``(C, y, x)``: a part of a plane."""
        height, width = self.shape[1:]
        ys, xs = np.arange(height)[rows], np.arange(width)[columns]
        return self._scaled(np.asarray(self.pixels[:, z, rows, columns]), ys, xs)

    def whole(self) -> np.ndarray:
        """Float32 ``(C, Z, Y, X)``."""
        scaled = np.empty(self.pixels.shape, np.float32)
        for z in range(len(scaled[0])):
            scaled[:, z] = self.window(z)
        return scaled

    def shrunk(self, z: int, factor: int) -> np.ndarray:
        """Float32 ``(C, ceil(Y / factor), ceil(X / factor))``: a plane averaged over squares."""
        height, width = self.shape[1:]
        ys, xs = (np.minimum(np.arange(0, n, factor) + factor // 2, n - 1) for n in (height, width))
        small = np.empty((len(self.pixels), len(ys), len(xs)), np.float32)
        step = max(1, _BAND_PIXELS // (width * factor))  # rows of the result at once
        for channel, out in zip(self.pixels[:, z], small, strict=True):
            for first in range(0, len(ys), step):
                band = np.asarray(channel[first * factor : (first + step) * factor], np.float32)
                missing = -len(band) % factor, -width % factor
                band = np.pad(band, ((0, missing[0]), (0, missing[1])), mode="edge")
                size = len(xs), len(band) // factor
                out[first : first + step] = cv2.resize(band, size, interpolation=cv2.INTER_AREA)
        return self._scaled(small, ys, xs)

    def is_blank(self, z: int, rows: slice, columns: slice) -> bool:
        """Whether every channel has the same value, or no finite one, all over a part of a plane."""
        return all(
            bool((part == part[0, 0]).all()) or (part.dtype.kind == "f" and not np.isfinite(part).any())
            for part in np.asarray(self.pixels[:, z, rows, columns])
        )

    def _scaled(self, pixels: np.ndarray, ys: np.ndarray, xs: np.ndarray) -> np.ndarray:
        out = np.empty(pixels.shape, np.float32)
        for channel, ends, part in zip(pixels, self._ranges, out, strict=True):
            scale(channel, self._at(ends.low, ys, xs), self._at(ends.high, ys, xs), part)
        return out

    def _at(self, grid: np.ndarray, ys: np.ndarray, xs: np.ndarray) -> Ends:
        """Values of a grid that spans the plane at these rows and columns, linear between its nodes."""
        if grid.size == 1:
            return float(grid[0, 0])
        down = _weights(ys, self.shape[1], grid.shape[0])
        across = _weights(xs, self.shape[2], grid.shape[1])
        return down @ grid @ across.T


def is_finite(pixels: Pixels) -> bool:
    """Whether all of ``(C, Z, Y, X)`` are numbers; looks at some rows at a time."""
    rows = max(1, _BAND_PIXELS // pixels.shape[-1])
    return pixels.dtype.kind != "f" or all(
        bool(np.isfinite(np.asarray(plane[first : first + rows])).all())
        for channel in pixels
        for plane in channel
        for first in range(0, len(plane), rows)
    )


class _Range(NamedTuple):
    """Dark and bright ends of a channel, float32, on a grid of nodes over the plane."""

    low: np.ndarray
    high: np.ndarray


def is_large(shape: tuple[int, ...]) -> bool:
    """Whether planes of this shape ``(..., Y, X)`` are treated place by place."""
    return max(shape[-2:]) > LARGE


def _local_range(channel: Pixels) -> _Range:
    low, high = intensity_range(channel)
    if not is_large(channel.shape):
        return _Range(np.array([[low]]), np.array([[high]]))
    rows, columns = (_reaches(length) for length in channel.shape[1:])
    grid = np.array([[intensity_range(channel[:, ys, xs], _SAMPLES) for xs in columns] for ys in rows])
    telling = grid[..., 1] > grid[..., 0]
    if not telling.any():
        return _Range(np.array([[low]]), np.array([[high]]))
    if not high > low:  # so few bright pixels in all that only some places know of them
        low, high = np.median(grid[telling], axis=0)
    grid[~telling] = low, high
    grid[..., 1] = np.maximum(grid[..., 1], grid[..., 0] + _LEAST * (high - low))
    return _Range(*np.ascontiguousarray(np.moveaxis(grid, -1, 0), np.float32))


def _reaches(length: int) -> list[slice]:
    """What is looked at around each node; the first and the last node lie on the border."""
    nodes = np.linspace(0, length, round(length / _SPACING) + 1) if length > _SPACING else [length / 2]
    return [slice(max(0, int(at) - _REACH), int(at) + _REACH) for at in nodes]


def _weights(at: np.ndarray, length: int, nodes: int) -> np.ndarray:
    """Float32 ``(len(at), nodes)``: how much each node counts at each position."""
    place = (at + 0.5) / length * (nodes - 1)
    return np.maximum(1 - np.abs(place[:, None] - np.arange(nodes)), 0).astype(np.float32)
