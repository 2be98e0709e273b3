"""Where each pixel ends up when it follows the flows."""

from __future__ import annotations

import math

import numba
import numpy as np

from model_core.flows.threads import in_threads

_STILL = 0.02  # px: a step shorter than this ends the walk
_TOGETHER = 0.25  # px along each axis: posts that end this close end in the same place


def places_of_rest(
    flows: np.ndarray, inside: np.ndarray, niter: int | None = None, known: np.ndarray | None = None
) -> np.ndarray:
    """The pixels beside which walks end.

    Args:
        flows: as in `follow_flows`. inside: bool ``(Z, Y, X)``, where walkers start.
        niter: most steps a walker takes; None suffices for objects of any size.
        known: `no_places` with the places that were found before; those that are found now are added. Walks
            do not depend on thresholds, so with others only what was outside before has to walk.

    Returns:
        integers ``(N,)``, flat indices, in the order of ``np.nonzero(inside)``.
    """
    walking = inside if known is None else inside & (known < 0)
    start = np.stack(np.nonzero(walking))
    steps = niter or 200 + 2 * max(inside.shape)
    places = places_of(follow_flows(np.ascontiguousarray(flows, np.float32), start, steps), inside.shape)
    if known is None:
        return places
    known[walking] = places
    return known[inside]


def no_places(shape: tuple[int, ...]) -> np.ndarray:
    """Integers of this shape, -1 everywhere: of no pixel is known where it comes to rest."""
    return np.full(shape, -1, _index_type(shape))


def places_of(ends: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Integers ``(N,)``: flat indices of the pixels nearest to positions ``(3, N)`` in an image."""
    z, y, x = np.rint(ends).astype(_index_type(shape))
    return (z * shape[1] + y) * shape[2] + x


def _index_type(shape: tuple[int, ...]) -> type[np.signedinteger]:
    """Half as wide as numpy's own where that suffices."""
    return np.int32 if math.prod(shape) <= np.iinfo(np.int32).max else np.int64


def follow_flows(flows: np.ndarray, start: np.ndarray, niter: int) -> np.ndarray:
    """Walks from every start along the flows, one Euler step of at most a pixel at a time.

    The field between pixels is linear. A walker that turns back halves its step, so walkers come to
    rest on the sink itself instead of swinging about it; the others stop at the first step below
    0.02 px, or after ``niter`` steps. Positions never leave the image: walkers that are led
    out of it stop at the border.

    Pixels with even indices walk first; they are the posts. Whoever else comes to stand among posts that all
    ended in one place has no need to go on: it ends there too. Only along borders is there more to walk.

    Args:
        flows: float32 ``(2, 1, Y, X)`` or ``(3, Z, Y, X)``, order (z,) y, x, about unit length.
        start: int64 ``(3, N)`` pixel indices z, y, x.
        niter: most steps a walker takes.

    Returns:
        float32 ``(3, N)`` positions in pixels.
    """
    end = start.astype(np.float32)
    walk = _walk_plane if flows.shape[1] == 1 else _walk_volume
    is_post = ((start[0] | start[1] | start[2]) & 1) == 0
    posts, others = np.flatnonzero(is_post), np.flatnonzero(~is_post)
    post_at = np.full([(length + 1) // 2 for length in flows.shape[1:]], -1, np.int32)
    in_threads(lambda a, b: walk(flows, end, posts[a:b], niter, post_at), len(posts))
    post_at[tuple(start[:, posts] // 2)] = posts
    known = _agreed(post_at, end)
    in_threads(lambda a, b: walk(flows, end, others[a:b], niter, known), len(others))
    return end


@numba.njit(cache=True, nogil=True)
def _agreed(post_at, ends):  # type: ignore[no-untyped-def]
    """For each square (or cube) between posts, the first of them if all of them end together, else -1."""
    known = np.full(post_at.shape, -1, np.int32)
    nz, ny, nx = post_at.shape
    for z in range(max(nz - 1, 1)):
        for y in range(ny - 1):
            for x in range(nx - 1):
                first = post_at[z, y, x]
                agree = first >= 0
                for k in range(z, min(z + 2, nz)):
                    for j in range(y, y + 2):
                        for i in range(x, x + 2):
                            other = post_at[k, j, i]
                            agree = agree and other >= 0
                            if agree:
                                for axis in range(3):
                                    apart = abs(ends[axis, other] - ends[axis, first])
                                    agree = agree and apart <= _TOGETHER
                if agree:
                    known[z, y, x] = first
    return known


@numba.njit(cache=True, nogil=True, fastmath=True)
def _walk_plane(flows, positions, walkers, niter, known):  # type: ignore[no-untyped-def]
    flow_y, flow_x = flows[-2, 0], flows[-1, 0]
    height, width = flow_y.shape
    for n in walkers:
        y, x = positions[1, n], positions[2, n]
        step, before_y, before_x = np.float32(1), np.float32(0), np.float32(0)
        for _ in range(niter):
            j, i = min(int(y), max(height - 2, 0)), min(int(x), max(width - 2, 0))
            guide = known[0, j >> 1, i >> 1]
            if guide >= 0:
                y, x = positions[1, guide], positions[2, guide]
                break
            j2, i2 = min(j + 1, height - 1), min(i + 1, width - 1)
            fy, fx = y - j, x - i
            w00, w01, w10, w11 = (1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx
            vy = w00 * flow_y[j, i] + w01 * flow_y[j, i2] + w10 * flow_y[j2, i] + w11 * flow_y[j2, i2]
            vx = w00 * flow_x[j, i] + w01 * flow_x[j, i2] + w10 * flow_x[j2, i] + w11 * flow_x[j2, i2]
            if vy * before_y + vx * before_x < 0:
                step *= np.float32(0.5)
            if step * step * (vy * vy + vx * vx) < _STILL * _STILL:
                break
            stood_y, stood_x = y, x
            y = min(max(y + step * vy, np.float32(0)), np.float32(height - 1))
            x = min(max(x + step * vx, np.float32(0)), np.float32(width - 1))
            if (y - stood_y) ** 2 + (x - stood_x) ** 2 < _STILL * _STILL:
                break  # at the border, on the way to a sink beyond it
            before_y, before_x = vy, vx
        positions[1, n], positions[2, n] = y, x


@numba.njit(cache=True, nogil=True, fastmath=True)
def _walk_volume(flows, positions, walkers, niter, known):  # type: ignore[no-untyped-def]
    top = np.array([flows.shape[1] - 1, flows.shape[2] - 1, flows.shape[3] - 1], np.float32)
    velocity, before = np.zeros(3, np.float32), np.zeros(3, np.float32)
    low, share = np.zeros(3, np.int64), np.zeros(3)
    for n in walkers:
        step = np.float32(1)
        before[:] = 0
        for _ in range(niter):
            for axis in range(3):
                low[axis] = int(positions[axis, n])
                share[axis] = positions[axis, n] - low[axis]
            guide = known[low[0] >> 1, low[1] >> 1, low[2] >> 1]
            if guide >= 0:
                positions[:, n] = positions[:, guide]
                break
            velocity[:] = 0
            for corner in range(8):
                weight = 1.0
                z, y, x = low[0] + (corner >> 2), low[1] + (corner >> 1 & 1), low[2] + (corner & 1)
                weight *= share[0] if corner >> 2 else 1 - share[0]
                weight *= share[1] if corner >> 1 & 1 else 1 - share[1]
                weight *= share[2] if corner & 1 else 1 - share[2]
                if weight > 0:  # also keeps the far corners of the last pixel inside
                    for axis in range(3):
                        velocity[axis] += weight * flows[axis, z, y, x]
            if velocity[0] * before[0] + velocity[1] * before[1] + velocity[2] * before[2] < 0:
                step *= np.float32(0.5)
            length = velocity[0] ** 2 + velocity[1] ** 2 + velocity[2] ** 2
            if step * step * length < _STILL * _STILL:
                break
            moved = np.float32(0)
            for axis in range(3):
                stood = positions[axis, n]
                positions[axis, n] = min(max(stood + step * velocity[axis], np.float32(0)), top[axis])
                moved += (positions[axis, n] - stood) ** 2
                before[axis] = velocity[axis]
            if moved < _STILL * _STILL:
                break
