"""A click in the fields of a run gives the object there, larger or smaller."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from model_core.segmentation.prompts import object_at
from model_core.segmentation.segmentation import Segmentation
from tests.model_core.drawings import ball, balls
from tests.model_core.segmentation.fields import fields_of


def painted(fields: Segmentation, point: tuple[int, int, int], level: int = 0) -> np.ndarray:
    """The answer as a mask of the whole image; empty for None."""
    whole = np.zeros(fields.cellprob.shape, bool)
    found = object_at(fields, point, level)
    if found is not None:
        assert found.pixels.shape == tuple(part.stop - part.start for part in found.box)
        assert found.pixels.any((1, 2)).all() and found.pixels.any((0, 1)).all(), "as small as it can be"
        whole[found.box] = found.pixels
    return whole


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


TOUCHING = balls((200, 260), [(60, 60), (60, 85), (150, 200)], 13)


def test_a_click_gives_the_object_there_and_not_its_neighbour():
    fields = fields_of(TOUCHING, 26)
    for number, point in enumerate(((0, 60, 52), (0, 66, 92), (0, 141, 200)), 1):
        assert overlap(painted(fields, point), (number == TOUCHING)[None]) > 0.95


def test_an_object_that_the_run_left_out_is_found_by_its_convergence():
    fields = fields_of(TOUCHING, 26)
    faint = replace(fields, cellprob=fields.cellprob - 5, flows=fields.flows * 0.3)
    assert faint.cellprob.max() < 0
    assert overlap(painted(faint, (0, 60, 58)), (TOUCHING == 1)[None]) > 0.6


def test_far_from_any_object_there_is_none():
    fields = fields_of(TOUCHING, 26)
    assert object_at(fields, (0, 150, 60)) is None


def test_without_flows_there_is_no_object():
    fields = fields_of(TOUCHING, 26)
    still = replace(fields, flows=np.zeros_like(fields.flows))
    assert object_at(still, (0, 60, 58)) is None


def test_a_click_just_beside_an_object_stretches_it_to_the_click():
    fields = fields_of(TOUCHING, 26)
    flows = np.zeros_like(fields.flows)  # a net's flows go on pointing to the object beyond its rim
    towards = np.array([150.0, 200.0])[:, None, None] - np.indices(TOUCHING.shape)
    flows[:, 0] = towards / np.maximum(np.hypot(*towards), 1)
    mask = painted(replace(fields, flows=flows), (0, 150, 215))
    assert mask[0, 150, 215]
    assert mask.sum() < 1.5 * (TOUCHING == 3).sum()


@pytest.mark.parametrize("height", [4.0, 1.0])
def test_each_level_holds_the_one_below_and_more(height):
    fields = fields_of(TOUCHING, 26, height)
    masks = [painted(fields, (0, 150, 195), level) for level in range(-6, 9)]
    for smaller, larger in pairwise(masks):
        assert (larger >= smaller).all()
        assert larger.sum() > smaller.sum() > 0
    radii = np.sqrt([mask.sum() / np.pi for mask in masks])
    assert (np.diff(radii) > 0.3).all() and (np.diff(radii) < 2.2).all(), "each level is seen, none is a leap"


def test_shrinking_ends_with_a_few_pixels():
    assert 1 <= painted(fields_of(TOUCHING, 26), (0, 60, 60), -40).sum() < 10


def test_an_object_larger_than_the_window_is_whole():
    labels = ball((300, 600), (150, 300), (14, 250)).astype(np.int32)
    fields = fields_of(labels, 60)
    assert overlap(painted(fields, (0, 150, 100)), labels[None] > 0) > 0.9


def test_large_objects_are_walked_in_strides_and_still_fit():
    labels = balls((700, 900), [(350, 250), (350, 605)], 190)
    fields = fields_of(labels, 380)
    assert overlap(painted(fields, (0, 350, 300)), (labels == 1)[None]) > 0.97


def test_an_object_at_the_border_of_the_image():
    labels = balls((80, 80), [(0, 0), (79, 40)], 15)
    fields = fields_of(labels, 26)
    assert overlap(painted(fields, (0, 0, 0)), (labels == 1)[None]) > 0.95
    assert overlap(painted(fields, (0, 79, 40), 2), (labels == 2)[None]) > 0.6


def test_planes_of_two_components_stay_apart():
    labels = balls((80, 80), [(40, 40)], 12)
    plane = fields_of(labels, 24)
    planes = replace(
        plane, flows=np.repeat(plane.flows, 3, axis=1), cellprob=np.repeat(plane.cellprob, 3, axis=0)
    )
    found = object_at(planes, (1, 40, 40))
    assert found is not None and found.box[0] == slice(1, 2)


def test_a_volume_gives_an_object_in_space():
    labels = balls((30, 60, 70), [(14, 30, 25), (14, 30, 44)], 10)
    fields = fields_of(labels, 20)
    assert overlap(painted(fields, (12, 28, 22)), labels == 1) > 0.9
    assert (painted(fields, (12, 28, 22), 1) >= painted(fields, (12, 28, 22))).all()


def test_half_precision_fields_do_as_well():
    fields = fields_of(TOUCHING, 26)
    half = replace(fields, flows=fields.flows.astype(np.float16), cellprob=fields.cellprob.astype(np.float16))
    assert overlap(painted(half, (0, 60, 52)), painted(fields, (0, 60, 52))) > 0.97
