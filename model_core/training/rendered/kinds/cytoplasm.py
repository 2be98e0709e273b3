"""Whole cells in fluorescence: one channel of cytoplasm, or cytoplasm and nucleus in two."""

from __future__ import annotations

import numpy as np

from model_core.training.rendered import placement, shapes
from model_core.training.rendered.fields import (
    blur,
    chance,
    fibrous,
    fractal,
    log_uniform,
    ridges,
    smooth,
    spots,
    uniform,
)
from model_core.training.rendered.kind import Canvas, Picture, RenderKind
from model_core.training.rendered.kinds.nuclei import chromatin, haze
from model_core.training.rendered.optics import fluorescence_camera
from model_core.training.rendered.scene import Scene


def spread_outlines(rng: np.random.Generator, n: int, angles: np.ndarray) -> np.ndarray:
    """Flat cells: with arms, stretched between corners, polygonal, or flowing as amoebae do."""
    family = str(
        rng.choice(["arms", "pulled", "polygons", "mixed", "amoebae"], p=[0.25, 0.3, 0.1, 0.2, 0.15])
    )
    elongation = rng.uniform(1, uniform(rng, 1.2, 3.0), n)
    if family == "amoebae":
        rough, smoothness = uniform(rng, 0.08, 0.22), uniform(rng, 1.1, 1.8)
        return shapes.blobs(rng, n, rough, np.minimum(elongation, 2.0), angles, smoothness)
    arms = (0, int(rng.integers(3, 7)))
    armed = shapes.spread_cells(
        rng, n, arms, uniform(rng, 0.2, 1.2), uniform(rng, 0.03, 0.12), elongation, angles
    )
    if family == "arms":
        return armed
    if family == "polygons":
        return shapes.polygons(rng, n, (4, 8), uniform(rng, 4, 12), elongation, angles)
    pulled = shapes.pulled_cells(
        rng, n, (3, int(rng.integers(4, 7))), (0.2, uniform(rng, 0.5, 1)), elongation, angles
    )
    if family == "pulled":
        return pulled
    return np.where((rng.random(n) < 0.5)[:, None, None], armed, pulled)


def spread_scene(rng: np.random.Generator, canvas: Canvas) -> Scene:
    """Cells of one culture: scattered with protrusions, islands with shared borders, or a full sheet."""
    shape, diameter = canvas.shape, canvas.diameter
    style = str(rng.choice(["scattered", "islands", "sheet", "round"], p=[0.35, 0.3, 0.2, 0.15]))
    if style == "sheet":
        labels = placement.tessellate(
            rng, shape, diameter, uniform(rng, 0, 0.8), log_uniform(rng, 1, 2.2), uniform(rng, 0, 0.5)
        )
        labels = placement.warp(
            rng, labels, uniform(rng, 0.03, 0.12) * diameter, uniform(rng, 0.4, 1.2) * diameter
        )
        if chance(rng, 0.6):  # the sheet is not closed
            field = smooth(rng, shape, uniform(rng, 1.5, 6) * diameter)
            whole = Scene(labels)
            keep = np.append(False, whole.mean(field) > uniform(rng, -1.5, -0.2))
            labels = np.where(keep[whole.labels], whole.labels, 0)
        return Scene(labels, 0.05 * diameter**2)
    coverage = {"scattered": (0.15, 0.55), "islands": (0.3, 0.85), "round": (0.15, 0.7)}[style]
    small = 0.8 if style == "islands" else 1.0
    n = placement.how_many(shape, diameter, uniform(rng, *coverage))
    spread = uniform(rng, 0.1, 0.35) if chance(rng, 0.8) else uniform(rng, 0.35, 0.6)
    sizes = placement.radii(rng, n, small * diameter, spread)
    centres = placement.scatter(rng, shape, n, diameter, str(rng.choice(["uniform", "patchy", "clustered"])))
    centres, _ = placement.push_apart(centres, sizes / small, rounds=10, room=uniform(rng, 0.85, 1.05))
    angles = rng.uniform(0, np.pi) + (
        uniform(rng, 0.1, 0.6) if chance(rng, 0.3) else 3.0
    ) * rng.standard_normal(n)
    if style == "round":
        outlines = shapes.blobs(rng, n, uniform(rng, 0.03, 0.12), rng.uniform(1, 1.5, n), angles, detail=1.0)
    else:
        outlines = spread_outlines(rng, n, angles)
    labels = placement.paint(placement.placed(outlines, sizes, centres), shape, 0.55)
    if style == "islands":
        labels = placement.grow(labels, 0.14 * diameter)
    if chance(rng, 0.5):
        labels = placement.warp(rng, labels, 0.04 * diameter, 0.3 * diameter)
    return Scene(labels, 0.05 * diameter**2)


def cytoplasm_light(rng: np.random.Generator, scene: Scene, nuclei: Scene, diameter: float) -> np.ndarray:
    """Stained cytoplasm: thick or flat, granules, fibres or a net in it, the nucleus a hole or brighter."""
    shape = scene.shape
    thick = scene.relative_depth ** np.float32(uniform(rng, 0.2, 1.0))
    base = uniform(rng, 0.1, 0.75)
    body = base * scene.mask + (1 - base) * thick
    if chance(rng, 0.5):
        near = np.exp(-nuclei.outside / np.float32(diameter * uniform(rng, 0.15, 0.5)))
        body = body * (1 + np.float32(uniform(rng, 0.3, 2.0)) * near)
    texture = 1 + np.float32(uniform(rng, 0.03, 0.3)) * fractal(
        rng, shape, max(diameter * log_uniform(rng, 0.06, 0.5), 2)
    )
    stain = rng.choice(["plain", "fibres", "net", "granules"], p=[0.4, 0.25, 0.2, 0.15])
    if stain == "fibres":
        width = max(diameter * uniform(rng, 0.03, 0.06), 1.6)
        angle = rng.uniform(0, np.pi)
        one, two = (
            fibrous(rng, shape, width, angle),
            fibrous(rng, shape, width, angle + uniform(rng, 0.6, 1.6)),
        )
        pick = scene.per_object(rng.random(scene.n)) > 0.5
        texture += uniform(rng, 0.2, 0.6) * np.where(pick, one, two)
    elif stain == "net":
        texture += uniform(rng, 0.4, 1.5) * ridges(rng, shape, max(diameter * uniform(rng, 0.08, 0.2), 4))
    elif stain == "granules":
        count = int(rng.uniform(20, 80) * scene.mask.sum() / diameter**2)
        texture += uniform(rng, 0.5, 2.5) * spots(rng, shape, count, diameter * uniform(rng, 0.012, 0.03))
    light = body * np.maximum(texture, 0.03)
    if chance(rng, 0.35):  # cortex or membrane
        light += (
            uniform(rng, 0.2, 1.5)
            * scene.mask
            * np.exp(-scene.depth / np.float32(uniform(rng, 0.02, 0.05) * diameter + 0.5))
        )
    level = 1 + (uniform(rng, -0.95, -0.3) if chance(rng, 0.65) else uniform(rng, -0.3, 1.2))
    soft = blur(nuclei.mask, max(0.03 * diameter, 0.5))
    light = light * (1 - soft + soft * level)
    spread = uniform(rng, 0.05, 0.6)
    return light * scene.per_object(np.exp(spread * rng.standard_normal(scene.n)))


def _surroundings(rng: np.random.Generator, light: np.ndarray, diameter: float) -> np.ndarray:
    shape = light.shape
    if chance(rng, 0.5):
        light = light + uniform(rng, 0.02, 0.2) * blur(light, diameter * uniform(rng, 0.15, 0.6))
    if chance(rng, 0.3):
        light = light + haze(rng, shape, diameter, log_uniform(rng, 0.02, 0.2))
    if chance(rng, 0.3):
        light = light + np.float32(uniform(rng, 0.01, 0.06)) * (2 + smooth(rng, shape, 2 * diameter))
    return light


def one_channel(rng: np.random.Generator, canvas: Canvas) -> Picture:
    scene = spread_scene(rng, canvas)
    nuclei = scene.nuclei(rng, uniform(rng, 0.3, 0.6), off_centre=uniform(rng, 0.05, 0.3))
    light = cytoplasm_light(rng, scene, nuclei, canvas.diameter)
    light = _surroundings(rng, light, canvas.diameter)
    return Picture(light[None].astype(np.float32), scene.labels, fluorescence_camera(rng, canvas.diameter))


def two_channels(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """Cytoplasm and nuclei; sometimes a third, empty or faint channel as in RGB composites.

    One cell is one object, also where it has two nuclei or where its nucleus has taken no stain.
    """
    scene = spread_scene(rng, canvas)
    nuclei = scene.nuclei(rng, uniform(rng, 0.35, 0.65), off_centre=uniform(rng, 0.05, 0.25))
    cytoplasm = _surroundings(rng, cytoplasm_light(rng, scene, nuclei, canvas.diameter), canvas.diameter)
    brightness = nuclei.per_object(np.exp(uniform(rng, 0.05, 0.5) * rng.standard_normal(nuclei.n)))
    if chance(rng, 0.25):
        brightness = brightness * nuclei.per_object(rng.random(nuclei.n) > uniform(rng, 0.05, 0.5))
    blue = brightness * nuclei.mask * chromatin(rng, nuclei, 0.5 * canvas.diameter)
    if chance(rng, 0.3):
        second = scene.nuclei(rng, uniform(rng, 0.25, 0.5), off_centre=0.4)
        double = second.mask * second.per_object(rng.random(second.n) < uniform(rng, 0.1, 0.9))
        blue = np.maximum(blue, double * chromatin(rng, second, 0.5 * canvas.diameter))
    blue = _surroundings(rng, blue, 0.5 * canvas.diameter)
    if chance(rng, 0.4):
        blue = blue + uniform(rng, 0.02, 0.2) * cytoplasm
    if chance(rng, 0.3):
        cytoplasm = cytoplasm + uniform(rng, 0.02, 0.3) * blue
    channels = [cytoplasm, blue]
    if chance(rng, 0.35):
        third = (
            np.zeros_like(cytoplasm)
            if chance(rng, 0.6)
            else uniform(rng, 0.1, 0.9) * cytoplasm * (1 + 0.3 * smooth(rng, scene.shape, canvas.diameter))
        )
        channels.insert(0, third)
    return Picture(
        np.stack(channels).astype(np.float32), scene.labels, fluorescence_camera(rng, canvas.diameter)
    )


KINDS = (
    RenderKind("cytoplasm_fluorescence", "cytoplasm", one_channel, (18, 90), 1.2),
    RenderKind("cells_two_channel", "cytoplasm", two_channels, (18, 90), 1.6),
)
