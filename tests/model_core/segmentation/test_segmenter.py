"""From an image to its labels, with a model that sees bright shapes and with one that has learned nothing."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from drawings import SeeingModel, ball, balls, crowd

from model_core.annotation.matching import average_precision
from model_core.errors import Cancelled, UserError
from model_core.flows import dynamics
from model_core.flows.dynamics import follow_flows
from model_core.images.image import Image, image_from_array
from model_core.models.model import Model, load_model
from model_core.segmentation.options import Options
from model_core.segmentation.remask import remask
from model_core.segmentation.segmenter import segment


@pytest.fixture(scope="module")
def tiny_model(tiny_model_file: Path) -> Model:
    return load_model(tiny_model_file, "cpu")


def grid(diameter: float, shape: tuple[int, int]) -> np.ndarray:
    steps = [np.arange(diameter, n - diameter / 2, 1.6 * diameter) for n in shape]
    return balls(shape, [(y, x) for y in steps[0] for x in steps[1]], diameter / 2)


def precision(labels: np.ndarray, found: np.ndarray, threshold: float = 0.5) -> float:
    return float(average_precision(labels.reshape(found.shape), found, (threshold,))[0][0])


@pytest.mark.parametrize(("diameter", "shape"), [(10, (150, 130)), (30, (500, 300)), (110, (700, 900))])
def test_objects_are_found_at_every_size(
    seeing_model: SeeingModel, diameter: float, shape: tuple[int, int]
) -> None:
    labels = grid(diameter, shape)
    result = segment((1000 + 9000 * (labels > 0)).astype(np.uint16), seeing_model)
    assert result.labels.dtype == np.uint32 and result.labels.shape == (1, *shape)
    assert precision(labels, result.labels, 0.75) == 1
    assert result.diameter == pytest.approx(diameter, rel=0.1)
    assert result.flows.shape == (2, 1, *shape) and result.cellprob.shape == (1, *shape)
    assert len(result.objects) == labels.max()
    record = result.objects[1]
    assert record.confidence is not None and 0.8 < record.confidence <= 1
    assert record.area == np.count_nonzero(result.labels == 1)


def test_given_diameter_wins(seeing_model: SeeingModel) -> None:
    labels = grid(30, (200, 200))
    calls = seeing_model.calls
    result = segment(labels > 0, seeing_model, diameter=30.0)
    assert seeing_model.calls == calls + 1  # one tile, and no look for the diameter
    assert precision(labels, result.labels, 0.9) == 1


def test_volume_of_balls(seeing_model: SeeingModel) -> None:
    centres = [(10, 20, 20), (11, 20, 46), (26, 40, 30), (12, 50, 55)]
    labels = balls((36, 70, 72), centres, 9)
    result = segment((labels > 0).astype(np.float32), seeing_model, diameter=18)
    assert result.flows.shape == (3, 36, 70, 72) and result.options.do_3D is True
    assert precision(labels, result.labels, 0.75) == 1


def test_flattened_volume(seeing_model: SeeingModel) -> None:
    labels = balls((14, 70, 72), [(4, 20, 20), (5, 20, 48), (9, 48, 30)], (3, 11, 11))
    image = Image((labels[None] > 0).astype(np.uint8), pixel_size=0.5, z_step=1.8)
    result = segment(image, seeing_model, diameter=22)
    assert precision(labels, result.labels, 0.6) == 1


def test_planes_by_themselves_and_stitched(seeing_model: SeeingModel) -> None:
    labels = balls((9, 60, 90), [(4, 30, 25), (4, 30, 65)], (4.5, 14, 14))
    pixels = (labels > 0).astype(np.uint8) * 200
    stitched = segment(pixels, seeing_model, diameter=26, stitch_threshold=0.3)
    assert stitched.options.do_3D is False and stitched.flows.shape[0] == 2
    assert precision(labels, stitched.labels, 0.75) == 1
    apart = segment(pixels, seeing_model, diameter=26, do_3D=False)
    assert apart.labels.max() == sum(len(np.unique(plane[plane > 0])) for plane in labels)
    assert remask(apart, stitch_threshold=0.3).labels.max() == 2


def test_what_can_be_given(tiny_model: Model, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    colour = rng.integers(0, 255, (40, 50, 3)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", colour)
    from_file = segment(tmp_path / "a.tif", tiny_model)
    np.testing.assert_array_equal(segment(str(tmp_path / "a.tif"), tiny_model).labels, from_file.labels)
    np.testing.assert_array_equal(segment(colour, tiny_model).cellprob, from_file.cellprob)
    np.testing.assert_array_equal(segment(image_from_array(colour), tiny_model).cellprob, from_file.cellprob)
    assert segment(np.moveaxis(colour, -1, 0)[:, None], tiny_model, axes="CZYX").labels.shape == (1, 40, 50)


@pytest.mark.parametrize("shape", [(1, 1), (1, 60), (5, 5), (31, 33), (2, 40, 40)])
def test_small_and_odd_images(tiny_model: Model, shape: tuple[int, ...]) -> None:
    result = segment(np.random.default_rng(0).integers(0, 9, shape).astype(np.uint8), tiny_model)
    assert result.labels.shape == (1, *shape[-2:])
    assert np.isfinite(result.flows).all() and np.isfinite(result.cellprob).all()


def test_bad_pixels_are_mentioned_and_change_nothing_else(seeing_model: SeeingModel) -> None:
    labels = grid(30, (200, 200))
    pixels = (labels > 0).astype(np.float32)
    pixels[0, :5], pixels[199, :5] = np.nan, np.inf
    result = segment(pixels, seeing_model)
    assert precision(labels, result.labels, 0.8) == 1
    assert any("NaN" in note for note in result.notes)
    constant = segment(np.full((50, 50), 7, np.uint8), seeing_model)
    assert constant.labels.max() == 0 and len(constant.objects) == 0
    assert any("same value" in note for note in constant.notes)
    five = segment(np.stack([labels > 0] * 5)[:, None], seeing_model, axes="CZYX")
    assert any("5 channels" in note for note in five.notes) and five.labels.max() == labels.max()


@pytest.mark.parametrize("options", [{}, {"do_3D": False}, {"do_3D": True}])
def test_remask_walks_nobody_twice(
    seeing_model: SeeingModel, monkeypatch: pytest.MonkeyPatch, options: dict[str, bool]
) -> None:
    image = np.stack([crowd(1, (90, 90), 12, 12) > 0] * (3 if options else 1))
    result = segment(image, seeing_model, diameter=20, **options)
    walked = []

    def counted(flows: np.ndarray, start: np.ndarray, niter: int) -> np.ndarray:
        walked.append(start.shape[1])
        return follow_flows(flows, start, niter)

    monkeypatch.setattr(dynamics, "follow_flows", counted)
    higher = remask(result, cellprob_threshold=2)
    assert sum(walked) == 0
    lower = remask(result, cellprob_threshold=-2)
    assert sum(walked) == np.count_nonzero((result.cellprob > -2) & (result.cellprob <= 0)) > 0
    walked.clear()
    np.testing.assert_array_equal(remask(result, cellprob_threshold=-2).labels, lower.labels)
    assert sum(walked) == 0
    fresh = segment(image, seeing_model, diameter=20, cellprob_threshold=2, **options)
    assert (higher.labels == fresh.labels).mean() > 0.999  # walkers may come to rest a trifle further on
    walked.clear()
    remask(result, niter=3)
    assert sum(walked) == np.count_nonzero(result.cellprob > 0)


def test_remask_is_the_last_step_again(seeing_model: SeeingModel) -> None:
    labels = crowd(1, (150, 150), 30, 12)
    labels[ball((150, 150), (20, 20), 3)] = 99
    result = segment(labels > 0, seeing_model, diameter=20, min_size=5)
    again = remask(result)
    np.testing.assert_array_equal(again.labels, result.labels)
    np.testing.assert_array_equal(again.confidence, result.confidence)
    fewer = remask(result, min_size=200)
    assert 0 < fewer.labels.max() < result.labels.max() and fewer.options.min_size == 200
    assert remask(result, cellprob_threshold=100).labels.max() == 0
    assert np.count_nonzero(remask(result, cellprob_threshold=4).labels) < np.count_nonzero(result.labels)
    with pytest.raises(UserError, match="without running the model again"):
        remask(result, diameter=12)


@pytest.mark.parametrize(
    "options",
    [
        {"diameter": 0},
        {"diameter": -3},
        {"diameter": float("nan")},
        {"diameter": 1e9},
        {"anisotropy": 0},
        {"anisotropy": 1000},
        {"stitch_threshold": 1.5},
        {"tile": 32},
        {"batch_size": 0},
        {"min_size": -1},
        {"niter": 0},
    ],
)
def test_options_that_make_no_sense(options: dict[str, float], seeing_model: SeeingModel) -> None:
    with pytest.raises(UserError):
        segment(np.zeros((40, 40)), seeing_model, **options)
    assert Options(tile=128).checked().tile == 128


def test_smallest_tiles_give_the_same_fields(seeing_model: SeeingModel, tiny_model: Model) -> None:
    pixels = np.random.default_rng(0).normal(size=(300, 280))
    result = segment(pixels, tiny_model, diameter=30, tile=128, batch_size=1)
    assert np.isfinite(result.cellprob).all()


@pytest.mark.parametrize("shape", [(200, 200), (8, 60, 60)])
def test_cancel_and_progress(seeing_model: SeeingModel, shape: tuple[int, ...]) -> None:
    pixels = np.zeros(shape)
    pixels[..., 20:40, 20:40] = 1
    fractions: list[float] = []
    segment(pixels, seeing_model, progress=lambda fraction, _: fractions.append(round(fraction, 6)))
    assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] == 1
    with pytest.raises(Cancelled):
        segment(pixels, seeing_model, cancel=lambda: True)
