"""Intensities scaled window by window: the whole image for small ones, place by place for large ones."""

import numpy as np
import pytest

from model_core.images.normalise import normalise
from model_core.images.scaled import LARGE, ScaledImage, is_finite

RNG = np.random.default_rng(0)
LONG = (400, LARGE + 1500)


def spots(height: int, width: int) -> np.ndarray:
    """bool, a grid of discs 20 px wide."""
    y, x = np.mgrid[:height, :width] % 40 - 20
    return np.hypot(y, x) < 10


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, bool])
def test_small_images_have_one_range(dtype: type) -> None:
    pixels = (RNG.integers(0, 200, (2, 3, 70, 90)) // 100 * 100).astype(dtype)
    image = ScaledImage(pixels)
    whole = normalise(pixels)
    np.testing.assert_array_equal(image.whole(), whole)
    np.testing.assert_array_equal(image.window(1, slice(10, 40), slice(5, 80)), whole[:, 1, 10:40, 5:80])
    assert not image.is_large and not image.is_constant and image.shape == (3, 70, 90)


def test_windows_of_large_images_fit_together() -> None:
    pixels = (RNG.random((2, 1, *LONG)) * 4000).astype(np.uint16)
    image = ScaledImage(pixels)
    whole = image.window(0)
    part = image.window(0, slice(100, 300), slice(1990, 2100))
    np.testing.assert_allclose(part, whole[:, 100:300, 1990:2100], atol=1e-5)
    np.testing.assert_allclose(whole[:, :, ::7], image.window(0, columns=slice(None, None, 7)), atol=1e-5)


def test_dim_regions_of_large_images_are_lifted_smoothly() -> None:
    light = np.linspace(1, 0.4, LONG[1])
    pixels = (100 + light * (500 + 3000 * spots(*LONG)) + RNG.normal(0, 20, LONG))[None, None]
    scaled = ScaledImage(pixels.astype(np.uint16)).window(0)[0]
    inside = spots(*LONG)
    brightness = [scaled[:, x : x + 400][inside[:, x : x + 400]].mean() for x in range(0, LONG[1] - 400, 200)]
    darkness = [scaled[:, x : x + 400][~inside[:, x : x + 400]].mean() for x in range(0, LONG[1] - 400, 200)]
    assert max(brightness) - min(brightness) < 0.15  # of 0.6 in the light
    assert max(np.abs(darkness)) < 0.15
    assert np.abs(np.diff(brightness)).max() < 0.1


def test_noise_of_empty_regions_stays_noise() -> None:
    pixels = 100 + RNG.normal(0, 10, LONG)
    pixels[:, :1000] += 1000 * spots(400, 1000)
    scaled = ScaledImage(pixels[None, None]).window(0)[0]
    assert scaled[:, 2500:].std() < 0.05
    assert scaled[:, :800][spots(400, 800)].mean() > 0.9


def test_hot_pixels_count_for_nothing_in_any_place() -> None:
    pixels = (100 + 1000 * spots(*LONG) + RNG.normal(0, 10, LONG)).astype(np.uint16)
    spoilt = pixels.copy()
    spoilt[RNG.integers(0, 400, 60), RNG.integers(0, LONG[1], 60)] = 65535
    clean = spoilt != 65535
    difference = ScaledImage(spoilt[None, None]).window(0)[0] - ScaledImage(pixels[None, None]).window(0)[0]
    assert np.abs(difference[clean]).max() < 0.05


@pytest.mark.parametrize("nothing", [0, np.nan])
def test_regions_without_anything_borrow_the_range_of_the_image(nothing: float) -> None:
    pixels = (100 + 1000 * spots(*LONG) + RNG.normal(0, 10, LONG)).astype(np.float32)
    pixels[:, 1600:] = nothing
    image = ScaledImage(pixels[None, None])
    scaled = image.window(0)[0]
    assert np.isfinite(scaled).all() and np.abs(scaled[:, 1600:]).max() < 0.2
    assert scaled[:, :1000][spots(400, 1000)].mean() == pytest.approx(1, abs=0.1)
    assert image.is_blank(0, slice(0, 400), slice(1700, 2500))
    assert not image.is_blank(0, slice(0, 400), slice(1500, 2500))


def test_few_cells_in_a_large_field_of_zeros_are_seen() -> None:
    pixels = np.zeros((1, 1, *LONG), np.uint16)
    pixels[..., 100:140, 3000:3040] = 900
    image = ScaledImage(pixels)
    assert not image.is_constant
    scaled = image.window(0)[0]
    assert scaled[100:140, 3000:3040].mean() > 0.9 and scaled[:, :2500].max() < 0.1
    assert ScaledImage(np.full((1, 1, *LONG), 7, np.uint8)).is_constant


@pytest.mark.parametrize("factor", [2, 3, 7])
def test_small_copies_are_means(factor: int) -> None:
    pixels = (RNG.random((2, 1, 205, 310)) * 1000).astype(np.uint16)
    image = ScaledImage(pixels)
    small = image.shrunk(0, factor)
    assert small.shape == (2, -(-205 // factor), -(-310 // factor))
    rows, columns = 205 // factor, 310 // factor
    blocks = pixels[:, 0, : rows * factor, : columns * factor].reshape(2, rows, factor, columns, factor)
    exact = ScaledImage(pixels)._scaled(
        blocks.mean((2, 4)).astype(np.float32), np.arange(rows), np.arange(columns)
    )
    np.testing.assert_allclose(small[:, :rows, :columns], exact, atol=1e-3)


def test_finite() -> None:
    pixels = np.zeros((1, 2, 30, 40), np.float32)
    assert is_finite(pixels) and is_finite(pixels.astype(np.uint8))
    pixels[0, 1, 29, 39] = np.inf
    assert not is_finite(pixels)
