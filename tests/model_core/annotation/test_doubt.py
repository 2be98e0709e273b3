"""Doubtful objects: signs that are seen, their order, proposals, and what the answers do."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage.measure import regionprops

from model_core.annotation.contrast import contrasts
from model_core.annotation.doubt import AGAINST, OUTCOMES, Advice, Doubt, doubts, find_doubts, probabilities
from model_core.annotation.label_store import LabelStore
from model_core.annotation.model_patch import model_patch
from model_core.annotation.moments import elongations, fill_of_ellipse, moments
from model_core.annotation.objects import Review
from model_core.annotation.putting_right import cut_between, put_right
from model_core.annotation.signs import SIGNS, signs
from model_core.annotation.steepness import outline_steepness
from model_core.annotation.waists import waists
from tests.model_core.annotation.cells import apply, areas

DUMBBELL, HALF_A, HALF_B, SPECK, SHADOW = 20, 21, 22, 23, 24


def scene() -> np.ndarray:
    """Nineteen discs of radius 12; a dumbbell; a disc in two halves; a speck; a disc where nothing is lit."""
    labels = np.zeros((200, 240), np.int32)
    centres = [(20 + 36 * row, 20 + 36 * col) for row in range(5) for col in range(6)]
    for number, (y, x) in enumerate(centres[:19], start=1):
        cv2.circle(labels, (x, y), 12, number, -1)
    for x in (40, 60):
        cv2.circle(labels, (x, 165), 12, DUMBBELL, -1)
    cv2.circle(labels, (120, 165), 12, HALF_A, -1)
    labels[165:][labels[165:] == HALF_A] = HALF_B
    cv2.circle(labels, (160, 165), 2, SPECK, -1)
    cv2.circle(labels, (200, 165), 12, SHADOW, -1)
    return labels[None].astype(np.uint32)


@pytest.fixture
def store() -> LabelStore:
    store = LabelStore.empty((1, 200, 240))
    confidence = dict.fromkeys(range(1, 25), 0.97) | dict.fromkeys((HALF_A, HALF_B, SPECK, SHADOW), 0.5)
    patch = model_patch(store, scene(), confidence, "Find cells")
    assert patch is not None
    store.apply(patch)
    return store


def picture(labels: np.ndarray) -> np.ndarray:
    lit = (labels > 0) & (labels != SHADOW)
    return (20 + 100 * lit + np.random.default_rng(0).normal(0, 3, labels.shape)).astype(np.uint8)[None]


def sign(name: str, of: int, channels: np.ndarray | None = None) -> float:
    confidence = np.full(25, 0.9)
    found = signs(scene(), confidence, channels)
    return float(found.values[found.ids.tolist().index(of), SIGNS.index(name)])


def test_moments_are_those_of_the_pixels() -> None:
    labels = scene()
    found = moments(labels)
    for region in regionprops(labels[0].astype(int)):
        of = found.of(np.array([region.label]))
        spread = np.linalg.eigvalsh(np.cov(region.coords.T, bias=True) + np.eye(2) / 12)
        assert elongations(of, False)[0] == pytest.approx(np.sqrt(spread[1] / spread[0]), rel=1e-6)
        wanted = min(1, region.area / (4 * np.pi * np.sqrt(spread.prod())))
        assert fill_of_ellipse(of, False)[0] == pytest.approx(wanted, rel=1e-6)
    halves = found.of(np.array([HALF_A])).joined(found.of(np.array([HALF_B])))
    assert fill_of_ellipse(halves, False)[0] == pytest.approx(1, abs=0.01)


def test_a_ball_fills_its_ellipsoid() -> None:
    z, y, x = np.mgrid[-12:13, -12:13, -12:13]
    ball = (z**2 + (y / 0.8) ** 2 + (x / 0.5) ** 2 < 144).astype(np.uint32)
    of = moments(ball).of(np.array([1]))
    assert fill_of_ellipse(of, True)[0] == pytest.approx(1, abs=0.02)
    assert elongations(of, True)[0] == pytest.approx(2, abs=0.1)


def test_a_waist_is_seen_with_a_point_on_either_side() -> None:
    found = waists(scene())
    assert found.prominence[DUMBBELL] > 0.2 and found.prominence[1:20].max() < 0.05
    columns = sorted(found.points[DUMBBELL, :, 2].tolist())
    assert abs(columns[0] - 40) <= 3 and abs(columns[1] - 60) <= 3


def test_contrast_tells_what_stands_out() -> None:
    labels = scene()
    found = contrasts(labels, picture(labels), 4)[0]
    assert found[1:20].min() > 0.8 and abs(found[SHADOW]) < 0.1 and np.isnan(found[0])


def test_contrast_is_the_same_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = scene()
    whole = contrasts(labels, picture(labels), 5)
    monkeypatch.setattr("model_core.annotation.contrast._ROWS", 23)
    np.testing.assert_allclose(contrasts(labels, picture(labels), 5), whole)


def test_steepness_is_the_slope_along_the_outline_and_the_same_in_bands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    labels = np.zeros((1, 40, 60), np.uint32)
    labels[0, 10:30, 10:25], labels[0, 10:30, 35:50] = 1, 2
    sharp = (labels == 1) * 200.0
    soft = np.stack([cv2.GaussianBlur(plane, (0, 0), 4) for plane in (labels == 2) * 200.0])
    pixels = (sharp + soft)[None]
    whole = outline_steepness(labels, pixels)
    assert np.isnan(whole[0]) and whole[1] > 2.5 * whole[2] > 0
    np.testing.assert_allclose(outline_steepness(labels, 7 * pixels), whole, rtol=1e-4)
    monkeypatch.setattr("model_core.annotation.steepness._ROWS", 7)
    np.testing.assert_allclose(outline_steepness(labels, pixels), whole, rtol=1e-4)


def test_doubt_rises_with_all_that_is_odd_and_falls_with_the_confidence() -> None:
    usual = np.zeros((1, len(SIGNS)))
    assert doubts(usual)[0] == pytest.approx(doubts(-1.0 * (np.arange(len(SIGNS)) > 0)[None])[0])
    for name in AGAINST:
        odd = usual.copy()
        odd[0, SIGNS.index(name)] = 1
        assert (doubts(odd) > doubts(usual)) == (name != "confidence"), name


def test_each_sign_is_strongest_where_it_belongs() -> None:
    assert sign("small", SPECK) > 1 > sign("small", 5)
    assert sign("one with neighbour", HALF_A) > 0.3 > sign("one with neighbour", 5)
    assert sign("faint", SHADOW, picture(scene())) > 0.8 > sign("faint", 5, picture(scene()))
    assert sign("waist", DUMBBELL) > 0.2
    assert sign("soft", SHADOW, picture(scene())) > 1 > sign("soft", 5, picture(scene()))


def test_the_wrong_ones_come_first_and_what_a_person_vouches_for_does_not_come(store: LabelStore) -> None:
    found = find_doubts(store.labels, store.objects, picture(store.labels))
    assert len(found) == 24
    assert {doubt.id for doubt in found[:5]} == {DUMBBELL, HALF_A, HALF_B, SPECK, SHADOW}
    assert [doubt.doubt for doubt in found] == sorted((doubt.doubt for doubt in found), reverse=True)
    first = found[0].id
    apply(store, put_right(store, found[0], Advice.ACCEPT))
    assert store.objects[first].review is Review.ACCEPTED
    again = find_doubts(store.labels, store.objects, picture(store.labels))
    assert first not in {doubt.id for doubt in again}


def test_answers_put_right(store: LabelStore) -> None:
    found = {doubt.id: doubt for doubt in find_doubts(store.labels, store.objects, picture(store.labels))}
    before = areas(store)
    assert found[HALF_A].partner == HALF_B
    apply(store, put_right(store, found[HALF_A], Advice.MERGE))
    apply(store, put_right(store, found[SPECK], Advice.DELETE))
    line = cut_between(store.labels, found[DUMBBELL])
    assert line is not None and np.allclose(line[:, 0], 50, atol=2)
    assert sorted(line[:, 1].tolist())[0] < 165 < sorted(line[:, 1].tolist())[1]
    apply(store, put_right(store, found[DUMBBELL], Advice.SPLIT))
    after = areas(store)
    assert len(after) == len(before) - 2 + 1
    assert abs(after[DUMBBELL] - before[DUMBBELL] / 2) < 30
    nothing = put_right(store, Doubt(5, 0.5, Advice.ACCEPT, ""), Advice.SPLIT)
    assert nothing.patch is None and "no waist" in nothing.said
    alone = put_right(store, Doubt(5, 0.5, Advice.ACCEPT, ""), Advice.MERGE)
    assert alone.patch is None and "no other cell" in alone.said


def test_probabilities_add_up() -> None:
    chance = probabilities(np.random.default_rng(0).normal(size=(50, len(SIGNS))))
    assert chance.shape == (50, len(OUTCOMES)) and np.allclose(chance.sum(1), 1)
    assert probabilities(np.zeros((0, len(SIGNS)))).shape == (0, len(OUTCOMES))


def test_images_without_objects_and_volumes() -> None:
    assert find_doubts(np.zeros((1, 5, 5), np.uint32), {}) == []
    volume = np.zeros((6, 30, 30), np.uint32)
    volume[1:5, 3:10, 3:10], volume[1:5, 15:22, 15:22] = 1, 2
    found = signs(volume, np.array([np.nan, 0.9, 0.2]), None)
    assert found.ids.tolist() == [1, 2] and np.isfinite(found.values).all()
    assert found.values[0, 0] > found.values[1, 0]
