"""Labels to flows: at every object pixel, the unit vector that leads to the object's centre.

Each connected piece of an object is solved by itself, as if it were alone: a quantity T is held at 1
at the centre and at 0 outside, and is the mean of its neighbours everywhere else (the steady state of
heat diffusion from the centre, Stringer et al., Nature Methods 2021, with an absorbing border). T has
one maximum, the centre, so its gradient leads there from everywhere, around corners too, and points
inwards along the whole border. Touching neighbours never see each other.

The system is solved coarse to fine: over-relaxed sweeps on grids that halve until the piece is a few pixels
wide, each grid starting from the one below it, so the work grows with the area.
Where that leaves T too rough to lead to the centre (it falls by orders of magnitude along a long thin
object, and coarse grids close narrow gaps), a flood from the centre makes it fall all the way outwards.
"""

from __future__ import annotations

import heapq

import numba
import numpy as np
from scipy import ndimage

from model_core.flows.pieces import connected_pieces
from model_core.flows.threads import in_threads

_COARSEST = 12  # pixels: a grid this small is solved from zero
_OMEGA_COARSEST = 1.6
_OMEGA = 1.4
_SWEEPS_COARSEST = 24  # forward and backward pairs
_SWEEPS = 8
_SMOOTHING_SWEEPS = 1  # over-relaxation leaves a ripple
_STEEPEST, _FLATTEST = 0.3, 0.95  # share of T that one step outwards keeps in a flood
_SMALLEST = 1e-300


def labels_to_flows(labels: np.ndarray) -> np.ndarray:
    """Flow targets of a label image with cubic voxels; `section_flows` are those of other volumes.

    Args:
        labels: integers ``(Y, X)`` or ``(Z, Y, X)``, 0 = background.

    Returns:
        float32 ``(2, Y, X)`` in the order y, x, or ``(3, Z, Y, X)`` in the order z, y, x: unit vectors
        on objects, 0 on background and where an object is symmetric about the pixel (its centre).

    Raises:
        ValueError: labels are not a 2D or 3D array of integers.
    """
    labels = np.asarray(labels)
    if labels.ndim not in (2, 3) or labels.dtype.kind not in "iub":
        raise ValueError(f"labels must be integers (Y, X) or (Z, Y, X), not {labels.dtype} {labels.shape}")
    volume = labels if labels.ndim == 3 else labels[None]
    flows = flows_of_pieces(connected_pieces(volume), 1.0)
    return flows if labels.ndim == 3 else flows[1:, 0]


def flows_of_pieces(pieces: np.ndarray, stretch: float) -> np.ndarray:
    """Unit vectors towards the centre of each piece, a piece of one plane (of one z) taken as flat.

    Args:
        pieces: int32 ``(Z, Y, X)``, 1, 2, ... each of them connected.
        stretch: the step along z over the step along x; among flat pieces, the step along y over it.

    Returns:
        float32 ``(3, Z, Y, X)``, order z, y, x, directions in space: all components in steps of x.
    """
    flows = np.zeros((3, *pieces.shape), np.float32)
    boxes = _boxes(pieces)
    in_threads(lambda first, last: _flows_of_pieces(pieces, boxes, stretch, flows, first, last), len(boxes))
    return flows


def _boxes(pieces: np.ndarray) -> np.ndarray:
    """int64 (N, 6): z0, z1, y0, y1, x0, x1 of piece 1..N."""
    found = ndimage.find_objects(pieces)
    edges = [[edge for side in box for edge in (side.start, side.stop)] for box in found]
    return np.array(edges, np.int64).reshape(-1, 6)


@numba.njit(cache=True, nogil=True)
def _flows_of_pieces(pieces, boxes, stretch, flows, first, last):  # type: ignore[no-untyped-def]
    for index in range(first, last):
        z0, z1, y0, y1, x0, x1 = boxes[index]
        mask = np.zeros((z1 - z0 + 2, y1 - y0 + 2, x1 - x0 + 2), np.bool_)
        for z in range(z0, z1):
            for y in range(y0, y1):
                for x in range(x0, x1):
                    if pieces[z, y, x] == index + 1:
                        mask[z - z0 + 1, y - y0 + 1, x - x0 + 1] = True
        flat = z1 - z0 == 1
        step_z, step_y = (1.0, stretch) if flat else (stretch, 1.0)
        centre = _centre(mask, step_z, step_y)
        heat = _solve(mask, centre, stretch)
        if _has_false_peaks(heat, mask, centre):
            heat = _without_false_peaks(heat, mask, centre)
        for z in range(1, mask.shape[0] - 1):
            for y in range(1, mask.shape[1] - 1):
                for x in range(1, mask.shape[2] - 1):
                    if not mask[z, y, x]:
                        continue
                    dz = (heat[z + 1, y, x] - heat[z - 1, y, x]) / step_z
                    dy = (heat[z, y + 1, x] - heat[z, y - 1, x]) / step_y
                    dx = heat[z, y, x + 1] - heat[z, y, x - 1]
                    norm = np.sqrt(dz * dz + dy * dy + dx * dx)
                    if norm > 1e-6 * heat[z, y, x]:
                        flows[0, z + z0 - 1, y + y0 - 1, x + x0 - 1] = dz / norm
                        flows[1, z + z0 - 1, y + y0 - 1, x + x0 - 1] = dy / norm
                        flows[2, z + z0 - 1, y + y0 - 1, x + x0 - 1] = dx / norm


@numba.njit(cache=True, nogil=True)
def _centre(mask, step_z, step_y):  # type: ignore[no-untyped-def]
    """The pixel nearest to the centroid; where the centroid lies outside, among the deeper half of pixels."""
    sum_z, sum_y, sum_x, count = 0, 0, 0, 0
    for z in range(1, mask.shape[0] - 1):
        for y in range(1, mask.shape[1] - 1):
            for x in range(1, mask.shape[2] - 1):
                if mask[z, y, x]:
                    sum_z, sum_y, sum_x, count = sum_z + z, sum_y + y, sum_x + x, count + 1
    mid_z, mid_y, mid_x = sum_z / count, sum_y / count, sum_x / count
    nearest = (int(np.rint(mid_z)), int(np.rint(mid_y)), int(np.rint(mid_x)))
    if mask[nearest]:
        return nearest
    depth = _depth(mask, step_z, step_y)
    best = np.inf
    centre = (0, 0, 0)
    for z, y, x in zip(*np.nonzero(depth >= depth.max() / 2)):  # noqa: B905 - numba knows no strict
        dz, dy, dx = step_z * (z - mid_z), step_y * (y - mid_y), x - mid_x
        distance = dz * dz + dy * dy + dx * dx
        if distance < best:
            best = distance
            centre = (z, y, x)
    return centre


@numba.njit(cache=True, nogil=True)
def _depth(mask, step_z, step_y):  # type: ignore[no-untyped-def]
    """City-block way to the nearest pixel outside; planes beside a single plane do not count as outside."""
    flat = mask.shape[0] == 3
    depth = np.where(mask, 1e9, 0.0)
    nz, ny, nx = mask.shape
    for direction in (1, -1):
        for k in range(1, nz - 1):
            z = k if direction == 1 else nz - 1 - k
            for j in range(1, ny - 1):
                y = j if direction == 1 else ny - 1 - j
                for i in range(1, nx - 1):
                    x = i if direction == 1 else nx - 1 - i
                    if mask[z, y, x]:
                        near = min(depth[z, y - direction, x] + step_y, depth[z, y, x - direction] + 1)
                        if not flat:
                            near = min(near, depth[z - direction, y, x] + step_z)
                        depth[z, y, x] = min(depth[z, y, x], near)
    return depth


@numba.njit(cache=True, nogil=True)
def _solve(mask, centre, stretch):  # type: ignore[no-untyped-def]
    """T on a mask that has a border of one empty pixel on every side."""
    masks = [mask]
    centres = [centre]
    while max(masks[-1].shape) - 2 > _COARSEST:
        fine = masks[-1]
        at = centres[-1]
        masks.append(_halved(fine))
        flat = fine.shape[0] == 3
        centres.append((at[0] if flat else (at[0] + 1) // 2, (at[1] + 1) // 2, (at[2] + 1) // 2))
    heat = np.zeros(masks[-1].shape)
    _relax(heat, masks[-1], centres[-1], stretch, _SWEEPS_COARSEST, _OMEGA_COARSEST)
    for level in range(len(masks) - 2, -1, -1):
        heat = _doubled(heat, masks[level])
        _relax(heat, masks[level], centres[level], stretch, _SWEEPS, _OMEGA)
    _relax(heat, mask, centre, stretch, _SMOOTHING_SWEEPS, 1.0)
    return heat


@numba.njit(cache=True, nogil=True)
def _halved(mask):  # type: ignore[no-untyped-def]
    nz, ny, nx = mask.shape
    flat = nz == 3
    half = np.zeros((3 if flat else (nz - 1) // 2 + 2, (ny - 1) // 2 + 2, (nx - 1) // 2 + 2), np.bool_)
    for z in range(1, nz - 1):
        for y in range(1, ny - 1):
            for x in range(1, nx - 1):
                if mask[z, y, x]:
                    half[z if flat else (z + 1) // 2, (y + 1) // 2, (x + 1) // 2] = True
    return half


@numba.njit(cache=True, nogil=True)
def _doubled(heat, mask):  # type: ignore[no-untyped-def]
    """Linear interpolation of T from the half grid onto the pixels of a mask."""
    nz, ny, nx = mask.shape
    flat = nz == 3
    fine = np.zeros(mask.shape)
    for z in range(1, nz - 1):
        k = z if flat else (z + 1) // 2
        k2 = k if flat else (k - 1 if z % 2 else k + 1)
        for y in range(1, ny - 1):
            j = (y + 1) // 2
            j2 = j - 1 if y % 2 else j + 1
            for x in range(1, nx - 1):
                if mask[z, y, x]:
                    i = (x + 1) // 2
                    i2 = i - 1 if x % 2 else i + 1
                    near = 0.75 * (0.75 * heat[k, j, i] + 0.25 * heat[k, j, i2]) + 0.25 * (
                        0.75 * heat[k, j2, i] + 0.25 * heat[k, j2, i2]
                    )
                    if not flat:
                        far = 0.75 * (0.75 * heat[k2, j, i] + 0.25 * heat[k2, j, i2]) + 0.25 * (
                            0.75 * heat[k2, j2, i] + 0.25 * heat[k2, j2, i2]
                        )
                        near = 0.75 * near + 0.25 * far
                    fine[z, y, x] = near
    return fine


@numba.njit(cache=True, nogil=True)
def _relax(heat, mask, centre, stretch, pairs, omega):  # type: ignore[no-untyped-def]
    """Over-relaxed sweeps, forward and backward; a plane takes 8 neighbours, a volume 6.

    The weights make the sum of differences to the neighbours a multiple of the Laplacian in space: with
    w = 1 / stretch^2 that is 2 (w + 1 + 1) in a volume and 6 (w + 1) in a plane; all 1 for cubic voxels.
    """
    w = 1.0 / (stretch * stretch)
    heat[centre[0], centre[1], centre[2]] = 1.0
    if mask.shape[0] == 3:
        _relax_plane(heat[1], mask[1], centre[1], centre[2], w, pairs, omega)
    else:
        _relax_volume(heat, mask, centre, w, pairs, omega)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _relax_plane(heat, mask, centre_y, centre_x, w, pairs, omega):  # type: ignore[no-untyped-def]
    """Gauss-Seidel from row to row, Jacobi within a row: so the processor takes several pixels a step."""
    ny, nx = mask.shape
    diagonal = min(1.0, w)
    above, beside = 3 * w - 2 * diagonal, 3 - 2 * diagonal
    share = omega / (2 * above + 2 * beside + 4 * diagonal)
    row = np.zeros(nx)
    for _ in range(pairs):
        for direction in (1, -1):
            for j in range(1, ny - 1):
                y = j if direction == 1 else ny - 1 - j
                before, here, after, inside = heat[y - 1], heat[y], heat[y + 1], mask[y]
                for x in range(1, nx - 1):
                    corners = before[x - 1] + before[x + 1] + after[x - 1] + after[x + 1]
                    total = above * (before[x] + after[x]) + beside * (here[x - 1] + here[x + 1])
                    value = (1 - omega) * here[x] + share * (total + diagonal * corners)
                    row[x] = max(value, 0.0) if inside[x] else 0.0
                for x in range(1, nx - 1):
                    here[x] = row[x]
                if y == centre_y:
                    here[centre_x] = 1.0


@numba.njit(cache=True, nogil=True, fastmath=True)
def _relax_volume(heat, mask, centre, w, pairs, omega):  # type: ignore[no-untyped-def]
    """Gauss-Seidel."""
    nz, ny, nx = mask.shape
    share = 1 / (2 * w + 4)
    for _ in range(pairs):
        for direction in (1, -1):
            for k in range(1, nz - 1):
                z = k if direction == 1 else nz - 1 - k
                for j in range(1, ny - 1):
                    y = j if direction == 1 else ny - 1 - j
                    for i in range(1, nx - 1):
                        x = i if direction == 1 else nx - 1 - i
                        if not mask[z, y, x] or (z == centre[0] and y == centre[1] and x == centre[2]):
                            continue
                        total = w * (heat[z - 1, y, x] + heat[z + 1, y, x])
                        total += heat[z, y - 1, x] + heat[z, y + 1, x]
                        total += heat[z, y, x - 1] + heat[z, y, x + 1]
                        change = share * total - heat[z, y, x]
                        heat[z, y, x] = max(0.0, heat[z, y, x] + omega * change)


@numba.njit(cache=True, nogil=True)
def _has_false_peaks(heat, mask, centre):  # type: ignore[no-untyped-def]
    """Whether some pixel but the centre has no neighbour with a higher T."""
    nz, ny, nx = mask.shape
    for z in range(1, nz - 1):
        for y in range(1, ny - 1):
            for x in range(1, nx - 1):
                if not mask[z, y, x] or (z == centre[0] and y == centre[1] and x == centre[2]):
                    continue
                if not _climbs(heat, z, y, x):
                    return True
    return False


@numba.njit(cache=True, nogil=True)
def _climbs(heat, z, y, x):  # type: ignore[no-untyped-def]
    """Whether some neighbour has a higher T."""
    here = heat[z, y, x]
    if heat[z, y, x - 1] > here or heat[z, y, x + 1] > here:  # most do
        return True
    for k in range(z - 1, z + 2):
        for j in range(y - 1, y + 2):
            for i in range(x - 1, x + 2):
                if heat[k, j, i] > here:
                    return True
    return False


@numba.njit(cache=True, nogil=True)
def _without_false_peaks(heat, mask, centre):  # type: ignore[no-untyped-def]
    """T changed as little as makes every pixel but the centre have a higher neighbour.

    From the centre outwards, highest first, each pixel keeps between `_STEEPEST` and `_FLATTEST` of the T
    from which it was reached (the priority flood of terrain analysis, Barnes et al., Comput. Geosci. 2014).
    """
    flooded = np.zeros(heat.shape)
    flooded[centre[0], centre[1], centre[2]] = 1.0
    front = [(-1.0, centre[0], centre[1], centre[2])]
    while front:
        negative, z, y, x = heapq.heappop(front)
        for k in range(z - 1, z + 2):
            for j in range(y - 1, y + 2):
                for i in range(x - 1, x + 2):
                    if mask[k, j, i] and flooded[k, j, i] == 0:
                        value = min(max(heat[k, j, i], -_STEEPEST * negative), -_FLATTEST * negative)
                        value = max(value, _SMALLEST)  # never 0, which means not reached yet
                        flooded[k, j, i] = value
                        heapq.heappush(front, (-value, k, j, i))
    return flooded
