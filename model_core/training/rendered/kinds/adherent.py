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


def cell_thickness(
    rng: np.random.Generator, scene: Scene, diameter: float, texture: float = 1.0
) -> np.ndarray:
    """A step at the edge, flat or domed to the middle, higher over the nucleus; granules, nucleoli, folds.

    Each cell has a height of its own; `texture` scales what lies inside: slopes show it more than heights do.
    """
    shape = scene.shape
    step = 1 - np.exp(-scene.depth / np.float32(uniform(rng, 0.01, 0.05) * diameter + 0.7))
    bulge = scene.per_object(np.clip(rng.normal(uniform(rng, 0.2, 0.9), 0.25, scene.n), 0.1, 1.3))
    dome = blur(bulge * scene.relative_depth ** np.float32(uniform(rng, 0.8, 2.0)), 0.07 * diameter)
    thick = uniform(rng, 0.2, 0.5) * step + dome * np.minimum(3 * step, 1)
    nuclei = scene.nuclei(rng, uniform(rng, 0.35, 0.55), off_centre=uniform(rng, 0.05, 0.2))
    thick = thick + uniform(rng, 0, 0.4) * blur(nuclei.dome, max(0.03 * diameter, 0.5))
    texture = texture * log_uniform(rng, 0.35, 1.3)
    if chance(rng, 0.7):  # nuclear envelope
        envelope = nuclei.mask * np.exp(-((nuclei.depth / (0.02 * diameter + 0.6)) ** 2))
        thick = thick + texture * uniform(rng, -0.3, 0.3) * envelope
    if chance(rng, 0.7):
        per_field = 4 * shape[0] * shape[1] / diameter**2
        nucleoli = spots(rng, shape, int(rng.uniform(2, 8) * per_field), 0.03 * diameter)
        thick = thick + texture * uniform(rng, 0.2, 0.6) * np.minimum(nucleoli, 1) * nuclei.mask
    inside = np.minimum(scene.depth / (0.05 * diameter + 1), 1) * scene.mask
    near = np.exp(-nuclei.outside / np.float32(diameter * uniform(rng, 0.08, 0.3))) * (1 - 0.7 * nuclei.mask)
    count = int(log_uniform(rng, 10, 120) * scene.area.sum() / diameter**2)
    granules = spots(rng, shape, count, max(diameter * uniform(rng, 0.008, 0.02), 0.6))
    details = uniform(rng, 0.1, 0.6) * np.minimum(granules, 1.5) * near
    details += uniform(rng, 0.02, 0.1) * fractal(rng, shape, diameter * uniform(rng, 0.1, 0.4), 0.75)
    if chance(rng, 0.2):
        width = max(diameter * uniform(rng, 0.03, 0.06), 1.8)
        details += uniform(rng, 0.02, 0.06) * fibrous(rng, shape, width, rng.uniform(0, np.pi))
    if chance(rng, 0.2):
        details += uniform(rng, 0.03, 0.12) * ridges(rng, shape, max(0.15 * diameter, 4))
    thick = thick + texture * details * inside
    if chance(rng, 0.6):  # the margin is thicker here and there
        ruffle = np.clip(uniform(rng, 0.2, 1) + smooth(rng, shape, 0.3 * diameter), 0, 2)
        edge = scene.mask * np.exp(-scene.depth / np.float32(0.025 * diameter + 0.7))
        thick = thick + uniform(rng, 0.1, 0.3) * ruffle * edge
    return thick * scene.per_object(np.exp(uniform(rng, 0.05, 0.25) * rng.standard_normal(scene.n)))


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


def shade_off(rng: np.random.Generator, scene: Scene, thickness: np.ndarray, diameter: float) -> np.ndarray:
    """Phase contrast of flat cells: edges and details show, their area hardly; a thin bright line around."""
    depth, wide = uniform(rng, 0.2, 0.7), max(diameter * log_uniform(rng, 0.04, 0.25), 1.5)
    back = uniform(rng, 0.95, 1.15) if chance(rng, 0.6) else uniform(rng, 0.6, 0.95)
    light = 1 - depth * (thickness - back * blur(thickness, wide))
    line = np.exp(-scene.outside / np.float32(0.02 * diameter + 0.6)) * (1 - scene.mask)
    line = line * np.clip(1 + uniform(rng, 0, 0.8) * smooth(rng, scene.shape, 0.7 * diameter), 0, 3)
    return light + uniform(rng, 0, 0.35) * line * np.minimum(blur(thickness, 0.05 * diameter) * 3, 1)


def standing(rng: np.random.Generator, scene: Scene, thickness: np.ndarray, diameter: float) -> np.ndarray:
    """Phase contrast of cells that rise from the glass: bright bodies, a thin dark edge, a bright halo.

    How much differs from cell to cell: flat ones among them show little but their edge.
    """
    body = scene.per_object(np.clip(rng.normal(uniform(rng, 0.1, 1.0), 0.35, scene.n), 0, 1.5))
    rim = diameter * uniform(rng, 0.03, 0.1) + 0.5
    dark = np.exp(-(((scene.depth - 0.7 * rim) / rim) ** 2)) * scene.mask
    bright = body * scene.relative_depth ** np.float32(uniform(rng, 0.7, 2.0))
    reach = diameter * log_uniform(rng, 0.03, 0.15) + 0.6
    halo = (
        np.exp(-scene.outside / np.float32(reach)) * (1 - scene.mask) * np.minimum(3 * blur(body, reach), 1)
    )
    halo = halo * np.clip(1 + 0.4 * smooth(rng, scene.shape, diameter), 0, 2)
    details = thickness - blur(thickness, 0.08 * diameter)
    light = 1 + uniform(rng, 0.2, 1.2) * bright - uniform(rng, 0.2, 0.7) * dark * (0.4 + body)
    return light + uniform(rng, 0.2, 1.0) * halo + uniform(rng, -0.6, 0.6) * details


def _picture(rng: np.random.Generator, canvas: Canvas, mode: str) -> Picture:
    shape, diameter = canvas.shape, canvas.diameter
    scene = spread_scene(rng, canvas)
    flat = scene.n
    if chance(rng, 0.5):
        scene = round_up(rng, scene, diameter)
    thickness = cell_thickness(rng, scene, diameter, {"dic": 0.35, "bright_field": 0.5}.get(mode, 1.0))
    if scene.n > flat:
        compact = scene.radius**2 * np.pi > 0.8 * scene.area
        small = scene.area < 0.5 * np.median(scene.area)
        ball = blur(scene.per_object(compact & small), 0.6)
        thickness = thickness * (1 - ball) + 1.7 * ball * scene.dome
    else:
        ball = np.zeros(shape, np.float32)
    if mode == "phase":
        style = str(rng.choice(["flat", "standing", "dark"], p=[0.5, 0.35, 0.15]))
        if style == "flat":
            light = shade_off(rng, scene, thickness, diameter)
        elif style == "standing":
            light = standing(rng, scene, thickness, diameter)
        else:
            light = contrast.phase_contrast(rng, thickness, diameter)
        light = light + uniform(rng, 0.2, 0.8) * ball * scene.relative_depth
    else:
        light = contrast.TRANSPARENT[mode](rng, thickness, diameter)
    light = light + log_uniform(rng, 0.002, 0.02) * fractal(rng, shape, uniform(rng, 3, 30))
    if chance(rng, 0.6):
        light = light + uniform(rng, 0.05, 0.3) * dirt(rng, shape, diameter, 0.6) * (1 - 0.8 * scene.mask)
    if chance(rng, 0.2):
        light = contrast.sharpen(light, uniform(rng, 0.3, 1.2))
    return Picture(light[None].astype(np.float32), scene.labels, transmitted_camera(rng, 0.6 * diameter))


def phase_cells(rng: np.random.Generator, canvas: Canvas) -> Picture:
    return _picture(rng, canvas, "phase")


def relief_cells(rng: np.random.Generator, canvas: Canvas) -> Picture:
    return _picture(rng, canvas, "dic")


def quantitative_cells(rng: np.random.Generator, canvas: Canvas) -> Picture:
    return _picture(rng, canvas, "quantitative")


def bright_field_cells(rng: np.random.Generator, canvas: Canvas) -> Picture:
    return _picture(rng, canvas, "bright_field")


KINDS = (
    RenderKind("adherent_phase", "adherent", phase_cells, (15, 90), 2.0),
    RenderKind("adherent_dic", "adherent", relief_cells, (15, 90), 1.2),
    RenderKind("adherent_quantitative", "adherent", quantitative_cells, (15, 90), 0.8),
    RenderKind("adherent_bright_field", "adherent", bright_field_cells, (22, 90), 0.5),
)
