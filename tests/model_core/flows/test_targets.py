"""Flow targets: unit vectors that lead to the centre of their own object and see no other."""

import time

import numpy as np
import pytest
from drawings import ball, balls, crowd
from scipy import ndimage

from model_core.flows.dynamics import follow_flows
from model_core.flows.targets import labels_to_flows


def ends(labels: np.ndarray) -> np.ndarray:
    """(2, N) or (3, N): where the pixels of all objects arrive, in the order of np.nonzero."""
    flows = labels_to_flows(labels)
    if labels.ndim == 2:
        flows = np.concatenate([np.zeros((1, 1, *labels.shape), np.float32), flows[:, None]])
    start = np.stack(np.nonzero(labels.reshape(flows.shape[1:])))
    return follow_flows(flows, start, 4 * max(labels.shape) + 200)[3 - labels.ndim :]


def spread(positions: np.ndarray) -> float:
    """px, from the middle of all arrivals to the furthest."""
    return float(np.linalg.norm(positions - np.median(positions, 1, keepdims=True), axis=0).max())


@pytest.mark.parametrize("shape", [(80, 90), (18, 40, 40)])
def test_unit_vectors_on_objects_only(shape: tuple[int, ...]) -> None:
    labels = crowd(3, shape, 25, 9)
    flows = labels_to_flows(labels)
    assert flows.dtype == np.float32 and flows.shape == (labels.ndim, *shape)
    norm = np.linalg.norm(flows, axis=0)
    assert not norm[labels == 0].any()
    on = norm[labels > 0]
    assert (np.isclose(on, 1, atol=1e-4) | (on == 0)).all()
    assert (on == 0).sum() <= 4 * len(np.unique(labels))  # only where an object is symmetric


@pytest.mark.parametrize("radii", [(12, 12), (6, 20), (3, 17)])
def test_flows_lead_to_the_centre(radii: tuple[int, int]) -> None:
    labels = ball((61, 61), (30, 30), radii).astype(np.int32)
    np.testing.assert_allclose(ends(labels), 30, atol=0.6)


def test_flows_of_a_ball_lead_to_its_centre() -> None:
    labels = ball((21, 31, 31), (10, 15, 15), (6, 12, 12)).astype(np.int32)
    np.testing.assert_allclose(
        ends(labels), np.array([[10], [15], [15]]) * np.ones((1, labels.sum())), atol=1
    )


@pytest.mark.parametrize("shape", [(60, 60), (16, 30, 30)])
def test_neighbours_do_not_leak(shape: tuple[int, ...]) -> None:
    labels = crowd(1, shape, 30, 14)
    together = labels_to_flows(labels)
    for number in np.unique(labels)[1:8]:
        alone = labels_to_flows(np.where(labels == number, number, 0))
        np.testing.assert_array_equal(together[:, labels == number], alone[:, labels == number])


def test_flows_point_inwards_along_a_shared_border() -> None:
    labels = np.zeros((20, 40), np.int32)
    labels[4:16, 4:20], labels[4:16, 20:36] = 1, 2
    flows = labels_to_flows(labels)
    assert (flows[1, 5:15, 19] < -0.3).all() and (flows[1, 5:15, 20] > 0.3).all()


def test_single_pixel_has_no_flow_and_neighbours_of_3_x_3_point_to_its_middle() -> None:
    labels = np.zeros((9, 9), np.int32)
    labels[0, 0] = 5
    labels[3:6, 3:6] = 9
    flows = labels_to_flows(labels)
    assert not flows[:, 0, 0].any() and not flows[:, 4, 4].any()
    for y in (3, 4, 5):
        for x in (3, 4, 5):
            wanted = np.array([4 - y, 4 - x]) / max(np.hypot(4 - y, 4 - x), 1)
            np.testing.assert_allclose(flows[:, y, x], wanted, atol=0.05)


@pytest.mark.parametrize(("length", "width"), [(200, 1), (200, 2), (200, 3), (200, 8), (600, 3), (1000, 6)])
@pytest.mark.parametrize("turned", [False, True])
def test_long_thin_objects_stay_whole(length: int, width: int, turned: bool) -> None:
    labels = np.zeros((20, length + 20), np.int32)
    labels[5 : 5 + width, 10 : 10 + length] = 1
    assert spread(ends(labels.T.copy() if turned else labels)) < 1.5


def test_ring_snake_and_crescent_gather_in_one_place() -> None:
    ring = ball((60, 60), (30, 30), 25) & ~ball((60, 60), (30, 30), 18)
    crescent = ball((60, 60), (30, 30), 25) & ~ball((60, 60), (30, 40), 25)
    snake = np.zeros((60, 60), bool)
    snake[5:55, 5:9] = snake[51:55, 5:30] = snake[20:55, 26:30] = True
    for shape in (ring, crescent, snake):
        assert spread(ends(shape.astype(np.int32))) < 1.5


@pytest.mark.parametrize("gap", [1, 2, 4])
def test_arms_with_a_narrow_gap_between_them_are_followed_around_the_bend(gap: int) -> None:
    labels = np.zeros((26 + gap, 130), np.int32)
    labels[5 : 21 + gap, 5:125] = 1
    labels[13 : 13 + gap, 13:] = 0
    assert spread(ends(labels)) < 1.5


def test_object_that_fills_the_image() -> None:
    labels = np.ones((41, 61), np.int32)
    flows = labels_to_flows(labels)
    assert (flows[0, 0] > 0).all() and (flows[0, -1] < 0).all()
    assert (flows[1, :, 0] > 0).all() and (flows[1, :, -1] < 0).all()
    assert spread(ends(labels)) < 1


def test_pieces_of_one_object_are_solved_by_themselves() -> None:
    labels = balls((30, 60), [(15, 15), (15, 45)], 9)
    np.testing.assert_array_equal(labels_to_flows(np.minimum(labels, 1)), labels_to_flows(labels))


@pytest.mark.parametrize("diameter", [240, 520])
def test_large_discs_are_solved_exactly_and_fast(diameter: int) -> None:
    side, middle = diameter + 20, diameter / 2 + 10
    labels = ball((side, side), (middle, middle), diameter / 2).astype(np.int32)
    labels_to_flows(labels[:40, :40])  # compiled
    started = time.process_time()
    flows = labels_to_flows(labels)
    seconds = time.process_time() - started
    towards = middle - np.indices(labels.shape)
    away = np.linalg.norm(towards, axis=0)
    cosine = (flows * towards).sum(0) / np.maximum(away, 1e-9)
    inside = (labels > 0) & (away > 3)
    assert np.degrees(np.arccos(np.clip(cosine[inside], -1, 1))).mean() < 3
    assert cosine[inside].min() > 0.7
    assert seconds < 2


def test_turned_labels_have_turned_flows() -> None:
    labels = crowd(5, (70, 70), 12, 14)
    flows = labels_to_flows(labels)
    turned = labels_to_flows(np.rot90(labels).copy())
    back = np.stack([np.rot90(turned[1], -1), -np.rot90(turned[0], -1)])
    cosine = (flows * back).sum(0)[ndimage.binary_erosion(labels > 0)]
    assert np.median(cosine) > 0.999 and (cosine > 0.9).mean() > 0.97


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.int64])
def test_numbers_and_their_type_do_not_matter(dtype: type) -> None:
    labels = balls((40, 60), [(20, 15), (20, 30), (20, 45)], 9)
    high = np.iinfo(dtype).max if np.dtype(dtype).itemsize < 8 else 2**40
    renamed = np.where(labels == 2, high, labels.astype(dtype)).astype(dtype)
    np.testing.assert_array_equal(labels_to_flows(renamed), labels_to_flows(labels))


def test_plane_of_a_volume_is_a_plane() -> None:
    labels = crowd(2, (40, 40), 8, 9)
    volume = labels_to_flows(labels[None])
    np.testing.assert_array_equal(volume[1:, 0], labels_to_flows(labels))
    assert not volume[0].any()


def test_nothing_and_nonsense() -> None:
    assert not labels_to_flows(np.zeros((5, 6), np.int32)).any()
    for bad in (np.zeros(5, np.int32), np.zeros((2, 2, 2, 2), np.int32), np.zeros((4, 4))):
        with pytest.raises(ValueError, match="labels must be integers"):
            labels_to_flows(bad)
