"""Measurements against formulas and against scikit-image."""

from __future__ import annotations

import math

import numpy as np
import pytest
from skimage.draw import disk, ellipse
from skimage.measure import regionprops

from model_core.annotation import shape
from model_core.annotation.label_store import LabelStore
from model_core.errors import Cancelled


def scene() -> np.ndarray:
    """A disc, an ellipse that leaves the image, a line, two touching rectangles."""
    labels = np.zeros((200, 260), np.uint32)
    labels[disk((60, 60), 40)] = 3
    labels[ellipse(150, 250, 30, 40, shape=labels.shape)] = 5
    labels[180, 10:120] = 7
    labels[120:160, 20:60] = 8
    labels[120:160, 60:90] = 9
    return labels


def test_perimeters_are_those_of_crofton() -> None:
    labels = scene()
    found = shape.perimeters(labels)
    for region in regionprops(np.pad(labels, 1).astype(np.int64)):
        assert found[region.label] == pytest.approx(region.perimeter_crofton, rel=1e-6), region.label
    assert found[0] == 0 and found[4] == 0


def test_perimeters_do_not_depend_on_the_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = scene()
    whole = shape.perimeters(labels)
    monkeypatch.setattr(shape, "_BAND_PIXELS", 260 * 7)
    np.testing.assert_allclose(shape.perimeters(labels), whole)


def test_a_disc_is_round_and_a_line_is_not() -> None:
    store = LabelStore.empty((1, 200, 260))
    patch = store.edit((slice(0, 1), slice(0, 200), slice(0, 260)), scene()[None], "Start")
    assert patch is not None
    store.apply(patch)
    found = shape.circularities(store.labels[0], store.objects)
    assert found[3] > 0.95 and found[7] < 0.1 and set(found) == set(store.objects)


def test_diameters() -> None:
    assert shape.diameter(math.pi * 100) == pytest.approx(20)
    assert shape.diameter(4 / 3 * math.pi * 1000, planes=5) == pytest.approx(20)


def test_brightness_is_the_mean_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.stack([scene(), scene()])
    pixels = np.random.default_rng(0).integers(0, 60000, labels.shape, dtype=np.uint16)
    expected = {int(id_): pixels[labels == id_].mean() for id_ in np.unique(labels) if id_}
    for band in (1 << 22, 260 * 9):
        monkeypatch.setattr(shape, "_BAND_PIXELS", band)
        assert shape.mean_brightness(labels, pixels) == pytest.approx(expected)


def test_measuring_can_be_cancelled() -> None:
    with pytest.raises(Cancelled):
        shape.perimeters(scene(), lambda: True)
    with pytest.raises(Cancelled):
        shape.mean_brightness(scene()[None], scene()[None], lambda: True)
