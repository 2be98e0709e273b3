"""Sections in the electron microscope: nerve fibres in their myelin, mitochondria, vesicles in cytoplasm."""

from __future__ import annotations

import numpy as np

from model_core.training.rendered import placement, shapes
from model_core.training.rendered.fields import (
    Shape,
    blur,
    chance,
    fractal,
    ridges,
    smooth,
    spots,
    uniform,
    white,
)
from model_core.training.rendered.kind import Canvas, Picture, RenderKind
from model_core.training.rendered.optics import electron_camera, fluorescence_camera
from model_core.training.rendered.scene import Scene


def nerve_fibres(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """Cross sections of a nerve: axon and myelin ring are one object; thin fibres between thick ones."""
    shape, diameter = canvas.shape, canvas.diameter
    n = placement.how_many(shape, diameter * 1.15, uniform(rng, 0.5, 1.0))
    sizes = placement.radii(rng, n, diameter, uniform(rng, 0.15, 0.5))
    centres = placement.scatter(rng, shape, n, diameter)
    centres, _ = placement.push_apart(centres, sizes, 14, uniform(rng, 0.95, 1.08))
    outlines = shapes.blobs(rng, n, uniform(rng, 0.04, 0.1), rng.uniform(1, 1.6, n), detail=1.3)
    labels = placement.paint(placement.placed(outlines, sizes, centres), shape, 0.6)
    if chance(rng, 0.4):
        labels = placement.grow(labels, 0.06 * diameter)
    scene = Scene(labels, 0.04 * diameter**2)
    ring = scene.per_object(rng.uniform(0.2, 0.5, scene.n) * scene.radius, 1.0)
    wobble = 1 + 0.15 * smooth(rng, shape, 0.4 * diameter)
    myelin = np.clip((ring * wobble - scene.depth) / 1.2 + 0.5, 0, 1) * scene.mask
    axon = scene.mask - myelin
    bright = chance(rng, 0.5)  # back-scattered electrons against transmitted ones
    level = uniform(rng, 0.05, 0.45) if bright else uniform(rng, 0.45, 0.8)
    ground = level + uniform(rng, 0.04, 0.13) * fractal(rng, shape, diameter * uniform(rng, 0.3, 1.0), 0.8)
    tissue = uniform(rng, 0, 0.25) * ridges(rng, shape, max(0.3 * diameter, 4), 0.2)
    grey_myelin, grey_axon = (
        (uniform(rng, 0.75, 1), uniform(rng, 0.0, 0.35))
        if bright
        else (uniform(rng, 0, 0.2), uniform(rng, 0.55, 0.95))
    )
    vary = scene.per_object(0.06 * rng.standard_normal(scene.n))
    light = (1 - scene.mask) * (ground + tissue) + myelin * (grey_myelin + 0.06 * white(rng, shape))
    light += axon * (grey_axon + vary + 0.05 * fractal(rng, shape, max(0.15 * diameter, 2)))
    if chance(rng, 0.5):  # organelles in the axons
        light += (
            axon * uniform(rng, -0.35, 0.35) * np.minimum(spots(rng, shape, 2 * scene.n, 0.05 * diameter), 1)
        )
    if chance(rng, 0.25):  # a thin gap inside the sheath
        gap = np.exp(-(((scene.depth - 0.5 * ring) / 0.8) ** 2)) * scene.mask
        light -= uniform(rng, 0.1, 0.4) * (1 if bright else -1) * gap
    # Neighbours never fuse: a seam of lighter or darker matter runs between touching sheaths.
    seam = np.exp(-((scene.wall / np.float32(uniform(rng, 0.6, 1.4))) ** 2))
    light = light + uniform(rng, 0.6, 1.0) * seam * (level - light)
    camera = fluorescence_camera(rng, diameter) if bright and chance(rng, 0.2) else electron_camera(rng)
    return Picture(light[None].astype(np.float32), scene.labels, camera)


def _cytoplasm(rng: np.random.Generator, shape: Shape, diameter: float) -> np.ndarray:
    """The ground that organelles lie in: granular, with membranes of the reticulum and other cells."""
    light = 0.6 + 0.06 * fractal(rng, shape, diameter, 0.8)
    light += uniform(rng, 0.02, 0.08) * smooth(rng, shape, uniform(rng, 2, 4))
    light -= uniform(rng, 0.1, 0.35) * ridges(rng, shape, diameter * uniform(rng, 0.4, 1.2), 0.06)
    if chance(rng, 0.6):
        light -= uniform(rng, 0.2, 0.4) * ridges(rng, shape, diameter * uniform(rng, 2, 5), 0.03)
    if chance(rng, 0.6):  # ribosomes
        light -= uniform(rng, 0.1, 0.3) * np.minimum(
            spots(rng, shape, int(shape[0] * shape[1] * rng.uniform(0.002, 0.01)), 0.8), 1
        )
    return light


def mitochondria(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """Round to sausage-shaped, darker than the cytoplasm, a dark envelope and folds inside."""
    shape, diameter = canvas.shape, canvas.diameter
    n = placement.how_many(shape, diameter, uniform(rng, 0.1, 0.45))
    sizes = placement.radii(rng, n, diameter, uniform(rng, 0.1, 0.35))
    centres = placement.scatter(rng, shape, n, diameter, str(rng.choice(["uniform", "patchy"])))
    centres, _ = placement.push_apart(centres, sizes, 8, 1.05)
    if chance(rng, 0.5):
        outlines = shapes.rods(rng, rng.uniform(1.2, 4, n), rng.normal(0, 0.7, n), uniform(rng, 0, 0.3))
    else:
        outlines = shapes.blobs(rng, n, 0.06, rng.uniform(1, 2.2, n))
    labels = placement.warp(
        rng,
        placement.paint(placement.placed(outlines, sizes, centres), shape),
        0.04 * diameter,
        0.4 * diameter,
    )
    scene = Scene(labels, 0.06 * diameter**2)
    along, _ = scene.local(scene.axis + 0.3 * rng.standard_normal(scene.n))
    period = max(diameter * uniform(rng, 0.1, 0.22), 3.5)
    waver = smooth(rng, shape, 0.25 * diameter) * 0.35 * period
    folds = np.maximum(np.sin((along + waver) * np.float32(2 * np.pi / period)), 0) ** 2
    folds = folds * (smooth(rng, shape, 0.3 * diameter) > -0.6) * (scene.depth > 0.06 * diameter + 1)
    matrix = uniform(rng, 0.2, 0.5) + scene.per_object(0.05 * rng.standard_normal(scene.n))
    inside = matrix + uniform(rng, -0.3, 0.35) * folds + 0.05 * fractal(rng, shape, max(0.1 * diameter, 2))
    envelope = np.exp(-(((scene.depth - 0.7) / (0.02 * diameter + 0.7)) ** 2))
    inside = inside - uniform(rng, 0.05, 0.3) * envelope
    soft = blur(scene.mask, 0.7)
    light = (1 - soft) * _cytoplasm(rng, shape, diameter) + soft * inside
    if chance(rng, 0.15):
        light = 1 - light
    return Picture(light[None].astype(np.float32), scene.labels, electron_camera(rng))


def vesicles(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """Round bags with a dark membrane, empty, grey or with a dense core; crowded or scattered."""
    shape, diameter = canvas.shape, canvas.diameter
    n = placement.how_many(shape, diameter, uniform(rng, 0.1, 0.7))
    sizes = placement.radii(rng, n, diameter, uniform(rng, 0.08, 0.35))
    centres = placement.scatter(rng, shape, n, diameter, str(rng.choice(["uniform", "patchy", "clustered"])))
    centres, _ = placement.push_apart(centres, sizes, 10, uniform(rng, 1.0, 1.15))
    labels = placement.paint(
        placement.placed(shapes.blobs(rng, n, 0.03, rng.uniform(1, 1.3, n)), sizes, centres), shape, 0.7
    )
    scene = Scene(labels, 0.05 * diameter**2)
    membrane = np.exp(-(((scene.depth - 1) / max(0.05 * diameter, 0.8)) ** 2)) * scene.mask
    lumen = uniform(rng, 0.5, 0.95) + scene.per_object(0.05 * rng.standard_normal(scene.n))
    core = (
        scene.per_object((rng.random(scene.n) < uniform(rng, 0, 1)) * rng.uniform(0.2, 0.5, scene.n))
        if chance(rng, 0.5)
        else 0.0
    )
    inside = (
        lumen - core * np.clip((scene.relative_depth - 0.45) * 4, 0, 1) - uniform(rng, 0.35, 0.7) * membrane
    )
    soft = blur(scene.mask, 0.6)
    light = (1 - soft) * _cytoplasm(rng, shape, 2 * diameter) + soft * inside
    return Picture(light[None].astype(np.float32), scene.labels, electron_camera(rng))


KINDS = (
    RenderKind("nerve_fibres", "electron", nerve_fibres, (10, 70), 0.8),
    RenderKind("mitochondria", "electron", mitochondria, (18, 80), 0.6),
    RenderKind("vesicles", "electron", vesicles, (10, 50), 0.35),
)
