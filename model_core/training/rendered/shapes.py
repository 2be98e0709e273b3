"""Outlines of single objects, made for many objects at once.

Every function returns float64 polygons `(n, points, 2)` in x, y order, centred on 0, with the area of the
unit circle (pi): `outline * radius + centre` is then an object of diameter `2 * radius`.
"""

from __future__ import annotations

import numpy as np

POINTS = 48


def polygon_area(outlines: np.ndarray) -> np.ndarray:
    """Area of each polygon `(n, points, 2)` by the shoelace formula, `(n,)`."""
    x, y = outlines[..., 0], outlines[..., 1]
    return 0.5 * np.abs(np.sum(x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1), axis=1))


def rotated(outlines: np.ndarray, angles: np.ndarray) -> np.ndarray:
    cosine, sine = np.cos(angles)[:, None], np.sin(angles)[:, None]
    x, y = outlines[..., 0], outlines[..., 1]
    return np.stack([x * cosine - y * sine, x * sine + y * cosine], axis=-1)


def normalised(outlines: np.ndarray) -> np.ndarray:
    return outlines * np.sqrt(np.pi / np.maximum(polygon_area(outlines), 1e-6))[:, None, None]


def random_angles(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.uniform(0, 2 * np.pi, n)


def _polar(radius: np.ndarray, theta: np.ndarray) -> np.ndarray:
    return np.stack([radius * np.cos(theta), radius * np.sin(theta)], axis=-1)


def _stretched(outlines: np.ndarray, elongation: np.ndarray | float) -> np.ndarray:
    factor = np.sqrt(np.broadcast_to(elongation, outlines.shape[:1]))[:, None]
    return np.stack([outlines[..., 0] * factor, outlines[..., 1] / factor], axis=-1)


def _waves(amplitude: np.ndarray, phase: np.ndarray, orders: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Sum over orders of `amplitude * cos(order * theta + phase)`: `(n, orders)` becomes `(n, points)`."""
    turns = orders[:, None] * theta[None, :]
    return (amplitude * np.cos(phase)) @ np.cos(turns) - (amplitude * np.sin(phase)) @ np.sin(turns)


def blobs(
    rng: np.random.Generator,
    n: int,
    roughness: float = 0.06,
    elongation: np.ndarray | float = 1.2,
    angles: np.ndarray | None = None,
    detail: float = 1.5,
) -> np.ndarray:
    """Star-convex outlines: ellipses along `angles` with harmonics 2..9 that weaken as `order ** -detail`."""
    theta = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    orders = np.arange(2, 10)
    amplitude = roughness * rng.standard_normal((n, len(orders))) * (2.0 / orders) ** detail
    phase = rng.uniform(0, 2 * np.pi, (n, len(orders)))
    radius = np.clip(1 + _waves(amplitude, phase, orders, theta), 0.25, 2.5)
    outlines = _stretched(_polar(radius, theta), elongation)
    return normalised(rotated(outlines, random_angles(rng, n) if angles is None else angles))


def polygons(
    rng: np.random.Generator,
    n: int,
    sides: tuple[int, int] = (5, 9),
    sharpness: float = 12.0,
    elongation: np.ndarray | float = 1.2,
    angles: np.ndarray | None = None,
) -> np.ndarray:
    """Convex polygons with rounded corners (pebbles, crystals, grains): a soft minimum over half planes."""
    theta = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    most = sides[1]
    count = rng.integers(sides[0], sides[1] + 1, n)
    turn = (np.arange(most)[None, :] + rng.uniform(-0.3, 0.3, (n, most))) * (2 * np.pi / count[:, None])
    distance = rng.uniform(0.75, 1.15, (n, most))
    distance[np.arange(most)[None, :] >= count[:, None]] = 1e3
    facing = np.maximum(np.cos(theta[None, None, :] - turn[..., None]), 0) / distance[..., None]
    radius = np.sum(facing**sharpness, axis=1) ** (-1 / sharpness)
    outlines = _stretched(_polar(np.clip(radius, 0.3, 2.5), theta), elongation)
    return normalised(rotated(outlines, random_angles(rng, n) if angles is None else angles))


def eggs(rng: np.random.Generator, n: int, elongation: float = 1.5, point: float = 0.3) -> np.ndarray:
    """Seeds: ellipses, narrower at one end by `point` (0 none, 0.6 a drop)."""
    theta = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    x = np.broadcast_to(np.cos(theta), (n, POINTS))
    tip = rng.uniform(0.5, 1, n)[:, None] * point
    y = np.sin(theta) * (1 - tip * x) * (1 + 0.03 * rng.standard_normal((n, 1)))
    stretch = elongation * rng.uniform(0.88, 1.12, n)
    return normalised(rotated(_stretched(np.stack([x, y], axis=-1), stretch), random_angles(rng, n)))


def spread_cells(
    rng: np.random.Generator,
    n: int,
    arms: tuple[int, int] = (2, 6),
    reach: float = 0.8,
    roughness: float = 0.08,
    elongation: np.ndarray | float = 1.3,
    angles: np.ndarray | None = None,
) -> np.ndarray:
    """Adherent cells: a rough body pulled out into `arms` protrusions of up to `reach` body radii."""
    points = 2 * POINTS
    theta = np.linspace(0, 2 * np.pi, points, endpoint=False)
    most = arms[1]
    count = rng.integers(arms[0], arms[1] + 1, n)
    centre = (np.arange(most)[None, :] + rng.uniform(-0.8, 0.8, (n, most))) * (
        2 * np.pi / np.maximum(count, 1)[:, None]
    )
    height = reach * rng.uniform(0.05, 1.0, (n, most)) ** 1.5 * (np.arange(most)[None, :] < count[:, None])
    width = rng.uniform(0.12, 0.5, (n, most))
    gap = np.abs((theta[None, None, :] - centre[..., None] + np.pi) % (2 * np.pi) - np.pi)
    arms_radius = np.sum(height[..., None] * np.exp(-((gap / width[..., None]) ** 1.4)), axis=1)
    orders = np.arange(2, 14)
    amplitude = roughness * rng.standard_normal((n, len(orders))) * (2.0 / orders) ** rng.uniform(1.0, 2.2)
    phase = rng.uniform(0, 2 * np.pi, (n, len(orders)))
    radius = np.clip(0.8 + _waves(amplitude, phase, orders, theta) + arms_radius, 0.2, 3.5)
    outlines = _stretched(_polar(radius, theta), elongation)
    outlines[..., 1] += 0.12 * rng.standard_normal((n, 1)) * outlines[..., 0] ** 2  # arms bend
    outlines -= outlines.mean(axis=1, keepdims=True)
    return normalised(rotated(outlines, random_angles(rng, n) if angles is None else angles))


def pulled_cells(
    rng: np.random.Generator,
    n: int,
    corners: tuple[int, int] = (3, 5),
    pull: tuple[float, float] = (0.25, 0.8),
    elongation: np.ndarray | float = 1.5,
    angles: np.ndarray | None = None,
) -> np.ndarray:
    """Cells stretched between 3 or more points of adhesion, their free edges drawn inwards in arcs.

    `pull`: how far the middle of an edge lies inwards: 1 a straight edge, 0 down to the centre.
    """
    most = corners[1]
    count = rng.integers(corners[0], most + 1, n)[:, None]
    turn = (np.arange(most)[None, :] + rng.uniform(-0.35, 0.35, (n, most))) * (2 * np.pi / count)
    tips = _polar(rng.uniform(0.6, 1.5, (n, most)), turn)
    place = np.linspace(0, 1, 2 * POINTS, endpoint=False)[None, :] * count
    edge = place.astype(int)
    along = (place - edge)[..., None]
    first = np.take_along_axis(tips, edge[..., None], axis=1)
    second = np.take_along_axis(tips, ((edge + 1) % count)[..., None], axis=1)
    depth = np.take_along_axis(rng.uniform(*pull, (n, most)), edge, axis=1)[..., None]
    control = 0.5 * (first + second) * depth
    outlines = (1 - along) ** 2 * first + 2 * along * (1 - along) * control + along**2 * second
    for _ in range(int(rng.integers(2, 8))):  # round the tips
        outlines = 0.5 * outlines + 0.25 * (np.roll(outlines, 1, axis=1) + np.roll(outlines, -1, axis=1))
    outlines = _stretched(rotated(outlines, random_angles(rng, n)), elongation)
    outlines[..., 1] += 0.15 * rng.standard_normal((n, 1)) * outlines[..., 0] ** 2
    outlines -= outlines.mean(axis=1, keepdims=True)
    return normalised(rotated(outlines, random_angles(rng, n) if angles is None else angles))


def rods(
    rng: np.random.Generator,
    aspect: np.ndarray,
    bend: np.ndarray | float = 0.0,
    taper: float = 0.0,
    pinch: np.ndarray | float = 0.0,
    angles: np.ndarray | None = None,
    wave: float = 0.0,
) -> np.ndarray:
    """Capsules of length / width = `aspect` `(n,)` along a bent centre line.

    `bend` is the total turn in radians, `wave` adds an S-shaped one, `taper` (0..1) thins the ends into a
    spindle, `pinch` (0..1) narrows the middle (division).
    """
    n = len(aspect)
    along = np.linspace(-1, 1, 21)
    straight = np.maximum(aspect - 1, 0.05)[:, None]  # half length of the centre line, in radii
    shape = np.broadcast_to(np.asarray(bend, float), (n,))[:, None] * along / 2
    heading = shape + wave * rng.standard_normal((n, 1)) * np.sin(np.pi * along + rng.uniform(0, 6, (n, 1)))
    step = np.stack([np.cos(heading), np.sin(heading)], axis=-1) * (straight / 10)[..., None]
    line = np.cumsum(step, axis=1)
    line -= line.mean(axis=1, keepdims=True)
    width = (1 - taper * np.abs(along) ** 1.5) * np.ones((n, 1))
    narrow = np.broadcast_to(np.asarray(pinch, float), (n,))[:, None]
    width = width * (1 - narrow * np.exp(-((along * straight / 0.7) ** 2)))
    normal = np.stack([-np.sin(heading), np.cos(heading)], axis=-1)
    left, right = line + normal * width[..., None], line - normal * width[..., None]
    cap = np.linspace(np.pi / 2, -np.pi / 2, 9)[1:-1]

    def end(index: int, sign: float) -> np.ndarray:
        forward = np.stack([np.cos(heading[:, index]), np.sin(heading[:, index])], axis=-1) * sign
        sideways = normal[:, index] * sign
        arc = np.cos(cap)[:, None] * forward[:, None] + np.sin(cap)[:, None] * sideways[:, None]
        return line[:, index, None] + arc * width[:, index, None, None]

    outlines = np.concatenate([left, end(-1, 1.0), right[:, ::-1], end(0, -1.0)], axis=1)
    return normalised(rotated(outlines, random_angles(rng, n) if angles is None else angles))
