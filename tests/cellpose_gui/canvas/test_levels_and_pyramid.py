"""Automatic levels, the colour of every kind of pixel, averaged copies for zoomed-out views, palette."""

from __future__ import annotations

import numpy as np
import pytest

from cellpose_gui.canvas.channel_display import ChannelDisplay, default_channels
from cellpose_gui.canvas.coarse_labels import CoarseLabels, seen
from cellpose_gui.canvas.levels import auto_levels
from cellpose_gui.canvas.neighbours import neighbour_pairs
from cellpose_gui.canvas.palette import LabelColours
from cellpose_gui.canvas.pyramid import build_pyramid


def test_levels_ignore_hot_pixels_and_follow_the_rest():
    plane = np.random.default_rng(0).normal(1000, 50, (600, 500)).astype(np.uint16)
    plane[5, 5] = 65535
    black, white = auto_levels(plane)
    assert 800 < black < 900 and 1100 < white < 1250


@pytest.mark.parametrize(
    "plane",
    [
        np.zeros((1, 1), np.uint8),
        np.full((50, 50), 7.5),
        np.full((9, 9), np.nan),
        np.array([[np.inf, -np.inf, np.nan, 3.0]]),
        np.zeros((30, 30), bool),
        np.eye(200, dtype=np.float32),
    ],
)
def test_levels_are_finite_and_apart_for_odd_images(plane):
    black, white = auto_levels(plane)
    assert np.isfinite([black, white]).all()
    assert black < white


def shades(pixels: np.ndarray, display: ChannelDisplay) -> list[int]:
    return (display.table(pixels.dtype)[display.indices(pixels)] & 0xFF).tolist()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.int32, np.float32, np.float64])
def test_levels_map_black_to_0_and_white_to_255_for_every_type(dtype):
    pixels = np.array([0, 20, 60, 100, 120], dtype)
    assert shades(pixels, ChannelDisplay(20, 100)) == pytest.approx([0, 0, 128, 255, 255], abs=1)


def test_nan_and_infinity_have_a_colour():
    pixels = np.array([np.nan, -np.inf, np.inf, 0.5, 3e38], np.float32)
    assert shades(pixels, ChannelDisplay(0, 1)) == pytest.approx([0, 0, 255, 128, 255], abs=1)


def test_gamma_brightens_the_middle():
    pixels = np.array([0, 64, 255], np.uint8)
    dark, bright = (shades(pixels, ChannelDisplay(0, 255, gamma=gamma)) for gamma in (1.0, 2.0))
    assert bright[0] == dark[0] and bright[2] == dark[2]
    assert bright[1] == pytest.approx(255 * (64 / 255) ** 0.5, abs=1)


def test_every_channel_of_many_gets_a_display():
    pixels = np.random.default_rng(0).integers(0, 999, (11, 2, 20, 20), np.uint16)
    displays = default_channels(pixels[:, 1])
    assert len(displays) == 11


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_pyramid_holds_means(dtype):
    plane = np.random.default_rng(0).integers(0, 200, (2, 1030, 1201)).astype(dtype)
    levels = build_pyramid(plane)
    assert [level.shape for level in levels] == [(2, 515, 600), (2, 257, 300), (2, 128, 150)]
    assert all(level.dtype == dtype for level in levels)
    mean = plane[:, :1030, :1200].reshape(2, 515, 2, 600, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(levels[0], mean, atol=0.5 if dtype != np.float32 else 1e-3)


def test_pyramid_leaves_nan_out_of_means():
    plane = np.ones((1, 600, 600), np.float64)
    plane[0, 0, 0] = np.nan
    plane[0, 10:12, 10:12] = np.inf
    half = build_pyramid(plane)[0][0]
    assert half[0, 0] == 1
    assert np.isinf(half[5, 5])
    assert np.isfinite(half).sum() == half.size - 1


def test_pyramid_stops_when_cancelled():
    assert build_pyramid(np.zeros((1, 4096, 4096), np.uint8), lambda: True) == []


@pytest.mark.parametrize("shape", [(1, 1, 5000), (1, 5000, 1), (3, 1, 1)])
def test_pyramid_of_thin_images_ends(shape):
    assert build_pyramid(np.zeros(shape, np.uint8)) == []


def test_neighbours_get_different_colours():
    colours = LabelColours()
    grid = np.arange(1, 401, dtype=np.uint32).reshape(20, 20) * 10  # all of one colour to begin with
    pairs = np.concatenate(
        [
            np.stack([grid[:, 1:].ravel(), grid[:, :-1].ravel()], axis=1),
            np.stack([grid[1:].ravel(), grid[:-1].ravel()], axis=1),
        ]
    )
    colours.separate(pairs)
    first, second = colours.slots_of(pairs).T
    assert (first != second).all()


def test_separating_keeps_colours_that_were_seen():
    colours = LabelColours()
    colours.separate(np.array([[10, 31], [31, 50]], np.uint32))
    before = colours.slots_of(np.array([10, 31, 50], np.uint32))
    pairs = np.array([[10, 60], [31, 60], [50, 60]], np.uint32)
    colours.separate(pairs)
    np.testing.assert_array_equal(colours.slots_of(np.array([10, 31, 50], np.uint32)), before)
    assert colours.slots_of(np.array([60], np.uint32))[0] not in before


def test_neighbours_touch_or_nearly_touch():
    plane = np.zeros((30, 60), np.uint32)
    plane[5:10, 5:10] = 7
    plane[5:10, 10:15] = 3
    plane[12:20, 5:10] = 2**32 - 1
    plane[5:10, 30:35] = 9
    assert neighbour_pairs(plane).tolist() == [[3, 7], [7, 2**32 - 1]]
    assert neighbour_pairs(plane[:3, :3]).shape == (0, 2)
    assert neighbour_pairs(plane[:1, :1]).shape == (0, 2)


@pytest.mark.parametrize("shape", [(2100, 2300), (9000, 9001), (1, 5_000_000)])
def test_coarse_labels_follow_the_plane(shape):
    plane = np.arange(np.prod(shape), dtype=np.uint32).reshape(shape)
    coarse = CoarseLabels(plane)
    box = slice(0, 1) if shape[0] == 1 else slice(1001, 1203), slice(37, 2002)
    plane[box] = 0
    coarse.update(plane, *box)
    for step in (1, 4, 16, 50):
        rows, cols = (np.arange(0, size, step) for size in shape)
        source, near_rows, near_cols, factor = coarse.choose(plane, rows, cols, step)
        assert factor <= step
        expected = plane[np.ix_(seen(near_rows, factor), seen(near_cols, factor))]
        np.testing.assert_array_equal(source[np.ix_(near_rows, near_cols)], expected)
        assert np.abs(seen(near_rows, factor) - rows).max() < max(factor, 2)


def test_small_planes_need_no_coarse_labels():
    plane = np.zeros((500, 500), np.uint32)
    index = np.arange(0, 500, 16)
    assert CoarseLabels(plane).choose(plane, index, index, 16)[0] is plane
