"""Rods packed side by side: colonies and films of one layer, with short, long and dividing ones."""

from __future__ import annotations

import numpy as np

from model_core.training.rendered import placement, shapes
from model_core.training.rendered.fields import blur, chance, grid, log_uniform, remap, smooth, uniform
from model_core.training.rendered.kind import Canvas, Picture, RenderKind
from model_core.training.rendered.kinds.bacteria import rods_in_fluorescence, rods_in_transmitted_light
from model_core.training.rendered.scene import Scene


def _bricks(rng: np.random.Generator, side: float, diameter: float) -> tuple[np.ndarray, float]:
    """Labels of a square sheet of rods that lie end to end in straight rows, and the pitch of the rows."""
    aspect = log_uniform(rng, 1.5, 7)
    half_width = 0.5 * diameter * np.sqrt(np.pi / (4 * (aspect - 1) + np.pi))
    spread = uniform(rng, 0.1, 0.35) if chance(rng, 0.6) else uniform(rng, 0.4, 0.8)
    pitch = 2 * half_width * uniform(rng, 1.0, 1.15)
    rows = int(side / pitch) + 1
    columns = int(1.3 * side / (2 * half_width * aspect)) + 3
    long = aspect * np.exp(np.clip(spread * rng.standard_normal((rows, columns)), -1.2, 1.6))
    long = np.maximum(long, 1.25)
    gap = uniform(rng, 1.0, 1.1)
    ends = np.cumsum(2 * half_width * gap * long, axis=1) - 2 * diameter * rng.uniform(0.3, 1.5, (rows, 1))
    along = ends - half_width * gap * long
    across = (np.arange(rows)[:, None] + 0.5) * pitch + 0.08 * pitch * rng.standard_normal((rows, columns))
    centres = np.stack([along.ravel(), across.ravel()], axis=-1)
    n = len(centres)
    long = long.ravel()
    wide = np.exp(uniform(rng, 0.01, 0.06) * rng.standard_normal(n))
    sizes = half_width * np.sqrt((4 * (long - 1) + np.pi) / np.pi) * wide
    pinch = np.where(rng.random(n) < uniform(rng, 0, 0.4), rng.uniform(0, 0.5, n), 0)
    taper = uniform(rng, 0, 0.35) if chance(rng, 0.3) else 0.0
    angles = uniform(rng, 0, 0.08) * rng.standard_normal(n)
    inside = np.hypot(*(centres - side / 2).T) < side / 2 + diameter
    outlines = shapes.rods(rng, long[inside], 0.0, taper, pinch[inside], angles[inside])
    labels = placement.fill(
        placement.placed(outlines, sizes[inside], centres[inside]),
        (int(side), int(side)),
        np.arange(1, int(inside.sum()) + 1),
    )
    return labels, pitch


def packed_scene(rng: np.random.Generator, canvas: Canvas) -> Scene:
    """The sheet of rods bent by a smooth displacement; patches of it meet at different angles."""
    shape, diameter = canvas.shape, canvas.diameter
    side = np.hypot(*shape) + 2 * diameter
    sheet, pitch = _bricks(rng, side, diameter)
    patch = np.zeros(shape, np.int32)
    if chance(rng, 0.7):
        patch = placement.tessellate(rng, shape, uniform(rng, 4, 12) * diameter, 0.2)
        patch = placement.warp(rng, patch, 0.5 * diameter, 3 * diameter)
    angles = rng.uniform(0, np.pi) + uniform(rng, 0.2, 1.2) * rng.standard_normal(int(patch.max()) + 1)
    turn = angles.astype(np.float32)[patch]
    bend = uniform(rng, 2.5, 8) * diameter
    amount = np.float32(uniform(rng, 0.02, 0.09) * bend)
    x, y = grid(shape)
    x = x - shape[1] / 2 + amount * smooth(rng, shape, bend)
    y = y - shape[0] / 2 + amount * smooth(rng, shape, bend)
    u = x * np.cos(turn) + y * np.sin(turn) + np.float32(side / 2)
    v = y * np.cos(turn) - x * np.sin(turn) + np.float32(side / 2)
    bricks = remap(sheet.astype(np.float32), u, v, nearest=True).astype(np.int32)
    # Where patches meet, rods are cut: those of which little is left make room.
    labels = np.where(bricks > 0, bricks + patch * (int(sheet.max()) + 1), 0)
    table = np.bincount(labels.ravel())
    whole = np.bincount(sheet.ravel(), minlength=int(sheet.max()) + 1)
    owner = np.zeros(len(table), int)
    owner[labels.ravel()] = bricks.ravel()
    keep = table > 0.6 * whole[owner]
    edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    keep[edge] = True
    keep[0] = False
    if chance(rng, 0.6):  # the colony ends somewhere, or has holes
        field = smooth(rng, shape, uniform(rng, 3, 10) * diameter)
        inside = np.bincount(labels.ravel(), field.ravel(), len(table)) / np.maximum(table, 1)
        keep &= inside > uniform(rng, -1.5, 0.4)
    if chance(rng, 0.4):
        keep &= rng.random(len(keep)) > uniform(rng, 0, 0.15)
    labels = np.where(keep[labels], labels, 0)
    return Scene(labels, max(0.06 * diameter**2, 0.3 * pitch**2))


def packed_in_transmitted_light(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """Most often phase contrast, in which crowds lose contrast and only their seams show."""
    scene = packed_scene(rng, canvas)
    picture = rods_in_transmitted_light(rng, canvas, scene)
    if chance(rng, 0.3):  # the crowd as a whole is darker or brighter than the free ground
        crowd = blur(scene.mask, uniform(rng, 0.3, 1.5) * canvas.diameter)
        light = picture.light + np.float32(uniform(rng, -0.4, 0.4)) * crowd
        return Picture(light.astype(np.float32), picture.labels, picture.camera)
    return picture


def packed_in_fluorescence(rng: np.random.Generator, canvas: Canvas) -> Picture:
    return rods_in_fluorescence(rng, canvas, packed_scene(rng, canvas))


KINDS = (
    RenderKind("colony_transmitted", "bacteria", packed_in_transmitted_light, (9, 45), 1.3),
    RenderKind("colony_fluorescence", "bacteria", packed_in_fluorescence, (9, 45), 0.7),
)
