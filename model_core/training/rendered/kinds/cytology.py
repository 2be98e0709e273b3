"""Whole stained cells in colour: smears, marrow, cultures in Giemsa, Papanicolaou or crystal violet."""

from __future__ import annotations

import numpy as np

from model_core.training.rendered import placement, shapes
from model_core.training.rendered.clutter import dirt
from model_core.training.rendered.fields import blur, chance, fractal, smooth, spots, uniform
from model_core.training.rendered.kind import Canvas, Picture, RenderKind
from model_core.training.rendered.kinds.cytoplasm import spread_scene
from model_core.training.rendered.kinds.stained import EOSIN, GIEMSA_PURPLE, HAEMATOXYLIN, stain, transmitted
from model_core.training.rendered.optics import colour_camera, transmitted_camera
from model_core.training.rendered.scene import Scene

PAPANICOLAOU_GREEN = (0.75, 0.25, 0.30)


def _round_scene(rng: np.random.Generator, canvas: Canvas) -> Scene:
    shape, diameter = canvas.shape, canvas.diameter
    n = placement.how_many(shape, diameter, uniform(rng, 0.1, 0.8))
    sizes = placement.radii(rng, n, diameter, uniform(rng, 0.08, 0.35))
    centres = placement.scatter(rng, shape, n, diameter, str(rng.choice(["uniform", "patchy", "clustered"])))
    centres, _ = placement.push_apart(centres, sizes, 10, uniform(rng, 0.88, 1.1))
    outlines = shapes.blobs(rng, n, uniform(rng, 0.02, 0.09), rng.uniform(1, uniform(rng, 1.1, 1.6), n))
    return Scene(placement.paint(placement.placed(outlines, sizes, centres), shape, 0.6), 0.05 * diameter**2)


def stained_cells(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """Cytoplasm pale to strong in one or two colours, a darker nucleus, round or in lobes, sometimes none."""
    shape, diameter = canvas.shape, canvas.diameter
    scene = _round_scene(rng, canvas) if chance(rng, 0.6) else spread_scene(rng, canvas)
    nuclei = scene.nuclei(
        rng, uniform(rng, 0.3, 0.75), 0.15, uniform(rng, 0.05, 0.25), uniform(rng, 0.02, 0.15)
    )
    body = scene.mask * (uniform(rng, 0.3, 1) + uniform(rng, 0, 0.6) * scene.relative_depth)
    body = body * (1 + uniform(rng, 0.03, 0.2) * fractal(rng, shape, max(0.2 * diameter, 2), 0.8))
    if chance(rng, 0.5):  # an edge that stands out
        edge = np.exp(-scene.depth / np.float32(0.03 * diameter + 0.6)) * scene.mask
        body = body + uniform(rng, 0.1, 0.6) * edge
    if chance(rng, 0.4):
        count = int(rng.uniform(5, 40) * scene.n)
        body = (
            body
            + uniform(rng, 0.2, 0.8) * np.minimum(spots(rng, shape, count, 0.025 * diameter), 1) * scene.mask
        )
    body = body * scene.per_object(np.exp(uniform(rng, 0.05, 0.3) * rng.standard_normal(scene.n)))
    chromatin = nuclei.mask * (
        1 + uniform(rng, 0.05, 0.35) * fractal(rng, shape, max(0.12 * diameter, 2), 0.8)
    )
    if chance(rng, 0.3):  # lobes
        chromatin = chromatin * blur((smooth(rng, shape, 0.35 * diameter) > -0.4).astype(np.float32), 0.8)
    chromatin = chromatin * nuclei.per_object(rng.uniform(0.6, 1.2, nuclei.n))
    colours = (EOSIN, GIEMSA_PURPLE, HAEMATOXYLIN, PAPANICOLAOU_GREEN)
    one, two = stain(rng, colours[int(rng.integers(4))]), stain(rng, colours[int(rng.integers(4))])
    second = scene.per_object(rng.random(scene.n) < (uniform(rng, 0.1, 0.6) if chance(rng, 0.4) else 0.0))
    strength = uniform(rng, 0.25, 0.9)
    plasma = 0.05 * np.maximum(1 + smooth(rng, shape, 40), 0)
    if chance(rng, 0.4):
        plasma = plasma + uniform(rng, 0.1, 0.4) * np.abs(dirt(rng, shape, diameter, 0.7))
    layers = [
        (strength * body * (1 - second) + plasma, one),
        (strength * body * second, two),
        (chromatin * uniform(rng, 0.5, 1.3), stain(rng, HAEMATOXYLIN if chance(rng, 0.5) else GIEMSA_PURPLE)),
    ]
    light = transmitted(rng, layers)
    if chance(rng, 0.2):
        return Picture(light[1:2], scene.labels, transmitted_camera(rng, diameter))
    return Picture(light, scene.labels, colour_camera(rng))


KINDS = (RenderKind("stained_cells", "cytology", stained_cells, (16, 80), 0.5),)
