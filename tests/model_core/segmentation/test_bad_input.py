"""Whatever is handed to `segment`: labels that make sense, or a sentence that says why not."""

import threading
import time
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
import torch
from drawings import SeeingModel, balls

from model_core.annotation.matching import average_precision
from model_core.errors import Cancelled, UserError
from model_core.models.model import Model, load_model
from model_core.networks.cpnet import CPnet, CPnetOptions
from model_core.segmentation import scaling
from model_core.segmentation.segmentation import Segmentation
from model_core.segmentation.segmenter import segment

LABELS = balls((120, 130), [(30, 30), (30, 90), (88, 30), (90, 95)], 15)
CELLS = (LABELS > 0).astype(np.float64)


@pytest.fixture(scope="module")
def tiny_model(tiny_model_file: Path) -> Model:
    return load_model(tiny_model_file, "cpu")


def finds_all(result: Segmentation) -> bool:
    true = np.broadcast_to(LABELS, result.labels.shape)
    return all(average_precision(a, b, (0.8,))[0][0] == 1 for a, b in zip(true, result.labels, strict=True))


@pytest.mark.parametrize("options", [{}, {"do_3D": True}, {"do_3D": False}, {"stitch_threshold": 0.3}])
def test_a_volume_of_one_plane_is_a_plane(seeing_model: SeeingModel, options: dict[str, Any]) -> None:
    result = segment(CELLS[None], seeing_model, axes="ZYX", **options)
    assert result.labels.shape == (1, 120, 130) and finds_all(result)
    np.testing.assert_array_equal(segment(CELLS, seeing_model, **options).labels, result.labels)


@pytest.mark.parametrize("axes", ["CZYX", "ZCYX", "YXZC", "XYCZ", "CXYZ", "zyxc", "TCYX", "YXTS"])
def test_axes_in_any_order(seeing_model: SeeingModel, tmp_path: Path, axes: str) -> None:
    ordered = np.stack([np.stack([CELLS * 900] * 6), np.zeros((6, 120, 130))]).astype(np.uint16)  # CZYX
    letters = axes.upper().replace("T", "Z").replace("S", "C")
    array = ordered.transpose(["CZYX".index(letter) for letter in letters])
    if axes == "YXTS":  # two samples are grey and transparency
        array[..., 1] = 65535
    result = segment(array, seeing_model, axes=axes, do_3D=False, diameter=30)
    assert result.labels.shape == (6, 120, 130) and finds_all(result)
    if axes in ("ZCYX", "TCYX"):  # what ImageJ writes
        path = tmp_path / "stack.tif"
        tifffile.imwrite(path, array, imagej=True, metadata={"axes": axes})
        assert finds_all(segment(path, seeing_model, do_3D=False, diameter=30))


@pytest.mark.parametrize("channels", range(2, 17))
def test_two_to_sixteen_channels(seeing_model: SeeingModel, channels: int) -> None:
    pixels = np.zeros((channels, 120, 130), np.uint8)
    pixels[0] = 200 * CELLS
    result = segment(pixels, seeing_model, axes="CYX", diameter=30)
    assert finds_all(result)
    assert [f"{channels} channels" in note for note in result.notes] == [True] * (channels > 3)
    pixels[[0, -1]] = pixels[[-1, 0]]
    last = segment(pixels, seeing_model, axes="CYX", diameter=30, channels=[channels])
    assert finds_all(last) and not last.notes


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, bool])
@pytest.mark.parametrize("shape", [(300, 300), (5, 40, 40)])
def test_images_of_zeros_hold_nothing(seeing_model: SeeingModel, dtype: type, shape: tuple[int, ...]) -> None:
    result = segment(np.zeros(shape, dtype), seeing_model)
    assert result.labels.max() == 0 and len(result.objects) == 0
    assert any("same value everywhere" in note for note in result.notes)


def test_the_bundled_model_sees_nothing_where_all_is_zero() -> None:
    model = load_model(device="cpu")
    pixels = np.zeros((420, 420), np.uint16)
    assert segment(pixels, model).labels.max() == 0
    pixels[20:110, 20:120] = 500 + 3000 * CELLS[10:100, 10:110]
    result = segment(pixels, model, tile=128, diameter=30)  # most tiles hold nothing but zeros
    assert result.labels[0, :128, :128].max() >= 1
    assert not result.labels[0, 140:].any() and not result.labels[0, :, 140:].any()


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 3), (3, 1), (3, 3), (1, 500), (500, 1), (2, 500), (1, 1, 1), (7, 1, 1), (5, 3, 60)]
)
@pytest.mark.parametrize("options", [{}, {"diameter": 1}, {"diameter": 2000}])
def test_tiny_images(tiny_model: Model, shape: tuple[int, ...], options: dict[str, float]) -> None:
    axes = "ZYX"[-len(shape) :]
    pixels = np.random.default_rng(0).integers(0, 900, shape).astype(np.uint16)
    result = segment(pixels, tiny_model, axes=axes, **options)
    assert result.labels.shape == ((1, *shape) if len(shape) == 2 else shape)
    assert np.isfinite(result.flows).all() and np.isfinite(result.cellprob).all()


@pytest.mark.parametrize("diameter", [1, 2000])
@pytest.mark.parametrize("shape", [(90, 80), (4, 40, 50)])
def test_diameters_of_specks_and_giants(
    seeing_model: SeeingModel, diameter: float, shape: tuple[int, ...]
) -> None:
    pixels = np.zeros(shape)
    pixels[..., 10:30, 10:30] = 1
    result = segment(pixels, seeing_model, diameter=diameter, min_size=0, do_3D=False)
    assert result.labels.shape[-2:] == shape[-2:] and result.options.diameter == diameter
    if diameter == 1:
        assert all(len(np.unique(plane[10:30, 10:30])) == 1 for plane in result.labels)


@pytest.mark.parametrize("inputs", [1, 2, 5])
def test_a_model_for_other_channels(inputs: int) -> None:
    from model_core.models.package import Card

    network = CPnet(CPnetOptions(channels=inputs, widths=(4, 6))).eval()
    model = Model(network, Card("m"), "cpu")
    for channels in (1, 2, 3, 4):
        pixels = np.random.default_rng(0).random((channels, 40, 40))
        result = segment(pixels, model, axes="CYX", diameter=30)
        assert result.labels.shape == (1, 40, 40)
        assert any("looked at the first" in note for note in result.notes) == (channels > inputs)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_nan_and_infinity(seeing_model: SeeingModel, bad: float, dtype: type) -> None:
    pixels = CELLS.astype(dtype)
    pixels[60] = bad
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = segment(pixels, seeing_model, diameter=30)
    assert finds_all(result) and any("NaN" in note for note in result.notes)
    nothing = segment(np.full((50, 50), bad, dtype), seeing_model)
    assert nothing.labels.max() == 0 and len(nothing.notes) == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p > 0.5,
        lambda p: (p * 2**40).astype(np.int64),
        lambda p: (p * 100 + 2**40).astype(np.int64),  # of which float32 would see but a constant
        lambda p: (p * 50 + 2**31).astype(np.uint32),
        lambda p: (p * 2**63).astype(np.uint64),
        lambda p: (p * 100 - 50).astype(np.int8),
        lambda p: (p * 60000 - 30000).astype(np.int16),
        lambda p: p * 9 - 1000,
        lambda p: p.astype(np.float16),
        lambda p: p.astype(np.longdouble),
        lambda p: p.astype(">f8"),
        lambda p: p * 1e300,
        lambda p: p * 1e-300,
        lambda p: (p * 1e-42).astype(np.float32),
        lambda p: np.asfortranarray(p),
        lambda p: np.repeat(p, 2, 1)[:, ::2],
        lambda p: p.tolist(),
    ],
)
def test_numbers_of_any_type_and_size(
    seeing_model: SeeingModel, change: Callable[[np.ndarray], np.ndarray]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = segment(change(CELLS), seeing_model, diameter=30)
    assert finds_all(result) and not result.notes


def test_a_pixel_that_is_far_too_hot_counts_as_none(seeing_model: SeeingModel) -> None:
    pixels = CELLS.copy()
    pixels[0, 5] = 1e300
    result = segment(pixels, seeing_model, diameter=30)
    assert finds_all(result) and any("NaN or infinity" in note for note in result.notes)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (CELLS.astype(complex), "not pixels.*complex"),
        (CELLS.astype(object), "not pixels.*object"),
        (CELLS.astype(str), "not pixels"),
        ([[1, 2], [3]], "different lengths"),
        (None, "not pixels"),
        (7, "2 to 4 axes"),
        (np.zeros((0, 40)), "empty"),
        (np.zeros((2, 2, 2, 2, 2)), "2 to 4 axes"),
        ("no such file.tif", "does not exist"),
    ],
)
def test_what_is_no_image_is_refused(seeing_model: SeeingModel, given: object, words: str) -> None:
    with pytest.raises(UserError, match=words):
        segment(given, seeing_model)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"axes": "QW"}, "do not describe"),
        ({"axes": 3}, "letters"),
        ({"diameter": "30"}, "diameter is a number"),
        ({"diameter": 0}, "measured"),
        ({"min_size": None}, "min_size is a whole number"),
        ({"niter": 3.5}, "niter is a whole number"),
        ({"flow_threshold": float("nan")}, "finite"),
        ({"cellprob_threshold": float("inf")}, "finite"),
        ({"channels": (2, 1)}, None),
        ({"channels": ()}, "Channels are given"),
        ({"channels": "12"}, "Channels are given"),
        ({"channels": [[2, 3]]}, "Channels are given"),
        ({"channels": (-1,)}, "Channels are given"),
        ({"channels": (1, 2, 3, 4)}, "too many"),
    ],
)
def test_options_that_cannot_be(
    seeing_model: SeeingModel, options: dict[str, Any], words: str | None
) -> None:
    if words is None:
        assert finds_all(segment(CELLS, seeing_model, **options))
        return
    with pytest.raises(UserError, match=words):
        segment(CELLS, seeing_model, **options)


class SlowModel(SeeingModel):
    """Needs a tenth of a second for each batch."""

    def predict(self, tiles: np.ndarray) -> np.ndarray:
        time.sleep(0.1)
        return super().predict(tiles)


@pytest.mark.parametrize("shape", [(1500, 1500), (20, 60, 60)])
@pytest.mark.parametrize("options", [{}, {"diameter": 30}, {"diameter": 30, "augment": True}])
def test_cancel_takes_effect_within_a_second(shape: tuple[int, ...], options: dict[str, Any]) -> None:
    stop = threading.Event()
    timer = threading.Timer(0.3, stop.set)
    timer.start()
    pixels = np.zeros(shape, np.float32)
    pixels[..., ::40, ::40] = 1
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        segment(pixels, SlowModel(), tile=128, batch_size=2, cancel=stop.is_set, **options)
    timer.cancel()
    assert time.monotonic() - begun < 0.3 + 1


def failing_above(model: Model, most: int, error: Exception, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The net has memory for so many tiles at once; the sizes of the batches that went well."""
    whole, sizes = model._maps, []

    def short_of_memory(tiles: np.ndarray) -> object:
        if len(tiles) > most:
            raise error
        sizes.append(len(tiles))
        return whole(tiles)

    monkeypatch.setattr(model, "_maps", short_of_memory)
    return sizes


OUT_OF_MEMORY = [
    MemoryError(),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory"),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB."),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY)
def test_batches_become_smaller_until_they_fit(
    tiny_model_file: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    model = load_model(tiny_model_file, "cpu")
    pixels = np.random.default_rng(0).random((300, 300))
    wanted = segment(pixels, model, tile=128, diameter=30, batch_size=5)
    sizes = failing_above(model, 1, error, monkeypatch)
    found = segment(pixels, model, tile=128, diameter=30, batch_size=5)
    np.testing.assert_allclose(found.cellprob, wanted.cellprob, atol=0.05)
    assert set(sizes) == {1}


@pytest.mark.parametrize("error", OUT_OF_MEMORY)
def test_without_any_memory_it_says_so_and_works_again_later(
    tiny_model_file: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    model = load_model(tiny_model_file, "cpu")
    with monkeypatch.context() as patch:
        failing_above(model, 0, error, patch)
        with pytest.raises(MemoryError, match="not enough memory"):
            segment(CELLS, model)
    assert segment(CELLS, model).labels.shape == (1, 120, 130)


def test_a_size_model_without_memory_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from model_core.models.package import Card

    network = CPnet(CPnetOptions(widths=(4, 6))).eval()
    model = Model(network, Card("m"), "cpu")
    failing_above(model, 0, RuntimeError("out of memory"), monkeypatch)
    with pytest.raises(MemoryError):
        segment(CELLS, model)


def test_an_image_that_cannot_be_enlarged_is_a_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object, **__: object) -> np.ndarray:
        error = cv2.error("Insufficient memory")
        error.code = code
        raise error

    monkeypatch.setattr(cv2, "resize", no_room)
    code = cv2.Error.StsNoMem
    with pytest.raises(MemoryError):
        scaling.resized(np.zeros((1, 9, 9), np.float32), 2)
    code = cv2.Error.StsBadArg
    with pytest.raises(cv2.error):
        scaling.resized(np.zeros((1, 9, 9), np.float32), 2)


def test_a_type_that_suits_the_net_is_not_copied() -> None:
    from model_core.images.float32 import fit_for_float32
    from model_core.images.image import image_from_array

    for dtype in (np.uint8, np.uint16, np.float32):
        image = image_from_array(np.random.default_rng(0).integers(0, 99, (3000, 3000)).astype(dtype))
        tracemalloc.start()
        assert fit_for_float32(image) is image
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 60e6
