"""Small round cells: cocci, yeast and its buds, and cells in suspension among dirt that is no cell."""

from __future__ import annotations

import numpy as np

from model_core.training.rendered import clutter, contrast, placement, shapes
from model_core.training.rendered.fields import (
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


def _chained(
    rng: np.random.Generator, n: int, starts: np.ndarray, sizes: np.ndarray, longest: int
) -> np.ndarray:
    """Centres of cells that touch the one before them: pairs, chains, irregular clumps."""
    centres = starts.copy()
    wander = rng.uniform(0.1, 1.2)
    first = 0
    while first < n:
        count = min(int(rng.integers(1, longest + 1)), n - first)
        heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, wander, count))
        step = np.stack([np.cos(heading), np.sin(heading)], axis=-1) * (
            sizes[first : first + count, None] * 1.95
        )
        centres[first : first + count] = starts[first] + np.cumsum(step, axis=0)
        first += count
    return centres


def yeast_scene(rng: np.random.Generator, canvas: Canvas) -> Scene:
    shape, diameter = canvas.shape, canvas.diameter
    n = placement.how_many(shape, diameter, uniform(rng, 0.08, 0.85))
    sizes = placement.radii(rng, n, diameter, uniform(rng, 0.05, 0.2))
    centres = placement.scatter(rng, shape, n, diameter, str(rng.choice(["uniform", "patchy", "clustered"])))
    angles = rng.uniform(0, np.pi, n)
    if chance(rng, 0.6):  # buds of many sizes sit on every third cell or so
        mothers = np.flatnonzero(rng.random(n) < uniform(rng, 0.1, 0.45))
        buds = sizes[mothers] * rng.uniform(0.35, 0.75, len(mothers))
        direction = rng.uniform(0, 2 * np.pi, len(mothers))
        shift = (
            np.stack([np.cos(direction), np.sin(direction)], axis=-1) * (sizes[mothers] + 0.9 * buds)[:, None]
        )
        centres = np.concatenate([centres, centres[mothers] + shift])
        sizes = np.concatenate([sizes, buds])
        angles = np.concatenate([angles, direction])
    centres, _ = placement.push_apart(centres, sizes, 14, uniform(rng, 0.93, 1.06))
    outlines = shapes.blobs(rng, len(sizes), 0.02, rng.uniform(1, uniform(rng, 1.1, 1.6), len(sizes)), angles)
    return Scene(placement.paint(placement.placed(outlines, sizes, centres), shape, 0.6), 0.04 * diameter**2)


def cocci_scene(rng: np.random.Generator, canvas: Canvas) -> Scene:
    shape, diameter = canvas.shape, canvas.diameter
    n = placement.how_many(shape, diameter, uniform(rng, 0.06, 0.6))
    sizes = placement.radii(rng, n, diameter, uniform(rng, 0.03, 0.12))
    centres = placement.scatter(rng, shape, n, diameter, str(rng.choice(["uniform", "patchy", "clustered"])))
    if chance(rng, 0.6):
        centres = _chained(rng, n, centres, sizes, (2, 4, 12)[int(rng.integers(3))])
    centres, _ = placement.push_apart(centres, sizes, 10, uniform(rng, 0.93, 1.05))
    outlines = shapes.blobs(rng, n, 0.015, rng.uniform(1, 1.25, n))
    return Scene(placement.paint(placement.placed(outlines, sizes, centres), shape, 0.6), 0.04 * diameter**2)


def ringed(rng: np.random.Generator, scene: Scene, diameter: float) -> np.ndarray:
    """Thick round cells in phase contrast: bright halo, dark rim, a centre that turns bright again."""
    rim = diameter * uniform(rng, 0.05, 0.14)
    dark = np.exp(-(((scene.depth - 0.6 * rim) / rim) ** 2)) * scene.mask
    centre = scene.relative_depth ** np.float32(uniform(rng, 0.8, 2.5))
    halo = np.exp(-scene.outside / np.float32(max(diameter * uniform(rng, 0.04, 0.2), 1))) * (1 - scene.mask)
    light = (
        1 - uniform(rng, 0.25, 0.8) * dark + uniform(rng, -0.3, 0.8) * centre + uniform(rng, 0.1, 1.0) * halo
    )
    if chance(rng, 0.6):  # a vacuole or nucleus
        inner = scene.nuclei(rng, uniform(rng, 0.25, 0.55), 0.2, off_centre=0.3)
        soft = blur(inner.dome, max(0.03 * diameter, 0.5))
        light = light + uniform(rng, -0.5, 0.5) * soft
        light = light - uniform(rng, 0, 0.4) * blur(inner.mask * (inner.depth < 0.05 * diameter + 1), 0.6)
    return light


def _body(rng: np.random.Generator, scene: Scene, diameter: float) -> np.ndarray:
    """Optical thickness of round cells with a nucleus, vacuoles and granules."""
    thickness: np.ndarray = scene.dome ** np.float32(uniform(rng, 0.5, 1.2))
    if chance(rng, 0.6):
        inner = scene.nuclei(rng, uniform(rng, 0.3, 0.7), 0.15, off_centre=0.2)
        thickness = thickness + uniform(rng, -0.4, 0.5) * blur(inner.dome, max(0.03 * diameter, 0.5))
    if chance(rng, 0.7):
        thickness = thickness + scene.mask * uniform(rng, 0.03, 0.2) * fractal(
            rng, scene.shape, max(0.25 * diameter, 2), 0.8
        )
    if chance(rng, 0.4):
        count = int(rng.uniform(2, 15) * scene.n)
        thickness = thickness + scene.mask * uniform(rng, 0.2, 0.5) * spots(
            rng, scene.shape, count, max(0.03 * diameter, 0.6)
        )
    return thickness


def _transmitted(
    rng: np.random.Generator, scene: Scene, diameter: float, modes: dict[str, float]
) -> np.ndarray:
    mode = str(rng.choice(list(modes), p=list(modes.values())))
    if mode == "ringed":
        light = ringed(rng, scene, diameter)
    elif mode == "rims":
        light = contrast.rim_profile(rng, scene, diameter)
    else:
        light = contrast.TRANSPARENT[mode](rng, _body(rng, scene, diameter), diameter)
    if chance(rng, 0.5):
        light = light * (
            1 + uniform(rng, 0.02, 0.12) * scene.mask * fractal(rng, scene.shape, max(0.2 * diameter, 2))
        )
    vary = scene.per_object(np.exp(uniform(rng, 0.02, 0.25) * rng.standard_normal(scene.n)), 1.0)
    light = 1 + (light - 1) * blur(vary, 1.0)
    return light + uniform(rng, 0.003, 0.03) * fractal(rng, scene.shape, uniform(rng, 4, 30))


def yeast(rng: np.random.Generator, canvas: Canvas) -> Picture:
    scene = yeast_scene(rng, canvas)
    diameter = canvas.diameter
    modes = {"ringed": 0.4, "rims": 0.13, "dic": 0.2, "bright_field": 0.17, "phase": 0.1}
    light = _transmitted(rng, scene, diameter, modes)
    if chance(rng, 0.4):
        light = light + uniform(rng, 0.1, 0.5) * clutter.dirt(rng, scene.shape, diameter, 0.5)
    return Picture(light[None].astype(np.float32), scene.labels, transmitted_camera(rng, diameter))


def cocci(rng: np.random.Generator, canvas: Canvas) -> Picture:
    scene = cocci_scene(rng, canvas)
    diameter = canvas.diameter
    if chance(rng, 0.45):
        ring = np.exp(-((scene.depth - 1) ** 2) / np.float32(2 * max(0.08 * diameter, 0.6) ** 2)) * scene.mask
        body = ring + 0.2 * scene.mask if chance(rng, 0.4) else scene.dome
        light = body * scene.per_object(np.exp(uniform(rng, 0.05, 0.5) * rng.standard_normal(scene.n)))
        light = light + uniform(rng, 0, 0.3) * blur(light, diameter * uniform(rng, 0.3, 1.5))
        return Picture(light[None].astype(np.float32), scene.labels, fluorescence_camera(rng, diameter))
    modes = {"phase": 0.45, "rims": 0.15, "dic": 0.15, "bright_field": 0.25}
    light = _transmitted(rng, scene, diameter, modes)
    return Picture(light[None].astype(np.float32), scene.labels, transmitted_camera(rng, diameter))


def suspension(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """Round cells, few or many, among dust, bubbles, fibres and crumbs; now and then no cell at all."""
    shape, diameter = canvas.shape, canvas.diameter
    n = 0 if chance(rng, 0.06) else placement.how_many(shape, diameter, log_uniform(rng, 0.06, 0.8))
    sizes = placement.radii(rng, n, diameter, uniform(rng, 0.05, 0.25))
    centres = (
        placement.scatter(rng, shape, n, diameter, str(rng.choice(["uniform", "clustered"])))
        if n
        else np.zeros((0, 2))
    )
    centres, _ = placement.push_apart(centres, sizes, 10, uniform(rng, 0.93, 1.15))
    outlines = shapes.blobs(rng, n, uniform(rng, 0.01, 0.09), rng.uniform(1, uniform(rng, 1.05, 1.4), n))
    scene = Scene(placement.paint(placement.placed(outlines, sizes, centres), shape, 0.6), 0.05 * diameter**2)
    modes = {
        "ringed": 0.25,
        "rims": 0.15,
        "dic": 0.15,
        "bright_field": 0.25,
        "phase": 0.15,
        "quantitative": 0.05,
    }
    light = _transmitted(rng, scene, diameter, modes)
    light = light + uniform(rng, 0.1, 0.7) * clutter.dirt(rng, shape, diameter, uniform(rng, 0.5, 2.5)) * (
        1 - 0.7 * scene.mask
    )
    if chance(rng, 0.2):
        hidden = 1 - np.minimum(blur(scene.mask, 1), 1)
        light = light + uniform(rng, 0.2, 0.6) * hidden * clutter.bubbles(
            rng, shape, int(rng.integers(1, 4)), diameter
        )
    if chance(rng, 0.4):
        light = light + uniform(rng, 0.05, 0.3) * smooth(rng, shape, 0.6 * max(shape))
    return Picture(light[None].astype(np.float32), scene.labels, transmitted_camera(rng, canvas.diameter))


def red_cells(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """Unstained red blood cells: discs with a dip, some seen from the side or spiky, in a wet mount."""
    shape, diameter = canvas.shape, canvas.diameter
    n = placement.how_many(shape, diameter, uniform(rng, 0.08, 0.75))
    sizes = placement.radii(rng, n, diameter, uniform(rng, 0.03, 0.12))
    centres = placement.scatter(rng, shape, n, diameter, str(rng.choice(["uniform", "uniform", "patchy"])))
    centres, _ = placement.push_apart(centres, sizes, 8, uniform(rng, 0.85, 1.1))
    elongation = np.where(
        rng.random(n) < uniform(rng, 0, 0.3), rng.uniform(1.2, 2.5, n), rng.uniform(1, 1.1, n)
    )
    outlines = shapes.blobs(rng, n, uniform(rng, 0.008, 0.05), elongation, detail=uniform(rng, 0.6, 1.6))
    labels = placement.paint(placement.placed(outlines, sizes, centres), shape, 0.55)
    scene = Scene(labels, 0.05 * diameter**2)
    dip = np.clip(rng.normal(uniform(rng, 0.2, 0.8), 0.2, scene.n), 0, 0.95)
    hollow = np.exp(-(((1 - scene.relative_depth) / np.float32(uniform(rng, 0.4, 0.65))) ** 2))
    thickness = np.sqrt(scene.dome) * (1 - scene.per_object(dip) * hollow)
    if chance(rng, 0.2):
        light = 1 - uniform(rng, 0.1, 0.5) * blur(thickness, 0.6)  # absorption in blue light
        light = light + uniform(rng, 0.02, 0.2) * (
            blur(thickness, 0.03 * diameter) - blur(thickness, 0.1 * diameter)
        )
    else:
        names = ("phase", "dic", "bright_field", "quantitative")
        light = contrast.TRANSPARENT[names[int(rng.integers(4))]](rng, thickness, diameter)
    light = light + uniform(rng, 0.002, 0.02) * fractal(rng, shape, uniform(rng, 4, 30))
    if chance(rng, 0.4):
        light = light + uniform(rng, 0.1, 0.4) * clutter.dirt(rng, shape, diameter, 0.4) * (1 - scene.mask)
    return Picture(light[None].astype(np.float32), scene.labels, transmitted_camera(rng, canvas.diameter))


KINDS = (
    RenderKind("yeast", "round cells", yeast, (12, 60), 1.2),
    RenderKind("cocci", "round cells", cocci, (8, 30), 0.7),
    RenderKind("red_cells", "round cells", red_cells, (14, 70), 0.7),
    RenderKind("suspension", "round cells", suspension, (10, 70), 1.0, may_be_empty=True),
)
