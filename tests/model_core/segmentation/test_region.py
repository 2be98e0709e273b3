"""A box of an image is segmented by itself, at the size of what it holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model_core.errors import UserError
from model_core.images.image import image_from_array
from model_core.segmentation.region import segment_region
from tests.model_core.drawings import SeeingModel, balls
from tests.model_core.segmentation.fields import fields_of

CENTRES = [(60, 60), (60, 120), (120, 60), (120, 120), (300, 330)]


def picture() -> np.ndarray:
    small = balls((400, 460), CENTRES[:4], 14)
    small[balls((400, 460), CENTRES[4:], 60) > 0] = 5
    return small


def box(top: int, bottom: int, left: int, right: int, z: int = 0) -> tuple[slice, slice, slice]:
    return slice(z, z + 1), slice(top, bottom), slice(left, right)


def find(labels: np.ndarray, where: tuple[slice, slice, slice], **options: float) -> np.ndarray:
    image = image_from_array((labels > 0).astype(np.uint8) * 200, "YX" if labels.ndim == 2 else "ZYX")
    found = segment_region(image, SeeingModel(), where, **options)  # type: ignore[arg-type]
    assert found.labels.shape == found.cellprob.shape == found.flows.shape[1:]
    assert len(found.confidence) == found.labels.max() + 1
    return found.labels[0]


def test_a_box_around_several_objects_finds_each_of_them():
    labels = picture()
    found = find(labels, box(30, 150, 30, 150))
    assert found.shape == (120, 120)
    assert found.max() == 4
    for number in range(1, 5):
        true = labels[30:150, 30:150] == number
        mine = found == found[tuple(np.argwhere(true).mean(0).astype(int))]
        assert (mine & true).sum() / (mine | true).sum() > 0.85


def test_a_box_around_one_object_finds_that_one_at_its_own_size():
    labels = picture()
    found = find(labels, box(235, 365, 265, 395))
    true = labels[235:365, 265:395] > 0
    assert found.max() == 1
    assert ((found > 0) & true).sum() / ((found > 0) | true).sum() > 0.9


def test_an_object_that_lies_mostly_outside_is_left_out():
    found = find(picture(), box(30, 112, 30, 150), diameter=28)
    assert found.max() == 2 and not found[80:].any()


def test_a_box_of_background_is_empty():
    found = find(picture(), box(200, 230, 20, 60))
    assert found.shape == (30, 40) and not found.any()


def test_a_box_that_leaves_the_image_is_clipped():
    assert find(picture(), box(-50, 100, -20, 90), diameter=28).shape == (100, 90)
    with pytest.raises(UserError):
        find(picture(), box(500, 600, 0, 50))


def test_the_plane_of_a_stack_is_the_one_that_is_looked_at():
    stack = np.zeros((3, 400, 460), np.int32)
    stack[1] = picture()
    assert find(stack, box(30, 150, 30, 150, z=1), diameter=28).max() == 4
    assert find(stack, box(30, 150, 30, 150, z=2), diameter=28).max() == 0


class CountingModel(SeeingModel):
    """Notes how many pixels it is shown at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[int] = []

    def predict(self, tiles: np.ndarray) -> np.ndarray:
        self.shown.append(tiles.shape[0] * tiles[0, 0].size)
        return super().predict(tiles)


def test_the_size_that_a_run_saw_in_a_box_spares_the_closer_looks():
    labels = picture()
    image = image_from_array((labels > 0).astype(np.uint8) * 200, "YX")
    where = box(30, 150, 30, 150)
    sure = fields_of(labels, 28.0)
    unsure = replace(sure, scores=np.zeros_like(sure.scores))
    shown = {}
    for name, fields in {"none": None, "sure": sure, "unsure": unsure}.items():
        model = CountingModel()
        found = segment_region(image, model, where, fields=fields)
        assert found.labels.max() == 4
        shown[name] = model.shown
    assert len(shown["sure"]) == 2
    assert shown["none"] == shown["unsure"] and len(shown["none"]) > 2


def test_a_run_does_not_hide_the_one_object_that_a_box_was_drawn_around():
    labels = picture()
    image = image_from_array((labels > 0).astype(np.uint8) * 200, "YX")
    fields = fields_of(balls(labels.shape, [(270, 300), (330, 360)], 12), 24.0)
    found = segment_region(image, SeeingModel(), box(235, 365, 265, 395), fields=fields)
    assert found.labels.max() == 1


def test_closer_looks_at_a_large_box_show_only_a_part_of_it():
    labels = balls((900, 900), [(y, x) for y in range(30, 900, 60) for x in range(30, 900, 60)], 14)
    image = image_from_array((labels > 0).astype(np.uint8) * 200, "YX")
    model = CountingModel()
    found = segment_region(image, model, box(0, 900, 0, 900))
    assert found.labels.max() == 15 * 15
    assert max(model.shown[:3]) < 200**2 < min(model.shown[3:])
