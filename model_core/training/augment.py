"""From a labelled plane to a crop the net has never seen: geometry, intensities, channels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from model_core.images.normalise import compress
from model_core.training.dataset import LabelledPlane

INPUTS = 3  # channels of the net
Arrange = Callable[[np.ndarray], np.ndarray]  # channels (C, S, S) as the inputs of a net


@dataclass(frozen=True, eq=False)
class Crop:
    """What the net is shown and what it should say.

    pixels: float32 (3, S, S). labels: int32 (S, S).
    size: float32 (S, S), log2 of the whole object's diameter over the net's, 0 on background.
    valid: float32 (S, S), weight in the loss: 0 outside the image and where labels are not trusted, else 1.
    """

    pixels: np.ndarray
    labels: np.ndarray
    size: np.ndarray
    valid: np.ndarray


@dataclass(frozen=True)
class Variation:
    """How different crops may be from the image that they come from.

    magnified: factor of their scale. spread: standard deviation of the logarithm of the scale. far, very_far:
    shares of the crops whose scale is up to 3 and up to 8 times wrong, since a net must cope with a wrong
    diameter and tell the right one. light: share of the crops whose intensities are changed.
    """

    magnified: float = 1.0
    spread: float = 0.25
    far: float = 0.22
    very_far: float = 0.08
    light: float = 1.0


WIDE = Variation()


def random_crop(
    plane: LabelledPlane,
    rng: np.random.Generator,
    side: int,
    diameter: float,
    arrange: Arrange | None = None,
    variation: Variation = WIDE,
) -> Crop:
    """A crop of ``side`` px in which the objects are about ``diameter`` px wide.

    Turned by any angle, mirrored, stretched by up to 20 % in one direction and scaled as the variation says.
    Channels are shuffled, unless ``arrange`` puts them into the order that the net needs.
    """
    shares = [1 - variation.far - variation.very_far, variation.far, variation.very_far]
    widest = rng.choice([1.0, 3.0, 8.0], p=shares)
    jitter = np.exp(rng.normal(0, variation.spread) + rng.uniform(-1, 1) * np.log(widest))
    jitter *= variation.magnified
    scale = float(np.clip(jitter * diameter / (plane.diameter or diameter), 0.02, 20))
    to_plane = _crop_to_plane(plane, rng, side, scale)
    pixels = plane.pixels
    shrink = int(1 / scale)  # warps sample 4 pixels: average first, or fine detail turns into noise
    if shrink >= 2:
        pixels, to_pixels = _averaged(pixels, to_plane, side, shrink)
    else:
        to_pixels = to_plane
    warped = np.stack([_warp(c.astype(np.float32), to_pixels, side, cv2.INTER_LINEAR) for c in pixels])
    for channel, (low, high) in zip(warped, plane.ranges, strict=True):
        channel -= low
        channel *= 1 / (high - low) if high > low else 0.0
    labels = _warp(plane.labels.astype(np.float32), to_plane, side, cv2.INTER_NEAREST).astype(np.int32)
    trusted = np.ones(plane.labels.shape, bool) if plane.trusted is None else plane.trusted
    valid = cv2.warpAffine(
        trusted.astype(np.float32),
        to_plane,
        (side, side),
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
    )
    areas = plane.areas * (scale * scale)
    return Crop(
        shown(warped, rng, arrange, variation.light), labels, size_map(labels, areas, diameter), valid
    )


def size_map(labels: np.ndarray, areas: np.ndarray, diameter: float) -> np.ndarray:
    """log2 of the diameter of the object at each pixel over the net's, from areas (px) by label; else 0."""
    by_label = np.log2(np.maximum(2 * np.sqrt(areas / np.pi), 1) / diameter).astype(np.float32)
    by_label[0] = 0
    return by_label[labels]


def _crop_to_plane(plane: LabelledPlane, rng: np.random.Generator, side: int, scale: float) -> np.ndarray:
    """The affine map (2, 3) from crop to plane, x before y as OpenCV has it."""
    height, width = plane.labels.shape
    angle, stretch = rng.uniform(0, 2 * np.pi), rng.uniform(1 / 1.2, 1.2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([stretch, 1 / stretch]) @ turn.T if rng.random() < 0.3 else np.eye(2)
    angle = rng.uniform(0, 2 * np.pi) if rng.random() < 0.7 else rng.integers(4) * np.pi / 2
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = linear @ turn @ np.diag([rng.choice([-1, 1]), 1]) / scale
    reach = side / 2 / scale
    centre = np.array([_place(rng, width, reach), _place(rng, height, reach)])
    near = 0.5 if plane.trusted is None else 1.0  # of the crops hold an object near the middle
    if plane.somewhere.size and rng.random() < near:
        y, x = np.unravel_index(rng.choice(plane.somewhere), plane.labels.shape)
        centre = np.array([x, y]) + rng.uniform(-0.5, 0.5, 2) * reach
    middle = (side - 1) / 2
    return np.column_stack([linear, centre - linear @ [middle, middle]])


def _place(rng: np.random.Generator, length: int, reach: float) -> float:
    low, high = min(reach, length / 2), max(length - reach, length / 2)
    return rng.uniform(low, high)


def _averaged(
    pixels: np.ndarray, to_plane: np.ndarray, side: int, shrink: int
) -> tuple[np.ndarray, np.ndarray]:
    """The part of the plane under the crop, shrunk by an integer factor, and the map into it."""
    corners = np.array([[0, 0, 1], [side, 0, 1], [0, side, 1], [side, side, 1]]) @ to_plane.T
    x0, y0 = np.clip(np.floor(corners.min(0)).astype(int) - 2 * shrink, 0, np.array(pixels.shape[:0:-1]) - 1)
    x1, y1 = np.clip(np.ceil(corners.max(0)).astype(int) + 2 * shrink, 1, pixels.shape[:0:-1])
    part = pixels[:, y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
    width, height = max(1, part.shape[2] // shrink), max(1, part.shape[1] // shrink)
    small = np.stack(
        [cv2.resize(c.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA) for c in part]
    )
    ratio = np.array([width / part.shape[2], height / part.shape[1]])
    moved = to_plane - [[0, 0, x0 - 0.5], [0, 0, y0 - 0.5]]
    moved *= ratio[:, None]
    moved[:, 2] -= 0.5
    return small, moved


def _warp(plane: np.ndarray, inverse: np.ndarray, side: int, interpolation: int) -> np.ndarray:
    return cv2.warpAffine(
        plane,
        inverse,
        (side, side),
        flags=interpolation | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )


def shown(
    pixels: np.ndarray, rng: np.random.Generator, arrange: Arrange | None = None, light: float = 1.0
) -> np.ndarray:
    """Normalised channels (C, S, S) as another microscope would have shown them: float32 (3, S, S).

    light: how often, 0..1; otherwise they are shown as they are.
    """
    if rng.random() >= light:
        channels = [np.ascontiguousarray(channel, np.float32) for channel in pixels[:INPUTS]]
        for channel in channels:
            compress(channel)
        return arrange(np.stack(channels)) if arrange else arrange_channels(channels, rng)
    invert = rng.random() < 0.2
    blur = rng.uniform(0.4, 1.6) if rng.random() < 0.25 else 0.0
    noise = rng.uniform(0, 0.15) ** 1.5 if rng.random() < 0.5 else 0.0
    channels = [_intensities(channel, rng, invert, blur, noise) for channel in pixels[:INPUTS]]
    return arrange(np.stack(channels)) if arrange else arrange_channels(channels, rng)


def _intensities(
    channel: np.ndarray, rng: np.random.Generator, invert: bool, blur: float, noise: float
) -> np.ndarray:
    out: np.ndarray = channel.astype(np.float32)
    if invert:
        out = 1 - out
    if blur:
        out = cv2.GaussianBlur(out, (0, 0), blur)
    elif rng.random() < 0.1:  # sharper than it was
        out = out + rng.uniform(0.2, 1.0) * (out - cv2.GaussianBlur(out, (0, 0), 1.5))
    if rng.random() < 0.5:
        gamma = np.exp(rng.normal(0, 0.35))
        out = np.sign(out) * np.abs(out) ** gamma
    if rng.random() < 0.3:  # uneven light
        side = out.shape[0]
        coarse = rng.normal(0, 1, (3, 3)).astype(np.float32)
        light = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
        out = out * np.exp(0.3 * rng.random() * light) + 0.15 * rng.random() * light
    if noise:
        grain = rng.standard_normal(out.shape, np.float32)
        if rng.random() < 0.4:
            grain = cv2.GaussianBlur(grain, (0, 0), 0.8) * 2.5
        out = out + grain * noise * np.sqrt(np.clip(out, 0.1, 1.5) if rng.random() < 0.5 else 1.0)
    out = out * np.exp(rng.normal(0, 0.15)) + rng.normal(0, 0.06)  # percentiles of another field of view
    out = np.ascontiguousarray(out, np.float32)
    compress(out)
    return out


def arrange_channels(channels: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Any order, sometimes fewer: one channel fills all inputs, two leave one empty (0)."""
    if len(channels) > 1 and rng.random() < 0.12:  # one grey image of them all
        weights = rng.dirichlet(np.ones(len(channels))).astype(np.float32)
        channels = [sum(w * c for w, c in zip(weights, channels, strict=True))]
    if len(channels) == 1:
        empty = np.zeros_like(channels[0])
        if rng.random() < 0.1:  # a second, dark channel
            channels = [channels[0], empty]
        else:
            return np.stack(channels * INPUTS)
    order = rng.permutation(len(channels))
    shuffled = [channels[i] for i in order]
    while len(shuffled) < INPUTS:
        shuffled.insert(rng.integers(len(shuffled) + 1), np.zeros_like(channels[0]))
    return np.stack(shuffled)
