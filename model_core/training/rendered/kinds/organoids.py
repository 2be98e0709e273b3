"""Organoids, cysts, spheroids, eggs and embryos: large, of uneven sizes, hollow or granular."""

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


def _scene(rng: np.random.Generator, canvas: Canvas, broad: float, roughness: float, long: float) -> Scene:
    shape, diameter = canvas.shape, canvas.diameter
    n = placement.how_many(shape, diameter * np.exp(0.9 * broad**2), uniform(rng, 0.08, 0.6))
    sizes = np.sort(placement.radii(rng, n, diameter, broad))[::-1]
    centres = placement.scatter(
        rng, shape, n, diameter, str(rng.choice(["uniform", "clustered"], p=[0.7, 0.3]))
    )
    centres, _ = placement.push_apart(centres, sizes, 10, uniform(rng, 0.9, 1.2))
    outlines = shapes.blobs(rng, n, roughness, rng.uniform(1, long, n), detail=uniform(rng, 1.0, 2.2))
    return Scene(placement.paint(placement.placed(outlines, sizes, centres), shape, 0.6), 0.03 * diameter**2)


def _out_of_focus(rng: np.random.Generator, shape: Shape, diameter: float) -> np.ndarray:
    """Others far above or below in the gel: soft rings, no objects."""
    n = int(rng.poisson(0.15 * shape[0] * shape[1] / diameter**2)) + 1
    outlines = shapes.blobs(rng, n, 0.04, 1.15)
    centres = placement.scatter(rng, shape, n, diameter)
    ghosts = placement.fill(
        placement.placed(outlines, placement.radii(rng, n, diameter, 0.4), centres),
        shape,
        np.arange(1, n + 1),
    )
    soft = (ghosts > 0).astype(np.float32)
    near = diameter * uniform(rng, 0.08, 0.2)
    return blur(soft, near) - uniform(rng, 0.4, 1.0) * blur(soft, 2 * near)


def organoids(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """A wall around a hollow, or a dark solid ball; debris within and around."""
    shape, diameter = canvas.shape, canvas.diameter
    scene = _scene(rng, canvas, uniform(rng, 0.15, 0.55), uniform(rng, 0.01, 0.1), uniform(rng, 1.05, 1.6))
    size = scene.per_object(scene.radius, 1.0)
    wall = size * scene.per_object(np.clip(rng.normal(uniform(rng, 0.1, 0.5), 0.1, scene.n), 0.06, 0.8))
    wall = wall * np.clip(1 + 0.2 * smooth(rng, shape, 0.4 * diameter), 0.4, 1.6)
    rim = np.clip((wall - scene.depth) / (0.3 * wall + 0.6) + 0.5, 0, 1) * scene.mask
    solid = scene.per_object((rng.random(scene.n) < uniform(rng, 0, 0.7)).astype(float))
    body = rim + solid * (scene.mask - rim) * uniform(rng, 0.5, 1.2)
    grain = fractal(rng, shape, diameter * uniform(rng, 0.06, 0.25), 0.8)
    body = body * (1 + uniform(rng, 0.1, 0.4) * grain)
    if chance(rng, 0.25):  # stained: the walls shine
        light = body * scene.per_object(np.exp(0.3 * rng.standard_normal(scene.n))) + 0.05 * scene.mask
        light = light + uniform(rng, 0.05, 0.5) * blur(light, 0.3 * diameter)
        return Picture(light[None].astype(np.float32), scene.labels, fluorescence_camera(rng, diameter))
    light = 1 - uniform(rng, 0.15, 0.6) * blur(body, 0.5) + uniform(rng, -0.15, 0.2) * (scene.mask - rim)
    line = np.exp(-(((scene.depth - 0.5) / np.float32(0.02 * diameter + 0.8)) ** 2)) * scene.mask
    light = light - uniform(rng, 0, 0.5) * line
    halo = np.exp(-scene.outside / np.float32(0.04 * diameter + 1)) * (1 - scene.mask)
    light = light + uniform(rng, 0, 0.4) * halo
    if chance(rng, 0.4):  # dead cells in the hollow
        count = int(rng.uniform(2, 25) * scene.n)
        light = (
            light
            - uniform(rng, 0.2, 0.5) * np.minimum(spots(rng, shape, count, 0.04 * diameter), 1) * scene.mask
        )
    if chance(rng, 0.6):
        light = light + uniform(rng, 0.05, 0.4) * _out_of_focus(rng, shape, diameter)
    light = light + log_uniform(rng, 0.005, 0.06) * fractal(rng, shape, uniform(rng, 5, 40))
    if chance(rng, 0.6):
        light = light + uniform(rng, 0.1, 0.5) * dirt(rng, shape, diameter, uniform(rng, 0.3, 1.5)) * (
            1 - scene.mask
        )
    return Picture(light[None].astype(np.float32), scene.labels, transmitted_camera(rng, diameter))


def embryos(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """Eggs and early embryos: a clear shell or zona around a granular ball or a few large cells."""
    shape, diameter = canvas.shape, canvas.diameter
    scene = _scene(rng, canvas, uniform(rng, 0.02, 0.2), uniform(rng, 0.003, 0.03), uniform(rng, 1.05, 2.2))
    size = scene.per_object(scene.radius, 1.0)
    shell = uniform(rng, 0.03, 0.2)
    inner = np.clip((scene.depth - shell * size) / (0.03 * diameter + 0.6), 0, 1)
    yolk = inner * np.clip(scene.relative_depth * uniform(rng, 1, 3), 0, 1) ** np.float32(0.5)
    if chance(rng, 0.5):  # cells within the embryo are parts of it
        parts = placement.warp(
            rng, placement.tessellate(rng, shape, diameter * uniform(rng, 0.25, 0.5)), 2.0, 12.0
        )
        seams = Scene(parts)
        yolk = yolk * (1 - uniform(rng, 0.2, 0.6) * np.exp(-((seams.wall / (0.03 * diameter + 0.8)) ** 2)))
    yolk = yolk * (
        1 + uniform(rng, 0.05, 0.4) * fractal(rng, shape, max(diameter * uniform(rng, 0.03, 0.15), 2), 0.8)
    )
    thickness = uniform(rng, 0.1, 0.5) * scene.dome + uniform(rng, 0.4, 1.0) * yolk
    mode = str(rng.choice(["dic", "bright_field", "phase", "dark"], p=[0.4, 0.3, 0.1, 0.2]))
    if mode == "dark":
        light = 1 - uniform(rng, 0.3, 0.8) * yolk
        light = light - uniform(rng, 0.1, 0.5) * np.exp(-((scene.depth - 1) ** 2) / 3) * scene.mask
    else:
        light = contrast.TRANSPARENT[mode](rng, thickness, 0.6 * diameter)
    light = light + log_uniform(rng, 0.003, 0.03) * fractal(rng, shape, uniform(rng, 5, 40))
    if chance(rng, 0.5):
        light = light + uniform(rng, 0.1, 0.4) * dirt(rng, shape, diameter, 0.6) * (1 - scene.mask)
    return Picture(light[None].astype(np.float32), scene.labels, transmitted_camera(rng, diameter))


KINDS = (
    RenderKind("organoids", "organoids", organoids, (24, 110), 0.8),
    RenderKind("embryos", "organoids", embryos, (24, 110), 0.5),
)
