"""How large the objects are: by definition, and from a look at the image."""

import numpy as np
import pytest
from drawings import SeeingModel, balls, crowd

from model_core.networks.cpnet import CPnet, CPnetOptions
from model_core.segmentation.diameter import estimate_diameter
from model_core.segmentation.scaling import resized, resized_to
from model_core.segmentation.sizes import diameters, median_diameter


def test_circle_and_ball_of_equal_area() -> None:
    assert diameters(balls((80, 80), [(40, 40)], 20))[0] == pytest.approx(40, rel=0.02)
    assert diameters(balls((1, 80, 80), [(0, 40, 40)], (1, 20, 20)))[0] == pytest.approx(40, rel=0.02)
    assert diameters(balls((50, 50, 50), [(25, 25, 25)], 20))[0] == pytest.approx(40, rel=0.02)
    labels = np.zeros((10, 10), np.uint32)
    labels[0, :4], labels[5, 0], labels[8:, :5] = 3, 9, 4
    np.testing.assert_allclose(diameters(labels), 2 * np.sqrt(np.array([4, 10, 1]) / np.pi))
    assert median_diameter(labels) == pytest.approx(2 * np.sqrt(4 / np.pi))
    assert median_diameter(np.zeros((4, 4), np.int32)) == 0


def field_of(diameter: float, side: int = 700) -> np.ndarray:
    """float32 (3, Y, X), round objects of one size on a grid."""
    steps = np.arange(diameter, side - diameter / 2, 1.6 * diameter)
    labels = balls((side, side), [(y, x) for y in steps for x in steps], diameter / 2)
    return np.repeat((labels > 0).astype(np.float32)[None], 3, 0)


@pytest.mark.parametrize("diameter", [8, 15, 30, 70, 150, 400])
def test_objects_of_any_size_are_measured(seeing_model: SeeingModel, diameter: float) -> None:
    pixels = field_of(diameter, max(700, int(3.5 * diameter)))
    assert estimate_diameter(seeing_model, pixels) == pytest.approx(diameter, rel=0.15)


class StyleModel(SeeingModel):
    """Without a size map; its size model errs, or it has none."""

    def __init__(self, told: float, has_size_model: bool) -> None:
        super().__init__()
        self.told = told
        self.network = CPnet(CPnetOptions(channels=3, widths=(4, 4), size_model=has_size_model))

    def style_diameter(self, tile: np.ndarray) -> float:
        return self.told


@pytest.mark.parametrize("told", [22, 30, 45])
def test_what_the_size_model_tells_is_refined_by_the_objects(told: float) -> None:
    assert estimate_diameter(StyleModel(told, True), field_of(30)) == pytest.approx(30, rel=0.05)
    assert estimate_diameter(StyleModel(told, False), field_of(30)) == told
    assert estimate_diameter(StyleModel(told, True), np.zeros((3, 90, 90), np.float32)) == told


def test_a_few_large_specks_do_not_count(seeing_model: SeeingModel) -> None:
    pixels = field_of(15)
    pixels[:, 300:420, 300:420] = 1
    assert estimate_diameter(seeing_model, pixels) == pytest.approx(15, rel=0.2)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (20, 20), (33, 900), (700, 700)])
def test_empty_images_have_no_diameter(seeing_model: SeeingModel, shape: tuple[int, int]) -> None:
    assert estimate_diameter(seeing_model, np.zeros((3, *shape), np.float32)) is None


def test_resizing_keeps_places_and_means() -> None:
    labels = crowd(0, (60, 90), 10, 12)
    pixels = (labels[None] > 0).astype(np.float32)
    small = resized(pixels, 0.5)
    assert small.shape == (1, 30, 45)
    np.testing.assert_allclose(small[0], pixels[0].reshape(30, 2, 45, 2).mean((1, 3)), atol=1e-5)
    back = resized_to(small, 60, 90)
    assert ((back > 0.5) == (pixels > 0.5)).mean() > 0.97
    assert resized(pixels, 0.001).shape == (1, 1, 1)
