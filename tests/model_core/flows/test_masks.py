"""Fields to labels: grouping, the quality check, holes, small ones, numbers."""

import numpy as np
import pytest
from drawings import ball, balls, crowd
from scipy import ndimage

from model_core.annotation.matching import average_precision
from model_core.flows.dynamics import places_of
from model_core.flows.masks import (
    checked_masks,
    drop_small,
    fill_holes,
    flow_fit,
    flows_to_labels,
    renumbered,
)
from model_core.flows.sinks import group_by_sink
from model_core.flows.targets import labels_to_flows


def fields(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return labels_to_flows(labels), np.where(labels > 0, 6, -6).astype(np.float32)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("count", "radius"), [(250, 7), (60, 16), (8, 60)])
def test_round_trip_of_crowds(seed: int, count: int, radius: float) -> None:
    labels = drop_small(crowd(seed, (200, 220), count, radius), 9)
    again = flows_to_labels(*fields(labels), min_size=9)
    assert again.dtype == np.uint32 and again.shape == labels.shape
    assert average_precision(labels, again, (0.9,))[0][0] >= 0.98


@pytest.mark.parametrize("seed", range(3))
def test_round_trip_of_volumes(seed: int) -> None:
    labels = drop_small(crowd(seed, (30, 70, 80), 60, 11), 30)
    again = flows_to_labels(*fields(labels), min_size=30)
    assert average_precision(labels, again, (0.9,))[0][0] >= 0.98


def test_round_trip_of_many_tiny_ones() -> None:
    labels = np.zeros((100, 100), np.int32)
    for n, (y, x) in enumerate((y, x) for y in range(2, 98, 4) for x in range(2, 98, 4)):
        labels[y : y + 3, x : x + 3] = n + 1
    again = flows_to_labels(*fields(labels), min_size=5)
    np.testing.assert_array_equal(again, renumbered(labels))


def test_round_trip_of_odd_shapes() -> None:
    labels = np.zeros((130, 260), np.int32)
    labels[5:8, 5:205] = 1  # long and thin
    labels[12:110, 4:7] = 2
    labels[20:70, 20:70][ball((50, 50), (25, 25), 24) & ~ball((50, 50), (25, 33), 20)] = 3  # crescent
    labels[20:120, 90:190][ball((100, 100), (50, 50), 49)] = 4
    labels[80:90, 30:80] = 5
    labels[90:125, 30:36] = 5  # a corner
    again = flows_to_labels(*fields(labels))
    ap, *_ = average_precision(labels, again, (0.9,))
    assert ap[0] == 1


def test_good_objects_pass_the_check_and_wrong_ones_are_dropped() -> None:
    labels = balls((60, 100), [(30, 25), (30, 70)], 15)
    flows, cellprob = fields(labels)
    flows = flows.copy()
    flows[:, labels == 2] = np.stack([flows[1], -flows[0]])[:, labels == 2]  # turned by 90 degrees
    flows[:, labels == 2] += 0.4 * labels_to_flows(labels)[:, labels == 2]  # a spiral, so that it gathers
    kept = flows_to_labels(flows, cellprob)
    assert kept.max() == 1 and (kept[labels == 1] == 1).mean() > 0.99
    both = flows_to_labels(flows, cellprob, flow_threshold=0)
    assert (both[labels == 2] > 0).mean() > 0.9


def test_fit_of_flows_follows_the_angle() -> None:
    labels = balls((1, 40, 40), [(0, 20, 20)], (1, 12, 12))
    true = labels_to_flows(labels)
    turned = np.stack([true[0], true[2], -true[1]])
    for flows, error, agreement in ((true, 0, 1), (0 * true, 1, 0), (turned, 2, 0), (-true, 4, -1)):
        fit = flow_fit(labels, flows, np.full(labels.shape, np.log(3), np.float32))
        assert fit.error[1] == pytest.approx(error, abs=0.05)
        assert fit.agreement[1] == pytest.approx(agreement, abs=1e-5)
        assert fit.probability[1] == pytest.approx(0.75) and fit.score[1] == pytest.approx(
            0.75 * max(agreement, 0)
        )
        assert fit.length[1] == pytest.approx(1 if flows.any() else 0, abs=1e-5)
        assert fit.error[0] == fit.agreement[0] == fit.score[0] == fit.length[0] == 0


def test_fit_belongs_to_the_labels_that_are_left() -> None:
    labels = balls((1, 40, 120), [(0, 20, 90), (0, 20, 60), (0, 20, 30)], (1, 11, 11))
    flows = labels_to_flows(labels)
    flows = flows * np.array([0, 0.9, -1, 0.7], np.float32)[labels]  # the second drives its pixels apart
    cellprob = np.where(labels > 0, 6, -6).astype(np.float32)
    options = {"cellprob_threshold": 0, "min_size": 15, "niter": None}
    kept, fit = checked_masks(flows, cellprob, flow_threshold=0.4, **options)
    assert len(fit.error) == len(fit.agreement) == kept.max() + 1
    left, right = kept[0, 20, 24], kept[0, 20, 84]
    np.testing.assert_allclose(fit.agreement[[left, right]], [0.7, 0.9], atol=0.02)
    np.testing.assert_allclose(fit.error[[left, right]], [0.09, 0.01], atol=0.02)
    assert kept[0, 20, 54] == 0


def test_threshold_of_the_cell_probability() -> None:
    labels = balls((60, 60), [(30, 30)], 20)
    flows, _ = fields(labels)
    cellprob = (20 - np.hypot(*(np.indices(labels.shape) - 30))).astype(np.float32)
    areas = [np.count_nonzero(flows_to_labels(flows, cellprob, cellprob_threshold=t)) for t in (0, 5, 10)]
    np.testing.assert_allclose(areas, [np.pi * r * r for r in (20, 15, 10)], rtol=0.08)


def test_a_wide_outline_makes_an_object_no_more_doubtful() -> None:
    labels = balls((1, 60, 60), [(0, 30, 30)], (1, 12, 12))
    flows = labels_to_flows(balls((1, 60, 60), [(0, 30, 30)], (1, 24, 24)))
    flows[:, labels == 0] *= 0.3
    cellprob = (12 - np.hypot(*(np.indices((60, 60)) - 29.9)))[None].astype(np.float32)
    options = {"flow_threshold": 0.0, "score_threshold": 0.0, "min_size": 15, "niter": None}
    (usual, usual_fit), (wide, wide_fit) = (
        checked_masks(flows, cellprob, cellprob_threshold=threshold, **options) for threshold in (0, -8)
    )
    assert wide.max() == usual.max() == 1 and (wide > 0).sum() > 2 * (usual > 0).sum()
    assert wide_fit.score[1] == pytest.approx(usual_fit.score[1], abs=1e-3)


def test_min_size_counts_pixels() -> None:
    labels = np.zeros((30, 30), np.int32)
    labels[2:6, 2:6], labels[10:15, 10:15] = 1, 2
    for size, found in ((16, 2), (17, 1), (26, 0)):
        assert flows_to_labels(*fields(labels), min_size=size).max() == found


def test_crumbs_cut_off_from_an_object_go() -> None:
    labels = balls((40, 40), [(20, 20)], 10)
    labels[2, 2] = 1
    cleaned = drop_small(labels, 15)
    assert cleaned[2, 2] == 0 and cleaned[20, 20] == 1


def test_holes_are_filled_where_one_object_encloses_them() -> None:
    labels = balls((40, 80), [(20, 20), (20, 60)], 15)
    labels[18:23, 18:23] = 0
    labels[19:22, 19:22] = 3  # an object inside: not a hole
    labels[20, 65] = 0
    labels[0:40, 79] = 0
    filled = fill_holes(labels[None])[0]
    assert filled[20, 65] == 2
    assert filled[20, 20] == 3 and filled[18, 18] == 0  # between two objects
    labels = np.zeros((10, 10), np.int32)
    labels[:, 3] = 1  # background at the border of the image is no hole
    np.testing.assert_array_equal(fill_holes(labels[None])[0], labels)


@pytest.mark.parametrize("seed", range(20))
def test_holes_of_random_labels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(1, 4, (30, 40)) * (rng.random((30, 40)) < rng.uniform(0.3, 0.95))
    wanted = labels.copy()
    holes, count = ndimage.label(labels == 0)
    framed = np.pad(labels, 1, constant_values=-1)
    for hole in range(1, count + 1):
        inside = np.pad(holes == hole, 1)
        rim = ndimage.binary_dilation(inside) & ~inside
        if len(set(framed[rim])) == 1:
            wanted[holes == hole] = framed[rim][0]
    np.testing.assert_array_equal(fill_holes(labels[None])[0], wanted)


def test_holes_are_filled_by_masks() -> None:
    labels = balls((60, 60), [(30, 30)], 20)
    flows, cellprob = fields(labels)
    cellprob[29:31, 29:31] = -5
    again = flows_to_labels(flows, cellprob)
    assert again.max() == 1 and (again[29:31, 29:31] == 1).all()


@pytest.mark.parametrize("shape", [(60, 90), (20, 60, 90)])
def test_cells_with_a_hole_in_the_cell_probability_stay_whole(shape: tuple[int, ...]) -> None:
    """Whether the hole lies over the sink or beside it."""
    middle = (10, 30) if len(shape) == 3 else (30,)
    radii = (8, 18, 18)[-len(shape) :]
    labels = balls(shape, [(*middle, 20), (*middle, 57)], radii)
    flows, cellprob = fields(labels)
    for hole in ((*middle, 20), (*middle, 66)):
        cellprob[ball(shape, hole, tuple(r / 3 for r in radii))] = -5
    again = flows_to_labels(flows, cellprob, flow_threshold=0)
    assert again.max() == 2
    assert average_precision(labels, again, (0.9,))[0][0] == 1


def test_numbers_run_from_top_to_bottom() -> None:
    labels = np.array([[0, 7, 7], [3, 0, 9], [3, 7, 0]], np.int32)
    np.testing.assert_array_equal(renumbered(labels), [[0, 1, 1], [2, 0, 3], [2, 1, 0]])
    assert renumbered(np.zeros((3, 3), np.int32)).max() == 0


def test_nothing_and_nonsense() -> None:
    assert not flows_to_labels(np.zeros((2, 7, 8), np.float32), np.full((7, 8), -1, np.float32)).any()
    assert flows_to_labels(np.zeros((2, 1, 1), np.float32), np.ones((1, 1), np.float32)).shape == (1, 1)
    for flows, cellprob in (((2, 5, 5), (5, 6)), ((3, 5, 5), (5, 5)), ((2, 2, 5, 5), (2, 5, 5))):
        with pytest.raises(ValueError, match="belong together"):
            flows_to_labels(np.zeros(flows, np.float32), np.zeros(cellprob, np.float32))


def heap(rng: np.random.Generator, centre: tuple[float, float], width: float, count: int) -> np.ndarray:
    return np.stack([np.zeros(count), *(rng.uniform(c - width / 2, c + width / 2, count) for c in centre)])


def grouped(ends: np.ndarray) -> np.ndarray:
    shape = (1, 40, 60)
    return group_by_sink(places_of(ends, shape), shape)


def test_wide_flat_sinks_stay_whole_and_two_heaps_stay_two() -> None:
    rng = np.random.default_rng(0)
    wide = heap(rng, (20, 20), 12, 3000)
    assert grouped(wide).max() == 1
    heaps = np.hstack([heap(rng, (20, 40), 2, 400), heap(rng, (20, 47), 2, 150)])
    strays = np.stack([np.zeros(8), np.full(8, 20.0), np.arange(40, 48)])  # a thin bridge between them
    groups = grouped(np.hstack([heaps, strays]))
    assert len(set(groups[:400])) == len(set(groups[400:550])) == 1
    assert groups[0] != groups[400]
    assert groups.min() >= 1
