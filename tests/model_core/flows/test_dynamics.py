"""Walks along flows: sampling between pixels, at borders and at sinks."""

import numpy as np
import pytest

from model_core.flows.dynamics import follow_flows


def start_everywhere(shape: tuple[int, ...]) -> np.ndarray:
    return np.indices(shape).reshape(3, -1)


def towards(shape: tuple[int, int, int], sink: tuple[float, float, float]) -> np.ndarray:
    """Flows (3, Z, Y, X) of length 1 far from the sink, linear near it."""
    away = np.array(sink).reshape(3, 1, 1, 1) - np.indices(shape)
    return np.clip(away, -1, 1).astype(np.float32)


@pytest.mark.parametrize("shape", [(1, 20, 30), (12, 20, 30)])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_walkers_stop_exactly_at_the_border(shape: tuple[int, ...], sign: int, axis: int) -> None:
    flows = np.zeros((3, *shape), np.float32)
    flows[axis] = sign
    start = start_everywhere(shape)
    end = follow_flows(flows, start, 100)
    wanted = start.copy()
    if shape[axis] > 1:
        wanted[axis] = shape[axis] - 1 if sign > 0 else 0
    np.testing.assert_array_equal(end, wanted)


@pytest.mark.parametrize("sink", [(0.0, 10.3, 7.8), (0.0, 0.0, 28.9), (0.0, 18.5, 29.0)])
def test_sinks_between_pixels_are_met(sink: tuple[float, float, float]) -> None:
    shape = (1, 20, 30)
    end = follow_flows(towards(shape, sink), start_everywhere(shape), 200)
    np.testing.assert_allclose(end, np.reshape(sink, (3, 1)) * np.ones((1, 600)), atol=0.06)


def test_sinks_between_voxels_are_met() -> None:
    shape, sink = (9, 12, 14), (3.4, 7.7, 12.9)
    end = follow_flows(towards(shape, sink), start_everywhere(shape), 200)
    np.testing.assert_allclose(end, np.reshape(sink, (3, 1)) * np.ones((1, end.shape[1])), atol=0.08)


def test_steps_are_counted() -> None:
    flows = np.zeros((3, 1, 5, 40), np.float32)
    flows[2] = 1
    end = follow_flows(flows, np.array([[0], [2], [5]]), 7)
    assert end[:, 0].tolist() == [0, 2, 12]


def test_volume_walks_like_its_planes() -> None:
    rng = np.random.default_rng(0)
    plane = rng.normal(0, 0.5, (3, 1, 15, 17)).astype(np.float32)
    plane[0] = 0
    volume = np.repeat(plane, 4, axis=1)
    start = start_everywhere((1, 15, 17))
    start = start[:, start[2] % 2 == 1]  # no posts, so that everybody walks to the end
    flat, deep = follow_flows(plane, start, 30), follow_flows(volume, start + np.array([[2], [0], [0]]), 30)
    near = np.abs(flat[1:] - deep[1:]).max(0) < 1e-2
    assert near.mean() > 0.95  # rounding may part two walkers at a saddle
    assert (deep[0] == 2).all()


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 9), (1, 9, 1), (3, 1, 5), (2, 2, 1)])
def test_images_of_a_pixel_and_of_a_line(shape: tuple[int, ...]) -> None:
    flows = np.ones((3, *shape), np.float32)
    end = follow_flows(flows, start_everywhere(shape), 50)
    top = np.array(shape)[:, None] - 1
    np.testing.assert_array_equal(end, top * np.ones((1, end.shape[1])))


def test_wild_flows_stay_inside() -> None:
    shape = (1, 25, 25)
    flows = np.random.default_rng(1).normal(0, 40, (3, *shape)).astype(np.float32)
    end = follow_flows(flows, start_everywhere(shape), 60)
    assert np.isfinite(end).all() and end.min() >= 0 and end.max() <= 24
