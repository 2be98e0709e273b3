"""Second moments of every object in one compiled pass: how elongated it is, how well an ellipse fills it."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

_BALL = {2: 4 * np.pi, 3: 4 / 3 * np.pi * 5**1.5}  # size of a solid ellipsoid over sqrt(det covariance)
_PIXEL = 1 / 12  # variance of the coordinates inside a pixel, which is a square and not a point


class Moments(NamedTuple):
    """Sums over the pixels of each label of ``(Z, Y, X)``; rows of absent labels are 0.

    size: float64 ``(N,)``, pixels. first: ``(N, 3)``, sums of z, y, x. second: ``(N, 6)``, sums of zz, yy,
    xx, zy, zx, yx. They add up: the moments of a union are the sum of both.
    """

    size: np.ndarray
    first: np.ndarray
    second: np.ndarray

    def of(self, labels: np.ndarray) -> Moments:
        """Those of some labels."""
        return Moments(self.size[labels], self.first[labels], self.second[labels])

    def joined(self, other: Moments) -> Moments:
        """Those of unions, row by row."""
        return Moments(self.size + other.size, self.first + other.first, self.second + other.second)


def moments(labels: np.ndarray) -> Moments:
    """The moments of all objects in integers ``(Z, Y, X)``."""
    count = int(labels.max(initial=0)) + 1
    sums = np.zeros((count, 10))
    _add(np.ascontiguousarray(labels), sums)
    sums[0] = 0
    return Moments(sums[:, 0], sums[:, 1:4], sums[:, 4:])


@numba.njit(cache=True, nogil=True)
def _add(labels, sums):  # type: ignore[no-untyped-def]
    """Size, first and second moments, pixel by pixel."""
    depth, height, width = labels.shape
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                label = labels[z, y, x]
                if label > 0:
                    row = sums[label]
                    row[0] += 1.0
                    row[1] += z
                    row[2] += y
                    row[3] += x
                    row[4] += z * z
                    row[5] += y * y
                    row[6] += x * x
                    row[7] += z * y
                    row[8] += z * x
                    row[9] += y * x


def covariances(of: Moments, volume: bool) -> np.ndarray:
    """float64 ``(N, 2, 2)`` in the order y, x, of a volume ``(N, 3, 3)``: of the positions of all pixels."""
    size = np.maximum(of.size, 1)[:, None]
    mean = of.first / size
    zz, yy, xx, zy, zx, yx = (of.second / size).T
    z, y, x = mean.T
    full = np.empty((len(mean), 3, 3))
    for (i, j), value in {
        (0, 0): zz - z * z, (1, 1): yy - y * y, (2, 2): xx - x * x,
        (0, 1): zy - z * y, (0, 2): zx - z * x, (1, 2): yx - y * x,
    }.items():  # fmt: skip
        full[:, i, j] = full[:, j, i] = value
    full[:, np.arange(3), np.arange(3)] += _PIXEL
    return full if volume else full[:, 1:, 1:]


def fill_of_ellipse(of: Moments, volume: bool) -> np.ndarray:
    """float64 ``(N,)``: the size of each object over that of the ellipse (ellipsoid) with its second moments.

    Nearly 1 for everything that is about elliptic, however long; less the more arms, dents and waists it has.
    A solid ellipsoid has half axes sqrt(d + 2) times the standard deviations in d dimensions.
    """
    covariance = covariances(of, volume)
    whole = _BALL[3 if volume else 2] * np.sqrt(np.maximum(np.linalg.det(covariance), 1e-9))
    return np.minimum(of.size / whole, 1.0)


def elongations(of: Moments, volume: bool) -> np.ndarray:
    """float64 ``(N,)``: the longest half axis of that ellipse over the shortest, at least 1."""
    values = np.maximum(np.linalg.eigvalsh(covariances(of, volume)), 1e-9)
    return np.sqrt(values[:, -1] / values[:, 0])
