"""A label image with the quantities per pixel and per object that its appearance is computed from."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

from model_core.training.rendered.fields import Shape, grid
from model_core.training.rendered.placement import fill, placed, tidy
from model_core.training.rendered.shapes import blobs

FAR = np.float32(1e3)  # px: the distance to a border where there is none


class Scene:
    """`labels` int32 (Y, X), 1..n, each connected. All else is derived from them, so both agree."""

    def __init__(self, labels: np.ndarray, min_area: float = 6) -> None:
        self.labels = tidy(labels, min_area)
        self.shape: Shape = (labels.shape[0], labels.shape[1])
        self.n = int(self.labels.max())

    def per_object(self, values: np.ndarray, background: float = 0.0) -> np.ndarray:
        """Values `(n,)` spread over the pixels of their objects: float32 (Y, X)."""
        return np.append(np.float32(background), values.astype(np.float32))[self.labels]

    def _sum(self, weights: np.ndarray) -> np.ndarray:
        return np.bincount(self.labels.ravel(), weights.ravel(), self.n + 1)[1:]

    def mean(self, field: np.ndarray) -> np.ndarray:
        """Mean of a field over each object, `(n,)`."""
        return self._sum(field) / self.area

    @cached_property
    def mask(self) -> np.ndarray:
        """float32, 1 inside objects."""
        return (self.labels > 0).astype(np.float32)

    @cached_property
    def area(self) -> np.ndarray:
        return np.bincount(self.labels.ravel(), minlength=self.n + 1)[1:].astype(float)

    @cached_property
    def borders(self) -> np.ndarray:
        """bool: pixels whose right or lower neighbour belongs to something else."""
        edge = np.zeros(self.shape, bool)
        edge[:, :-1] |= self.labels[:, :-1] != self.labels[:, 1:]
        edge[:-1] |= self.labels[:-1] != self.labels[1:]
        return edge

    @cached_property
    def depth(self) -> np.ndarray:
        """float32: px from the border of the pixel's own object, 0 outside objects."""
        inside = ((self.labels > 0) & ~self.borders).astype(np.uint8)
        return np.minimum(cv2.distanceTransform(inside, cv2.DIST_L2, 5), FAR) + 0.5 * self.mask

    @cached_property
    def outside(self) -> np.ndarray:
        """float32: px from the nearest object, 0 inside; far everywhere if there is none."""
        if self.n == 0:
            return np.full(self.shape, FAR, np.float32)
        return cv2.distanceTransform((self.labels == 0).astype(np.uint8), cv2.DIST_L2, 5)

    @cached_property
    def wall(self) -> np.ndarray:
        """float32: px from the nearest border of any object, on both sides of it."""
        return np.minimum(cv2.distanceTransform((~self.borders).astype(np.uint8), cv2.DIST_L2, 5), FAR)

    @cached_property
    def radius(self) -> np.ndarray:
        """Inner radius of each object, px: three times the mean depth, which is exact for a disc."""
        return np.maximum(3 * self.mean(self.depth), 1.0)

    @cached_property
    def relative_depth(self) -> np.ndarray:
        """float32, 0 at the border of an object to 1 in its middle."""
        return np.minimum(self.depth / self.per_object(self.radius, 1.0), 1.0)

    @cached_property
    def dome(self) -> np.ndarray:
        """float32, the height of a half ball over each object, 0..1."""
        return np.sqrt(np.maximum(1 - (1 - self.relative_depth) ** 2, 0))

    @cached_property
    def middle(self) -> np.ndarray:
        """x, y of the thickest part of each object, `(n, 2)`."""
        x, y = grid(self.shape)
        weight = self.depth**2 + 1e-3
        total = self._sum(weight)
        return np.stack([self._sum(weight * x) / total, self._sum(weight * y) / total], axis=-1)

    @cached_property
    def axis(self) -> np.ndarray:
        """Direction of the long axis of each object in radians, `(n,)`."""
        x, y = grid(self.shape)
        dx = x - self.per_object(self.middle[:, 0])
        dy = y - self.per_object(self.middle[:, 1])
        return 0.5 * np.arctan2(2 * self._sum(dx * dy), self._sum(dx * dx) - self._sum(dy * dy))

    def local(self, angles: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates (along, across) in px from the middle of the pixel's object, turned by `angles`."""
        angles = self.axis if angles is None else angles
        x, y = grid(self.shape)
        dx = x - self.per_object(self.middle[:, 0])
        dy = y - self.per_object(self.middle[:, 1])
        cosine, sine = self.per_object(np.cos(angles)), self.per_object(np.sin(angles))
        return dx * cosine + dy * sine, dy * cosine - dx * sine

    def nuclei(
        self,
        rng: np.random.Generator,
        share: float = 0.5,
        spread: float = 0.15,
        off_centre: float = 0.15,
        roughness: float = 0.04,
        elongation: float = 1.25,
    ) -> Scene:
        """A smaller one inside each object: a Scene with its own ids, ellipses of `share` times the size."""
        size = np.minimum(np.sqrt(self.area / np.pi) * share, 1.1 * self.radius)
        size = np.maximum(size * np.exp(spread * rng.standard_normal(self.n)), 1.0)
        centre = self.middle + off_centre * self.radius[:, None] * rng.standard_normal((self.n, 2))
        along = self.axis + 0.35 * rng.standard_normal(self.n)
        outlines = blobs(rng, self.n, roughness, 1 + (elongation - 1) * rng.uniform(0, 2, self.n), along)
        inner = fill(placed(outlines, size, centre), self.shape, np.arange(1, self.n + 1))
        inner[(inner != self.labels) | (self.depth < 1)] = 0
        return Scene(inner, 3)
