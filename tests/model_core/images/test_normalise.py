"""Intensities: any camera, any background, any nonsense in the pixels."""

import numpy as np
import pytest

from model_core.images.normalise import intensity_range, normalise

RNG = np.random.default_rng(0)


def test_gain_and_offset_do_not_matter() -> None:
    dark = RNG.normal(100, 10, (1, 64, 64)).astype(np.float32)
    dark[0, 20:40, 20:40] += 80
    np.testing.assert_allclose(normalise(dark * 7 + 300), normalise(dark), atol=1e-3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.uint32, np.float32, np.float64, bool])
def test_every_type_of_pixel(dtype: type) -> None:
    plane = np.zeros((1, 50, 50), dtype)
    plane[0, :25] = 1
    scaled = normalise(plane)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled[0, :25], 1, atol=1e-5)
    np.testing.assert_allclose(scaled[0, 25:], 0, atol=1e-5)


def test_hot_pixels_count_for_nothing() -> None:
    plane = RNG.integers(100, 200, (1, 100, 100)).astype(np.uint16)
    spoilt = plane.copy()
    spoilt[0, 3, 4] = spoilt[0, 70, 80] = 65535
    clean = np.ones(plane.shape, bool)
    clean[spoilt == 65535] = False
    np.testing.assert_allclose(normalise(spoilt)[clean], normalise(plane)[clean], atol=0.02)
    assert normalise(spoilt).max() < 10


def test_few_cells_on_a_dark_field_stand_out_of_the_noise() -> None:
    plane = RNG.normal(100, 5, (1, 300, 300))
    plane[0, 50:66, 50:66] += 1000  # 0.3 % of the field
    scaled = normalise(plane)
    cell, field = scaled[0, 50:66, 50:66], scaled[0, 100:]
    assert cell.mean() > 1 and field.std() < 0.05


def test_nan_and_infinity_are_dark() -> None:
    plane = RNG.normal(100, 5, (1, 64, 64)).astype(np.float32)
    spoilt = plane.copy()
    spoilt[0, 10, :5] = np.nan
    spoilt[0, 11, :5] = np.inf
    spoilt[0, 12, :5] = -np.inf
    scaled = normalise(spoilt)
    assert np.isfinite(scaled).all()
    np.testing.assert_array_equal(scaled[0, 10:13, :5], 0)
    np.testing.assert_allclose(scaled[0, 20:], normalise(plane)[0, 20:], atol=0.02)
    assert intensity_range(np.full((5, 5), np.nan)) == (0, 0)
    assert not normalise(np.full((1, 5, 5), np.inf)).any()


def test_constant_and_single_pixels_are_zero() -> None:
    assert not normalise(np.full((2, 30, 30), 7, np.uint16)).any()
    assert not normalise(np.full((1, 1, 1), 7, np.uint16)).any()


def test_huge_numbers_stay_finite() -> None:
    plane = RNG.uniform(-1e30, 1e30, (1, 40, 40))
    plane[0, 0, 0] = 1e300
    with np.errstate(over="ignore"):
        assert np.isfinite(normalise(plane)).all()


def test_channels_are_scaled_by_themselves() -> None:
    planes = RNG.uniform(0, 1, (2, 50, 50))
    planes[1] *= 1000
    scaled = normalise(planes)
    assert np.percentile(scaled[0], 99) == pytest.approx(np.percentile(scaled[1], 99), rel=0.05)
