"""Whole unstained cells on glass: phase contrast, DIC, quantitative phase; single, crowded, closed sheets."""

from __future__ import annotations

import numpy as np

from model_core.training.rendered import contrast, placement, shapes
from model_core.training.rendered.clutter import dirt
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
from model_core.training.rendered.kinds.cytoplasm import spread_scene
from model_core.training.rendered.optics import transmitted_camera
from model_core.training.rendered.scene import Scene


def cell_thickness(rng: np.random.Generator, scene: Scene, diameter: float) -> np.ndarray:
    """Flat towards the edge, high over the nucleus, with nucleoli, granules, folds and a ruffled margin."""
    shape = scene.shape
    height = scene.per_object(np.exp(uniform(rng, 0.1, 0.5) * rng.standard_normal(scene.n)))
    steep = scene.per_object(rng.uniform(0.35, 1.1, scene.n), 1.0)
    body = scene.relative_depth**steep * scene.mask
    nuclei = scene.nuclei(rng, uniform(rng, 0.35, 0.55), off_centre=uniform(rng, 0.05, 0.25))
    thick = uniform(rng, 0.35, 0.8) * body
    thick += uniform(rng, 0.1, 0.5) * blur(nuclei.dome, max(0.03 * diameter, 0.5))
    if chance(rng, 0.6):
        envelope = nuclei.mask * np.exp(-((nuclei.depth / (0.025 * diameter + 0.6)) ** 2))
        thick += uniform(rng, -0.25, 0.25) * envelope
    if chance(rng, 0.6):
        nucleoli = spots(
            rng, shape, int(rng.uniform(2, 8) * shape[0] * shape[1] / diameter**2 * 4), 0.03 * diameter
        )
        thick += uniform(rng, 0.15, 0.4) * np.minimum(nucleoli, 1) * nuclei.mask
    inside = np.minimum(scene.depth / (0.05 * diameter + 1), 1) * scene.mask
    count = int(log_uniform(rng, 10, 120) * scene.area.sum() / diameter**2)
    near = np.exp(-nuclei.outside / np.float32(diameter * uniform(rng, 0.08, 0.3)))
    granules = spots(rng, shape, count, max(diameter * uniform(rng, 0.008, 0.022), 0.6))
    thick += uniform(rng, 0.1, 0.6) * granules * inside * near
    thick += uniform(rng, 0.03, 0.14) * fractal(rng, shape, diameter * uniform(rng, 0.1, 0.4), 0.75) * inside
    if chance(rng, 0.35):
        width = max(diameter * uniform(rng, 0.03, 0.06), 1.8)
        thick += uniform(rng, 0.03, 0.1) * fibrous(rng, shape, width, rng.uniform(0, np.pi)) * inside
    if chance(rng, 0.3):
        thick += uniform(rng, 0.05, 0.2) * ridges(rng, shape, max(0.15 * diameter, 4)) * inside
    if chance(rng, 0.6):  # the margin is thicker here and there
        ruffle = np.clip(uniform(rng, 0.2, 1) + smooth(rng, shape, 0.3 * diameter), 0, 2)
        thick += (
            uniform(rng, 0.1, 0.35)
            * scene.mask
            * ruffle
            * np.exp(-scene.depth / np.float32(0.03 * diameter + 0.7))
        )
    return thick * height


def round_up(rng: np.random.Generator, scene: Scene, diameter: float) -> Scene:
    """Some cells have detached or divide: small bright balls, alone or in pairs, over the others."""
    n = int(rng.poisson(0.04 * scene.mask.size / diameter**2))
    if n == 0:
        return scene
    centres = placement.scatter(rng, scene.shape, n, diameter)
    if chance(rng, 0.5):
        centres = np.concatenate([centres, centres + rng.normal(0, 0.3, centres.shape) * diameter])
    sizes = placement.radii(rng, len(centres), 0.5 * diameter, 0.15)
    centres, _ = placement.push_apart(centres, sizes, 6)
    balls = placement.paint(
        placement.placed(shapes.blobs(rng, len(centres), 0.03, 1.1), sizes, centres), scene.shape
    )
    return Scene(np.where(balls > 0, balls + scene.n, scene.labels), 0.05 * diameter**2)


def _picture(rng: np.random.Generator, canvas: Canvas, mode: str) -> Picture:
    shape, diameter = canvas.shape, canvas.diameter
    scene = spread_scene(rng, canvas)
    if chance(rng, 0.5):
        scene = round_up(rng, scene, diameter)
    thickness = cell_thickness(rng, scene, diameter)
    small = scene.area < 0.4 * np.median(scene.area) if scene.n else np.zeros(0, bool)
    compact = scene.area > 1.9 * scene.radius**2 * np.pi / 2 if scene.n else np.zeros(0, bool)
    ball = scene.per_object(small & compact & (rng.random(scene.n) < 0.7))
    thickness = np.where(ball > 0, 1.6 * scene.dome, thickness).astype(np.float32)
    if mode == "phase" and chance(rng, 0.8):
        # shade-off: wide cells show their edges and their details, not their area
        depth, wide = uniform(rng, 0.3, 0.7), diameter * uniform(rng, 0.06, 0.3)
        light = 1 - depth * (thickness - uniform(rng, 0.75, 1.1) * blur(thickness, wide))
        light += (
            uniform(rng, 0, 0.3)
            * np.exp(-scene.outside / np.float32(0.02 * diameter + 0.6))
            * (scene.labels == 0)
        )
        light += uniform(rng, 0.4, 1.2) * blur(ball * scene.dome, 0.8)
    else:
        light = contrast.TRANSPARENT[mode](rng, thickness, diameter)
    light = light + uniform(rng, 0.004, 0.04) * fractal(rng, shape, uniform(rng, 3, 30))
    if chance(rng, 0.6):
        light = light + uniform(rng, 0.05, 0.3) * dirt(rng, shape, diameter, 0.6) * (1 - 0.8 * scene.mask)
    if chance(rng, 0.2):
        light = contrast.sharpen(light, uniform(rng, 0.3, 1.2))
    return Picture(light[None].astype(np.float32), scene.labels, transmitted_camera(rng, canvas.diameter))


def phase_cells(rng: np.random.Generator, canvas: Canvas) -> Picture:
    return _picture(rng, canvas, "phase")


def relief_cells(rng: np.random.Generator, canvas: Canvas) -> Picture:
    return _picture(rng, canvas, "dic")


def quantitative_cells(rng: np.random.Generator, canvas: Canvas) -> Picture:
    return _picture(rng, canvas, "quantitative")


def bright_field_cells(rng: np.random.Generator, canvas: Canvas) -> Picture:
    return _picture(rng, canvas, "bright_field")


KINDS = (
    RenderKind("adherent_phase", "adherent", phase_cells, (22, 90), 1.5),
    RenderKind("adherent_dic", "adherent", relief_cells, (22, 90), 1.0),
    RenderKind("adherent_quantitative", "adherent", quantitative_cells, (22, 90), 0.8),
    RenderKind("adherent_bright_field", "adherent", bright_field_cells, (22, 90), 0.5),
)
