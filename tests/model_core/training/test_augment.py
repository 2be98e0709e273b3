"""Crops: labels stay on their pixels, and what lies outside the image does not count."""

import numpy as np
import pytest
from drawings import crowd
from scipy import ndimage

from model_core.training import augment
from model_core.training.augment import Crop, arrange_channels, random_crop, shown, size_map
from model_core.training.dataset import LabelledPlane, labelled_plane


def plane_of(labels: np.ndarray, diameter: float) -> LabelledPlane:
    """A plane whose pixels are its labels."""
    return labelled_plane("set", "name", labels[None].astype(np.float32), [(0.0, 1.0)], labels, diameter)


def crops(monkeypatch: pytest.MonkeyPatch, plane: LabelledPlane, count: int) -> list[Crop]:
    """Crops with the geometry of the training and the intensities left alone."""
    monkeypatch.setattr(augment, "shown", lambda pixels, *_: pixels)
    return [random_crop(plane, np.random.default_rng(seed), 160, 30.0) for seed in range(count)]


@pytest.mark.parametrize("diameter", [15, 30, 90, 250])
def test_labels_stay_on_their_pixels(monkeypatch: pytest.MonkeyPatch, diameter: float) -> None:
    labels = crowd(0, (600, 500), 60, 60)
    compared = agreeing = 0
    shifts = np.zeros((3, 3))
    for crop in crops(monkeypatch, plane_of(labels, diameter), 20):
        pixels, found = crop.pixels[0], crop.labels
        inner = (ndimage.maximum_filter(found, 5) == ndimage.minimum_filter(found, 5)) & (crop.valid > 0)
        compared += inner.sum()
        agreeing += (np.abs(pixels - found)[inner] < 0.01).sum()
        middle = (slice(5, -5), slice(5, -5))
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                moved = np.roll(found, (dy, dx), (0, 1))
                shifts[dy + 1, dx + 1] += np.abs(pixels - moved)[middle].sum()
    assert compared > 20_000
    assert agreeing / compared > 0.985
    assert np.unravel_index(shifts.argmin(), (3, 3)) == (1, 1)


def test_size_tells_the_scale_of_the_crop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole objects in a crop have the diameter that the size map says."""
    labels = crowd(0, (400, 400), 60, 25)
    errors = []
    for crop in crops(monkeypatch, plane_of(labels, 40), 20):
        inside = ndimage.minimum_filter(crop.valid, 3) > 0
        for number in np.unique(crop.labels)[1:]:
            mask = crop.labels == number
            box = ndimage.find_objects(mask.astype(int))[0]
            whole = all(side.start > 2 and side.stop < 158 for side in box) and inside[mask].all()
            if whole and mask.sum() > 100:
                found = np.log2(2 * np.sqrt(mask.sum() / np.pi) / 30)
                errors.append(found - crop.size[mask].mean())
    assert len(errors) > 20 and np.abs(np.median(errors)) < 0.05 and np.percentile(np.abs(errors), 90) < 0.2


def test_what_lies_outside_the_image_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.ones((40, 40), np.int32)
    found = crops(monkeypatch, plane_of(labels, 30), 20)
    shares = [crop.valid.mean() for crop in found]
    assert min(shares) < 0.2 and all(set(np.unique(crop.valid)) <= {0.0, 1.0} for crop in found)
    large = crops(monkeypatch, plane_of(np.ones((4000, 4000), np.int32), 30), 5)
    assert all(crop.valid.mean() > 0.9 for crop in large)


def test_objects_are_about_as_large_as_the_net_is_used_to() -> None:
    labels = crowd(0, (800, 800), 150, 30)
    plane = plane_of(labels, 50)
    sizes = [random_crop(plane, np.random.default_rng(seed), 160, 30.0).size for seed in range(80)]
    octaves = np.array([np.median(size[size != 0]) for size in sizes if size.any()])
    assert abs(np.median(octaves)) < 0.4
    assert octaves.max() > 1 and octaves.min() < -1  # and now and then quite another size


def test_size_map() -> None:
    labels = np.array([[0, 1, 2]])
    found = size_map(labels, np.array([9e9, np.pi * 15**2, np.pi * 60**2]), 30.0)
    np.testing.assert_allclose(found, [[0, 0, 2]], atol=1e-5)


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_intensities_stay_finite_and_three_channels(channels: int) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.normal(0.3, 0.5, (channels, 64, 64)).astype(np.float32)
    for _ in range(60):
        out = shown(pixels, rng)
        assert out.shape == (3, 64, 64) and out.dtype == np.float32
        assert np.isfinite(out).all() and np.abs(out).max() < 20


def test_channels_come_in_any_order() -> None:
    rng = np.random.default_rng(0)
    one, two = np.full((4, 4), 1.0, np.float32), np.full((4, 4), 2.0, np.float32)
    seen = {tuple(arrange_channels([one, two], rng)[:, 0, 0].tolist()) for _ in range(300)}
    assert {(1, 2, 0), (2, 1, 0), (0, 1, 2), (1, 0, 2)} <= seen
    grey = [tuple(arrange_channels([one], rng)[:, 0, 0].tolist()) for _ in range(100)]
    assert grey.count((1, 1, 1)) > 50 and len(set(grey)) > 1
