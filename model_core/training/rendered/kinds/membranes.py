"""Sheets of cells seen by their walls: stained epithelia, plant tissue, bright-field cell walls."""

from __future__ import annotations

import numpy as np

from model_core.training.rendered import placement
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


def sheet(rng: np.random.Generator, canvas: Canvas, wiggle: float = 1.0) -> Scene:
    """A tessellation, its borders bent, sometimes with nothing around an island of it."""
    shape, diameter = canvas.shape, canvas.diameter
    long = log_uniform(rng, 1.0, 3.0) if chance(rng, 0.4) else 1.0
    labels = placement.tessellate(rng, shape, diameter, uniform(rng, 0.1, 1), long, uniform(rng, 0, 0.8))
    labels = placement.warp(
        rng, labels, uniform(rng, 0.02, 0.1) * diameter, uniform(rng, 0.5, 1.5) * diameter
    )
    if chance(rng, 0.5):
        labels = placement.warp(
            rng, labels, wiggle * uniform(rng, 0.01, 0.035) * diameter, uniform(rng, 0.08, 0.25) * diameter
        )
    if chance(rng, 0.35):
        inside = smooth(rng, shape, uniform(rng, 3, 8) * diameter) > uniform(rng, -1.3, 0.2)
        count = int(labels.max()) + 1
        share = np.bincount(labels.ravel(), inside.ravel(), count) / np.maximum(
            np.bincount(labels.ravel(), minlength=count), 1
        )
        labels = np.where((share > 0.5)[labels], labels, 0)
    return Scene(labels, 0.06 * diameter**2)


def wall_light(rng: np.random.Generator, scene: Scene, diameter: float, width: float) -> np.ndarray:
    """Brightness 0..1 of the walls: their width and strength vary along them and from one to the next."""
    shape = scene.shape
    vary = 1 + uniform(rng, 0, 0.35) * np.clip(smooth(rng, shape, diameter * uniform(rng, 0.2, 0.8)), -2, 2)
    light = np.exp(-((scene.wall / (width * vary)) ** np.float32(uniform(rng, 1.3, 2.5))))
    strength = 1 + uniform(rng, 0, 0.45) * np.clip(
        smooth(rng, shape, diameter * uniform(rng, 0.5, 1.5)), -2, 2
    )
    light = light * np.maximum(strength, 0.05)
    if chance(rng, 0.4):  # beads and short breaks
        light = light * np.clip(1 + uniform(rng, 0.2, 0.6) * smooth(rng, shape, max(2.5 * width, 3)), 0.05, 2)
    if chance(rng, 0.35):  # stretches with little stain
        light = light * np.clip(uniform(rng, 1.0, 2.0) + 1.5 * smooth(rng, shape, diameter * 0.4), 0.15, 1)
    if chance(rng, 0.4):  # corners outshine the walls
        corner = blur(scene.borders.astype(np.float32), max(width, 1.2))
        light = light * (1 + uniform(rng, 0.3, 1.5) * corner / max(float(corner.max()), 1e-3))
    return light


def stained_sheet(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """Junctions or membranes in fluorescence; a little cytoplasm, nuclei and other planes shine through."""
    shape, diameter = canvas.shape, canvas.diameter
    scene = sheet(rng, canvas)
    light = wall_light(rng, scene, diameter, max(diameter * log_uniform(rng, 0.015, 0.06), 0.7))
    if chance(rng, 0.7):
        cytoplasm = scene.per_object(np.exp(0.4 * rng.standard_normal(scene.n)), 0.1)
        light += (
            uniform(rng, 0.02, 0.3) * cytoplasm * (1 + 0.35 * fractal(rng, shape, max(0.3 * diameter, 3)))
        )
    if chance(rng, 0.3):
        inner = scene.nuclei(rng, uniform(rng, 0.4, 0.6))
        light += uniform(rng, -0.15, 0.3) * blur(inner.mask, 0.04 * diameter)
    if chance(rng, 0.4):
        count = int(rng.uniform(2, 15) * light.size / diameter**2)
        light += uniform(rng, 0.2, 0.8) * spots(rng, shape, count, uniform(rng, 0.6, 1.5))
    if chance(rng, 0.5):
        light += uniform(rng, 0.2, 0.8) * blur(light, uniform(rng, 0.06, 0.3) * diameter)
    camera = fluorescence_camera(rng, canvas.diameter)
    if chance(rng, 0.4):
        nuclei = scene.nuclei(rng, uniform(rng, 0.35, 0.6))
        return Picture(np.stack([light, blur(nuclei.mask, 0.8)]).astype(np.float32), scene.labels, camera)
    return Picture(light[None].astype(np.float32), scene.labels, camera)


def plant_tissue(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """Thick walls, often two lines with a dark seam, rounded corners, starch and chloroplasts inside."""
    shape, diameter = canvas.shape, canvas.diameter
    scene = sheet(rng, canvas, wiggle=0.4)
    width = max(diameter * uniform(rng, 0.03, 0.1), 1.0)
    light = wall_light(rng, scene, diameter, width)
    if chance(rng, 0.35):
        light = light - uniform(rng, 0.4, 0.9) * np.exp(-((scene.wall / (0.4 * width)) ** 2))
    if chance(rng, 0.4):  # air between rounded cells
        round_off = blur(scene.borders.astype(np.float32), 0.12 * diameter)
        light = np.where(
            round_off > 1.35 * np.median(round_off[scene.borders]) if scene.borders.any() else False,
            0.1,
            light,
        )
    if chance(rng, 0.6):
        light += (
            uniform(rng, 0.05, 0.3)
            * scene.per_object(rng.uniform(0.2, 1, scene.n))
            * (1 + 0.3 * fractal(rng, shape, 0.4 * diameter))
        )
    if chance(rng, 0.35):
        count = int(rng.uniform(4, 14) * light.size / diameter**2)
        inside = (scene.depth > 2 * width).astype(np.float32)
        light += uniform(rng, 0.3, 0.9) * inside * np.minimum(spots(rng, shape, count, 0.05 * diameter), 1.2)
    if chance(rng, 0.25):  # stained section in bright field: dark walls
        light = 1 - uniform(rng, 0.3, 0.9) * np.clip(light, 0, 1.3)
        return Picture(light[None].astype(np.float32), scene.labels, transmitted_camera(rng, canvas.diameter))
    return Picture(light[None].astype(np.float32), scene.labels, fluorescence_camera(rng, canvas.diameter))


KINDS = (
    RenderKind("epithelium_membrane", "membranes", stained_sheet, (16, 90), 1.2),
    RenderKind("plant_walls", "membranes", plant_tissue, (16, 90), 0.8),
)
