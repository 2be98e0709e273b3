"""Stained slides in colour: H&E and immunohistochemistry of tissue, blood films.

Colours follow Beer and Lambert: light = white * exp(-sum of density * absorption of the stain in R, G, B).
"""

from __future__ import annotations

import cv2
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
    smooth,
    spots,
    uniform,
)
from model_core.training.rendered.kind import Canvas, Picture, RenderKind
from model_core.training.rendered.optics import colour_camera, transmitted_camera
from model_core.training.rendered.scene import Scene

# Absorption in R, G, B per unit of stain: the first three close to Ruifrok and Johnston 2001.
HAEMATOXYLIN = (0.65, 0.70, 0.29)
EOSIN = (0.07, 0.99, 0.11)
DAB = (0.27, 0.57, 0.78)
GIEMSA_PURPLE = (0.50, 0.85, 0.25)
HAEMOGLOBIN = (0.08, 0.45, 0.40)


def stain(rng: np.random.Generator, colour: tuple[float, float, float], vary: float = 0.17) -> np.ndarray:
    """The absorption of a stain as one laboratory has it."""
    return np.asarray(colour) * np.exp(vary * rng.standard_normal(3)).astype(np.float32)


def transmitted(rng: np.random.Generator, layers: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """RGB light (3, Y, X) through layers of (density (Y, X), absorption (3,))."""
    paper = np.array([1.0, 1.0, 1.0]) * uniform(rng, 0.82, 0.99) * rng.uniform(0.94, 1.0, 3)
    channels = []
    for index in range(3):
        density = sum(np.float32(absorption[index]) * layer for layer, absorption in layers)
        channels.append(np.float32(paper[index]) * np.exp(-np.maximum(density, 0)))
    return np.stack(channels).astype(np.float32)


def tissue_nuclei(rng: np.random.Generator, shape: Shape, diameter: float) -> tuple[Scene, np.ndarray]:
    """Nuclei of one to three cell types, round, oval or spindles, and the holes of glands, 0..1 `(Y, X)`.

    Around a gland the nuclei stand side by side, their long axes towards its hollow.
    """
    n = placement.how_many(shape, diameter, uniform(rng, 0.08, 0.55))
    kinds = rng.integers(0, 3, n) if chance(rng, 0.5) else np.full(n, rng.integers(0, 3))
    centres = placement.scatter(rng, shape, n, diameter, str(rng.choice(["uniform", "patchy", "clustered"])))
    angles = rng.uniform(0, np.pi) + uniform(rng, 0.1, 1.5) * rng.standard_normal(n)
    lumen = np.zeros(shape, np.float32)
    if chance(rng, 0.25):
        lumen = _glands(rng, kinds, centres, angles, diameter, lumen)
    sizes = placement.radii(rng, n, diameter, uniform(rng, 0.1, 0.3))
    aspect = np.choose(kinds, [rng.uniform(1, 1.25, n), rng.uniform(1.1, 1.9, n), rng.uniform(1.8, 3.5, n)])
    sizes = np.where(kinds == 0, 0.9 * sizes, sizes)
    half_width = sizes / np.sqrt(aspect)
    room = uniform(rng, 0.9, 1.25)
    centres, angles = placement.push_apart(centres, half_width, 10, room, half_width * (aspect - 1), angles)
    outlines = shapes.blobs(rng, n, uniform(rng, 0.03, 0.09), aspect, angles, detail=1.2)
    labels = placement.paint(placement.placed(outlines, sizes, centres), shape, 0.65)
    if chance(rng, 0.4):
        labels = placement.warp(rng, labels, 0.03 * diameter, 0.25 * diameter)
    return Scene(labels, 0.05 * diameter**2), blur(lumen, 0.1 * diameter)


def _glands(
    rng: np.random.Generator,
    kinds: np.ndarray,
    centres: np.ndarray,
    angles: np.ndarray,
    diameter: float,
    lumen: np.ndarray,
) -> np.ndarray:
    """Move most nuclei (in place) onto rings around hollows; returns the hollows."""
    shape = lumen.shape
    first = 0
    while first < 0.7 * len(centres):
        middle = rng.uniform(0, 1, 2) * (shape[1], shape[0])
        radius = diameter * rng.uniform(1.2, 4)
        count = max(int(2 * np.pi * radius / diameter), 1)
        ring = slice(first, min(first + count, len(centres)))
        turn = np.linspace(0, 2 * np.pi, count)[: ring.stop - ring.start] + rng.uniform(0, 6)
        distance = radius * (1 + 0.12 * rng.standard_normal(len(turn)))[:, None]
        centres[ring] = middle + distance * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
        angles[ring] = turn + 0.25 * rng.standard_normal(len(turn))
        kinds[ring] = 1
        outline = placement.placed(
            shapes.blobs(rng, 1, 0.1, 1.3), np.array([max(radius - diameter, 2.0)]), middle[None]
        )
        lumen = np.maximum(lumen, placement.fill(outline, shape, np.ones(1, int)).astype(np.float32))
        first = ring.stop
    return lumen


def nuclear_density(rng: np.random.Generator, scene: Scene, diameter: float) -> np.ndarray:
    """Haematoxylin in nuclei: clumped or pale (vesicular) chromatin, a dark envelope, nucleoli."""
    shape = scene.shape
    pale = uniform(rng, 0.3, 1.0)
    clumps = 1 + uniform(rng, 0.1, 0.4) * fractal(rng, shape, max(diameter * uniform(rng, 0.12, 0.4), 2), 0.8)
    density = scene.mask * pale * np.maximum(clumps, 0.1)
    density += scene.mask * uniform(rng, 0, 0.7) * np.exp(-scene.depth / np.float32(0.05 * diameter + 0.6))
    if diameter > 14:
        density += (
            scene.mask
            * uniform(rng, 0, 0.6)
            * np.minimum(spots(rng, shape, 2 * scene.n + 4, 0.07 * diameter), 1)
        )
    return density * scene.per_object(np.exp(uniform(rng, 0.1, 0.4) * rng.standard_normal(scene.n)))


def stroma(rng: np.random.Generator, scene: Scene, diameter: float) -> np.ndarray:
    """Eosin: fibres, cytoplasm around nuclei, cell borders; holes where nothing is."""
    shape = scene.shape
    density = 0.35 + 0.12 * fractal(rng, shape, diameter * uniform(rng, 0.5, 2), 0.7)
    if chance(rng, 0.6):
        width = max(diameter * uniform(rng, 0.08, 0.25), 2)
        density += uniform(rng, 0.05, 0.22) * fibrous(
            rng, shape, width, rng.uniform(0, np.pi), uniform(rng, 3, 10)
        )
    if chance(rng, 0.5):
        density += uniform(rng, 0.05, 0.4) * np.exp(
            -scene.outside / np.float32(diameter * uniform(rng, 0.2, 0.6))
        )
    if chance(rng, 0.3):
        density += uniform(rng, 0.05, 0.25) * ridges(rng, shape, diameter * uniform(rng, 0.8, 1.6), 0.15)
    density *= uniform(rng, 0.3, 1.3)
    if chance(rng, 0.45):
        hole = blur(
            (smooth(rng, shape, diameter * uniform(rng, 1.5, 5)) > uniform(rng, 0.2, 1.2)).astype(np.float32),
            1.2,
        )
        density *= 1 - 0.95 * hole * (1 - np.exp(-scene.outside / np.float32(0.15 * diameter + 1)))
    return np.maximum(density, 0.01)


def _below_focus(rng: np.random.Generator, shape: Shape, diameter: float) -> np.ndarray:
    """Faint nuclei of another plane of the section."""
    n = placement.how_many(shape, diameter, uniform(rng, 0.02, 0.15))
    outlines = shapes.blobs(rng, n, 0.06, 1.4)
    centres = placement.scatter(rng, shape, n, diameter)
    ghosts = placement.fill(
        placement.placed(outlines, placement.radii(rng, n, diameter), centres), shape, np.arange(1, n + 1)
    )
    return blur((ghosts > 0).astype(np.float32), 0.2 * diameter) * uniform(rng, 0.05, 0.25)


def haematoxylin_eosin(rng: np.random.Generator, canvas: Canvas) -> Picture:
    shape, diameter = canvas.shape, canvas.diameter
    scene, lumen = tissue_nuclei(rng, shape, diameter)
    nuclei = nuclear_density(rng, scene, diameter) * uniform(rng, 0.7, 1.5)
    nuclei += 0.08 * np.maximum(1 + fractal(rng, shape, 2 * diameter), 0)
    if chance(rng, 0.5):
        nuclei += _below_focus(rng, shape, diameter)
    if chance(rng, 0.45):  # some lie above or below the focus
        deep = blur(scene.per_object(rng.random(scene.n) < uniform(rng, 0.1, 0.7)), 0.06 * diameter)
        nuclei += deep * (blur(nuclei, uniform(rng, 0.06, 0.14) * diameter) - nuclei)
    pink = stroma(rng, scene, diameter) * (1 - 0.93 * lumen)
    if chance(rng, 0.2):  # a single blue or purple stain
        colour = stain(rng, HAEMATOXYLIN if chance(rng, 0.5) else GIEMSA_PURPLE)
        light = transmitted(rng, [(nuclei + uniform(rng, 0.1, 0.5) * pink, colour)])
    else:
        light = transmitted(rng, [(nuclei, stain(rng, HAEMATOXYLIN)), (pink, stain(rng, EOSIN))])
    if chance(rng, 0.12):  # a grey camera
        return Picture(light[1:2], scene.labels, transmitted_camera(rng, canvas.diameter))
    return Picture(light, scene.labels, colour_camera(rng))


def immunohistochemistry(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """Blue nuclei, some brown; or brown cytoplasm or membranes around blue ones. All nuclei are objects."""
    shape, diameter = canvas.shape, canvas.diameter
    scene, lumen = tissue_nuclei(rng, shape, diameter)
    density = nuclear_density(rng, scene, diameter) * uniform(rng, 0.6, 1.2)
    pattern = str(rng.choice(["nuclei", "cytoplasm", "membrane"], p=[0.6, 0.2, 0.2]))
    brown = 0.05 * np.maximum(1 + fractal(rng, shape, diameter), 0)
    if pattern == "nuclei":
        positive = scene.per_object(
            np.clip((rng.random(scene.n) < uniform(rng, 0.1, 0.9)) * rng.uniform(0.3, 1.2, scene.n), 0, 1)
        )
        brown += density * positive * uniform(rng, 1, 2)
        density = density * (1 - 0.7 * positive)
    else:
        region = blur((smooth(rng, shape, 4 * diameter) > uniform(rng, -1, 0.6)).astype(np.float32), 2)
        around = np.exp(-scene.outside / np.float32(0.25 * diameter)) * (1 - scene.mask)
        if pattern == "membrane":
            cells = Scene(placement.grow(scene.labels, 0.5 * diameter))
            around = np.exp(-((cells.wall / (0.05 * diameter + 0.7)) ** 2)) * (cells.outside < 3)
        brown += (
            region
            * around
            * uniform(rng, 0.5, 1.4)
            * np.maximum(1 + 0.3 * fractal(rng, shape, 0.3 * diameter), 0)
        )
    ground = 0.12 * stroma(rng, scene, diameter) * (1 - 0.9 * lumen)
    layers = [(density + ground, stain(rng, HAEMATOXYLIN, 0.15)), (brown, stain(rng, DAB, 0.15))]
    return Picture(transmitted(rng, layers), scene.labels, colour_camera(rng))


def blood_film(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """Red cells with pale centres that overlap a little, platelets (no objects), a white cell at times."""
    shape, diameter = canvas.shape, canvas.diameter
    n = placement.how_many(shape, diameter, uniform(rng, 0.1, 0.75))
    sizes = placement.radii(rng, n, diameter, uniform(rng, 0.03, 0.15))
    centres = placement.scatter(rng, shape, n, diameter, str(rng.choice(["uniform", "uniform", "patchy"])))
    centres, _ = placement.push_apart(centres, sizes, 8, uniform(rng, 0.85, 1.05))
    long = np.where(rng.random(n) < uniform(rng, 0, 0.25), rng.uniform(1.2, 2.8, n), rng.uniform(1, 1.15, n))
    outlines = shapes.blobs(rng, n, uniform(rng, 0.01, 0.05), long, detail=1.6)
    if chance(rng, 0.2):
        outlines = shapes.polygons(rng, n, (5, 9), 7, long)
    labels = placement.paint(placement.placed(outlines, sizes, centres), shape, 0.55)
    white_cells = int(rng.poisson(0.015 * shape[0] * shape[1] / diameter**2)) if chance(rng, 0.6) else 0
    spots_at = placement.scatter(rng, shape, white_cells, diameter)
    big = shapes.blobs(rng, white_cells, 0.05, 1.1)
    leucocytes = placement.fill(
        placement.placed(big, placement.radii(rng, white_cells, 1.6 * diameter), spots_at),
        shape,
        np.arange(1, white_cells + 1),
    )
    scene = Scene(np.where(leucocytes > 0, leucocytes + labels.max(), labels), 0.05 * diameter**2)
    white_cell = blur(scene.per_object(scene.mean((leucocytes > 0).astype(np.float32)) > 0.5), 0.5)

    pale = np.clip(rng.normal(uniform(rng, 0.1, 0.8), 0.15, scene.n), 0, 0.95)
    dip = np.clip((scene.relative_depth - uniform(rng, 0.2, 0.45)) / uniform(rng, 0.25, 0.5), 0, 1)
    dip = dip * dip * (3 - 2 * dip)
    red = (
        scene.mask
        * np.minimum(0.5 + scene.depth / (0.05 * diameter + 0.5), 1)
        * (1 - scene.per_object(pale) * dip)
    )
    red = red * scene.per_object(np.exp(0.1 * rng.standard_normal(scene.n))) * (1 - white_cell)
    if chance(rng, 0.5):
        red += uniform(rng, 0.1, 0.5) * scene.mask * np.exp(-((scene.depth - 1) ** 2) / 2)
    nuclei = scene.nuclei(rng, 0.72, 0.1, off_centre=0.12, roughness=0.15)
    lobes = blur((smooth(rng, shape, 0.5 * diameter) > -0.5).astype(np.float32), 0.8)
    purple = white_cell * (
        0.15 + nuclei.mask * lobes * (0.9 + 0.2 * fractal(rng, shape, max(0.3 * diameter, 2)))
    )
    platelets = np.minimum(spots(rng, shape, int(rng.poisson(3)), 0.09 * diameter), 1) * (1 - scene.mask)
    purple += 0.5 * platelets
    if chance(rng, 0.15):  # parasites
        purple += 0.9 * np.minimum(spots(rng, shape, max(scene.n // 4, 1), 0.05 * diameter), 1) * scene.mask
    if chance(rng, 0.3):  # a bright fringe around cells out of focus
        red = red - uniform(rng, 0.1, 0.4) * np.exp(-((scene.outside - 1.5) ** 2) / 2) * (1 - scene.mask)
    plasma = 0.04 * np.maximum(1 + smooth(rng, shape, 40), 0)
    layers = [
        (red * log_uniform(rng, 0.4, 1.4) + plasma, stain(rng, HAEMOGLOBIN)),
        (purple * uniform(rng, 0.8, 1.4), stain(rng, GIEMSA_PURPLE)),
    ]
    light = transmitted(rng, layers)
    light = np.stack([cv2.GaussianBlur(channel, (0, 0), 0.6) for channel in light])
    if chance(rng, 0.35):
        return Picture(light[1:2], scene.labels, transmitted_camera(rng, canvas.diameter))
    return Picture(light, scene.labels, colour_camera(rng))


KINDS = (
    RenderKind("tissue_he", "stained", haematoxylin_eosin, (9, 45), 1.0),
    RenderKind("tissue_ihc", "stained", immunohistochemistry, (9, 45), 0.6),
    RenderKind("blood_film", "stained", blood_film, (14, 70), 0.9),
)
