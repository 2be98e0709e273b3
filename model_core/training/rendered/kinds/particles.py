"""Things that are no cells but are segmented like them: powders, pebbles, seeds, grains of a metal."""

from __future__ import annotations

import numpy as np

from model_core.training.rendered import placement, shapes
from model_core.training.rendered.fields import (
    Shape,
    blur,
    chance,
    fibrous,
    fractal,
    log_uniform,
    ridges,
    shifted,
    smooth,
    uniform,
)
from model_core.training.rendered.kind import Canvas, Picture, RenderKind
from model_core.training.rendered.optics import colour_camera, electron_camera, transmitted_camera
from model_core.training.rendered.scene import Scene


def slopes(height: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    dx, dy = np.zeros_like(height), np.zeros_like(height)
    dx[:, 1:-1] = 0.5 * (height[:, 2:] - height[:, :-2])
    dy[1:-1] = 0.5 * (height[2:] - height[:-2])
    return dx, dy


def lit(rng: np.random.Generator, height: np.ndarray) -> np.ndarray:
    """Lambert's law on a height map in px, light from a random side above: 0..1."""
    dx, dy = slopes(height)
    angle, above = rng.uniform(0, 2 * np.pi), uniform(rng, 0.5, 1.4)
    facing = np.float32(np.cos(angle)) * dx + np.float32(np.sin(angle)) * dy + np.float32(above)
    return np.maximum(facing / np.sqrt((1 + dx * dx + dy * dy) * np.float32(1 + above * above)), 0)


def steepness(height: np.ndarray) -> np.ndarray:
    """0 on flat ground to 1 on walls: where an electron microscope sees edges bright."""
    dx, dy = slopes(height)
    return 1 - 1 / np.sqrt(1 + dx * dx + dy * dy)


def heap(
    rng: np.random.Generator, shape: Shape, diameter: float, outlines: str, packed: float, broad: float
) -> Scene:
    """Objects of a broad range of sizes, the small ones on top of or between the large ones."""
    n = placement.how_many(shape, diameter * np.exp(0.9 * broad**2), packed)
    sizes = placement.radii(rng, n, diameter, broad)
    order = np.argsort(-sizes) if chance(rng, 0.6) else rng.permutation(n)
    sizes = sizes[order]
    centres = placement.scatter(rng, shape, n, diameter, str(rng.choice(["uniform", "uniform", "patchy"])))
    centres, _ = placement.push_apart(centres, sizes, 12, uniform(rng, 0.9, 1.06))
    if outlines == "balls":
        drawn = shapes.blobs(rng, n, uniform(rng, 0.005, 0.04), rng.uniform(1, uniform(rng, 1.03, 1.25), n))
    elif outlines == "eggs":
        drawn = shapes.eggs(rng, n, uniform(rng, 1.1, 2.6), uniform(rng, 0, 0.6))
    elif outlines == "stones":
        drawn = shapes.polygons(rng, n, (5, 9), uniform(rng, 5, 14), rng.uniform(1, 1.9, n))
    else:
        drawn = shapes.polygons(rng, n, (3, 7), uniform(rng, 12, 60), rng.uniform(1, 2.2, n))
    labels = placement.paint(placement.placed(drawn, sizes, centres), shape, 0.5)
    if packed > 0.8:
        labels = placement.grow(labels, uniform(rng, 0.02, 0.12) * diameter)
    return Scene(labels, 0.03 * diameter**2)


def rounded(rng: np.random.Generator, scene: Scene, diameter: float, flat: float) -> np.ndarray:
    """Height map in px: a ball, or flat-topped with rounded shoulders (`flat` near 0)."""
    reach = np.maximum(flat * scene.radius, 1.5)
    climb = np.minimum(scene.depth / scene.per_object(reach, 1.0), 1)
    height = np.sqrt(np.maximum(1 - (1 - climb) ** 2, 0)) * scene.per_object(reach)
    return blur(height, max(0.02 * diameter, 0.6))


def powder(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """Scanning electron microscope: balls or crystals with bright edges and a rough skin, on a holder."""
    shape, diameter = canvas.shape, canvas.diameter
    form = str(rng.choice(["balls", "stones", "crystals"], p=[0.55, 0.2, 0.25]))
    scene = heap(rng, shape, diameter, form, uniform(rng, 0.15, 1.0), uniform(rng, 0.15, 0.55))
    height = rounded(rng, scene, diameter, 1.0 if form == "balls" else uniform(rng, 0.2, 0.8))
    skin = fractal(rng, shape, diameter * uniform(rng, 0.06, 0.3), 0.7)
    height = height + scene.mask * skin * uniform(rng, 0.1, 0.5)
    light = scene.mask * (
        uniform(rng, 0.2, 0.6) + uniform(rng, 0.3, 1.0) * steepness(height) ** uniform(rng, 0.8, 2)
    )
    light += uniform(rng, 0, 0.5) * lit(rng, height) * scene.mask
    if chance(rng, 0.4):
        light -= (
            uniform(rng, 0.05, 0.25)
            * scene.mask
            * ridges(rng, shape, max(diameter * uniform(rng, 0.08, 0.25), 4), 0.15)
        )
    light = light * scene.per_object(rng.uniform(0.7, 1.1, scene.n), 1.0)
    ground = uniform(rng, 0.02, 0.35) * (
        1 + uniform(rng, 0.05, 0.4) * fractal(rng, shape, diameter * uniform(rng, 0.2, 1))
    )
    shadow = np.exp(-scene.outside / np.float32(0.15 * diameter + 1))
    light = light + (1 - scene.mask) * ground * (1 - uniform(rng, 0, 0.8) * shadow)
    return Picture(light[None].astype(np.float32), scene.labels, electron_camera(rng))


def _colours(rng: np.random.Generator, n: int, spread: float) -> np.ndarray:
    """Colours of stones or seeds of one kind, `(n, 3)`: grey to brown, each object a little different."""
    warm = uniform(rng, -0.2, 1.0) ** 3
    base = np.array([1.0, 1 - 0.3 * max(warm, 0), 1 - 0.6 * warm]) * uniform(rng, 0.35, 0.85)
    grey = np.exp(spread * rng.standard_normal((n, 1)))
    return np.clip(base * grey * np.exp(0.25 * spread * rng.standard_normal((n, 3))), 0.12, 1.0)


def coloured(scene: Scene, colours: np.ndarray, shade: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """RGB light of objects in their colours under `shade`, on `ground` (3, Y, X)."""
    soft = blur(scene.mask, 0.6)
    return np.stack(
        [
            soft * scene.per_object(colours[:, index]) * shade + (1 - soft) * ground[index]
            for index in range(3)
        ]
    ).astype(np.float32)


def pebbles(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """Gravel from above in daylight: packed stones with veins and speckles, dark gaps, cast shadows."""
    shape, diameter = canvas.shape, canvas.diameter
    scene = heap(
        rng,
        shape,
        diameter,
        str(rng.choice(["stones", "stones", "eggs"])),
        uniform(rng, 0.5, 1.3),
        uniform(rng, 0.2, 0.55),
    )
    height = rounded(rng, scene, diameter, uniform(rng, 0.3, 1.0))
    height = height + scene.mask * uniform(rng, 0.1, 0.6) * fractal(
        rng, shape, diameter * uniform(rng, 0.2, 0.8)
    )
    shade = 0.25 + 0.9 * lit(rng, height)
    shade *= 1 + uniform(rng, 0.03, 0.15) * fractal(rng, shape, diameter * uniform(rng, 0.05, 0.6), 0.8)
    if chance(rng, 0.4):
        shade *= 1 - uniform(rng, 0.1, 0.4) * ridges(rng, shape, diameter * uniform(rng, 0.5, 1.2), 0.08)
    sun = rng.uniform(0, 2 * np.pi)
    reach = uniform(rng, 0.05, 0.2) * diameter
    shadow = blur(shifted(scene.mask, reach * np.cos(sun), reach * np.sin(sun)), 0.04 * diameter + 0.6)
    earth = (0.1 + 0.4 * rng.random()) * (
        1 + 0.35 * fractal(rng, shape, diameter * uniform(rng, 0.1, 0.5), 0.9)
    )
    earth = np.clip(earth * (1 - 0.75 * shadow), 0.01, 1)
    ground = np.stack([earth * tint for tint in (1.0, uniform(rng, 0.8, 1), uniform(rng, 0.5, 1))])
    light = coloured(scene, _colours(rng, scene.n, uniform(rng, 0.1, 0.5)), shade, ground)
    if chance(rng, 0.3):
        return Picture(
            light.mean(axis=0, keepdims=True), scene.labels, transmitted_camera(rng, canvas.diameter)
        )
    return Picture(light, scene.labels, colour_camera(rng))


def seeds(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """Seeds, grains of rice, tablets, coins of one kind on a plain ground: scanner, camera or backlight."""
    shape, diameter = canvas.shape, canvas.diameter
    form = str(rng.choice(["eggs", "balls", "stones"], p=[0.6, 0.2, 0.2]))
    scene = heap(rng, shape, diameter, form, uniform(rng, 0.08, 0.8), uniform(rng, 0.04, 0.2))
    if chance(rng, 0.2):  # backlit: dark silhouettes
        light = 1 - uniform(rng, 0.4, 0.95) * scene.mask * (
            1 - 0.3 * uniform(rng, 0, 1) * scene.relative_depth
        )
        light *= 1 + 0.02 * fractal(rng, shape, 20)
        return Picture(light[None].astype(np.float32), scene.labels, transmitted_camera(rng, canvas.diameter))
    height = rounded(rng, scene, diameter, uniform(rng, 0.4, 1.0))
    shade = 0.3 + 0.8 * lit(rng, height)
    pattern = str(rng.choice(["plain", "stripes", "mottled", "crease"]))
    if pattern == "stripes":
        _, across = scene.local()
        shade *= 1 + uniform(rng, 0.1, 0.35) * np.sin(
            across * np.float32(2 * np.pi / (diameter * uniform(rng, 0.12, 0.3)))
        )
    elif pattern == "mottled":
        shade *= 1 + uniform(rng, 0.1, 0.3) * fractal(rng, shape, diameter * uniform(rng, 0.1, 0.4), 0.8)
    elif pattern == "crease":
        _, across = scene.local()
        shade *= 1 - uniform(rng, 0.2, 0.6) * np.exp(-((across / (0.05 * diameter)) ** 2)) * (
            scene.relative_depth > 0.2
        )
    if chance(rng, 0.5):  # gloss
        glint = np.maximum(lit(rng, height) - 0.93, 0) / 0.07
        shade = shade + uniform(rng, 0.1, 0.5) * glint * scene.mask
    sun, reach = rng.uniform(0, 2 * np.pi), uniform(rng, 0, 0.15) * diameter
    shadow = blur(
        shifted(scene.mask, reach * np.cos(sun), reach * np.sin(sun)), 0.06 * diameter + 0.6
    ) * uniform(rng, 0, 0.7)
    tints = rng.uniform(0.8, 1.0, 3) * (
        uniform(rng, 0.02, 0.25) if chance(rng, 0.4) else uniform(rng, 0.5, 1.0)
    )
    cloth = 1 + uniform(rng, 0.005, 0.06) * fractal(rng, shape, uniform(rng, 3, 30))
    ground = np.stack([tint * cloth * (1 - shadow) for tint in tints])
    light = coloured(scene, _colours(rng, scene.n, uniform(rng, 0.03, 0.2)), shade, ground)
    if chance(rng, 0.4):
        return Picture(
            light.mean(axis=0, keepdims=True), scene.labels, transmitted_camera(rng, canvas.diameter)
        )
    return Picture(light, scene.labels, colour_camera(rng))


def metal_grains(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """A polished section: polygonal grains told apart by their grey or by etched boundaries."""
    shape, diameter = canvas.shape, canvas.diameter
    labels = placement.tessellate(
        rng, shape, diameter, uniform(rng, 0, 0.6), log_uniform(rng, 1, 1.8), uniform(rng, 0, 0.5)
    )
    if chance(rng, 0.4):
        labels = placement.warp(rng, labels, 0.05 * diameter, 0.6 * diameter)
    scene = Scene(labels, 0.05 * diameter**2)
    contrast = uniform(rng, 0.05, 0.3)
    light = scene.per_object(0.5 + contrast * rng.standard_normal(scene.n))
    light += uniform(rng, 0.01, 0.05) * fractal(rng, shape, uniform(rng, 3, 12))
    if chance(rng, 0.3):  # slip lines, twins
        lines = fibrous(rng, shape, max(0.08 * diameter, 2), rng.uniform(0, np.pi), 12)
        light += uniform(rng, 0.02, 0.1) * lines * scene.per_object(rng.random(scene.n) < 0.5)
    width = max(diameter * uniform(rng, 0.012, 0.04), 0.7)
    strength = uniform(rng, 0.15, 0.6) * (1 if chance(rng, 0.75) else -1)
    light -= (
        strength
        * np.exp(-((scene.wall / width) ** 2))
        * np.clip(1 + 0.3 * smooth(rng, shape, 0.5 * diameter), 0.2, 2)
    )
    camera = electron_camera(rng) if chance(rng, 0.5) else transmitted_camera(rng, canvas.diameter)
    return Picture(light[None].astype(np.float32), scene.labels, camera)


def inclusions(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """Bright or dark particles embedded in a rough etched ground."""
    shape, diameter = canvas.shape, canvas.diameter
    form = str(rng.choice(["balls", "stones", "eggs"]))
    scene = heap(rng, shape, diameter, form, uniform(rng, 0.1, 0.45), uniform(rng, 0.2, 0.5))
    ground = fractal(rng, shape, diameter * uniform(rng, 0.4, 1.5), 0.8)
    if chance(rng, 0.5):
        ground = ground + uniform(rng, 0.3, 1.0) * fibrous(
            rng, shape, max(0.2 * diameter, 2), rng.uniform(0, np.pi), 4
        )
    height = rounded(rng, scene, diameter, uniform(rng, 0.3, 1))
    inside = uniform(rng, 0.4, 1.0) * (
        0.7 + 0.3 * scene.per_object(rng.standard_normal(scene.n)).clip(-1.5, 1.5)
    ) + 0.3 * lit(rng, height)
    sign = 1 if chance(rng, 0.75) else -1
    soft = blur(scene.mask, 0.7)
    light = (1 - soft) * uniform(rng, 0.06, 0.18) * ground + soft * sign * inside
    light += uniform(rng, 0, 0.3) * soft * np.exp(-scene.depth / 1.5)
    return Picture(light[None].astype(np.float32), scene.labels, electron_camera(rng))


KINDS = (
    RenderKind("powder", "particles", powder, (10, 80), 0.8),
    RenderKind("pebbles", "particles", pebbles, (16, 90), 0.8),
    RenderKind("seeds", "particles", seeds, (14, 80), 0.8),
    RenderKind("metal_grains", "particles", metal_grains, (14, 80), 0.5),
    RenderKind("inclusions", "particles", inclusions, (8, 40), 0.5),
)
