"""Large images in tiles: the picture is that of the whole plane, and nothing is read twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from cellpose_gui.canvas import tiled_plane
from cellpose_gui.canvas.plane_source import PlaneSource, WholePlane
from cellpose_gui.canvas.tiled_plane import TiledPlane, is_tiled
from model_core.errors import UserError
from model_core.images.lazy import in_chunks

SMOOTH = np.add.outer(np.arange(3001) * 7, np.arange(2500) * 5).astype(np.uint16)[None, None]
SMOOTH = np.concatenate([SMOOTH, SMOOTH[..., ::-1]], axis=0)
Reads = Counter


@pytest.fixture
def made() -> Iterator[list[PlaneSource]]:
    sources: list[PlaneSource] = []
    yield sources
    for source in sources:
        source.stop()


def grey(pixels: np.ndarray) -> np.ndarray:
    return pixels.astype(np.uint32)


def view(source: PlaneSource, rows: slice, cols: slice, step: float, channel: int = 0) -> np.ndarray:
    ys, xs = (np.arange(part.start, part.stop, step).astype(np.intp) for part in (rows, cols))
    return source.prepare(channel, ys, xs, step)(grey)


def settle(qtbot: QtBot, source: TiledPlane) -> None:
    qtbot.waitUntil(lambda: not source._loader._threads, timeout=20_000)


def lazily(reads: Reads, pixels: np.ndarray = SMOOTH, chunk: int = 512) -> object:
    def read(box: tuple[slice, ...], out: np.ndarray) -> None:
        reads[str(box)] += 1
        out[...] = pixels[box]

    return in_chunks(read, pixels.shape, (1, 1, chunk, chunk), pixels.dtype, "a")


PARTS = [
    (np.s_[0:400], np.s_[0:300], 0.5),
    (np.s_[500:530], np.s_[1000:1040], 0.11),
    (np.s_[300:1700], np.s_[900:2300], 1.0),
    (np.s_[300:2999], np.s_[1:2401], 2.0),
    (np.s_[0:3000], np.s_[0:2499], 3.7),
    (np.s_[0:3000], np.s_[0:2499], 9.0),
]


@pytest.mark.parametrize("part", PARTS, ids=str)
def test_the_picture_is_that_of_the_whole_plane(qtbot: QtBot, made: list, part: tuple) -> None:
    """Where the file holds no copies, those that are made of tiles equal the ones of a plane in memory."""
    tiled, whole = TiledPlane(lazily(Counter()), (), 0), WholePlane(SMOOTH, 0)
    made += tiled, whole
    with qtbot.waitSignal(whole.settled):
        pass
    for channel in (0, 1):
        view(tiled, *part, channel)
        settle(qtbot, tiled)
        np.testing.assert_array_equal(view(tiled, *part, channel), view(whole, *part, channel))


def test_levels_of_the_file_are_shown(qtbot: QtBot, made: list) -> None:
    reads: Reads = Counter()
    half, fifth = SMOOTH[..., ::2, ::2], np.full((2, 1, 601, 500), 77, np.uint16)
    tiled = TiledPlane(lazily(reads), (half, fifth), 0)
    made.append(tiled)
    view(tiled, np.s_[0:3000], np.s_[0:2500], 6.0)
    settle(qtbot, tiled)
    assert (view(tiled, np.s_[0:3000], np.s_[0:2500], 6.0) == 77).all()
    assert not reads  # nothing of the full size was needed for that
    # coarser pixels stand in while finer ones are on their way
    assert (view(tiled, np.s_[0:300], np.s_[0:300], 1.0) == 77).all()
    settle(qtbot, tiled)
    np.testing.assert_array_equal(view(tiled, np.s_[0:300], np.s_[0:300], 1.0), SMOOTH[0, 0, :300, :300])


def test_what_has_arrived_is_told(qtbot: QtBot, made: list) -> None:
    tiled = TiledPlane(lazily(Counter()), (SMOOTH[..., ::4, ::4],), 0)
    made.append(tiled)
    with qtbot.waitSignal(tiled.changed), qtbot.waitSignal(tiled.settled):
        view(tiled, np.s_[600:700], np.s_[600:700], 1.0)
    settle(qtbot, tiled)
    with qtbot.waitSignal(tiled.changed, check_params_cb=lambda area: area.contains(1030, 20)):
        view(tiled, np.s_[0:100], np.s_[1024:1100], 1.0)


def test_nothing_is_read_twice(qtbot: QtBot, made: list) -> None:
    reads: Reads = Counter()
    tiled = TiledPlane(lazily(reads), (), 0)
    made.append(tiled)
    for part in (*PARTS, *PARTS):
        view(tiled, *part)
        settle(qtbot, tiled)
    assert set(reads.values()) == {1}
    assert len(reads) == 30  # one channel, all of it


def test_memory_is_bounded(qtbot: QtBot, made: list, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = 24 * 512 * 512 * 2
    monkeypatch.setattr(tiled_plane, "CACHE_BYTES", limit)
    monkeypatch.setattr(tiled_plane, "_MOST_IN_VIEW", 1)
    tiled, whole = TiledPlane(lazily(Counter()), (), 0), WholePlane(SMOOTH, 0)
    made += tiled, whole
    for part in PARTS:
        view(tiled, *part)
        settle(qtbot, tiled)
        kept = sum(pixels.nbytes for pixels in tiled._loader._kept.values())
        assert kept == tiled._loader._bytes <= limit
    with qtbot.waitSignal(whole.settled):
        whole.set_plane(0)
    np.testing.assert_array_equal(view(tiled, *PARTS[-1]), view(whole, *PARTS[-1]))


def test_values_come_when_they_are_read(qtbot: QtBot, made: list) -> None:
    tiled = TiledPlane(lazily(Counter()), (), 0)
    made.append(tiled)
    assert np.isnan(tiled.values_at(2000, 1000)).all()
    settle(qtbot, tiled)
    assert tiled.values_at(2000, 1000) == tuple(SMOOTH[:, 0, 2000, 1000].tolist())


def test_planes_of_a_stack(qtbot: QtBot, made: list) -> None:
    stack = np.stack([np.full((600, 700), n, np.uint8) for n in (3, 5, 7)])[None]
    tiled = TiledPlane(lazily(Counter(), stack), (), 2)
    made.append(tiled)
    for plane in (2, 0, 1):
        tiled.set_plane(plane)
        view(tiled, np.s_[0:600], np.s_[0:700], 1.0)
        settle(qtbot, tiled)
        assert (view(tiled, np.s_[0:600], np.s_[0:700], 1.0) == stack[0, plane, 0, 0]).all()


def test_a_damaged_part_is_told_once_and_black(qtbot: QtBot, made: list) -> None:
    def read(box: tuple[slice, ...], out: np.ndarray) -> None:
        if box[2].start:
            raise ValueError("nonsense")
        out[...] = SMOOTH[box]

    tiled = TiledPlane(in_chunks(read, SMOOTH.shape, (1, 1, 512, 512), SMOOTH.dtype, "a"), (), 0)
    made.append(tiled)
    told: list[UserError] = []
    tiled.failed.connect(told.append)
    view(tiled, np.s_[0:1500], np.s_[0:1500], 1.0)
    settle(qtbot, tiled)
    qtbot.waitUntil(lambda: bool(told))
    shown = view(tiled, np.s_[0:1500], np.s_[0:1500], 1.0)
    np.testing.assert_array_equal(shown[:512], SMOOTH[0, 0, :512, :1500])
    assert not shown[512:].any()
    assert len(told) == 1 and "a" in str(told[0])


def test_what_is_tiled() -> None:
    assert is_tiled(lazily(Counter()))
    assert not is_tiled(SMOOTH)
    assert is_tiled(
        np.lib.stride_tricks.as_strided(np.zeros(1, np.uint8), (1, 1, 16384, 16384), (0, 0, 0, 0))
    )
