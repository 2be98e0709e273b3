"""Labelled planes in memory, and which of them the next crop comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from model_core.errors import UserError
from model_core.formats.label_image import read_labels
from model_core.formats.pairs import Pair
from model_core.images.image import Image
from model_core.images.normalise import intensity_range
from model_core.images.readers import read_image
from model_core.segmentation.sizes import median_diameter

_PLANES = 12  # taken from each direction of a volume
_CHANNELS = 3


@dataclass(frozen=True, eq=False)
class LabelledPlane:
    """One plane with its labels.

    pixels: (C, Y, X) in the native dtype. ranges: dark and bright end of every channel.
    labels: int32 (Y, X). diameter: px, median over the objects, of the whole volume for its planes.
    areas: float64, px of each label. somewhere: a few flat indices of object pixels, near which crops lie.
    trusted: bool (Y, X), the pixels at which the labels are right; None where all are.
    """

    dataset: str
    name: str
    pixels: np.ndarray
    ranges: list[tuple[float, float]]
    labels: np.ndarray
    diameter: float
    areas: np.ndarray
    somewhere: np.ndarray
    trusted: np.ndarray | None = None


def load_pair(pair: Pair) -> tuple[Image, np.ndarray]:
    """The image of a pair and its labels, int32 (Z, Y, X), small enough to count by.

    Raises:
        UserError: a file cannot be read, or image and masks differ in size.
    """
    image, labels = read_image(pair.image), read_labels(pair.masks)
    if image.shape[1:] != labels.shape:
        raise UserError(
            f"“{pair.image.name}” {image.shape[1:]} and “{pair.masks.name}” {labels.shape} differ in size."
        )
    if labels.max() > labels.size:  # wild numbers; as an index they would take gigabytes
        labels = np.unique(np.append(labels, 0), return_inverse=True)[1][:-1].reshape(labels.shape)
    return image, labels.astype(np.int32)


def load_planes(pairs: list[Pair]) -> list[LabelledPlane]:
    """Reads pairs; of a volume, planes spread evenly over all three directions.

    Raises:
        UserError: a file cannot be read, or image and masks differ in size.
    """
    planes = []
    for pair in pairs:
        image, labels = load_pair(pair)
        pixels = np.ascontiguousarray(image.pixels[:_CHANNELS])
        ranges = [intensity_range(channel) for channel in pixels]
        flat = labels.shape[0] == 1
        diameter = median_diameter(labels) if flat else _section_diameter(labels)
        for axis in (0,) if flat else (0, 1, 2):
            for at in np.unique(np.linspace(0, labels.shape[axis] - 1, 1 if flat else _PLANES).astype(int)):
                plane = np.ascontiguousarray(labels.take(at, axis=axis))
                if flat or plane.any():
                    section = pixels.take(at, axis=axis + 1)
                    planes.append(labelled_plane(pair.dataset, pair.name, section, ranges, plane, diameter))
    return planes


def labelled_plane(
    dataset: str,
    name: str,
    pixels: np.ndarray,
    ranges: list[tuple[float, float]],
    labels: np.ndarray,
    diameter: float,
) -> LabelledPlane:
    """A plane with what can be derived from its labels."""
    objects = np.flatnonzero(labels)
    somewhere = objects[:: max(1, len(objects) // 4096)]
    areas = np.bincount(labels.ravel()).astype(np.float64)
    return LabelledPlane(dataset, name, pixels, ranges, labels, diameter, areas, somewhere)


def _section_diameter(labels: np.ndarray) -> float:
    """Median diameter of the objects' largest sections, px; what a plane through a volume shows."""
    largest = np.zeros(int(labels.max()) + 1)
    for plane in labels:
        areas = np.bincount(plane.ravel(), minlength=len(largest))
        np.maximum(largest, areas, out=largest)
    largest = largest[1:][largest[1:] > 0]
    return float(np.median(2 * np.sqrt(largest / np.pi))) if len(largest) else 0.0


def sampling_weights(
    planes: list[LabelledPlane], set_weights: Mapping[str, float] | None = None
) -> np.ndarray:
    """The probability of each plane: sets by the cube root of their pixels or so, planes by the square root.

    So a set of one image is seen often enough to matter, and the largest set does not drown the others.
    ``set_weights`` multiplies the share of the sets it names.

    Raises:
        UserError: nothing has any weight.
    """
    pixels = np.array([plane.labels.size for plane in planes], np.float64)
    names = np.array([plane.dataset for plane in planes])
    weights = np.zeros(len(planes))
    for name in np.unique(names):
        of_set = names == name
        weights[of_set] = (
            np.sqrt(pixels[of_set]) / np.sqrt(pixels[of_set]).sum() * pixels[of_set].sum() ** 0.3
        ) * (set_weights or {}).get(str(name), 1.0)
    if not weights.any():
        raise UserError("All data sets have the weight 0; there is nothing to learn from.")
    return weights / weights.sum()
