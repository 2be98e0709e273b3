"""Reviewed images as planes to learn from, and as views to judge a model by."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import zip_longest

import numpy as np

from model_core.annotation.measure import measure
from model_core.errors import UserError
from model_core.formats.numbering import consecutive
from model_core.images.float32 import fit_for_float32
from model_core.images.image import Image
from model_core.images.normalise import intensity_range
from model_core.images.readers import read_image
from model_core.images.scaled import ScaledImage
from model_core.segmentation.sizes import median_diameter
from model_core.training.augment import Arrange, Crop, Variation, random_crop
from model_core.training.batches import CropSource
from model_core.training.comparing import Box, View
from model_core.training.dataset import LabelledPlane
from model_core.training.held_out import HeldOut, nearer_to, with_ring
from model_core.training.reviewed import ReviewedImage

_MILD = Variation(spread=0.2, far=0.0, very_far=0.0, light=0.6)
_CHANNELS = 3
_SECTIONS = 12  # of a volume, in each direction
_VIEWS = 3  # planes of a volume that are judged
_POINTS = 4096  # to centre crops on
_SIDE = 320  # px of a view, as the nets see it
_MOST_BYTES = 2**31  # of an image in memory
_MOST_PIXELS = 10_000_000  # as the nets see them, that are looked at each time: 10 s on a slow processor
_MEASURING = 800_000  # of these, to tell how large the cells of an image are


@dataclass(frozen=True, eq=False)
class TrustedImage:
    """A reviewed image with its pixels in memory: the file may go away while training runs.

    pixels: the first channels ``(C, Z, Y, X)``. diameter: px, the median of the trusted cells, 0 without any.
    """

    reviewed: ReviewedImage
    pixels: np.ndarray
    diameter: float

    @cached_property
    def scaled(self) -> ScaledImage:
        return ScaledImage(fit_for_float32(Image(self.pixels)).pixels)


def read_trusted(reviewed: ReviewedImage) -> TrustedImage:
    """Its cells get a ring of trusted background.

    Raises:
        UserError: the image cannot be read, is too large for memory, or of another size than its labels.
    """
    read, labels = read_image(reviewed.path), reviewed.labels
    if read.shape[1:] != labels.shape:
        raise UserError(
            f"“{reviewed.path.name}” {read.shape[1:]} and its labels {labels.shape} differ in size."
        )
    if read.dtype.itemsize * _CHANNELS * labels.size > _MOST_BYTES:
        raise UserError(
            f"“{reviewed.path.name}” is too large to learn from; cut the part with the cells out."
        )
    diameter = median_diameter(consecutive(labels)) or 0.0
    return TrustedImage(with_ring(reviewed), np.array(read.pixels[:_CHANNELS]), diameter)


def planes_to_learn(learned: ReviewedImage, pixels: np.ndarray, diameter: float) -> list[LabelledPlane]:
    """Planes with trusted pixels; of a volume some, in all three directions.

    Args:
        diameter: px, of the cells in the image.
    """
    ranges = [intensity_range(channel) for channel in pixels]
    labels = consecutive(learned.labels).astype(np.int32)
    flat = labels.shape[0] == 1
    planes = []
    for axis in (0,) if flat else (0, 1, 2):
        across = tuple(a for a in range(3) if a != axis)
        weight = (learned.trusted & (labels > 0)).sum(across)
        at_most = 1 if flat else _SECTIONS
        for at in np.argsort(-weight, kind="stable")[:at_most]:
            if flat or weight[at]:
                part, trusted = (np.ascontiguousarray(a.take(at, axis)) for a in (labels, learned.trusted))
                section = pixels.take(at, axis + 1)
                planes.append(_plane(learned.path.name, section, ranges, part, trusted, diameter))
    return [plane for plane in planes if plane.trusted is not None and plane.trusted.any()]


def _plane(
    name: str,
    pixels: np.ndarray,
    ranges: list[tuple[float, float]],
    labels: np.ndarray,
    trusted: np.ndarray,
    diameter: float,
) -> LabelledPlane:
    cells, background = np.flatnonzero(labels), np.flatnonzero(trusted & (labels == 0))
    some = [points[:: max(1, len(points) // most)] for points, most in ((cells, 3072), (background, 1024))]
    areas = np.bincount(labels.ravel()).astype(np.float64)
    return LabelledPlane("", name, pixels, ranges, labels, diameter, areas, np.concatenate(some), trusted)


def crops_of_trusted(
    planes: Sequence[LabelledPlane], diameter: float, arrange: Arrange, magnified: float = 1.0
) -> CropSource:
    """Random crops on trusted pixels, more from planes with more cells, much as a model is shown an image.

    Args:
        diameter: px, of the net. arrange, magnified: how it is shown channels, and how much larger cells.
    """
    variation = replace(_MILD, magnified=magnified)
    cells = np.array([np.count_nonzero(plane.areas[1:]) for plane in planes])
    edges = np.cumsum(np.sqrt(cells + 1)) / np.sqrt(cells + 1).sum()

    def draw(rng: np.random.Generator, side: int) -> Crop:
        plane = planes[min(int(np.searchsorted(edges, rng.random())), len(planes) - 1)]
        return random_crop(plane, rng, side, diameter, arrange, variation)

    return draw


def views_of(held: HeldOut, image: ScaledImage, diameter: float, seen: float) -> list[View]:
    """The parts of an image that hold its held-out cells, those with most of them first.

    Args:
        diameter: px, of the cells in the image. seen: px, of cells as the nets see them.
    """
    counts = [len(np.unique(plane)) - 1 if plane.any() else 0 for plane in held.cells]
    views = []
    for z in np.argsort([-n for n in counts], kind="stable")[:_VIEWS].tolist():
        if not counts[z]:
            continue
        for box, ids in _boxes(held.cells[z], math.ceil(_SIDE * diameter / seen)):
            y0, y1, x0, x1 = box
            cells, zone = held.cells[z, y0:y1, x0:x1], held.zone[z, y0:y1, x0:x1]
            mine = np.isin(cells, ids)  # each is judged once, and whole
            zone = zone & nearer_to(mine, cells > 0)
            views.append(View(held.learned.path, z, box, image, diameter, np.where(mine, cells, 0), zone))
    return views


def _boxes(cells: np.ndarray, side: int) -> Iterator[tuple[Box, list[int]]]:
    """Squares around the cells, each with as many whole ones as possible that none before it held, and which
    these are; a plane that is not much larger is one."""
    height, width = cells.shape
    if max(height, width) <= 1.5 * side:
        yield (0, height, 0, width), np.unique(cells[cells > 0]).tolist()
        return
    left = {id_: extent.box[2:] for id_, extent in measure(cells[None]).items()}
    while left:
        found: list[int] = []
        for y0, y1, x0, x1 in left.values():
            top = int(np.clip((y0 + y1) // 2 - side // 2, 0, max(0, height - side)))
            start = int(np.clip((x0 + x1) // 2 - side // 2, 0, max(0, width - side)))
            inside = [
                id_
                for id_, (a, b, c, d) in left.items()
                if a >= top and b <= top + side and c >= start and d <= start + side
            ]
            if len(inside) > len(found):
                found, box = inside, (top, min(top + side, height), start, min(start + side, width))
        if not found:  # cells larger than a square
            return
        yield box, found
        for id_ in found:
            del left[id_]


def within_reason(views: Sequence[Sequence[View]], seen: float, seed: int = 0) -> list[View]:
    """As many of the views of some images as can be judged again and again in a training of minutes: the
    first one of each image, then the second of each, and so on."""
    order = np.random.default_rng(seed).permutation(len(views)).tolist()
    in_turn = [view for rank in zip_longest(*(views[n] for n in order)) for view in rank if view is not None]
    kept: list[View] = []
    pixels = 0.0
    for view in in_turn:
        pixels += view.cells.size * (seen / view.diameter) ** 2
        pixels += _MEASURING * all(view.path != other.path for other in kept)
        if kept and pixels > _MOST_PIXELS:
            break
        kept.append(view)
    return kept
