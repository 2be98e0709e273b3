"""Every option of Cellpose does here what it does there."""

import numpy as np
import pytest
from drawings import SeeingModel, balls, crowd

from model_core.flows.targets import labels_to_flows
from model_core.segmentation.remask import remask
from model_core.segmentation.segmenter import segment

LABELS = balls((100, 130), [(30, 30), (30, 90), (72, 60)], 14)
CELLS = (LABELS > 0).astype(np.float32)


class DoubtfulModel(SeeingModel):
    """Its flows are too short in the right half, and it is less sure of what lies further down."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[tuple[int, ...]] = []

    def predict(self, tiles: np.ndarray) -> np.ndarray:
        self.shapes.append(tiles.shape)
        maps = super().predict(tiles)
        maps[:, :2, :, 75:] *= 0.4
        maps[:, 2] = np.where(maps[:, 2] > 0, 3 - np.arange(maps.shape[2])[:, None] / 20, -6)
        return maps


@pytest.fixture
def model() -> DoubtfulModel:
    return DoubtfulModel()


def test_diameter_sets_the_zoom(model: DoubtfulModel) -> None:
    segment(CELLS, model, diameter=15)
    segment(CELLS, model, diameter=30)
    assert model.shapes[0][2:] == (224, 288) and model.shapes[1][2:] == (128, 160)  # multiples of 32


def test_a_net_may_see_best_what_is_magnified(model: DoubtfulModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(model.network), "magnified", 2.0)
    segment(CELLS, model, diameter=30)
    assert model.shapes[0][2:] == (224, 288)


def test_flow_threshold_drops_what_disagrees_with_its_flows(model: DoubtfulModel) -> None:
    assert segment(CELLS, model, diameter=30, flow_threshold=0).labels[..., 80:].any()
    strict = segment(CELLS, model, diameter=30, flow_threshold=0.1).labels
    assert strict.max() == 1 and strict[0, 30, 30] and not strict[..., 80:].any()


def test_score_threshold_drops_what_little_speaks_for(model: DoubtfulModel) -> None:
    every = segment(CELLS, model, diameter=30, score_threshold=0)
    assert every.labels.max() == 2
    usual = segment(CELLS, model, diameter=30)
    assert usual.options.score_threshold == model.network.score_threshold
    np.testing.assert_array_equal(np.unique(every.labels[usual.labels > 0]), [1])


def test_a_filter_takes_the_place_of_the_other_one(model: DoubtfulModel) -> None:
    usual = segment(CELLS, model, diameter=30)
    every = remask(usual, flow_threshold=0)
    assert every.labels.max() == 2 and every.options.score_threshold == 0
    again = remask(every, score_threshold=usual.options.score_threshold)
    np.testing.assert_array_equal(again.labels, usual.labels)


def test_cellprob_threshold_decides_how_much_is_found(model: DoubtfulModel) -> None:
    found = {
        threshold: np.count_nonzero(
            segment(CELLS, model, diameter=30, flow_threshold=0, cellprob_threshold=threshold).labels
        )
        for threshold in (-1, 0.5, 2)
    }
    assert found[-1] > found[0.5] > found[2]


def test_min_size_drops_small_objects(model: DoubtfulModel) -> None:
    area = np.count_nonzero(LABELS == 1)
    for least, some in ((area // 2, True), (2 * area, False)):
        assert segment(CELLS, model, diameter=30, min_size=least).labels.any() == some


class TimidModel(SeeingModel):
    """Says a tenth of the flows of cells that touch."""

    labels = crowd(1, (128, 128), 25, 14)

    def predict(self, tiles: np.ndarray) -> np.ndarray:
        cellprob = np.where(self.labels > 0, 6.0, -6.0)
        maps = np.stack([*(0.1 * labels_to_flows(self.labels)), cellprob, 0 * cellprob]).astype(np.float32)
        return maps[None]


def test_niter_is_how_far_pixels_walk() -> None:
    pixels = (TimidModel.labels > 0).astype(np.float32)
    cells = len(np.unique(TimidModel.labels)) - 1
    whole = segment(pixels, TimidModel(), diameter=30, flow_threshold=0, min_size=1)
    short = segment(pixels, TimidModel(), diameter=30, flow_threshold=0, min_size=1, niter=3)
    assert whole.labels.max() == cells
    assert 0 < short.labels.max() < cells, "walkers that were stopped early have not parted yet"


def test_augment_takes_the_mean_of_four_mirrorings(model: DoubtfulModel) -> None:
    for augment, looks, left, right in ((False, 1, 1.0, 0.4), (True, 4, 0.7, 0.7)):
        model.shapes.clear()
        result = segment(CELLS, model, diameter=30, augment=augment)
        assert len(model.shapes) == looks
        length = np.hypot(*result.flows[:, 0])
        assert np.median(length[LABELS == 1]) == pytest.approx(left, abs=0.05)
        assert np.median(length[LABELS == 2]) == pytest.approx(right, abs=0.05)


def test_anisotropy_says_how_far_planes_are_apart(seeing_model: SeeingModel) -> None:
    labels = balls((14, 70, 72), [(4, 20, 20), (5, 20, 48), (9, 48, 30)], (3, 11, 11))
    pixels = (labels > 0).astype(np.float32)
    right = segment(pixels, seeing_model, diameter=22, anisotropy=11 / 3)
    assert right.labels.max() == 3 and right.options.anisotropy == 11 / 3
    plain = segment(pixels, seeing_model, diameter=22, do_3D=True)
    assert plain.options.anisotropy == 1 and np.abs(plain.flows - right.flows).max() > 0.1


def test_planes_are_stitched_or_looked_at_as_a_volume(seeing_model: SeeingModel) -> None:
    labels = balls((9, 60, 90), [(4, 30, 25), (4, 30, 65)], (4.5, 14, 14))
    pixels = (labels > 0).astype(np.float32)
    for options, flows, cells in (
        ({"do_3D": True}, 3, 2),
        ({"stitch_threshold": 0.3}, 2, 2),
        ({"do_3D": False}, 2, 2 * 9),
    ):
        result = segment(pixels, seeing_model, diameter=26, anisotropy=3, **options)  # type: ignore[arg-type]
        assert len(result.flows) == flows and result.labels.max() == cells


@pytest.mark.parametrize(
    ("planes", "anisotropy", "thick"), [(9, 5.0, True), (9, 4.0, False), (3, 5.0, False)]
)
def test_stacks_hardly_thicker_than_their_cells_are_stitched(
    seeing_model: SeeingModel, planes: int, anisotropy: float, thick: bool
) -> None:
    labels = balls((planes, 60, 90), [(planes // 2, 30, 25), (planes // 2, 30, 65)], (planes / 2, 14, 14))
    result = segment(labels > 0, seeing_model, axes="ZYX", diameter=26, anisotropy=anisotropy)
    assert result.options.do_3D is thick and result.labels.max() == 2
    assert [("plane by plane" in note) for note in result.notes] == [True] * (not thick)
    assert segment(labels > 0, seeing_model, axes="ZYX", diameter=26, do_3D=True).options.do_3D is True
    apart = segment(labels > 0, seeing_model, axes="ZYX", diameter=26, do_3D=False)
    assert apart.options.stitch_threshold == 0 and apart.labels.max() > 2


def test_moments_of_a_time_series_are_no_depth(seeing_model: SeeingModel) -> None:
    labels = balls((9, 60, 90), [(4, 30, 25), (4, 30, 65)], (4.5, 14, 14))
    result = segment(labels > 0, seeing_model, axes="TYX", diameter=26, anisotropy=5)
    assert result.options.do_3D is False and result.options.stitch_threshold == 0
    assert result.labels.max() == 2 * 9 and not result.notes
    assert segment(labels > 0, seeing_model, axes="TYX", diameter=26, do_3D=True).options.do_3D is True
