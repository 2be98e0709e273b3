"""Tissue in which the cells themselves are outlined: muscle, fat, leaves and stems, in stains and colour."""

from __future__ import annotations

import numpy as np

from model_core.training.rendered import placement
from model_core.training.rendered.fields import blur, chance, fractal, log_uniform, smooth, spots, uniform
from model_core.training.rendered.kind import Canvas, Picture, RenderKind
from model_core.training.rendered.kinds.membranes import sheet, wall_light
from model_core.training.rendered.kinds.stained import EOSIN, GIEMSA_PURPLE, HAEMATOXYLIN, stain, transmitted
from model_core.training.rendered.optics import colour_camera, fluorescence_camera, transmitted_camera
from model_core.training.rendered.scene import Scene


def muscle(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """Fibres cut across: pink polygons, pale gaps, flat dark nuclei at their edges; types by shade."""
    shape, diameter = canvas.shape, canvas.diameter
    whole = sheet(rng, canvas, wiggle=0.3)
    gap = max(diameter * log_uniform(rng, 0.02, 0.08), 1.0)
    scene = Scene(np.where(whole.depth > gap, whole.labels, 0), 0.06 * diameter**2)
    types = np.where(rng.random(scene.n) < uniform(rng, 0, 0.6), uniform(rng, 0.55, 0.9), 1.0)
    fibre = scene.mask * scene.per_object(types * np.exp(0.08 * rng.standard_normal(scene.n)))
    fibre = fibre * (
        1 + uniform(rng, 0.02, 0.2) * fractal(rng, shape, max(diameter * uniform(rng, 0.03, 0.2), 2), 0.8)
    )
    between = (1 - scene.mask) * uniform(rng, 0.01, 0.2)
    at_edge = ((whole.wall < gap + 0.04 * diameter) & (whole.labels > 0)).astype(np.float32)
    count = int(rng.uniform(0.3, 3) * scene.n)
    nuclei = np.minimum(spots(rng, shape, count, max(0.05 * diameter, 1.0)), 1) * at_edge
    layers = [
        (fibre * uniform(rng, 0.5, 1.2) + between, stain(rng, EOSIN if chance(rng, 0.7) else GIEMSA_PURPLE)),
        (1.2 * nuclei, stain(rng, HAEMATOXYLIN)),
    ]
    light = transmitted(rng, layers)
    if chance(rng, 0.25):
        return Picture(light[1:2], scene.labels, transmitted_camera(rng, diameter))
    return Picture(light, scene.labels, colour_camera(rng))


def fat(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """Fat and other empty cells: white, with thin stained walls and a nucleus pressed against one."""
    shape, diameter = canvas.shape, canvas.diameter
    scene = sheet(rng, canvas, wiggle=0.5)
    walls = wall_light(rng, scene, diameter, max(diameter * log_uniform(rng, 0.015, 0.05), 0.8))
    corner = blur(scene.borders.astype(np.float32), 0.06 * diameter)
    stuff = (scene.labels == 0) * (0.5 + 0.2 * fractal(rng, shape, diameter))
    nuclei = np.minimum(spots(rng, shape, scene.n, max(0.05 * diameter, 1.0)), 1) * np.exp(-scene.wall / 2)
    pink = walls + uniform(rng, 0, 1) * corner + stuff
    layers = [(pink * uniform(rng, 0.3, 1.2), stain(rng, EOSIN)), (nuclei, stain(rng, HAEMATOXYLIN))]
    light = transmitted(rng, layers)
    if chance(rng, 0.3):
        return Picture(light[1:2], scene.labels, transmitted_camera(rng, diameter))
    return Picture(light, scene.labels, colour_camera(rng))


def pavement(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """The skin of a leaf: cells that interlock like a jigsaw, and pairs of guard cells among them."""
    shape, diameter = canvas.shape, canvas.diameter
    labels = placement.tessellate(rng, shape, diameter, uniform(rng, 0.2, 0.9), log_uniform(rng, 1, 1.8))
    labels = placement.warp(
        rng, labels, uniform(rng, 0.04, 0.13) * diameter, uniform(rng, 0.3, 0.5) * diameter
    )
    scene = Scene(labels, 0.08 * diameter**2)
    walls = wall_light(rng, scene, diameter, max(diameter * log_uniform(rng, 0.015, 0.06), 0.8))
    inside = scene.per_object(rng.uniform(0.2, 1, scene.n)) * (1 + 0.3 * fractal(rng, shape, 0.3 * diameter))
    light = walls + uniform(rng, 0, 0.3) * inside
    if chance(rng, 0.4):
        count = int(rng.uniform(3, 15) * light.size / diameter**2)
        light = light + uniform(rng, 0.2, 0.7) * np.minimum(spots(rng, shape, count, 0.04 * diameter), 1)
    if chance(rng, 0.3):  # unstained: dark or bright walls on grey
        light = 1 + uniform(rng, -0.8, 0.8) * light + 0.05 * fractal(rng, shape, uniform(rng, 4, 30))
        return Picture(light[None].astype(np.float32), scene.labels, transmitted_camera(rng, diameter))
    return Picture(light[None].astype(np.float32), scene.labels, fluorescence_camera(rng, diameter))


def stem(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """A stained section of a plant: red, blue or green walls, thick or thin, cells of very uneven sizes."""
    shape, diameter = canvas.shape, canvas.diameter
    scene = sheet(rng, canvas, wiggle=0.3)
    width = max(diameter * log_uniform(rng, 0.03, 0.15), 1.0)
    strength = np.clip(1 + 0.5 * smooth(rng, shape, uniform(rng, 2, 6) * diameter), 0.3, 2)
    walls = np.exp(-((scene.wall / (width * strength)) ** np.float32(uniform(rng, 2, 5))))
    wall_stain = stain(rng, tuple(rng.uniform(0.05, 1.0, 3)), 0.1)
    fill = scene.per_object((rng.random(scene.n) < uniform(rng, 0, 0.4)) * rng.uniform(0.1, 0.6, scene.n))
    if chance(rng, 0.4):
        count = int(rng.uniform(2, 10) * walls.size / diameter**2)
        fill = fill + scene.mask * np.minimum(spots(rng, shape, count, 0.06 * diameter), 1)
    layers = [
        (walls * uniform(rng, 0.7, 2.0), wall_stain),
        (fill, stain(rng, tuple(rng.uniform(0.05, 1.0, 3)), 0.1)),
    ]
    light = transmitted(rng, layers)
    if chance(rng, 0.25):
        return Picture(light.mean(axis=0, keepdims=True), scene.labels, transmitted_camera(rng, diameter))
    return Picture(light, scene.labels, colour_camera(rng))


KINDS = (
    RenderKind("muscle", "tissue cells", muscle, (16, 90), 0.5),
    RenderKind("fat", "tissue cells", fat, (16, 90), 0.4),
    RenderKind("pavement_cells", "tissue cells", pavement, (20, 90), 0.5),
    RenderKind("plant_section", "tissue cells", stem, (16, 90), 0.5),
)
