"""Fluorescent nuclei: cultures, crowds and sections, with texture, neighbours that touch and haze."""

from __future__ import annotations

import numpy as np

from model_core.training.rendered import placement, shapes
from model_core.training.rendered.clutter import crumbs
from model_core.training.rendered.fields import (
    Shape,
    blur,
    chance,
    fractal,
    log_uniform,
    smooth,
    spots,
    uniform,
)
from model_core.training.rendered.kind import Canvas, Picture, RenderKind
from model_core.training.rendered.optics import fluorescence_camera
from model_core.training.rendered.scene import Scene


def nuclear_outlines(rng: np.random.Generator, n: int) -> np.ndarray:
    """Ovals of one culture: smooth, bumpy, lobed, or long along a common direction."""
    family = rng.choice(["oval", "bumpy", "lobed", "long"], p=[0.5, 0.2, 0.12, 0.18])
    if family == "bumpy":
        return shapes.blobs(rng, n, uniform(rng, 0.05, 0.1), rng.uniform(1, 1.6, n), detail=0.9)
    if family == "lobed":
        return shapes.blobs(rng, n, uniform(rng, 0.12, 0.22), rng.uniform(1, 1.7, n), detail=2.2)
    if family == "long":
        angles = rng.uniform(0, np.pi) + rng.uniform(0.1, 1.0) * rng.standard_normal(n)
        return shapes.blobs(rng, n, 0.04, rng.uniform(1.5, 2.6, n), angles)
    return shapes.blobs(rng, n, uniform(rng, 0.015, 0.06), rng.uniform(1, uniform(rng, 1.1, 1.8), n))


def chromatin(rng: np.random.Generator, scene: Scene, diameter: float) -> np.ndarray:
    """Texture around 1: coarse or fine, with nucleoli (dark), chromocentres (bright) or a lamina."""
    shape = scene.shape
    scale = max(diameter * log_uniform(rng, 0.08, 0.4), 1.6)
    texture = 1 + np.float32(uniform(rng, 0.03, 0.25)) * fractal(rng, shape, scale, octaves=3)
    if chance(rng, 0.4) and diameter > 12:
        holes = smooth(rng, shape, diameter * uniform(rng, 0.2, 0.35))
        texture -= np.float32(uniform(rng, 0.2, 0.6)) * blur(
            (holes > uniform(rng, 1.1, 1.6)).astype(np.float32), 0.04 * diameter
        )
    if chance(rng, 0.25) and diameter > 12:
        texture += uniform(rng, 0.3, 1.0) * spots(
            rng, shape, int(scene.mask.size / diameter**2 * 12), 0.045 * diameter
        )
    if chance(rng, 0.2):
        texture += uniform(rng, 0.2, 0.9) * np.exp(-scene.depth / (0.06 * diameter + 0.6))
    return np.maximum(texture, 0.05)


def _scene(rng: np.random.Generator, shape: Shape, diameter: float) -> tuple[Scene, np.ndarray]:
    """The nuclei of a culture, and where two lie upon each other (float32, 1 there)."""
    style = rng.choice(["sparse", "clustered", "crowd", "pile"], p=[0.3, 0.25, 0.25, 0.2])
    coverage = {"sparse": (0.06, 0.3), "clustered": (0.15, 0.45), "crowd": (0.45, 0.8), "pile": (0.5, 0.9)}[
        str(style)
    ]
    n = placement.how_many(shape, diameter, uniform(rng, *coverage))
    spread = uniform(rng, 0.05, 0.3) if chance(rng, 0.8) else uniform(rng, 0.3, 0.6)
    sizes = placement.radii(rng, n, diameter, spread)
    where = {"clustered": "clustered", "sparse": "uniform"}.get(
        str(style), str(rng.choice(["uniform", "patchy"]))
    )
    centres = placement.scatter(rng, shape, n, diameter, where)
    room = uniform(rng, 0.75, 0.95) if style == "pile" else uniform(rng, 0.92, 1.1)
    centres, _ = placement.push_apart(centres, sizes, rounds=3 if style == "pile" else 10, room=room)
    outlines = placement.placed(nuclear_outlines(rng, n), sizes, centres)
    scene = Scene(placement.paint(outlines, shape, 0.55), 0.05 * diameter**2)
    return scene, placement.overlaps(outlines, shape) * scene.mask


def _light(rng: np.random.Generator, scene: Scene, diameter: float) -> np.ndarray:
    brightness = np.exp(uniform(rng, 0.05, 0.6) * rng.standard_normal(scene.n))
    if chance(rng, 0.3):  # a few dividing or dying ones outshine the rest
        brightness[rng.random(scene.n) < 0.06] *= 2.5
    flat = uniform(rng, 0, 1)
    body = flat * scene.mask + (1 - flat) * scene.dome
    return scene.per_object(brightness) * body * chromatin(rng, scene, diameter)


def haze(rng: np.random.Generator, shape: Shape, diameter: float, strength: float) -> np.ndarray:
    """Objects above and below the focus: large soft shadows of light."""
    n = placement.how_many(shape, 1.3 * diameter, uniform(rng, 0.1, 0.5))
    outlines = shapes.blobs(rng, n, 0.05, 1.3)
    centres = placement.scatter(rng, shape, n, diameter, str(rng.choice(["uniform", "clustered"])))
    ghosts = placement.fill(
        placement.placed(outlines, placement.radii(rng, n, 1.3 * diameter), centres),
        shape,
        np.arange(1, n + 1),
    )
    light = np.append(0, rng.uniform(0.2, 1, n)).astype(np.float32)[ghosts]
    return np.float32(strength) * blur(light, diameter * uniform(rng, 0.12, 0.5))


def fluorescent_nuclei(rng: np.random.Generator, canvas: Canvas) -> Picture:
    shape, diameter = canvas.shape, canvas.diameter
    scene, doubled = _scene(rng, shape, diameter)
    light = _light(rng, scene, diameter)
    if chance(rng, 0.6):
        light = light * (1 + uniform(rng, 0.1, 0.8) * doubled)
    background = uniform(rng, 0.0, 0.15)
    if chance(rng, 0.5):
        light += uniform(rng, 0.02, 0.25) * blur(light, diameter * uniform(rng, 0.3, 1.2))
    if chance(rng, 0.4):
        light += haze(rng, shape, diameter, log_uniform(rng, 0.03, 0.4))
    if chance(rng, 0.3):
        light += background * (1 + 0.5 * fractal(rng, shape, 3 * diameter))
    if chance(rng, 0.25):
        light += uniform(rng, 0.1, 0.8) * np.abs(
            crumbs(rng, shape, int(rng.integers(1, 12)), 0.12 * diameter)
        )
    return Picture(light[None], scene.labels, fluorescence_camera(rng, canvas.diameter))


def tissue_nuclei(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """A thick section or embryo: packed nuclei, some sharp and some fading into the haze of other planes."""
    shape, diameter = canvas.shape, canvas.diameter
    n = placement.how_many(shape, diameter, uniform(rng, 0.5, 0.95))
    sizes = placement.radii(rng, n, diameter, uniform(rng, 0.1, 0.25))
    centres = placement.scatter(rng, shape, n, diameter, str(rng.choice(["uniform", "patchy"])))
    centres, _ = placement.push_apart(centres, sizes, rounds=12, room=uniform(rng, 0.95, 1.1))
    labels = placement.paint(placement.placed(nuclear_outlines(rng, n), sizes, centres), shape, 0.6)
    scene = Scene(labels, 0.05 * diameter**2)
    depth_in_focus = rng.uniform(0, 1, scene.n) ** uniform(rng, 0.5, 2)
    light = _light(rng, scene, diameter) * scene.per_object(0.25 + 0.75 * depth_in_focus)
    soft = blur(light, 0.08 * diameter + 0.6)
    light = np.where(scene.per_object(depth_in_focus) > 0.35, light, soft)
    light = (
        light
        + haze(rng, shape, diameter, uniform(rng, 0.1, 0.5))
        + uniform(rng, 0.05, 0.3) * blur(light, diameter)
    )
    # Nobody would outline those that lie deepest: they are haze.
    labels = np.where(scene.per_object(depth_in_focus) > 0.15, scene.labels, 0)
    return Picture(light[None].astype(np.float32), labels, fluorescence_camera(rng, canvas.diameter))


KINDS = (
    RenderKind("nuclei_fluorescence", "nuclei", fluorescent_nuclei, (8, 60), 1.0),
    RenderKind("nuclei_tissue_fluorescence", "nuclei", tissue_nuclei, (9, 45), 0.9),
)
