"""What lies in real fields and is no object: dust, fibres, bubbles, out-of-focus rings, crumbs.

Fields are float32 `(Y, X)`, 0 where there is nothing, about -1..1 where there is something.
"""

from __future__ import annotations

import cv2
import numpy as np

from model_core.training.rendered.fields import Shape, blur, chance, log_uniform, spots, uniform


def crumbs(rng: np.random.Generator, shape: Shape, count: int, size: float) -> np.ndarray:
    """Small irregular bits of about `size` px, each its own strength and sign."""
    field = np.zeros(shape, np.float32)
    for _ in range(count):
        centre = rng.uniform(0, 1, 2) * (shape[1], shape[0])
        corners = centre + size * rng.uniform(0.3, 1.0) * rng.normal(0, 0.5, (int(rng.integers(6, 14)), 2))
        hull = cv2.convexHull(np.round(corners * 16).astype(np.int32))
        cv2.fillConvexPoly(field, hull, float(rng.choice([-1, 1]) * rng.uniform(0.3, 1)), cv2.LINE_8, 4)
    return cv2.GaussianBlur(field, (0, 0), max(0.08 * size, 0.5))


def rings(rng: np.random.Generator, shape: Shape, count: int, size: float) -> np.ndarray:
    """Out-of-focus dust: soft discs with diffraction rings."""
    field = np.zeros(shape, np.float32)
    for _ in range(count):
        x, y = int(rng.integers(0, shape[1])), int(rng.integers(0, shape[0]))
        radius = int(max(size * rng.uniform(0.4, 1.5), 2))
        sign = float(rng.choice([-1, 1]))
        for step in range(int(rng.integers(1, 4))):
            strength = sign * (-1) ** step * rng.uniform(0.3, 0.8)
            cv2.circle(
                field, (x, y), max(radius - 2 * step * max(radius // 6, 1), 1), strength, max(radius // 6, 1)
            )
    return cv2.GaussianBlur(field, (0, 0), max(size / 10, 0.8))


def fibres(rng: np.random.Generator, shape: Shape, count: int, width: float) -> np.ndarray:
    """Lint and scratches: long wavering lines."""
    field = np.zeros(shape, np.float32)
    for _ in range(count):
        steps = int(rng.integers(10, 50))
        heading = rng.uniform(0, 6.3) + np.cumsum(rng.normal(0, 0.15, steps))
        line = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], axis=-1) * rng.uniform(2, 8), axis=0)
        line += rng.uniform(-0.2, 1.0, 2) * (shape[1], shape[0])
        thick = max(round(width * rng.uniform(0.5, 1.5)), 1)
        points = [np.round(line * 16).astype(np.int32)]
        cv2.polylines(field, points, False, float(rng.choice([-1, 1])), thick, cv2.LINE_8, 4)
    return cv2.GaussianBlur(field, (0, 0), max(width / 3, 0.6))


def bubbles(rng: np.random.Generator, shape: Shape, count: int, size: float) -> np.ndarray:
    """Air bubbles or oil: a dark thick rim around a bright centre, much unlike a cell."""
    field = np.zeros(shape, np.float32)
    for _ in range(count):
        x, y = int(rng.integers(0, shape[1])), int(rng.integers(0, shape[0]))
        radius = int(max(size * rng.uniform(0.8, 2.0), 4))
        cv2.circle(field, (x, y), radius, -1.0, max(radius // 4, 1))
        cv2.circle(field, (x, y), max(radius // 5, 1), 0.9, -1)
        cv2.circle(field, (x, y), radius + max(radius // 6, 1), 0.5, 1)
    return cv2.GaussianBlur(field, (0, 0), max(size / 14, 0.8))


def ruled(rng: np.random.Generator, shape: Shape, size: float) -> np.ndarray:
    """Counting grids, chamber walls, channels: straight lines, single or in pairs, square to each other."""
    field = np.zeros(shape, np.float32)
    angle, far = rng.uniform(0, np.pi), float(np.hypot(*shape))
    apart = size * log_uniform(rng, 1.5, 8)
    double = size * uniform(rng, 0.15, 0.6) if chance(rng, 0.5) else 0.0
    middle = np.array([shape[1], shape[0]]) * rng.uniform(0.2, 0.8, 2)
    thick = int(rng.integers(1, 4))
    strength = float(rng.choice([-1, 1]) * rng.uniform(0.3, 1))
    for way in (angle, angle + np.pi / 2)[: int(rng.integers(1, 3))]:
        along, across = np.array([np.cos(way), np.sin(way)]), np.array([-np.sin(way), np.cos(way)])
        for number in range(-int(rng.integers(0, 5)), int(rng.integers(1, 6))):
            for side in (0.0, double)[: 2 if double else 1]:
                start = middle + across * (number * apart + side)
                first, last = (np.round((start + sign * far * along) * 16).astype(int) for sign in (-1, 1))
                cv2.line(field, first.tolist(), last.tolist(), strength, thick, cv2.LINE_8, 4)
    return cv2.GaussianBlur(field, (0, 0), uniform(rng, 0.6, 1.5))


def dirt(rng: np.random.Generator, shape: Shape, size: float, amount: float = 1.0) -> np.ndarray:
    """A random mixture; `size`: diameter of the objects that the dirt must not be taken for."""
    field = np.zeros(shape, np.float32)
    scale = amount * shape[0] * shape[1] / 65536
    if chance(rng, 0.7):
        field += crumbs(rng, shape, int(rng.poisson(14 * scale)), max(size * uniform(rng, 0.08, 0.22), 1.5))
    if chance(rng, 0.6):
        field += rng.choice([-1, 1]) * spots(rng, shape, int(rng.poisson(25 * scale)), uniform(rng, 0.6, 1.5))
    if chance(rng, 0.35):
        field += uniform(rng, 0.2, 0.7) * rings(
            rng, shape, int(rng.poisson(3 * scale)), log_uniform(rng, 6, 20)
        )
    if chance(rng, 0.2):
        field += uniform(rng, 0.3, 0.9) * fibres(
            rng, shape, 1 + int(rng.poisson(0.6 * scale)), uniform(rng, 1, 3.5)
        )
    if chance(rng, 0.08):
        field += uniform(rng, 0.3, 1.2) * ruled(rng, shape, size)
    if chance(rng, 0.12):
        field += blur(crumbs(rng, shape, 4, size * 0.8), size * 0.25)
    return field
