"""Which cells are held back, what belongs to them, and where a model is looked at."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawings import balls, crowd

from model_core.images.scaled import ScaledImage
from model_core.models.model import Model
from model_core.segmentation.segmenter import segment
from model_core.training import comparing
from model_core.training.comparing import Look, View, judged, look, quality
from model_core.training.held_out import splits, with_ring
from model_core.training.reviewed import ReviewedImage
from model_core.training.trusted_planes import planes_to_learn, views_of, within_reason


def image(labels: np.ndarray, name: str = "a.tif", complete: bool = False) -> ReviewedImage:
    labels = labels.astype(np.uint32).reshape(-1, *labels.shape[-2:])
    trusted = np.ones(labels.shape, bool) if complete else labels > 0
    return ReviewedImage(Path(name), labels, trusted, np.zeros(labels.shape, bool))


def test_the_same_cells_are_held_back_in_every_round() -> None:
    labels = crowd(0, (200, 200), 150, 7)
    (first,) = splits([image(labels)])
    fewer = np.where(labels % 3 == 0, 0, labels)
    (second,) = splits([image(fewer)])
    held, later = set(np.unique(second[0].cells)), set(np.unique(first[0].cells))
    assert 10 <= len(held) < len(later) and held < later
    (other,) = splits([image(labels, "b.tif")])
    assert set(np.unique(other[0].cells)) != later


def test_held_out_cells_and_what_is_nearest_to_them_are_not_learned_from() -> None:
    labels = crowd(0, (200, 200), 100, 7)
    (way,) = splits([image(labels, complete=True)])
    part = way[0]
    assert not (part.learned.trusted & part.zone).any()
    assert (part.learned.trusted | part.zone).all()
    assert (part.zone[part.cells > 0]).all() and not (part.zone & (part.learned.labels > 0)).any()
    assert np.array_equal(part.learned.labels + part.cells, image(labels).labels)
    share = np.count_nonzero(np.unique(part.cells)) / np.count_nonzero(np.unique(labels))
    assert 0.1 < share < 0.35


def test_few_cells_are_held_back_in_turn_and_each_once() -> None:
    two = [
        image(balls((60, 60), [(15, 15), (15, 45), (45, 15)], 8)),
        image(balls((60, 60), [(30, 30)], 8), "b.tif"),
    ]
    ways = splits(two)
    assert len(ways) == 3
    held = [
        (n, id_) for way in ways for n, part in enumerate(way) for id_ in np.unique(part.cells)[1:].tolist()
    ]
    assert sorted(held) == [(0, 1), (0, 2), (0, 3), (1, 1)]
    assert splits([two[1]]) == [] and splits([]) == []


def test_a_ring_of_background_is_trusted_but_for_other_objects() -> None:
    cell = image(balls((40, 40), [(20, 20)], 6))
    others = np.zeros((1, 40, 40), bool)
    others[0, :, 27:] = True
    ring = with_ring(replace(cell, others=others), 2)
    assert ring.trusted[0, 20, 12] and not ring.trusted[0, 20, 11]
    assert ring.trusted[0, 20, 26] and not ring.trusted[0, 20, 27]


def test_large_planes_are_looked_at_in_squares() -> None:
    labels = balls((1500, 2100), [(100, 100), (120, 160), (1400, 2000)], 20)
    part = replace(splits([image(labels)])[0][0], cells=image(labels).labels)
    pixels = ScaledImage(np.zeros((2, 1, 1500, 2100), np.uint8))
    views = views_of(part, pixels, diameter=40.0, seen=20.0)
    assert [np.unique(view.cells)[1:].tolist() for view in views] == [[1, 2], [3]]
    for view in views:
        y0, y1, x0, x1 = view.box
        assert (y1 - y0, x1 - x0) == (640, 640)  # twice 320 px, since cells are seen half as large
        assert np.array_equal(view.cells, labels[y0:y1, x0:x1])
    (whole,) = views_of(part, pixels, diameter=200.0, seen=20.0)
    assert whole.box == (0, 1500, 0, 2100)


def test_a_cell_is_judged_in_one_square_and_whole() -> None:
    labels = balls((1500, 1500), [(100, 100), (100, 160), (400, 400)], 20)
    part = replace(splits([image(labels, complete=True)])[0][0], cells=image(labels).labels)
    part = replace(part, zone=np.ones_like(part.zone))
    pixels = ScaledImage(np.zeros((1, 1, 1500, 1500), np.uint8))
    near, far = views_of(part, pixels, diameter=40.0, seen=40.0)
    assert (far.box[0], far.box[2]) == (240, 240) and near.box == (0, 320, 0, 320)
    labels[300, 300] = 3  # reaches into the square of the others
    part = replace(part, cells=image(labels).labels)
    near, far = views_of(part, pixels, diameter=40.0, seen=40.0)
    assert [np.unique(view.cells)[1:].tolist() for view in (near, far)] == [[1, 2], [3]]
    assert not near.zone[300, 300] and near.zone[100, 100], "nor is what is found there"


def test_every_image_is_looked_at_before_any_is_looked_at_twice() -> None:
    def view(name: str, side: int) -> View:
        labels = np.zeros((side, side), np.uint32)
        pixels = ScaledImage(np.zeros((1, 1, side, side), np.uint8))
        return View(Path(name), 0, (0, side, 0, side), pixels, 10.0, labels, labels > 0)

    kept = within_reason([[view("a", 1000)] * 9, [view("b", 1000)] * 9, [view("c", 1000)]], seen=10.0)
    names = [view.path.name for view in kept]
    assert sorted(names[:3]) == ["a", "b", "c"] and sorted(set(names[3:])) == ["a", "b"]
    assert len(kept) == 7  # of a megapixel each, and three images to measure the cells of
    assert len(within_reason([[view("a", 1000)] * 9], seen=40.0)) == 1  # seen four times as large


def test_planes_of_a_volume_are_learned_from_in_three_directions() -> None:
    labels = np.stack([balls((50, 40), [(25, 20)], 9)] * 5)
    planes = planes_to_learn(image(labels), np.zeros((1, 5, 50, 40), np.uint8), 18.0)
    assert {plane.labels.shape for plane in planes} == {(50, 40), (5, 40), (5, 50)}
    assert all(plane.trusted is not None and plane.trusted.any() for plane in planes)


@pytest.mark.parametrize(("shift", "right", "false"), [(0, 2, 0), (3, 2, 0), (9, 0, 2)])
def test_a_look_counts_what_is_found_and_what_is_false(shift: int, right: int, false: int) -> None:
    true = balls((60, 120), [(30, 30), (30, 90)], 10)
    zone = np.zeros(true.shape, bool)
    zone[10:50, 10:110] = True
    found = np.roll(true, shift, 1)
    found[0:8, 0:8] = 7  # outside the zone: nobody knows

    view = View(Path("a"), 0, (0, 60, 0, 120), None, 20.0, true.astype(np.uint32), zone)  # type: ignore[arg-type]
    seen = judged(view, found)
    assert (len(seen.right), seen.false, seen.total) == (right, false, 2 + false)
    assert set(seen.iou) == {1, 2}


def test_a_look_sees_the_box_as_a_segmentation_of_the_whole_image_does(seeing_model: Model) -> None:
    labels = crowd(0, (300, 260), 60, 10)
    pixels = ScaledImage((30 + 900 * (labels > 0)).astype(np.uint16)[None, None])
    whole = segment(pixels.pixels[0, 0], seeing_model, diameter=20.0).labels[0]
    box = (slice(40, 240), slice(20, 220))
    view = View(
        Path("a"), 0, (40, 240, 20, 220), pixels, 20.0, labels[box].astype(np.uint32), labels[box] > 0
    )
    seen = look(seeing_model, view, view.diameter).labels
    inner = (slice(60, 140), slice(60, 140))
    assert seen[inner].any() and np.array_equal(seen[inner] > 0, whole[box][inner] > 0)


@pytest.mark.parametrize(("measured", "used"), [(30.0, 30.0), (500.0, 40.0), (2.0, 10.0), (None, 30.0)])
def test_cells_are_looked_at_in_the_size_that_the_model_measures_within_reason(
    measured: float | None, used: float, seeing_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "measured_diameter", lambda *_: measured)
    labels = np.zeros((10, 10), np.uint32)
    view = View(Path("a"), 0, (0, 10, 0, 10), None, 20.0, labels, labels > 0)  # type: ignore[arg-type]
    assert comparing.diameter_in(seeing_model, view) == used


def test_the_better_model_is_the_one_whose_cells_fit_better() -> None:
    labels = balls((20, 40), [(10, 10), (10, 30)], 6).astype(np.uint32)
    view = View(Path("a"), 0, (0, 20, 0, 40), None, 12.0, labels, labels > 0)  # type: ignore[arg-type]

    def looks(one: float, other: float) -> list[Look]:
        iou = {1: one, 2: other}
        return [Look(labels, iou, frozenset(c for c, v in iou.items() if v >= comparing.RIGHT), 0)]

    closer = comparing.compare([view], looks(0.1, 0.2), looks(0.1, 0.4))
    assert closer.better and closer.ap_after == closer.ap_before == 0
    assert closer.ious == pytest.approx((0.15, 0.25))
    assert not comparing.compare([view], looks(0.1, 0.4), looks(0.1, 0.4)).better
    assert not comparing.compare([view], looks(0.1, 0.9), looks(0.6, 0.1)).better
    one_less = comparing.compare([view], looks(0.5, 0.1), looks(0.49, 0.4))
    assert one_less.ap_after < one_less.ap_before and not one_less.better


def test_cells_that_fit_better_count_before_they_are_right() -> None:
    def looks(*iou: float) -> list[Look]:
        values = dict(enumerate(iou))
        right = frozenset(cell for cell, value in values.items() if value >= comparing.RIGHT)
        return [Look(np.zeros((1, 1), np.uint32), values, right, 1)]

    assert quality(looks(0.1, 0.2)) < quality(looks(0.1, 0.4)) < quality(looks(0.1, 0.5))
    assert quality(looks(0.1, 0.4)) == pytest.approx(0.5 / 3 / 2)  # one object is false
