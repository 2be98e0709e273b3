"""Things before an ordinary camera: fruit, sweets, pills, shells; bright colours, gloss, any ground."""

from __future__ import annotations

import colorsys

import numpy as np

from model_core.training.rendered import placement, shapes
from model_core.training.rendered.fields import (
    Shape,
    blur,
    chance,
    fibrous,
    fractal,
    shifted,
    smooth,
    uniform,
)
from model_core.training.rendered.kind import Canvas, Picture, RenderKind
from model_core.training.rendered.kinds.particles import coloured, lit, rounded
from model_core.training.rendered.optics import colour_camera, transmitted_camera
from model_core.training.rendered.scene import Scene


def _hues(rng: np.random.Generator, n: int) -> np.ndarray:
    """Bright colours `(n, 3)` from one to four sorts."""
    sorts = int(rng.integers(1, 5))
    hue = rng.uniform(0, 1, sorts)[rng.integers(0, sorts, n)] + uniform(rng, 0, 0.05) * rng.standard_normal(n)
    strength = np.clip(uniform(rng, 0.2, 1) + 0.12 * rng.standard_normal(n), 0, 1)
    value = np.clip(uniform(rng, 0.35, 1) + 0.12 * rng.standard_normal(n), 0.12, 1)
    rows = [colorsys.hsv_to_rgb(h % 1, s, v) for h, s, v in zip(hue, strength, value, strict=True)]
    return np.asarray(rows).reshape(n, 3)


def _outlines(rng: np.random.Generator, n: int) -> np.ndarray:
    family = str(rng.choice(["balls", "dented", "eggs", "long", "pieces"], p=[0.35, 0.2, 0.2, 0.15, 0.1]))
    if family == "eggs":
        return shapes.eggs(rng, n, uniform(rng, 1.1, 1.8), uniform(rng, 0, 0.5))
    if family == "long":
        return shapes.rods(rng, uniform(rng, 1.5, 5) * rng.uniform(0.8, 1.2, n), uniform(rng, 0, 1.2), 0.3)
    if family == "pieces":
        return shapes.polygons(rng, n, (3, 7), uniform(rng, 6, 20), rng.uniform(1, 1.6, n))
    return shapes.blobs(rng, n, 0.08 if family == "dented" else 0.015, rng.uniform(1, 1.25, n), detail=2.0)


def _ground(rng: np.random.Generator, shape: Shape, diameter: float) -> np.ndarray:
    """Leaves, wood, cloth or a plain table in colour: (3, Y, X)."""
    tint = np.asarray(colorsys.hsv_to_rgb(rng.random(), uniform(rng, 0, 0.6), uniform(rng, 0.1, 0.95)))
    style = str(rng.choice(["plain", "leaves", "wood", "clutter"], p=[0.4, 0.25, 0.2, 0.15]))
    if style == "leaves":
        tint = np.array([uniform(rng, 0.2, 0.5), uniform(rng, 0.4, 0.7), uniform(rng, 0.1, 0.3)])
        patches = Scene(placement.tessellate(rng, shape, diameter * uniform(rng, 0.8, 2), 0.1, 2.0))
        leaf = patches.per_object(rng.uniform(0.2, 1.1, patches.n), 0.5)
        grey = blur(leaf, 0.02 * diameter + 0.5) * (1 + 0.15 * fractal(rng, shape, 0.5 * diameter))
        grey = grey * (1 - 0.4 * np.exp(-patches.wall / np.float32(0.08 * diameter + 1)))
    elif style == "wood":
        width = max(0.15 * diameter, 3)
        grey = 1 + uniform(rng, 0.05, 0.2) * fibrous(rng, shape, width, rng.uniform(0, np.pi), 12)
    elif style == "clutter":
        grey = 0.7 + uniform(rng, 0.1, 0.35) * fractal(rng, shape, diameter * uniform(rng, 0.3, 2), 0.8)
    else:
        grey = 1 + uniform(rng, 0.005, 0.06) * fractal(rng, shape, uniform(rng, 3, 30))
        grey = grey + uniform(rng, 0, 0.2) * smooth(rng, shape, max(shape))
    return np.clip(np.stack([np.float32(part) * grey for part in tint]), 0.01, 1)


def fruit(rng: np.random.Generator, canvas: Canvas) -> Picture:
    shape, diameter = canvas.shape, canvas.diameter
    n = placement.how_many(shape, diameter, uniform(rng, 0.1, 1.1))
    sizes = placement.radii(rng, n, diameter, uniform(rng, 0.03, 0.4))
    centres = placement.scatter(rng, shape, n, diameter, str(rng.choice(["uniform", "patchy", "clustered"])))
    centres, _ = placement.push_apart(centres, sizes, 8, uniform(rng, 0.8, 1.1))
    labels = placement.paint(placement.placed(_outlines(rng, n), sizes, centres), shape, 0.45)
    scene = Scene(labels, 0.05 * diameter**2)
    height = rounded(rng, scene, diameter, uniform(rng, 0.15, 1.0))
    if chance(rng, 0.4):
        height = height + scene.mask * uniform(rng, 0.1, 0.5) * fractal(
            rng, shape, diameter * uniform(rng, 0.05, 0.4)
        )
    shade = uniform(rng, 0.25, 0.6) + uniform(rng, 0.4, 0.8) * lit(rng, height)
    shade = shade * (1 - uniform(rng, 0, 0.4) * np.exp(-scene.depth / np.float32(0.05 * diameter + 1)))
    colours = _hues(rng, scene.n)
    light = coloured(scene, colours, shade, _ground(rng, shape, diameter))
    if chance(rng, 0.4):  # riper on one side, or mottled
        other = coloured(scene, _hues(rng, scene.n), shade, light)
        share = np.clip(0.5 + smooth(rng, shape, diameter * uniform(rng, 0.2, 1.0)), 0, 1) * scene.mask
        light = light + np.float32(uniform(rng, 0.1, 0.6)) * share * (other - light)
    if chance(rng, 0.6):  # gloss
        light = light + uniform(rng, 0.2, 0.8) * (np.maximum(lit(rng, height) - 0.92, 0) / 0.08) * scene.mask
    sun, reach = rng.uniform(0, 2 * np.pi), uniform(rng, 0, 0.25) * diameter
    shadow = blur(shifted(scene.mask, reach * np.cos(sun), reach * np.sin(sun)), 0.08 * diameter + 0.6)
    light = light * (1 - uniform(rng, 0, 0.8) * shadow * (1 - scene.mask))
    light = np.clip(light, 0, 1).astype(np.float32)
    if chance(rng, 0.15):
        return Picture(light.mean(axis=0, keepdims=True), scene.labels, transmitted_camera(rng, diameter))
    return Picture(light, scene.labels, colour_camera(rng))


KINDS = (RenderKind("fruit", "particles", fruit, (18, 110), 0.7),)
