"""Rendered cells as a source of crops beside the labelled images."""

from __future__ import annotations

import numpy as np

from model_core.images.normalise import intensity_range
from model_core.segmentation.sizes import median_diameter
from model_core.training.augment import Arrange, Crop, random_crop
from model_core.training.batches import CropSource
from model_core.training.dataset import LabelledPlane, labelled_plane
from model_core.training.rendered import render_any

_KEPT = 96  # rendered planes to draw from
_NEW = 0.35  # share of the crops for which a new one is rendered: rendering costs more than augmenting
_DIAMETERS = (12.0, 48.0)  # px, as rendered; augmentation scales them, so some are sharp, some soft


def rendered_crops(diameter: float, arrange: Arrange | None = None) -> CropSource:
    """Crops of rendered planes in which the objects are about ``diameter`` px wide."""
    kept: list[LabelledPlane] = []

    def draw(rng: np.random.Generator, side: int) -> Crop:
        if len(kept) < _KEPT or rng.random() < _NEW:
            plane = _rendered_plane(rng, side, diameter)
            if len(kept) < _KEPT:
                kept.append(plane)
            else:
                kept[rng.integers(_KEPT)] = plane
        else:
            plane = kept[rng.integers(_KEPT)]
        return random_crop(plane, rng, side, diameter, arrange)

    return draw


def _rendered_plane(rng: np.random.Generator, side: int, diameter: float) -> LabelledPlane:
    wanted = float(np.exp(rng.uniform(*np.log(_DIAMETERS))))
    length = int(np.clip(1.15 * side * wanted / diameter, 96, 360))
    picture = render_any(rng, (length, length), wanted)
    ranges = [intensity_range(channel) for channel in picture.image]
    found = median_diameter(picture.labels) or wanted
    return labelled_plane("rendered", "", picture.image, ranges, picture.labels, found)
