"""Long thin things: spindle cells, cells with neurites, filaments."""

from __future__ import annotations

import cv2
import numpy as np

from model_core.training.rendered import contrast, placement, shapes
from model_core.training.rendered.clutter import dirt
from model_core.training.rendered.fields import blur, chance, fractal, smooth, uniform
from model_core.training.rendered.kind import Canvas, Picture, RenderKind
from model_core.training.rendered.kinds.adherent import cell_thickness
from model_core.training.rendered.kinds.cytoplasm import cytoplasm_light
from model_core.training.rendered.kinds.nuclei import haze
from model_core.training.rendered.optics import fluorescence_camera, transmitted_camera
from model_core.training.rendered.scene import Scene


def spindle_scene(rng: np.random.Generator, canvas: Canvas) -> Scene:
    """Fibroblasts: tapering, bent, in streams along a common direction or across each other."""
    shape, diameter = canvas.shape, canvas.diameter
    n = placement.how_many(shape, diameter, uniform(rng, 0.1, 0.9))
    aspect = uniform(rng, 3, 9) * rng.uniform(0.6, 1.4, n)
    sizes = placement.radii(rng, n, diameter, uniform(rng, 0.1, 0.3))
    centres = placement.scatter(rng, shape, n, diameter, str(rng.choice(["uniform", "patchy"])))
    field = uniform(rng, 0.1, 1.2) * smooth(rng, shape, uniform(rng, 3, 8) * diameter)
    x = np.clip(centres[:, 0], 0, shape[1] - 1).astype(int)
    y = np.clip(centres[:, 1], 0, shape[0] - 1).astype(int)
    angles = rng.uniform(0, np.pi) + field[y, x] + uniform(rng, 0.05, 0.8) * rng.standard_normal(n)
    half_width = sizes * np.sqrt(np.pi / (4 * (aspect - 1) + np.pi))
    centres, angles = placement.push_apart(
        centres, 1.2 * half_width, 12, 1.0, 0.8 * (aspect - 1) * half_width, angles
    )
    outlines = shapes.rods(
        rng, aspect, 0.5 * rng.standard_normal(n), uniform(rng, 0.6, 0.97), -0.6 * rng.random(n), angles, 0.15
    )
    labels = placement.paint(placement.placed(outlines, sizes, centres), shape, 0.6)
    if chance(rng, 0.3):
        labels = placement.grow(labels, 0.08 * diameter)
    labels = placement.warp(rng, labels, 0.03 * diameter, 0.3 * diameter)
    return Scene(labels, 0.06 * diameter**2)


def neuron_scene(rng: np.random.Generator, canvas: Canvas) -> Scene:
    """Bodies with branching processes that stop where they meet another cell; both are one object."""
    shape, diameter = canvas.shape, canvas.diameter
    n = placement.how_many(shape, diameter, uniform(rng, 0.08, 0.45))
    body = placement.radii(rng, n, diameter * uniform(rng, 0.6, 0.85), 0.2)
    centres = placement.scatter(rng, shape, n, diameter, str(rng.choice(["uniform", "clustered"])))
    centres, _ = placement.push_apart(centres, body, 8, 1.1)
    outlines = shapes.spread_cells(rng, n, (0, 4), 0.6, 0.05, rng.uniform(1, 1.8, n))
    labels = placement.paint(placement.placed(outlines, body, centres), shape, 0.6)
    scene = Scene(labels, 0.05 * diameter**2)
    thin = max(0.045 * diameter, 1.2)
    length = diameter * uniform(rng, 0.8, 3.0)
    grown = scene.labels.copy()
    trial = np.zeros(shape, np.uint8)
    for number, (middle, radius) in enumerate(zip(scene.middle, scene.radius, strict=True), start=1):
        for _ in range(int(rng.integers(1, 5))):
            _neurite(rng, trial, middle, length * rng.uniform(0.4, 1.3), thin * rng.uniform(0.8, 1.8), radius)
        x, y, width, height = cv2.boundingRect(trial)
        box = (slice(y, y + height), slice(x, x + width))
        grown[box][(trial[box] > 0) & (grown[box] == 0)] = number
        trial[box] = 0
    # Processes of others leave gaps: Scene keeps the piece that holds the body, the largest.
    return Scene(grown, 0.05 * diameter**2)


def _neurite(
    rng: np.random.Generator, sheet: np.ndarray, start: np.ndarray, length: float, width: float, body: float
) -> None:
    """Draw a tapering, wandering process that may fork into `sheet`."""
    steps = 14
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.17, steps))
    step = np.stack([np.cos(heading), np.sin(heading)], axis=-1) * ((length + body) / steps)
    line = start + np.cumsum(np.concatenate([np.zeros((1, 2)), step]), axis=0)
    third = steps // 3
    for part, thick in (
        (line[: third + 1], 1.5),
        (line[third : 2 * third + 1], 1.1),
        (line[2 * third :], 0.8),
    ):
        points = [np.round(part * 16).astype(np.int32)]
        cv2.polylines(sheet, points, False, 1, max(round(width * thick), 1), cv2.LINE_8, 4)
    if rng.random() < 0.4 and length > 12:
        _neurite(rng, sheet, line[int(rng.integers(third, steps))], 0.5 * length, 0.8 * width, 0.0)


def _by_light(rng: np.random.Generator, scene: Scene, canvas: Canvas, fluorescent: float) -> Picture:
    """The scene in fluorescence (one or two channels) or by a contrast for transparent cells."""
    shape, diameter = canvas.shape, canvas.diameter
    if chance(rng, fluorescent):
        nuclei = scene.nuclei(rng, uniform(rng, 0.35, 0.55))
        light = cytoplasm_light(rng, scene, nuclei, diameter)
        light = (
            light
            + uniform(rng, 0.05, 0.4) * scene.mask
            + uniform(rng, 0.01, 0.15) * blur(light, 0.5 * diameter)
        )
        if chance(rng, 0.3):
            light = light + haze(rng, shape, diameter, 0.08)
        channels = [light]
        if chance(rng, 0.45):
            channels.append(blur(nuclei.mask * nuclei.per_object(rng.uniform(0.4, 1, nuclei.n)), 1.0))
        return Picture(
            np.stack(channels).astype(np.float32), scene.labels, fluorescence_camera(rng, canvas.diameter)
        )
    thickness = cell_thickness(rng, scene, diameter) + uniform(rng, 0.2, 0.5) * blur(scene.mask, 0.7)
    mode = str(rng.choice(["phase", "dic", "quantitative", "bright_field"], p=[0.55, 0.2, 0.15, 0.1]))
    light = contrast.TRANSPARENT[mode](rng, thickness, 0.5 * diameter)
    light = light + uniform(rng, 0.005, 0.03) * fractal(rng, shape, uniform(rng, 3, 20))
    if chance(rng, 0.5):
        light = light + uniform(rng, 0.05, 0.3) * dirt(rng, shape, diameter, 0.6) * (1 - 0.8 * scene.mask)
    return Picture(light[None].astype(np.float32), scene.labels, transmitted_camera(rng, canvas.diameter))


def spindle_cells(rng: np.random.Generator, canvas: Canvas) -> Picture:
    return _by_light(rng, spindle_scene(rng, canvas), canvas, 0.5)


def neurons(rng: np.random.Generator, canvas: Canvas) -> Picture:
    return _by_light(rng, neuron_scene(rng, canvas), canvas, 0.65)


KINDS = (
    RenderKind("spindle_cells", "elongated", spindle_cells, (18, 70), 1.0),
    RenderKind("neurons", "elongated", neurons, (16, 60), 1.1),
)
