"""A rendered stack: touching nuclei in space, blurred along z as a microscope does."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree
from skimage.measure import label as connected

from model_core.training.rendered.fields import smooth, uniform
from model_core.training.rendered.kind import Rendered


def render_volume(
    rng: np.random.Generator,
    shape: tuple[int, int, int] = (24, 160, 160),
    anisotropy: float = 2.0,
    diameter: float | None = None,
) -> Rendered:
    """Touching ellipsoids of `diameter` px in y, x: image float32 `(1, Z, Y, X)`, labels int32 `(Z, Y, X)`.

    `anisotropy` is the z step over the pixel size: objects are flatter along z by it, in planes.
    The labels are 1..n, each connected; the same for the same state of `rng`.
    """
    diameter = uniform(rng, 0.13, 0.2) * min(shape[1:]) if diameter is None else diameter
    size = np.array([shape[0] * anisotropy, shape[1], shape[2]], float)
    count = max(round(0.62 * float(np.prod(size + 0.5 * diameter)) / (np.pi / 6 * diameter**3)), 1)
    radii = 0.5 * diameter * np.exp(0.12 * rng.standard_normal(count))
    centres = _apart(rng.uniform(-0.25 * diameter, size + 0.25 * diameter, (count, 3)), radii)

    labels = np.zeros(shape, np.int32)
    inner = np.zeros(shape, np.float32)  # 1 in the middle of an object to 0 at its border
    for number, (centre, radius) in enumerate(zip(centres, radii, strict=True), start=1):
        _ellipsoid(rng, labels, inner, number, centre, radius, anisotropy)
    labels = _largest_pieces(labels, 0.05 * np.pi / 6 * diameter**3 / anisotropy)

    n = int(labels.max())
    brightness = np.append(0, np.exp(0.3 * rng.standard_normal(n))).astype(np.float32)
    texture = np.stack([smooth(rng, (shape[1], shape[2]), 0.2 * diameter) for _ in range(shape[0])])
    texture = gaussian_filter(texture, (1.5, 0, 0)) * np.float32(0.3)
    light = brightness[labels] * (0.6 + 0.4 * np.sqrt(inner)) * np.maximum(1 + texture, 0.1)
    light = gaussian_filter(light, (1.6 / anisotropy + 0.4, 0.9, 0.9))
    light += np.float32(0.12) * gaussian_filter(light, (6 / anisotropy, 6, 6))
    depth = np.exp(-np.linspace(0, uniform(rng, 0.1, 0.7), shape[0], dtype=np.float32))[:, None, None]
    photons = uniform(rng, 60, 600)
    signal = light * depth * photons + uniform(rng, 2, 8)
    noisy = signal + np.sqrt(signal) * rng.standard_normal(shape, dtype=np.float32)
    noisy += np.float32(2) * rng.standard_normal(shape, dtype=np.float32)
    image = np.clip(np.rint(noisy * np.float32(uniform(rng, 1, 8)) + 100), 0, 65535).astype(np.float32)
    return Rendered(image[None], labels)


def _apart(centres: np.ndarray, radii: np.ndarray, rounds: int = 25) -> np.ndarray:
    """Push overlapping balls from each other."""
    centres = centres.copy()
    for _ in range(rounds):
        pairs = cKDTree(centres).query_pairs(2 * float(radii.max()), output_type="ndarray")
        i, j = pairs[:, 0], pairs[:, 1]
        gap = centres[i] - centres[j]
        distance = np.linalg.norm(gap, axis=1) + 1e-6
        push = gap * (0.25 * np.maximum(0.93 * (radii[i] + radii[j]) - distance, 0) / distance)[:, None]
        np.add.at(centres, i, push)
        np.add.at(centres, j, -push)
    return centres


def _ellipsoid(
    rng: np.random.Generator,
    labels: np.ndarray,
    inner: np.ndarray,
    number: int,
    centre: np.ndarray,
    radius: float,
    anisotropy: float,
) -> None:
    """Paint one randomly turned ellipsoid; where two overlap, a voxel goes to the one it lies deeper in."""
    stretch = np.exp(0.14 * rng.standard_normal(3))
    turn, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    matrix = turn / (radius * stretch / np.cbrt(stretch.prod()))  # columns: axes over half lengths
    step = np.array([anisotropy, 1.0, 1.0])
    reach = radius * stretch.max() / np.cbrt(stretch.prod()) + 1
    low = np.maximum(np.floor((centre - reach) / step), 0).astype(int)
    high = np.minimum(np.ceil((centre + reach) / step) + 1, labels.shape).astype(int)
    if (high <= low).any():
        return
    axes = [np.arange(a, b) * s - c for a, b, s, c in zip(low, high, step, centre, strict=True)]
    offset = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    inside = 1 - np.sum((offset @ matrix) ** 2, axis=-1)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    wins = inside > np.maximum(inner[box], 0)
    inner[box][wins] = inside[wins]
    labels[box][wins] = number


def _largest_pieces(labels: np.ndarray, min_volume: float) -> np.ndarray:
    """Labels 1..n, the largest connected piece of each, none below `min_volume` voxels."""
    pieces = connected(labels, connectivity=3)
    count = int(pieces.max())
    volume = np.bincount(pieces.ravel(), minlength=count + 1)
    owner = np.zeros(count + 1, int)
    owner[pieces.ravel()] = labels.ravel()
    order = np.lexsort((volume, owner))
    keep = np.zeros(count + 1, bool)
    keep[order[np.append(np.diff(owner[order]) > 0, True)]] = True
    keep &= volume >= min_volume
    keep[0] = False
    table = np.zeros(count + 1, np.int32)
    table[keep] = np.arange(1, int(keep.sum()) + 1)
    return table[pieces]
