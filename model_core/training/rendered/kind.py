"""What a kind of rendered image is: a drawing function on a canvas, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from model_core.training.rendered.fields import Shape
from model_core.training.rendered.optics import Camera


@dataclass(frozen=True)
class Canvas:
    """Where to draw: a sheet somewhat larger than the image, and the wanted median diameter in px."""

    shape: Shape
    diameter: float


@dataclass(frozen=True)
class Picture:
    """Light `(C, Y, X)` float32 in any unit, the labels `(Y, X)` int32 it was made from, and the camera."""

    light: np.ndarray
    labels: np.ndarray
    camera: Camera


@dataclass(frozen=True)
class RenderKind:
    """`diameters`: drawn from when nobody asks for a diameter, px. `weight`: share in a mixture of kinds."""

    name: str
    family: str
    draw: Callable[[np.random.Generator, Canvas], Picture]
    diameters: tuple[float, float] = (12.0, 60.0)
    weight: float = 1.0
    may_be_empty: bool = False


@dataclass(frozen=True)
class Rendered:
    """`image` float32 `(C, Y, X)` in camera units, `labels` int32 `(Y, X)`: 0 background, 1..n."""

    image: np.ndarray
    labels: np.ndarray
