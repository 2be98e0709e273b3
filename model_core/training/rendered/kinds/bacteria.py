"""Rods: single, in chains, in packed colonies, curved, filamentous; transmitted light or fluorescence."""

from __future__ import annotations

import numpy as np

from model_core.training.rendered import contrast, placement, shapes
from model_core.training.rendered.clutter import dirt
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
from model_core.training.rendered.optics import fluorescence_camera, transmitted_camera
from model_core.training.rendered.scene import Scene


def _field_angles(
    rng: np.random.Generator, centres: np.ndarray, shape: Shape, scale: float, swing: float
) -> np.ndarray:
    """Directions that vary smoothly over the canvas, for neighbours to lie side by side."""
    field = rng.uniform(0, np.pi) + swing * smooth(rng, shape, scale)
    x = np.clip(centres[:, 0], 0, shape[1] - 1).astype(int)
    y = np.clip(centres[:, 1], 0, shape[0] - 1).astype(int)
    return field[y, x]


def rods_scene(rng: np.random.Generator, canvas: Canvas) -> Scene:
    shape, diameter = canvas.shape, canvas.diameter
    style = str(
        rng.choice(["sparse", "colony", "swarm", "chains", "filaments"], p=[0.22, 0.33, 0.2, 0.13, 0.12])
    )
    typical = {"chains": uniform(rng, 1.6, 4), "filaments": uniform(rng, 7, 22)}.get(
        style, log_uniform(rng, 1.7, 6.5)
    )
    coverage = {
        "sparse": (0.03, 0.15),
        "colony": (0.3, 1.0),
        "swarm": (0.4, 0.85),
        "chains": (0.1, 0.4),
        "filaments": (0.1, 0.35),
    }
    n = placement.how_many(shape, diameter, uniform(rng, *coverage[style]))
    sizes = np.full(n, diameter / 2) * np.exp(0.06 * rng.standard_normal(n))
    aspect = typical * rng.uniform(0.65, 1.35, n)
    if style == "filaments":
        aspect = np.where(
            rng.random(n) < uniform(rng, 0, 0.5), log_uniform(rng, 2, 5) * rng.uniform(0.7, 1.3, n), aspect
        )
    aspect = np.maximum(aspect, 1.3)
    # One width for all; the area follows the aspect. A capsule of half width w: w^2 (4 (aspect - 1) + pi).
    half_width = np.sqrt(np.pi / (4 * (np.median(aspect) - 1) + np.pi)) * sizes
    sizes = half_width * np.sqrt((4 * (aspect - 1) + np.pi) / np.pi)
    half = (aspect - 1) * half_width
    where = {"colony": "patchy", "sparse": "uniform", "chains": "uniform"}.get(
        style, str(rng.choice(["uniform", "patchy"]))
    )
    centres = placement.scatter(rng, shape, n, diameter, where)
    if style == "colony":
        angles = _field_angles(rng, centres, shape, diameter * uniform(rng, 2, 6), uniform(rng, 0.2, 1.2))
        angles += uniform(rng, 0.05, 0.3) * rng.standard_normal(n)
    elif style == "chains":
        centres, angles = _chains(rng, centres, half + half_width)
    else:
        angles = rng.uniform(0, np.pi, n)
    bend = uniform(rng, 0, 0.5) * rng.standard_normal(n)
    wave = 0.0
    if style == "filaments" or chance(rng, 0.1):
        bend, wave = uniform(rng, 0.3, 1.5) * rng.standard_normal(n), uniform(rng, 0.1, 0.5)
    elif chance(rng, 0.1):  # vibrios
        bend = np.full(n, uniform(rng, 0.8, 1.8))
    if style != "sparse":
        rounds = 5 if style in ("filaments", "chains") else 20
        centres, angles = placement.push_apart(
            centres, half_width, rounds, uniform(rng, 0.95, 1.1), half, angles
        )
    pinch = np.where(rng.random(n) < 0.3, rng.uniform(0, 0.5, n), 0)
    taper = uniform(rng, 0, 0.3) if chance(rng, 0.25) else 0.0
    outlines = shapes.rods(rng, aspect, bend, taper, pinch, angles, wave)
    labels = placement.paint(placement.placed(outlines, sizes, centres), shape, 0.7)
    return Scene(labels, 0.08 * diameter**2)


def _chains(rng: np.random.Generator, starts: np.ndarray, reach: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rods end to end along wandering lines of 2 to 11."""
    n = len(starts)
    centres, angles = starts.copy(), np.zeros(n)
    first = 0
    while first < n:
        count = min(int(rng.integers(2, 12)), n - first)
        chain = slice(first, first + count)
        angles[chain] = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.2, count))
        step = 1.02 * np.stack([np.cos(angles[chain]), np.sin(angles[chain])], axis=-1) * reach[chain, None]
        centres[chain] = starts[first] + np.cumsum(step, axis=0) * 2 - step
        first += count
    return centres, angles


def rods_in_transmitted_light(rng: np.random.Generator, canvas: Canvas, scene: Scene) -> Picture:
    """Phase contrast most often: dark rods, bright halos, brighter gaps between those that lie close."""
    shape, diameter = canvas.shape, canvas.diameter
    width = float(np.median(scene.radius)) * 2 if scene.n else diameter / 2
    thickness = scene.dome ** np.float32(uniform(rng, 0.4, 1.0))
    thickness = thickness * scene.per_object(1 + uniform(rng, 0.02, 0.2) * rng.standard_normal(scene.n))
    if chance(rng, 0.5):
        thickness = thickness * (1 + uniform(rng, 0.02, 0.15) * smooth(rng, shape, max(0.6 * width, 2)))
    if chance(rng, 0.15):  # spores and inclusions
        thickness = thickness * (
            1 - 1.2 * np.minimum(spots(rng, shape, int(scene.n * rng.uniform(0.3, 2)), 0.17 * width), 1)
        )
    mode = str(rng.choice(["phase", "bright_field", "dic", "rims"], p=[0.6, 0.2, 0.12, 0.08]))
    if mode == "phase":
        halo = blur(thickness, width * uniform(rng, 0.5, 1.4))
        light = 1 - thickness * uniform(rng, 0.5, 0.9) + uniform(rng, 0.2, 0.7) * halo
        if chance(rng, 0.3):
            light = light + uniform(rng, 0.1, 0.4) * np.exp(-((scene.outside - 1.5) ** 2) / 3) * (
                scene.labels == 0
            )
    elif mode == "rims":
        light = contrast.rim_profile(rng, scene, width)
    else:
        light = contrast.TRANSPARENT[mode](rng, thickness, width)
    light = light + uniform(rng, 0.005, 0.04) * fractal(rng, shape, uniform(rng, 4, 20))
    if chance(rng, 0.5):
        light = light + uniform(rng, 0.1, 0.4) * dirt(rng, shape, max(width, 6), 0.5)
    if chance(rng, 0.15):
        light = 2 - light
    return Picture(light[None].astype(np.float32), scene.labels, transmitted_camera(rng, 1.8 * width))


def rods_in_fluorescence(rng: np.random.Generator, canvas: Canvas, scene: Scene) -> Picture:
    """Cytoplasm, membrane or nucleoid stain; often faint and noisy."""
    shape, diameter = canvas.shape, canvas.diameter
    width = float(np.median(scene.radius)) * 2 if scene.n else diameter / 2
    stain = str(rng.choice(["cytoplasm", "membrane", "nucleoid"], p=[0.5, 0.3, 0.2]))
    if stain == "membrane":
        ring = np.exp(-((scene.depth - 1) ** 2) / np.float32(2 * max(0.1 * width, 0.6) ** 2))
        light = scene.mask * (uniform(rng, 0.05, 0.4) + ring)
        along, _ = scene.local()
        septum = scene.per_object((rng.random(scene.n) < 0.3) * rng.uniform(0.3, 1, scene.n))
        light = light + septum * np.exp(-((along / max(0.12 * width, 0.8)) ** 2))
    elif stain == "nucleoid":
        lumps = np.clip(1 + uniform(rng, 0.5, 1.2) * smooth(rng, shape, max(width * 1.2, 3)), 0, 3)
        light = scene.mask * uniform(rng, 0.15, 0.4) + scene.relative_depth**1.5 * lumps
    else:
        light = scene.dome * (1 + uniform(rng, 0.02, 0.25) * smooth(rng, shape, max(0.5 * width, 2)))
    light = light * scene.per_object(np.exp(uniform(rng, 0.05, 0.6) * rng.standard_normal(scene.n)))
    light = light + uniform(rng, 0, 0.4) * blur(light, width * uniform(rng, 0.6, 2.5))
    if chance(rng, 0.2):
        light = light + uniform(rng, 0.1, 0.6) * np.abs(dirt(rng, shape, max(width, 6), 0.5))
    return Picture(light[None].astype(np.float32), scene.labels, fluorescence_camera(rng, 2 * width))


def transparent_rods(rng: np.random.Generator, canvas: Canvas) -> Picture:
    return rods_in_transmitted_light(rng, canvas, rods_scene(rng, canvas))


def fluorescent_rods(rng: np.random.Generator, canvas: Canvas) -> Picture:
    return rods_in_fluorescence(rng, canvas, rods_scene(rng, canvas))


KINDS = (
    RenderKind("bacteria_transmitted", "bacteria", transparent_rods, (9, 45), 1.3),
    RenderKind("bacteria_fluorescence", "bacteria", fluorescent_rods, (9, 45), 1.0),
)
