"""What of a large image tells the size of its objects."""

import numpy as np
import pytest
from drawings import SeeingModel, balls

from model_core.errors import Cancelled
from model_core.images.scaled import ScaledImage
from model_core.segmentation.look import measured_diameter


@pytest.mark.parametrize("diameter", [12, 60])
def test_cells_in_a_corner_of_a_large_image_are_measured(seeing_model: SeeingModel, diameter: int) -> None:
    pixels = np.zeros((1, 1, 500, 4000), np.uint16)
    steps = np.arange(diameter, 480 - diameter, 1.6 * diameter)
    pixels[0, 0, :500, 3500:] = 900 * (
        balls((500, 500), [(y, x) for y in steps for x in steps], diameter / 2) > 0
    )
    pixels += np.random.default_rng(0).integers(90, 110, pixels.shape).astype(np.uint16)
    found = measured_diameter(seeing_model, ScaledImage(pixels))
    assert found == pytest.approx(diameter, rel=0.15)


def test_large_objects_of_large_images_are_measured(seeing_model: SeeingModel) -> None:
    pixels = 900 * (balls((900, 4400), [(450, x) for x in range(500, 4200, 950)], 400)[None, None] > 0)
    assert measured_diameter(seeing_model, ScaledImage(pixels)) == pytest.approx(800, rel=0.2)


def test_planes_with_contrast_count(seeing_model: SeeingModel) -> None:
    pixels = np.random.default_rng(0).normal(10, 1, (1, 8, 200, 200))
    pixels[0, 3] += 500 * (balls((200, 200), [(y, x) for y in (50, 110) for x in (50, 110, 170)], 16) > 0)
    assert measured_diameter(seeing_model, ScaledImage(pixels)) == pytest.approx(32, rel=0.15)


def test_nothing_has_no_size_and_cancel_stops(seeing_model: SeeingModel) -> None:
    empty = ScaledImage(np.zeros((1, 1, 300, 3000), np.uint8))
    assert measured_diameter(seeing_model, empty) is None
    some = ScaledImage(np.eye(300, dtype=np.uint8)[None, None])
    with pytest.raises(Cancelled):
        measured_diameter(seeing_model, some, cancel=lambda: True)
