"""A table of what can be measured of each object, under the names that scikit-image gives it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numba
import numpy as np

from model_core.annotation.measure import extents
from model_core.annotation.objects import ObjectRecord
from model_core.annotation.shape import diameters, perimeters
from model_core.errors import Cancelled
from model_core.images.image import Image

Progress = Callable[[float], None]
Cancel = Callable[[], bool]
_BAND_PIXELS = 1 << 22
_ON_THE_LINE = 1e-9  # px: a pixel whose centre lies this close to the convex outline counts as inside


@dataclass(frozen=True, eq=False)
class Measurements:
    """Columns of equal length, one row an object, by ascending ID.

    Attributes:
        columns: “label” (uint32) first, then numbers (float64) or texts. NaN where there is no value.
        units: of the columns that have one: “px”, “px²”, “voxels”, “µm”, “µm²”, “µm³”.
    """

    columns: Mapping[str, np.ndarray]
    units: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.columns["label"])


def measure_objects(
    labels: np.ndarray,
    image: Image | None = None,
    origin: tuple[int, int, int] = (0, 0, 0),
    progress: Progress = lambda fraction: None,
    cancelled: Cancel = lambda: False,
) -> Measurements:
    """Measures all objects in labels ``(Z, Y, X)``.

    - area: pixels (voxels in a stack); equivalent_diameter_area: of the circle (ball) of equal area
    - centroid_y, centroid_x (and centroid_z in a stack): mean position; the centre of the first pixel is 0
    - of planes only: perimeter_crofton (four directions), circularity (4 pi area / perimeter², at most 1),
      eccentricity, axis_major_length, axis_minor_length (of the ellipse with equal second moments), solidity
      (area over that of the convex hull)
    - with an image: intensity_mean, intensity_min, intensity_max, intensity_std of each channel, with
      _1, _2 ... or the name of the channel behind it where there are several

    Where the image knows its pixel size, and in a stack the distance of its planes, lengths are in
    micrometres. 10,000 objects in 4096 x 4096 pixels take 0.7 s, and 0.3 s for each channel.

    Args:
        labels: integers; a part of an image's labels if ``origin`` (z, y, x) says where it begins.
        image: its channels are measured. Its shape must be that of the labels (with ``origin``: hold them).

    Raises:
        ValueError: the image does not fit. Cancelled: ``cancelled()`` was true.
    """
    if image is not None and any(
        start + length > size
        for start, length, size in zip(origin, labels.shape, image.shape[1:], strict=True)
    ):
        raise ValueError(f"labels {labels.shape} at {origin} lie outside of an image {image.shape}")
    found = extents(labels)
    ids, area = found.ids.astype(np.uint32), found.area.astype(np.float64)
    centre = found.total / area[:, None]
    planar = labels.shape[0] == 1
    scale, unit = _scale(image, planar)
    lengths: dict[str, np.ndarray] = {
        "equivalent_diameter_area": diameters(area, len(labels)),
    }
    ratios: dict[str, np.ndarray] = {}
    if planar:
        if cancelled():
            raise Cancelled
        lengths["perimeter_crofton"] = around = _perimeters(labels[0], ids, cancelled)
        ratios["circularity"] = np.minimum(1.0, 4 * math.pi * area / around**2)
        top, bottom = found.low[:, 1], found.high[:, 1]
        more_lengths, more_ratios = _shapes(labels[0], ids, top, bottom, area, centre)
        lengths |= more_lengths
        ratios |= more_ratios
    voxel = float(np.prod(scale))
    columns: dict[str, np.ndarray] = {"label": ids, "area": area * voxel}
    units = {"area": _power(unit, 2 if planar else 3)}
    for name, values in lengths.items():
        columns[name] = values * (scale[1] if planar else voxel ** (1 / 3))
        units[name] = unit
    columns |= ratios
    for at, axis in enumerate("zyx"):
        if planar and axis == "z":
            continue
        columns[f"centroid_{axis}"] = (centre[:, at] + origin[at]) * scale[at]
        units[f"centroid_{axis}"] = unit
    if image is not None:
        columns |= _intensities(labels, image, ids, origin, progress, cancelled)
    return Measurements(columns, units)


def with_records(table: Measurements, records: Mapping[int, ObjectRecord]) -> Measurements:
    """The table with what the records say: class, confidence, source and review."""
    rows = [records.get(id_) for id_ in table.columns["label"].tolist()]
    columns: dict[str, np.ndarray] = {
        "class": np.array([row.class_name if row else "" for row in rows], str),
        "confidence": np.array(
            [row.confidence if row and row.confidence is not None else math.nan for row in rows], np.float64
        ),
        "source": np.array([row.source.value if row else "" for row in rows], str),
        "review": np.array([row.review.value if row else "" for row in rows], str),
    }
    return replace(table, columns={**table.columns, **columns})


def _scale(image: Image | None, planar: bool) -> tuple[tuple[float, float, float], str]:
    """Size of a pixel in z, y and x and its unit; pixels where the image does not know all of it."""
    size = image.pixel_size if image is not None else None
    step = image.z_step if image is not None else None
    if size is None or (step is None and not planar):
        return (1.0, 1.0, 1.0), "px"
    return (1.0 if planar or step is None else step, size, size), "µm"


def _power(unit: str, exponent: int) -> str:
    return "voxels" if (unit, exponent) == ("px", 3) else unit + {2: "²", 3: "³"}[exponent]


def _rows_of_band(labels: np.ndarray) -> int:
    return max(1, _BAND_PIXELS // labels.shape[-1])


def _uniform(labels: np.ndarray) -> np.ndarray:
    """A copy of one type and layout: for each other one, numba would compile anew."""
    return np.array(labels, np.uint32, order="C")


# ---------------------------------------------------------------------- shapes of planes


def _perimeters(plane: np.ndarray, ids: np.ndarray, cancelled: Cancel) -> np.ndarray:
    if int(ids.max(initial=0)) <= max(plane.size, 1 << 20):
        return perimeters(plane, cancelled)[ids]
    numbered = np.where(plane == 0, 0, np.searchsorted(ids, plane) + 1)  # IDs too far apart for a table
    return perimeters(numbered, cancelled)[1:]


def _shapes(
    plane: np.ndarray,
    ids: np.ndarray,
    top: np.ndarray,
    bottom: np.ndarray,
    area: np.ndarray,
    centre: np.ndarray,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Lengths and ratios that need the pixels of each object, in one pass over the plane."""
    start = np.r_[0, np.cumsum(bottom - top)]
    first = np.full(start[-1], np.iinfo(np.int64).max)
    last = np.full(start[-1], -1)
    moments = np.zeros((len(ids), 3))
    for y in range(0, len(plane), step := _rows_of_band(plane)):
        _scan(_uniform(plane[y : y + step]), y, ids, centre[:, 1:], top, start, first, last, moments)
    yy, xx, yx = (moments / area[:, None]).T
    middle, spread = (yy + xx) / 2, np.sqrt(4 * yx**2 + (yy - xx) ** 2) / 2
    large, small = middle + spread, np.maximum(middle - spread, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        eccentricity = np.where(large > 0, np.sqrt(1 - small / large), 0.0)
    hull = _hull_areas(start, first, last)
    return (
        {"axis_major_length": 4 * np.sqrt(large), "axis_minor_length": 4 * np.sqrt(small)},
        {"eccentricity": eccentricity, "solidity": area / hull},
    )


@numba.njit(cache=True, nogil=True)
def _scan(labels, y0, ids, centre, top, start, first, last, moments):  # type: ignore[no-untyped-def]
    """Central second moments (sums of yy, xx, yx); first and last pixel of each object in each row."""
    for y in range(y0, y0 + labels.shape[0]):
        n = -1
        for x in range(labels.shape[1]):
            label = labels[y - y0, x]
            if label == 0:
                continue
            if n < 0 or ids[n] != label:
                n = np.searchsorted(ids, label)
            dy, dx = y - centre[n, 0], x - centre[n, 1]
            moments[n, 0] += dy * dy
            moments[n, 1] += dx * dx
            moments[n, 2] += dy * dx
            at = start[n] + y - top[n]
            first[at] = min(first[at], x)
            last[at] = max(last[at], x)


@numba.njit(cache=True, nogil=True)
def _hull_areas(start, first, last):  # type: ignore[no-untyped-def]
    """Pixels whose centres lie in the convex hull of the midpoints of an object's pixel sides, by object.

    So does scikit-image count them (convex_hull_image with offset_coordinates).
    """
    areas = np.zeros(len(start) - 1)
    for n in range(len(areas)):
        begin, height = start[n], start[n + 1] - start[n]
        # Sides of the hull as functions of y: chains over at most three points a row.
        ys, xs = np.empty((2, 3 * height)), np.empty((2, 3 * height))
        lengths = np.zeros(2, np.int64)
        for side in range(2):
            sign = 1.0 if side == 0 else -1.0  # the right side is a left one, mirrored
            for row in range(height):
                x = first[begin + row] if side == 0 else last[begin + row]
                if last[begin + row] < 0:
                    continue
                for offset in (-0.5, 0.0, 0.5):
                    py = row + offset
                    px = sign * x - (0.5 if offset == 0.0 else 0.0)
                    k = lengths[side]
                    if k and ys[side, k - 1] == py:  # lower corner of one row, upper one of the next
                        if px >= xs[side, k - 1]:
                            continue
                        k -= 1
                    while k >= 2 and (ys[side, k - 1] - ys[side, k - 2]) * (px - xs[side, k - 2]) <= (
                        py - ys[side, k - 2]
                    ) * (xs[side, k - 1] - xs[side, k - 2]):
                        k -= 1
                    ys[side, k], xs[side, k] = py, px
                    lengths[side] = k + 1
        at = np.zeros(2, np.int64)
        for row in range(height):
            ends = np.zeros(2)
            for side in range(2):
                while at[side] + 2 < lengths[side] and ys[side, at[side] + 1] < row:
                    at[side] += 1
                k = at[side]
                part = (row - ys[side, k]) / (ys[side, k + 1] - ys[side, k])
                ends[side] = xs[side, k] + part * (xs[side, k + 1] - xs[side, k])
            left, right = math.ceil(ends[0] - _ON_THE_LINE), math.floor(-ends[1] + _ON_THE_LINE)
            areas[n] += right - left + 1
    return areas


# ---------------------------------------------------------------------- intensities


def _intensities(
    labels: np.ndarray,
    image: Image,
    ids: np.ndarray,
    origin: tuple[int, int, int],
    progress: Progress,
    cancelled: Cancel,
) -> dict[str, np.ndarray]:
    columns: dict[str, np.ndarray] = {}
    depth, height, width = labels.shape
    z0, y0, x0 = origin
    step = _rows_of_band(labels)
    bands = [(z, y) for z in range(depth) for y in range(0, height, step)]
    ends = _channel_ends(image)
    for channel, end in enumerate(ends):
        count, total, squares = np.zeros((3, len(ids)))
        low, high = np.full(len(ids), np.inf), np.full(len(ids), -np.inf)
        for at, (z, y) in enumerate(bands * 2):
            if cancelled():
                raise Cancelled
            if at == len(bands):
                total /= np.maximum(count, 1)  # the mean, for the second pass
            part = _uniform(labels[z, y : y + step])
            where = (channel, z0 + z, slice(y0 + y, y0 + y + len(part)), slice(x0, x0 + width))
            values = np.array(image.pixels[where], np.float64, order="C")
            if at < len(bands):
                _add(part, values, ids, count, total, low, high)
            else:
                _add_squares(part, values, ids, total, squares)
            progress((channel + (at + 1) / (2 * len(bands))) / image.channels)
        columns[f"intensity_mean{end}"] = total
        columns[f"intensity_min{end}"] = low
        columns[f"intensity_max{end}"] = high
        columns[f"intensity_std{end}"] = np.sqrt(squares / np.maximum(count, 1))
    return columns


def _channel_ends(image: Image) -> list[str]:
    """What tells the columns of channels apart: their names if these do, else numbers from 1."""
    if image.channels == 1:
        return [""]
    names = [name.strip() for name in image.channel_names]
    if len(names) == image.channels == len(set(names)) and all(names):
        return [f"_{name}" for name in names]
    return [f"_{number}" for number in range(1, image.channels + 1)]


@numba.njit(cache=True, nogil=True)
def _add(labels, values, ids, count, total, low, high):  # type: ignore[no-untyped-def]
    for y in range(labels.shape[0]):
        n = -1
        for x in range(labels.shape[1]):
            label = labels[y, x]
            if label == 0:
                continue
            if n < 0 or ids[n] != label:
                n = np.searchsorted(ids, label)
            value = values[y, x]
            count[n] += 1
            total[n] += value
            low[n] = min(low[n], value)
            high[n] = max(high[n], value)


@numba.njit(cache=True, nogil=True)
def _add_squares(labels, values, ids, mean, squares):  # type: ignore[no-untyped-def]
    for y in range(labels.shape[0]):
        n = -1
        for x in range(labels.shape[1]):
            label = labels[y, x]
            if label == 0:
                continue
            if n < 0 or ids[n] != label:
                n = np.searchsorted(ids, label)
            squares[n] += (values[y, x] - mean[n]) ** 2
