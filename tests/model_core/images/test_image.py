"""Arrays become images with the axes that a person would expect."""

import numpy as np
import pytest

from model_core.errors import UserError
from model_core.images.image import Image, image_from_array


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        ((30, 40), (1, 1, 30, 40)),
        ((30, 40, 3), (3, 1, 30, 40)),
        ((30, 40, 4), (3, 1, 30, 40)),  # transparency is no channel
        ((2, 30, 40), (2, 1, 30, 40)),
        ((4, 30, 40), (4, 1, 30, 40)),
        ((5, 30, 40), (1, 5, 30, 40)),
        ((2, 7, 30, 40), (2, 7, 30, 40)),
        ((7, 30, 40, 3), (3, 7, 30, 40)),
        ((1, 1), (1, 1, 1, 1)),
        ((3, 3), (1, 1, 3, 3)),
    ],
)
def test_axes_are_guessed(shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    assert image_from_array(np.zeros(shape, np.uint8)).shape == wanted


@pytest.mark.parametrize(
    ("axes", "shape", "wanted"),
    [
        ("YXC", (30, 40, 5), (5, 1, 30, 40)),
        ("XYCZ", (40, 30, 2, 7), (2, 7, 30, 40)),
        ("cyx", (2, 30, 40), (2, 1, 30, 40)),
        ("TYX", (9, 30, 40), (1, 9, 30, 40)),  # a movie is walked through like a stack
        ("TZYX", (1, 7, 30, 40), (1, 7, 30, 40)),
        ("TZCYX", (9, 1, 2, 30, 40), (2, 9, 30, 40)),
    ],
)
def test_named_axes_are_put_in_order(axes: str, shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    image = image_from_array(array, axes)
    assert image.shape == wanted
    # the same number stands at the same place
    at = [min(1, n - 1) for n in shape]
    by_axis = dict(zip(axes.upper(), at, strict=True))
    depth = by_axis.get("Z", 0) + by_axis.get("T", 0)
    found = image.pixels[by_axis.get("C", 0), depth, by_axis["Y"], by_axis["X"]]
    assert found == array[tuple(at)]


@pytest.mark.parametrize(
    ("axes", "shape", "moments"),
    [("TYX", (5, 8, 9), True), ("TZYX", (1, 5, 8, 9), False), ("ZYX", (5, 8, 9), False)],
)
def test_planes_are_moments_or_depths(axes: str, shape: tuple[int, ...], moments: bool) -> None:
    assert image_from_array(np.zeros(shape, np.uint8), axes).time_series is moments


@pytest.mark.parametrize(
    ("array", "axes", "words"),
    [
        (np.zeros((0, 5)), None, "empty"),
        (np.zeros((3, 3), complex), None, "not pixels"),
        (np.array(["a"]), None, "not pixels"),
        (np.zeros(7), None, "axes"),
        (np.zeros((2, 2, 2, 2, 2)), None, "axes"),
        (np.zeros((4, 4)), "ZX", "do not describe"),
        (np.zeros((4, 4)), "YXC", "do not describe"),
        (np.zeros((4, 4)), "YY", "do not describe"),
        (np.zeros((3, 4, 5, 6)), "TZYX", "time series"),
    ],
)
def test_what_is_no_image_is_refused(array: np.ndarray, axes: str | None, words: str) -> None:
    with pytest.raises(UserError, match=words):
        image_from_array(array, axes)


def test_no_copy_is_made_and_bytes_are_native() -> None:
    array = np.zeros((30, 40), np.uint16)
    assert np.shares_memory(image_from_array(array).pixels, array)
    big_endian = np.arange(12, dtype=">u2").reshape(3, 4)
    image = image_from_array(big_endian)
    assert image.dtype.isnative
    np.testing.assert_array_equal(image.pixels[0, 0], big_endian)


def test_anisotropy_needs_both_sizes() -> None:
    pixels = np.zeros((1, 2, 3, 4))
    assert Image(pixels, pixel_size=0.5, z_step=2.0).anisotropy == 4
    assert Image(pixels, pixel_size=0.5).anisotropy is None
