"""Reviewed images as planes to learn from, and as views to judge a model by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from model_core.annotation.measure import measure
from model_core.errors import UserError
from model_core.formats.numbering import consecutive
from model_core.images.image import Image
from model_core.images.normalise import intensity_range
from model_core.images.readers import read_image
from model_core.segmentation.sizes import median_diameter
from model_core.training.augment import Arrange, Crop, random_crop
from model_core.training.batches import CropSource
from model_core.training.comparing import Box, View
from model_core.training.dataset import LabelledPlane
from model_core.training.held_out import HeldOut
from model_core.training.reviewed import ReviewedImage

_CHANNELS = 3
_SECTIONS = 12  # of a volume, in each direction
_VIEWS = 3  # planes of a volume that are judged
_POINTS = 4096  # to centre crops on
_SIDE = 768  # px of a view; smaller planes are one view
_LARGEST = 1024
_MOST_BYTES = 2**31  # of an image in memory
_MOST_PIXELS = 6_000_000  # that are judged each time


def read_pixels(image: ReviewedImage) -> np.ndarray:
    """The first channels ``(C, Z, Y, X)`` in memory: the file may go away while training runs.

    Raises:
        UserError: it cannot be read, its size is not that of the labels, or it is too large for that.
    """
    read = read_image(image.path)
    if read.shape[1:] != image.labels.shape:
        raise UserError(
            f"“{image.path.name}” {read.shape[1:]} and its labels {image.labels.shape} differ in size."
        )
    if read.dtype.itemsize * _CHANNELS * image.labels.size > _MOST_BYTES:
        raise UserError(f"“{image.path.name}” is too large to learn from; cut the part with the cells out.")
    return np.array(read.pixels[:_CHANNELS])


def planes_to_learn(learned: ReviewedImage, pixels: np.ndarray, usual: float) -> list[LabelledPlane]:
    """Planes with trusted pixels; of a volume some, in all three directions.

    Args:
        usual: px, the diameter taken for an image without a trusted cell.
    """
    ranges = [intensity_range(channel) for channel in pixels]
    labels = consecutive(learned.labels).astype(np.int32)
    diameter = median_diameter(labels) or usual
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
    planes: Sequence[LabelledPlane], diameter: float, arrange: Arrange | None = None
) -> CropSource:
    """Random crops on trusted pixels, more from planes with more cells."""
    cells = np.array([np.count_nonzero(plane.areas[1:]) for plane in planes])
    edges = np.cumsum(np.sqrt(cells + 1)) / np.sqrt(cells + 1).sum()

    def draw(rng: np.random.Generator, side: int) -> Crop:
        plane = planes[min(int(np.searchsorted(edges, rng.random())), len(planes) - 1)]
        return random_crop(plane, rng, side, diameter, arrange)

    return draw


def views_of(held: HeldOut, pixels: np.ndarray) -> list[View]:
    """The parts of an image that hold its held-out cells: small planes whole, of large ones some squares."""
    counts = [len(np.unique(plane)) - 1 if plane.any() else 0 for plane in held.cells]
    planes = sorted(np.argsort([-n for n in counts], kind="stable")[:_VIEWS].tolist())
    views = []
    for z in planes:
        if not counts[z]:
            continue
        for box in _boxes(held.cells[z]):
            y0, y1, x0, x1 = box
            part = Image(pixels[:, z : z + 1, y0:y1, x0:x1], path=held.learned.path)
            cells = held.cells[z, y0:y1, x0:x1]
            views.append(View(held.learned.path, z, box, part, cells, held.zone[z, y0:y1, x0:x1]))
    return views


def _boxes(cells: np.ndarray) -> Iterator[Box]:
    """Squares around the cells, each with as many whole ones as possible that none before it held."""
    height, width = cells.shape
    if max(height, width) <= _LARGEST:
        yield 0, height, 0, width
        return
    left = {id_: extent.box[2:] for id_, extent in measure(cells[None]).items()}
    while left:
        found: list[int] = []
        for y0, y1, x0, x1 in left.values():
            top = int(np.clip((y0 + y1) // 2 - _SIDE // 2, 0, max(0, height - _SIDE)))
            start = int(np.clip((x0 + x1) // 2 - _SIDE // 2, 0, max(0, width - _SIDE)))
            inside = [
                id_
                for id_, (a, b, c, d) in left.items()
                if a >= top and b <= top + _SIDE and c >= start and d <= start + _SIDE
            ]
            if len(inside) > len(found):
                found, box = inside, (top, min(top + _SIDE, height), start, min(start + _SIDE, width))
        if not found:  # cells larger than a square
            return
        yield box
        for id_ in found:
            del left[id_]


def within_reason(views: Sequence[View], seed: int = 0) -> list[View]:
    """As many of the views as can be judged again and again in a training of minutes."""
    order = np.random.default_rng(seed).permutation(len(views))
    kept: set[int] = set()
    pixels = 0
    for n in order.tolist():
        pixels += views[n].cells.size
        if kept and pixels > _MOST_PIXELS:
            break
        kept.add(n)
    return [view for n, view in enumerate(views) if n in kept]
