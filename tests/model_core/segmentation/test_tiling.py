"""Tiles: they cover everything, blend without a seam, and stop when told."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_core.errors import Cancelled
from model_core.segmentation.tiling import OVERLAP, STRIDE, predict_fields, spans


class Echo:
    """Says its input back, and the slope of its first channel as flows if asked to."""

    def __init__(self, slopes: bool = False) -> None:
        self.slopes, self.batches, self.sides = slopes, [], set()

    def predict(self, tiles: np.ndarray) -> np.ndarray:
        self.batches.append(len(tiles))
        self.sides.add(tiles.shape[2:])
        if self.slopes:
            first = tiles[:, 0]
            return np.stack([*np.gradient(first, axis=(1, 2)), first, tiles[:, 1]], 1)
        return np.concatenate([tiles, tiles[:, :1] * 2], 1)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@given(st.integers(1, 5000), st.sampled_from([128, 160, 256, 384, 500]))
def test_spans_cover_everything(length: int, tile: int) -> None:
    found = spans(length, tile)
    sides = {end - start for start, end in found}
    assert len(sides) == 1
    side = sides.pop()
    assert side % STRIDE == 0 and side < tile + STRIDE
    assert found[0][0] == 0 and found[-1][1] >= length
    assert found[-1][0] < length
    for (_, end), (start, _) in pairwise(found):
        assert end - start >= OVERLAP


@pytest.mark.parametrize(
    ("height", "width"), [(300, 517), (64, 1000), (128, 128), (129, 129), (33, 40), (1, 7), (7, 1), (1, 1)]
)
@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_blended_tiles_are_the_whole(height: int, width: int, batch_size: int) -> None:
    pixels = noise(3, height, width)
    model = Echo()
    fields = predict_fields(model, pixels, tile=128, batch_size=batch_size)  # type: ignore[arg-type]
    np.testing.assert_allclose(fields.flows, pixels[:2], atol=1e-5)
    np.testing.assert_allclose(fields.cellprob, pixels[2], atol=1e-5)
    assert max(model.batches) <= batch_size
    assert all(y % STRIDE == 0 and x % STRIDE == 0 for y, x in model.sides)


def test_mirrored_flows_are_mirrored_back() -> None:
    pixels = np.cumsum(np.cumsum(noise(3, 90, 120), 1), 2)
    plain = predict_fields(Echo(slopes=True), pixels, tile=256)  # type: ignore[arg-type]
    model = Echo(slopes=True)
    averaged = predict_fields(model, pixels, tile=256, augment=True)  # type: ignore[arg-type]
    for a, b in zip(plain, averaged, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-3)
    assert len(model.batches) == 4


def test_cancel_and_progress() -> None:
    model, seen = Echo(), []
    predict_fields(model, noise(3, 400, 400), tile=128, progress=lambda *done: seen.append(done))  # type: ignore[arg-type]
    total = seen[-1][1]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen) and seen[-1][0] == total
    assert sum(model.batches) == total
    model = Echo()
    with pytest.raises(Cancelled):
        predict_fields(model, noise(3, 400, 400), tile=128, cancel=lambda: len(model.batches) == 2)  # type: ignore[arg-type]
    assert len(model.batches) == 2
