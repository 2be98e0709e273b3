"""Where objects lie: centres scattered or packed on a canvas, pushed apart, painted into one label image."""

from __future__ import annotations

import cv2
import numba
import numpy as np
from scipy.spatial import cKDTree

from model_core.flows.pieces import connected_pieces
from model_core.training.rendered.fields import Shape, remap, smooth
from model_core.training.rendered.shapes import polygon_area

MOST_OBJECTS = 2000


def radii(rng: np.random.Generator, n: int, diameter: float, spread: float = 0.15) -> np.ndarray:
    """Log-normal radii with the median `diameter / 2`."""
    return 0.5 * diameter * np.exp(np.clip(spread * rng.standard_normal(n), -1.6, 1.6))


def how_many(shape: Shape, diameter: float, coverage: float) -> int:
    """Objects needed to cover this share of a canvas widened by half an object on each side."""
    area = (shape[0] + diameter) * (shape[1] + diameter)
    return int(np.clip(round(coverage * area / (np.pi * diameter**2 / 4)), 1, MOST_OBJECTS))


def scatter(
    rng: np.random.Generator, shape: Shape, n: int, diameter: float, style: str = "uniform"
) -> np.ndarray:
    """`n` centres `(n, 2)` x, y, up to half an object outside the canvas.

    `uniform`; `clustered` around a few places; `patchy`: only inside the bumps of a smooth field.
    """
    pad = diameter / 2
    low = np.array([-pad, -pad])
    high = np.array([shape[1] + pad, shape[0] + pad])
    if style == "clustered":
        parents = rng.uniform(low, high, (max(n // int(rng.integers(4, 16)), 1), 2))
        centres = parents[rng.integers(0, len(parents), n)]
        return centres + rng.normal(0, rng.uniform(0.6, 1.6) * diameter, (n, 2))
    centres = rng.uniform(low, high, (2 * n, 2))
    if style == "patchy":
        field = smooth(rng, (64, 64), rng.uniform(10, 45))
        x = np.clip((centres[:, 0] + pad) / (shape[1] + 2 * pad) * 64, 0, 63).astype(int)
        y = np.clip((centres[:, 1] + pad) / (shape[0] + 2 * pad) * 64, 0, 63).astype(int)
        best = np.argsort(-(field[y, x] + rng.uniform(0, 0.6) * rng.standard_normal(2 * n)), kind="stable")
        return rng.permutation(centres[best[:n]])
    return centres[:n]


def push_apart(
    centres: np.ndarray,
    sizes: np.ndarray,
    rounds: int = 12,
    room: float = 1.0,
    half: np.ndarray | None = None,
    angles: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Move objects until they hardly overlap; returns centres and angles.

    An object is a disc of radius `sizes`, or, with `half` (px from its centre to the centre of its end), a
    rod of discs along `angles`, which also turns. `room` below 1 lets them overlap, above 1 keeps them apart.
    """
    n = len(centres)
    centres = centres.astype(float).copy()
    turn = np.zeros(n) if angles is None else angles.astype(float).copy()
    if n < 2:
        return centres, turn
    if half is None:
        beads, half = 1, np.zeros(n)
    else:
        beads = int(np.clip(np.ceil(np.median(half / sizes)) + 1, 2, 8))
    owner = np.repeat(np.arange(n), beads)
    along = np.tile(np.linspace(-1, 1, beads) if beads > 1 else np.zeros(1), n) * half[owner]
    radius = sizes[owner] * room
    reach = 2 * np.quantile(radius, 0.98)
    inertia = half**2 / 3 + sizes**2 / 2
    pairs = np.zeros((0, 2), int)
    for turn_number in range(rounds):
        direction = np.stack([np.cos(turn), np.sin(turn)], axis=-1)[owner]
        offset = along[:, None] * direction
        beads_at = centres[owner] + offset
        if turn_number % 4 == 0:
            pairs = cKDTree(beads_at).query_pairs(reach * 1.25, output_type="ndarray")
            pairs = pairs[owner[pairs[:, 0]] != owner[pairs[:, 1]]]
        force, torque, contacts = _forces(pairs, owner, beads_at, offset, radius, n)
        if not contacts.any():
            break
        contacts = np.maximum(contacts, 1) ** 0.6
        centres += force / contacts[:, None]
        if beads > 1:
            turn += np.clip(torque / (contacts * inertia), -0.3, 0.3)
    return centres, turn


@numba.njit(cache=True, nogil=True)
def _forces(pairs, owner, beads_at, offset, radius, n):  # type: ignore[no-untyped-def]
    """What overlapping beads do to their `n` owners: force `(n, 2)`, torque `(n,)` and contacts `(n,)`."""
    force, torque, contacts = np.zeros((n, 2)), np.zeros(n), np.zeros(n)
    for k in range(len(pairs)):
        i, j = pairs[k, 0], pairs[k, 1]
        x, y = beads_at[i, 0] - beads_at[j, 0], beads_at[i, 1] - beads_at[j, 1]
        distance = np.sqrt(x * x + y * y) + 1e-6
        overlap = radius[i] + radius[j] - distance
        if overlap <= 0:
            continue
        for bead, push in ((i, 0.5 * overlap / distance), (j, -0.5 * overlap / distance)):
            who = owner[bead]
            force[who, 0] += x * push
            force[who, 1] += y * push
            torque[who] += offset[bead, 0] * y * push - offset[bead, 1] * x * push
            contacts[who] += 1
    return force, torque, contacts


def placed(outlines: np.ndarray, sizes: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return outlines * sizes[:, None, None] + centres[:, None, :]


def fill(outlines: np.ndarray, shape: Shape, ids: np.ndarray) -> np.ndarray:
    """Paint each polygon `(n, points, 2)` with its id, later ones over earlier ones: int32 `(Y, X)`."""
    labels = np.zeros(shape, np.int32)
    fixed = np.round((outlines - 0.5) * 16).astype(
        np.int32
    )  # OpenCV: 4 fractional bits, pixel centres at integers
    for polygon, number in zip(fixed, ids.tolist(), strict=True):
        cv2.fillPoly(labels, [polygon], number, cv2.LINE_8, 4)
    return labels


def overlaps(outlines: np.ndarray, shape: Shape) -> np.ndarray:
    """bool `(Y, X)`: where at least two polygons lie, which in fluorescence shine through each other."""
    ids = np.arange(1, len(outlines) + 1)
    return fill(outlines, shape, ids) != fill(outlines[::-1], shape, ids[::-1])


def paint(outlines: np.ndarray, shape: Shape, min_visible: float = 0.6) -> np.ndarray:
    """Labels of polygons that lie on each other, without those of which too little shows.

    Two rounds: hidden ones go, and what they covered of others shows again.
    """
    limits = np.array([shape[1], shape[0]], float)
    area = polygon_area(np.clip(outlines, 0, limits))
    outlines, area = outlines[area > 4], area[area > 4]
    labels = np.zeros(shape, np.int32)
    for _ in range(2):
        labels = fill(outlines, shape, np.arange(1, len(outlines) + 1))
        seen = np.bincount(labels.ravel(), minlength=len(outlines) + 1)[1:]
        keep = seen >= min_visible * area
        if keep.all():
            break
        outlines, area = outlines[keep], area[keep]
    else:
        labels = fill(outlines, shape, np.arange(1, len(outlines) + 1))
    return labels


def grow(labels: np.ndarray, distance: float = np.inf) -> np.ndarray:
    """Every pixel nearer than `distance` to an object joins the nearest one."""
    if not labels.any():
        return labels
    gap, nearest = cv2.distanceTransformWithLabels(
        (labels == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros(int(nearest.max()) + 1, np.int32)
    inside = labels > 0
    table[nearest[inside]] = labels[inside]
    grown = table[nearest]
    if np.isfinite(distance):
        grown[gap > distance] = 0
    return grown


def warp(rng: np.random.Generator, labels: np.ndarray, amount: float, scale: float) -> np.ndarray:
    """Bend all borders by a smooth random displacement of about `amount` px over `scale` px."""
    x = np.arange(labels.shape[1], dtype=np.float32)[None, :] + np.float32(amount) * smooth(
        rng, labels.shape, scale
    )
    y = np.arange(labels.shape[0], dtype=np.float32)[:, None] + np.float32(amount) * smooth(
        rng, labels.shape, scale
    )
    return remap(labels.astype(np.float32), x, y, nearest=True).astype(np.int32)


def tessellate(
    rng: np.random.Generator,
    shape: Shape,
    diameter: float,
    order: float = 0.5,
    elongation: float = 1.0,
    unevenness: float = 0.0,
) -> np.ndarray:
    """The canvas cut into cells (Voronoi), none empty.

    `order` 0..1: from random sites to nearly hexagonal ones; `elongation` stretches all cells along one
    direction; `unevenness` makes some parts of the canvas finer than others.
    """
    side = 0.5 * np.hypot(*shape) * (1 + unevenness) * np.sqrt(elongation) + 2 * diameter
    spacing = diameter * np.sqrt(np.pi / (2 * np.sqrt(3)))  # of a hexagonal lattice of cells of this area
    row, column = np.meshgrid(
        np.arange(-side, side, spacing * np.sqrt(3) / 2), np.arange(-side, side, spacing), indexing="ij"
    )
    column = column + 0.5 * spacing * (np.arange(len(column))[:, None] % 2)
    centres = np.stack([column.ravel(), row.ravel()], axis=-1)
    centres += (0.1 + 0.5 * (1 - order)) * spacing * rng.uniform(-1, 1, centres.shape)
    angle = rng.uniform(0, np.pi)
    stretch = np.array([np.sqrt(elongation), 1 / np.sqrt(elongation)])
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    centres = (centres * stretch) @ turn + np.array([shape[1] / 2, shape[0] / 2])
    if unevenness > 0:
        x = centres[:, 0] / shape[1] - 0.5
        centres[:, 0] = shape[1] * (0.5 + x * (1 + unevenness * np.abs(x) * 2) / (1 + 0.5 * unevenness))
    size = diameter * max(elongation, 1.0)
    inside = ((centres > -size) & (centres < np.array([shape[1], shape[0]]) + size)).all(axis=1)
    centres = centres[inside]
    # Voronoi cells of sites outside the canvas must be cut by its border too: work on a wider sheet.
    pad = int(size) + 2
    seeds = np.zeros((shape[0] + 2 * pad, shape[1] + 2 * pad), np.int32)
    at = np.floor(centres + pad).astype(int)
    at = np.clip(at, 0, np.array([seeds.shape[1], seeds.shape[0]]) - 1)
    seeds[at[:, 1], at[:, 0]] = np.arange(1, len(centres) + 1)
    if elongation > 1.15:  # sites become short strokes, so that cells get long rather than skewed
        length = 0.35 * diameter * (np.sqrt(elongation) - 0.8)
        step = np.array([np.cos(angle), np.sin(angle)]) * length * 16
        ends = np.round((centres + pad) * 16)
        for number, (x, y) in enumerate(ends, start=1):
            first, last = (round(x - step[0]), round(y - step[1])), (round(x + step[0]), round(y + step[1]))
            cv2.line(seeds, first, last, number, 1, cv2.LINE_8, 4)
    return grow(seeds)[pad : pad + shape[0], pad : pad + shape[1]]


def tidy(labels: np.ndarray, min_area: float, split: bool = False) -> np.ndarray:
    """Labels 1..n of one connected component (8 neighbours) each, none smaller than `min_area` px.

    An object in pieces keeps its largest one, or with `split` every piece becomes an object.
    """
    pieces = connected_pieces(labels[None])[0]
    count = int(pieces.max())
    area = np.bincount(pieces.ravel(), minlength=count + 1)
    keep = area >= max(min_area, 1)
    keep[0] = False
    if not split:
        owner = np.zeros(count + 1, np.int64)
        owner[pieces.ravel()] = labels.ravel()
        by_size = np.lexsort((area, owner))
        largest = np.zeros(count + 1, bool)
        largest[by_size[np.append(np.diff(owner[by_size]) > 0, True)]] = True
        keep &= largest
    table = np.zeros(count + 1, np.int32)
    table[keep] = np.arange(1, int(keep.sum()) + 1)
    return table[pieces]
