"""Drops, bubbles and beads: round, transparent, of one size or of many, alone, in crowds or as a foam."""

from __future__ import annotations

import numpy as np

from model_core.training.rendered import contrast, placement, shapes
from model_core.training.rendered.clutter import dirt
from model_core.training.rendered.fields import blur, chance, fractal, log_uniform, smooth, uniform
from model_core.training.rendered.kind import Canvas, Picture, RenderKind
from model_core.training.rendered.optics import fluorescence_camera, transmitted_camera
from model_core.training.rendered.scene import Scene


def droplet_scene(rng: np.random.Generator, canvas: Canvas) -> Scene:
    """Balls of a narrow or very broad range of sizes; crowded ones lie in a hexagonal order, as beads do."""
    shape, diameter = canvas.shape, canvas.diameter
    style = str(rng.choice(["loose", "crystal", "mixture"], p=[0.4, 0.25, 0.35]))
    broad = uniform(rng, 0.25, 0.6) if style == "mixture" else uniform(rng, 0.01, 0.15)
    n = placement.how_many(shape, diameter * np.exp(0.9 * broad**2), uniform(rng, 0.08, 0.9))
    if style == "crystal":
        order = placement.tessellate(rng, shape, 1.08 * diameter, uniform(rng, 0.7, 1.0))
        cells = Scene(order)
        field = smooth(rng, shape, uniform(rng, 3, 9) * diameter)
        kept = cells.mean(field) > uniform(rng, -2.5, 0.5)
        centres = cells.middle[kept]
        if len(centres) == 0:
            centres = cells.middle
        n = len(centres)
        sizes = placement.radii(rng, n, diameter, broad)
    else:
        sizes = np.sort(placement.radii(rng, n, diameter, broad))[::-1]
        centres = placement.scatter(rng, shape, n, diameter, str(rng.choice(["uniform", "patchy"])))
    centres, _ = placement.push_apart(centres, sizes, 12, uniform(rng, 0.93, 1.1))
    squash = uniform(rng, 0, 0.05) if chance(rng, 0.3) else 0.003
    outlines = shapes.blobs(rng, n, squash, rng.uniform(1, 1 + 4 * squash, n))
    return Scene(placement.paint(placement.placed(outlines, sizes, centres), shape, 0.5), 0.02 * diameter**2)


def lenses(rng: np.random.Generator, scene: Scene, diameter: float) -> np.ndarray:
    """A drop bends light as a lens: dark (or bright) at its rim, a bright spot or disc in its middle."""
    rim = np.float32(uniform(rng, 0.04, 0.3)) * scene.per_object(scene.radius, 1.0) + np.float32(0.6)
    dark = np.exp(-((scene.depth / rim) ** np.float32(uniform(rng, 1, 3)))) * scene.mask
    spot = np.clip((scene.relative_depth - uniform(rng, 0.2, 0.8)) / uniform(rng, 0.05, 0.4), 0, 1)
    light = 1 - uniform(rng, 0.3, 0.95) * dark + uniform(rng, -0.15, 0.6) * spot * scene.mask
    light = light - uniform(rng, -0.1, 0.25) * scene.mask
    if chance(rng, 0.5):
        outer = np.exp(-scene.outside / np.float32(max(0.04 * diameter, 0.8))) * (1 - scene.mask)
        light = light + uniform(rng, -0.3, 0.5) * outer
    if chance(rng, 0.3):  # the lamp mirrored on one side
        along, across = scene.local(np.full(scene.n, rng.uniform(0, 6.3)))
        size = scene.per_object(scene.radius, 1.0)
        glint = ((along / size - 0.5) ** 2 + (across / size) ** 2) * np.float32(1 / uniform(rng, 0.01, 0.05))
        light = light + uniform(rng, 0.3, 0.8) * np.exp(-glint) * scene.mask
    return light


def droplets(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """Emulsions, bubbles, beads and colloids."""
    shape, diameter = canvas.shape, canvas.diameter
    scene = droplet_scene(rng, canvas)
    mode = str(rng.choice(["lens", "rims", "fluorescence", "phase", "dic"], p=[0.45, 0.15, 0.2, 0.1, 0.1]))
    if mode == "fluorescence":
        body = scene.dome if chance(rng, 0.6) else np.exp(-scene.depth / np.float32(0.06 * diameter + 0.8))
        light = (
            scene.mask * body * scene.per_object(np.exp(uniform(rng, 0, 0.6) * rng.standard_normal(scene.n)))
        )
        light = light + uniform(rng, 0, 0.4) * blur(light, diameter * uniform(rng, 0.2, 0.8))
        if chance(rng, 0.25):
            light = 1 - light
        return Picture(light[None].astype(np.float32), scene.labels, fluorescence_camera(rng, diameter))
    if mode == "lens":
        light = lenses(rng, scene, diameter)
    elif mode == "rims":
        light = contrast.rim_profile(rng, scene, diameter)
    else:
        light = contrast.TRANSPARENT[mode](rng, scene.dome, diameter)
    light = light + log_uniform(rng, 0.003, 0.05) * fractal(rng, shape, uniform(rng, 4, 40))
    if chance(rng, 0.4):
        light = light + uniform(rng, 0.1, 0.4) * dirt(rng, shape, diameter, 0.5) * (1 - 0.8 * scene.mask)
    return Picture(light[None].astype(np.float32), scene.labels, transmitted_camera(rng, diameter))


def foam(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """Bubbles that press upon each other: thin films, thick where three meet; cells of a comb or sponge."""
    shape, diameter = canvas.shape, canvas.diameter
    order, uneven = uniform(rng, 0.1, 0.9), uniform(rng, 0, 0.8)
    labels = placement.tessellate(rng, shape, diameter, order, 1.0, uneven)
    width = max(diameter * log_uniform(rng, 0.02, 0.12), 0.8)
    scene = Scene(placement.warp(rng, labels, 0.02 * diameter, 0.6 * diameter), 0.05 * diameter**2)
    corner = blur(scene.borders.astype(np.float32), 1.5 * width)
    film = np.exp(-((scene.wall / width) ** 2)) + uniform(rng, 0, 2) * np.minimum(corner * width, 0.6)
    light = 1 - uniform(rng, 0.3, 0.9) * np.minimum(film, 1.2)
    if chance(rng, 0.5):
        light = light + uniform(rng, 0.1, 0.5) * np.exp(-(((scene.wall - 2 * width) / width) ** 2))
    light = light + scene.per_object(uniform(rng, 0, 0.12) * rng.standard_normal(scene.n))
    light = light + uniform(rng, 0.0, 0.3) * scene.relative_depth
    if chance(rng, 0.35):
        light = 2 - light
    light = light + log_uniform(rng, 0.003, 0.04) * fractal(rng, shape, uniform(rng, 3, 20))
    return Picture(light[None].astype(np.float32), scene.labels, transmitted_camera(rng, diameter))


KINDS = (
    RenderKind("droplets", "particles", droplets, (8, 70), 1.0),
    RenderKind("foam", "particles", foam, (14, 80), 0.4),
)
