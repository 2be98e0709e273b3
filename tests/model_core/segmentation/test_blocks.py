"""Blocks: what they find together is what the whole plane gives, whatever lies across their seams."""

import numpy as np
import pytest
from drawings import SeeingModel, ball, crowd

from model_core.annotation.matching import average_precision
from model_core.errors import Cancelled
from model_core.flows.targets import labels_to_flows
from model_core.segmentation import blocks
from model_core.segmentation.blocks import cores, outline_in_blocks
from model_core.segmentation.options import Options
from model_core.segmentation.outline import outline
from model_core.segmentation.remask import remask
from model_core.segmentation.segmenter import segment
from model_core.segmentation.tiling import Fields


def fields_of(labels: np.ndarray, dtype: type = np.float16) -> Fields:
    """The exact fields of a plane (Y, X)."""
    flows = labels_to_flows(labels)[:, None].astype(dtype)
    return Fields(flows, np.where(labels > 0, 6, -6)[None].astype(dtype))


def worm(labels: np.ndarray, number: int, row: int, width: int = 9) -> None:
    """A long wavy object from left to right."""
    across = np.arange(20, labels.shape[1] - 20)
    rows = (row + 12 * np.sin(across / 25)).astype(int)
    for offset in range(width):
        labels[rows + offset, across] = number


def same(found: np.ndarray, whole: np.ndarray) -> None:
    assert found.max() == whole.max() == len(np.unique(found)) - 1
    assert average_precision(whole, found, (0.9,))[0][0] == 1


@pytest.mark.parametrize("side", [150, 233, 1000])
def test_blocks_are_the_whole(side: int) -> None:
    labels = crowd(0, (520, 640), 420, 18)
    fields = fields_of(labels)
    whole, sure = outline(*(f.astype(np.float32) for f in fields), Options())
    found, scores = outline_in_blocks(fields, Options(), 25, side=side)
    assert found.dtype == np.uint32 and found.shape == (1, *labels.shape)
    same(found, whole)
    partner = np.zeros(len(sure), int)
    partner[whole.ravel()] = found.ravel()
    np.testing.assert_allclose(scores[partner], sure, atol=1e-6)
    assert len(scores) == found.max() + 1 and scores[0] == 0


def test_windows_grow_for_long_objects() -> None:
    labels = crowd(1, (300, 640), 90, 14)
    for number, row in enumerate((60, 75, 200), labels.max() + 1):
        worm(labels, number, row)
    fields = fields_of(labels)
    whole, _ = outline(*(f.astype(np.float32) for f in fields), Options())
    found, _ = outline_in_blocks(fields, Options(), 10, side=450)
    same(found, whole)
    for number in np.unique(labels)[-3:]:
        inside = found[0][labels == number]
        assert np.bincount(inside).max() > 0.9 * inside.size


@pytest.mark.parametrize("coarse", [150, 2048])
def test_objects_larger_than_any_window(coarse: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "_COARSE", coarse)
    labels = np.zeros((300, 340), np.int32)
    labels[ball(labels.shape, (150, 180), (130, 110))] = 1
    labels[ball(labels.shape, (150, 180), (40, 40))] = 0
    labels[140:160, 170:190] = 2
    labels[10:40, 10:40] = 3
    told: list[np.ndarray] = []
    found, scores = outline_in_blocks(
        fields_of(labels), Options(), 40, side=80, finished=lambda box, inside: told.append(inside)
    )
    assert found.max() == 3 and len(scores) == 4 and len(told) > 3
    for number in (1, 2, 3):
        partner = np.bincount(found[0][labels == number]).argmax()
        both = np.count_nonzero((found[0] == partner) & (labels == number))
        either = np.count_nonzero((found[0] == partner) | (labels == number))
        assert partner > 0 and both / either > 0.95


def test_objects_are_told_once_they_are_final() -> None:
    labels = crowd(2, (420, 500), 220, 18)
    shown = np.zeros((1, *labels.shape), np.uint32)
    told: list[float] = []
    done: list[float] = []

    def finished(box: tuple[slice, slice, slice], inside: np.ndarray) -> None:
        before = shown[box]
        assert np.array_equal(inside[before > 0], before[before > 0])
        shown[box] = inside
        told.append(done[-1] if done else 0)

    found, _ = outline_in_blocks(
        fields_of(labels), Options(), 25, side=150, finished=finished, progress=done.append
    )
    np.testing.assert_array_equal(shown, found)
    assert len(told) > 4 and told[0] < 0.6
    assert done == sorted(done) and done[-1] == 1


@pytest.mark.parametrize(("shape", "side"), [((300, 410), 100), ((90, 800), 100), ((50, 50), 100)])
def test_fields_are_predicted_before_they_are_looked_at(shape: tuple[int, int], side: int) -> None:
    labels = crowd(3, shape, shape[0] * shape[1] // 900, 16)
    exact = fields_of(labels)
    fields = Fields(np.full_like(exact.flows, np.nan), np.full_like(exact.cellprob, -6))
    parts = cores(*shape, side)
    covered = np.zeros(shape, int)
    for core in parts:
        covered[core.rows, core.columns] += 1
        assert max(core.rows.stop - core.rows.start, core.columns.stop - core.columns.start) <= side
    assert (covered == 1).all()

    def predict(z: int, core: object) -> None:
        here = np.s_[..., core.rows, core.columns]  # type: ignore[attr-defined]
        fields.flows[here], fields.cellprob[here] = exact.flows[here], exact.cellprob[here]

    found, _ = outline_in_blocks(fields, Options(), 20, side=side, predict=predict)
    whole, _ = outline(*(f.astype(np.float32) for f in exact), Options())
    same(found, whole)


def test_nothing_is_found_in_nothing_and_cancel_stops() -> None:
    fields = fields_of(np.zeros((300, 300), int))
    told: list[object] = []
    found, scores = outline_in_blocks(
        fields, Options(), 20, side=100, finished=lambda *what: told.append(what)
    )
    assert not found.any() and len(scores) == 1 and not told
    asked: list[int] = []

    def cancel() -> bool:
        asked.append(1)
        return len(asked) == 3

    with pytest.raises(Cancelled):
        outline_in_blocks(fields, Options(), 20, side=100, cancel=cancel)


def test_bad_objects_are_dropped_as_in_the_whole() -> None:
    labels = crowd(4, (400, 400), 150, 18)
    fields = fields_of(labels)
    noise = np.random.default_rng(0).normal(0, 0.9, fields.flows.shape)
    fields.flows[:, :, :, 150:250] += noise[:, :, :, 150:250].astype(np.float16)
    whole, _ = outline(*(f.astype(np.float32) for f in fields), Options(flow_threshold=0.5))
    found, _ = outline_in_blocks(fields, Options(flow_threshold=0.5), 25, side=130)
    assert whole.max() < labels.max()
    same(found, whole)


def large_scene() -> np.ndarray:
    """Discs in a strip longer than what is worked on at once, on every seam; its end is empty."""
    centres = [(y, x) for y in range(30, 180, 50) for x in range(30, 2100, 50)]
    labels = np.zeros((200, 2800), np.int32)
    for number, (y, x) in enumerate(centres, 1):
        labels[y - 15 : y + 16, x - 15 : x + 16][ball((31, 31), (15, 15), 15)] = number
    return labels


def test_large_images(seeing_model: SeeingModel) -> None:
    labels = large_scene()
    shown = np.zeros((1, *labels.shape), np.uint32)
    fractions: list[float] = []

    def finished(box: tuple[slice, slice, slice], inside: np.ndarray) -> None:
        shown[box] = inside

    pixels = (np.uint16(4000) * (labels > 0)).astype(np.uint16)
    result = segment(
        pixels, seeing_model, finished=finished, progress=lambda fraction, _: fractions.append(fraction)
    )
    assert result.flows.dtype == result.cellprob.dtype == np.float16
    assert result.labels.max() == labels.max() == len(result.objects)
    assert average_precision(labels[None], result.labels, (0.8,))[0][0] == 1
    assert result.diameter == pytest.approx(30, rel=0.1)
    np.testing.assert_array_equal(shown, result.labels)
    assert fractions == sorted(fractions) and fractions[-1] == 1
    again = remask(result)
    np.testing.assert_array_equal(again.labels, result.labels)
    assert remask(result, min_size=2000).labels.max() == 0


def test_large_planes_are_stitched(seeing_model: SeeingModel) -> None:
    labels = large_scene()[:60]
    told: list[tuple[slice, slice, slice]] = []
    result = segment(
        np.stack([labels > 0, labels > 0]),
        seeing_model,
        axes="ZYX",
        diameter=30,
        stitch_threshold=0.5,
        finished=lambda box, inside: told.append(box),
    )
    count = int(len(np.unique(labels)) - 1)
    assert result.labels.max() == count and len(told) == 1
    np.testing.assert_array_equal(result.labels[0], result.labels[1])
    assert len(result.confidence) == count + 1 and (result.confidence[1:] > 0.8).all()
