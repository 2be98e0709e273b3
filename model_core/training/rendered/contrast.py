"""How transparent cells become visible: phase contrast, DIC, quantitative phase, bright field.

Each takes an optical thickness `(Y, X)`, about 0..1 over a cell and 0 outside, and gives light around 1.
"""

from __future__ import annotations

import cv2
import numpy as np

from model_core.training.rendered.fields import blur, chance, shifted, smooth, uniform
from model_core.training.rendered.scene import Scene


def phase_contrast(rng: np.random.Generator, thickness: np.ndarray, size: float) -> np.ndarray:
    """Dark cells in a bright halo that leaks back into the cell (shade-off); `size`: px across a cell.

    The phase plate also shifts part of the diffracted light, so that what is seen is the thickness less a
    blurred copy of itself.
    """
    depth = uniform(rng, 0.25, 0.6)
    halo = blur(thickness, max(size * uniform(rng, 0.12, 0.4), 1.2))
    fringe = blur(thickness, max(size * uniform(rng, 0.03, 0.08), 0.8))
    light = (
        1
        - depth * (thickness - uniform(rng, 0.5, 1.1) * halo)
        - depth * uniform(rng, 0, 0.8) * (thickness - fringe)
    )
    if chance(rng, 0.15):  # negative phase contrast: bright cells
        light = 2 - light
    return light


def relief(rng: np.random.Generator, thickness: np.ndarray, size: float) -> np.ndarray:
    """DIC: the slope of the thickness along one direction, as light and shadow."""
    angle = rng.uniform(0, 2 * np.pi)
    shear = min(uniform(rng, 0.7, 1.6), 0.3 + 0.06 * size)
    soft = blur(thickness, min(uniform(rng, 0.4, 1.0), 0.05 * size))
    dx, dy = shear * np.cos(angle), shear * np.sin(angle)
    slope = shifted(soft, dx, dy) - shifted(soft, -dx, -dy)
    return (
        1
        + slope * np.float32(uniform(rng, 0.06, 0.12) * max(size, 8) ** 0.7)
        + uniform(rng, -0.15, 0.15) * soft
    )


def quantitative_phase(rng: np.random.Generator, thickness: np.ndarray, size: float) -> np.ndarray:
    """The thickness itself, on a slowly drifting background."""
    ground = smooth(rng, thickness.shape, uniform(rng, 3, 8) * size)
    return 1 + thickness + np.float32(uniform(rng, 0.01, 0.06)) * ground


def bright_field(rng: np.random.Generator, thickness: np.ndarray, size: float) -> np.ndarray:
    """Slightly out of focus transparent cells: a bright or dark rim with a fringe, and some absorption."""
    near = max(size * uniform(rng, 0.012, 0.04), 0.6)
    soft = blur(thickness, near)
    rim = soft - blur(thickness, near * uniform(rng, 1.6, 2.6))
    fringe = blur(thickness, 2.5 * near) - blur(thickness, 4 * near)
    sign = 1.0 if chance(rng, 0.5) else -1.0
    light = 1 - uniform(rng, 0, 0.35) * soft + sign * uniform(rng, 0.8, 2.0) * rim
    return light - sign * uniform(rng, 0, 1.2) * fringe


def rim_profile(rng: np.random.Generator, scene: Scene, size: float) -> np.ndarray:
    """Light as a random smooth function of the distance to the border: the rings of defocused round cells."""
    reach = size * uniform(rng, 0.15, 0.5)
    knots = rng.normal(0, 0.35, 7)
    knots[0] = 0.0
    knots[2] = -abs(knots[2]) - 0.2 if chance(rng, 0.7) else abs(knots[2]) + 0.2
    places = np.array([-reach, -0.5 * reach, 0.0, 0.06 * size, 0.14 * size, 0.3 * size, 0.5 * size])
    signed = np.where(scene.labels > 0, scene.depth, -scene.outside)
    return 1 + np.interp(signed, places, knots).astype(np.float32)


TRANSPARENT = {
    "phase": phase_contrast,
    "dic": relief,
    "quantitative": quantitative_phase,
    "bright_field": bright_field,
}


def sharpen(light: np.ndarray, amount: float, sigma: float = 1.5) -> np.ndarray:
    """Unsharp mask, as many acquisition programs apply it."""
    return light + np.float32(amount) * (light - cv2.GaussianBlur(light, (0, 0), sigma))
