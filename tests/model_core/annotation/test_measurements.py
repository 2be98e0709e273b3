"""The table of measurements agrees with scikit-image, in pixels and in micrometres, in parts too."""

from __future__ import annotations

import math

import numpy as np
import pytest
from drawings import ball, crowd
from skimage.measure import regionprops_table

from model_core.annotation.measurements import measure_objects, with_records
from model_core.annotation.objects import ObjectRecord, Review, Source
from model_core.errors import Cancelled
from model_core.images.image import Image

SHAPES = (
    *("area", "equivalent_diameter_area", "perimeter_crofton"),
    *("eccentricity", "solidity", "axis_major_length", "axis_minor_length"),
)
INTENSITIES = ("intensity_mean", "intensity_min", "intensity_max", "intensity_std")


def difficult_labels() -> np.ndarray:
    """Touching cells at the border, one with a hole, one in pieces, a line, single pixels, far IDs."""
    labels = crowd(3, (90, 120), 60, 9).astype(np.uint32)
    labels[30:60, 40:70] = 0
    labels[32:50, 42:60] = 70_000
    labels[38:44, 48:53] = 0
    labels[52:54, 42:48] = labels[56:59, 60:69] = 100_000
    labels[55, 42:55] = 80_000
    labels[0, 0] = 3_000_000
    labels[89, 119] = 4_000_000_000
    return labels[None]


def numbered(labels: np.ndarray) -> np.ndarray:
    """The objects in their order as 1, 2, 3: scikit-image takes memory for every ID up to the highest."""
    return np.searchsorted(np.unique(labels), labels)


def test_a_plane_as_scikit_image_measures_it() -> None:
    labels = difficult_labels()
    pixels = np.random.default_rng(0).integers(0, 60_000, (2, 1, 90, 120)).astype(np.uint16)
    table = measure_objects(labels, Image(pixels))
    expected = regionprops_table(
        numbered(labels[0]), np.moveaxis(pixels[:, 0], 0, -1), properties=("centroid", *SHAPES, *INTENSITIES)
    )
    np.testing.assert_array_equal(table.columns["label"], np.unique(labels)[1:])
    for name in SHAPES:
        np.testing.assert_allclose(table.columns[name], expected[name], atol=1e-7, err_msg=name)
    for at, axis in enumerate("yx"):
        np.testing.assert_allclose(table.columns[f"centroid_{axis}"], expected[f"centroid-{at}"])
    for name in INTENSITIES:
        for channel in range(2):
            np.testing.assert_allclose(table.columns[f"{name}_{channel + 1}"], expected[f"{name}-{channel}"])
    circularity = table.columns["circularity"]
    assert circularity.min() > 0 and circularity.max() <= 1
    assert table.units["area"] == "px²" and table.units["perimeter_crofton"] == "px"


def test_a_stack_as_scikit_image_measures_it() -> None:
    labels = np.zeros((9, 40, 50), np.uint32)
    labels[ball(labels.shape, (4, 15, 15), (3, 9, 9))] = 12
    labels[ball(labels.shape, (4, 30, 40), (3, 6, 8))] = 5
    pixels = np.random.default_rng(0).normal(1e5, 3, (1, 9, 40, 50))
    table = measure_objects(labels, Image(pixels))
    names = ("label", "area", "equivalent_diameter_area", "centroid", *INTENSITIES)
    expected = regionprops_table(labels, pixels[0], properties=names)
    for name in set(names) - {"centroid"}:
        np.testing.assert_allclose(table.columns[name], expected[name], err_msg=name)
    for at, axis in enumerate("zyx"):
        np.testing.assert_allclose(table.columns[f"centroid_{axis}"], expected[f"centroid-{at}"])
    assert table.units["area"] == "voxels" and "solidity" not in table.columns


@pytest.mark.parametrize("spacing", [(0.25, 0.25), (2.0, 0.25, 0.25)])
def test_micrometres(spacing: tuple[float, ...]) -> None:
    planar = len(spacing) == 2
    labels = difficult_labels() if planar else np.repeat(difficult_labels(), 3, axis=0)
    image = Image(np.zeros((1, *labels.shape), np.uint8), pixel_size=0.25, z_step=None if planar else 2.0)
    table = measure_objects(labels, image)
    names = ("area", "equivalent_diameter_area", "perimeter_crofton") if planar else ("area", "centroid")
    expected = regionprops_table(numbered(labels[0] if planar else labels), properties=names, spacing=spacing)
    for name in names:
        if name != "centroid":
            np.testing.assert_allclose(table.columns[name], expected[name], err_msg=name)
    if not planar:
        np.testing.assert_allclose(table.columns["centroid_z"], expected["centroid-0"])
    assert table.units["area"] == ("µm²" if planar else "µm³") and table.units["centroid_x"] == "µm"


def test_a_stack_of_unknown_plane_distance_is_in_voxels() -> None:
    labels = np.ones((2, 3, 3), np.uint32)
    table = measure_objects(labels, Image(np.zeros((1, 2, 3, 3), np.uint8), pixel_size=0.5))
    assert table.units["area"] == "voxels" and table.columns["area"].tolist() == [18]


def test_a_part_is_measured_where_it_lies() -> None:
    labels = np.zeros((1, 40, 50), np.uint32)
    labels[0, 20:28, 30:40] = 3
    pixels = np.random.default_rng(0).normal(size=(1, 1, 40, 50))
    whole = measure_objects(labels, Image(pixels))
    part = measure_objects(labels[:, 15:35, 25:45], Image(pixels), (0, 15, 25))
    assert whole.columns.keys() == part.columns.keys()
    for name, values in whole.columns.items():
        np.testing.assert_allclose(part.columns[name], values, err_msg=name)
    with pytest.raises(ValueError, match="outside"):
        measure_objects(labels, Image(pixels), (0, 15, 25))


def test_channels_are_told_apart_by_their_names() -> None:
    pixels = np.zeros((2, 1, 3, 3))
    for names, ends in ((("DAPI", "actin"), ("_DAPI", "_actin")), (("a", "a"), ("_1", "_2"))):
        columns = measure_objects(np.ones((1, 3, 3), np.uint32), Image(pixels, channel_names=names)).columns
        assert {f"intensity_mean{end}" for end in ends} <= columns.keys()


def test_no_objects_and_cancelling() -> None:
    labels = np.zeros((1, 4, 5), np.uint32)
    table = measure_objects(labels, Image(np.zeros((1, 1, 4, 5), np.uint8)))
    assert len(table) == 0 and all(len(values) == 0 for values in table.columns.values())
    with pytest.raises(Cancelled):
        measure_objects(labels, cancelled=lambda: True)


def test_records_are_added() -> None:
    labels = np.array([[[1, 1, 0, 9]]], np.uint32)
    box = (0, 1, 0, 1, 0, 2)
    record = ObjectRecord(1, box, 2, (0, 0, 0.5), Source.DRAWN, 0.75, Review.ACCEPTED, "round")
    columns = with_records(measure_objects(labels), {1: record}).columns
    assert columns["class"].tolist() == ["round", ""] and columns["source"].tolist() == ["drawn", ""]
    assert columns["review"].tolist() == ["accepted", ""]
    assert columns["confidence"][0] == 0.75 and math.isnan(columns["confidence"][1])
