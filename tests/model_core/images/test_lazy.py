"""Pixels that are read where somebody looks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from model_core.errors import UserError
from model_core.images.lazy import LazyPixels, in_chunks
from model_core.images.readers import read_image
from model_core.images.scaled import ScaledImage

PIXELS = np.random.default_rng(0).integers(0, 60_000, (3, 4, 50, 60)).astype(np.uint16)
KEYS = [
    np.s_[0],
    np.s_[-1, 2],
    np.s_[:, 1],
    np.s_[:, 1, 3, 4],
    np.s_[1, 2, 3, 4],
    np.s_[..., ::7, ::5],
    np.s_[2::-1],
    np.s_[[2, 0]],
    np.s_[:, -1, 10:9999, -20:-3],
    np.s_[None, :, 0],
    np.s_[0, 0, 5:5],
    np.s_[1:, ..., 3],
]


@pytest.fixture
def lazy() -> LazyPixels:
    return in_chunks(_read, PIXELS.shape, (1, 1, 16, 16), PIXELS.dtype, "a")


def _read(box: tuple[slice, ...], out: np.ndarray) -> None:
    out[...] = PIXELS[box]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_indexed_as_arrays_are(lazy: LazyPixels, key: object) -> None:
    wanted = PIXELS[key]  # type: ignore[call-overload]
    part = lazy[key]
    assert part.shape == wanted.shape and part.dtype == wanted.dtype and part.size == wanted.size
    np.testing.assert_array_equal(np.asarray(part), wanted)


def test_parts_of_parts(lazy: LazyPixels) -> None:
    part = lazy[:, 2, 10:40][..., 1::3].transpose([2, 0, 1])
    np.testing.assert_array_equal(np.asarray(part), PIXELS[:, 2, 10:40][..., 1::3].transpose(2, 0, 1))
    assert [channel.shape for channel in lazy] == [(4, 50, 60)] * 3


def test_beyond_the_end(lazy: LazyPixels) -> None:
    with pytest.raises(IndexError):
        lazy[3]


def test_a_part_is_read_once() -> None:
    boxes = []

    def read(box: tuple[slice, ...], out: np.ndarray) -> None:
        boxes.append(box)
        out[...] = PIXELS[0, 0][box]

    pixels = in_chunks(read, (50, 60), (16, 16), PIXELS.dtype, "a")
    assert not boxes  # nothing before somebody looks
    for _ in range(3):
        np.asarray(pixels[:16, 10:20])
    assert sorted(str(box) for box in boxes) == [
        "(slice(0, 16, None), slice(0, 16, None))",
        "(slice(0, 16, None), slice(16, 32, None))",
    ]


def test_nets_see_the_same(lazy: LazyPixels) -> None:
    eager = ScaledImage(PIXELS)
    np.testing.assert_array_equal(ScaledImage(lazy).whole(), eager.whole())
    np.testing.assert_array_equal(ScaledImage(lazy).shrunk(1, 4), eager.shrunk(1, 4))


# ---------------------------------------------------------------------- TIFF

LARGE = np.random.default_rng(1).integers(0, 4000, (300, 400)).astype(np.uint16)


@pytest.fixture
def all_lazy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files are read part by part too."""
    monkeypatch.setattr("model_core.images.tiff._LARGE", 0)


@pytest.mark.usefixtures("all_lazy")
@pytest.mark.parametrize("compression", [None, "zlib", "lzw", "zstd"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize(
    "layout", [{"tile": (64, 48)}, {"rowsperstrip": 7}, {"rowsperstrip": 1}], ids=["tiles", "strips", "rows"]
)
@pytest.mark.parametrize("predictor", [False, True])
def test_tiff_in_parts(
    tmp_path: Path, compression: str | None, byteorder: str, layout: dict, predictor: bool
) -> None:
    if predictor and compression is None:
        pytest.skip("a predictor belongs to a compression")
    tifffile.imwrite(
        tmp_path / "a.tif", LARGE, compression=compression, byteorder=byteorder, predictor=predictor, **layout
    )
    image = read_image(tmp_path / "a.tif")
    mapped = compression is None and "tile" not in layout
    assert isinstance(image.pixels, np.ndarray if mapped else LazyPixels)
    assert image.dtype == np.uint16 and image.dtype.isnative
    np.testing.assert_array_equal(np.asarray(image.pixels[0, 0]), LARGE)
    np.testing.assert_array_equal(np.asarray(image.pixels[0, 0, 130:150, 47:50]), LARGE[130:150, 47:50])


@pytest.mark.usefixtures("all_lazy")
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_colour_in_parts(tmp_path: Path, planar: str) -> None:
    colours = np.random.default_rng(2).integers(0, 255, (100, 90, 3)).astype(np.uint8)
    pixels = colours if planar == "contig" else np.moveaxis(colours, -1, 0)
    tifffile.imwrite(
        tmp_path / "a.tif", pixels, photometric="rgb", planarconfig=planar, tile=(32, 32), compression="zlib"
    )
    image = read_image(tmp_path / "a.tif")
    assert isinstance(image.pixels, LazyPixels)
    np.testing.assert_array_equal(np.asarray(image.pixels)[:, 0], np.moveaxis(colours, -1, 0))


@pytest.mark.usefixtures("all_lazy")
def test_stack_of_channels_in_parts(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "a.ome.tif",
        PIXELS,
        metadata={"axes": "CZYX", "PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm"},
        tile=(16, 16),
        compression="zlib",
    )
    image = read_image(tmp_path / "a.ome.tif")
    assert isinstance(image.pixels, LazyPixels) and image.pixel_size == 0.5
    np.testing.assert_array_equal(np.asarray(image.pixels), PIXELS)


@pytest.mark.usefixtures("all_lazy")
def test_part_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "bad.tif"
    tifffile.imwrite(path, LARGE, compression="zlib", tile=(64, 64))
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(UserError, match="bad"):
        read_image(path)


@pytest.mark.usefixtures("all_lazy")
def test_damaged_part_is_found_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bad.tif"
    tifffile.imwrite(path, LARGE, compression="zlib", tile=(64, 64))
    with tifffile.TiffFile(path) as tiff:
        offset = tiff.pages[0].dataoffsets[-1]  # type: ignore[union-attr]
    content = bytearray(path.read_bytes())
    content[offset : offset + 200] = bytes(200)
    path.write_bytes(content)
    image = read_image(path)
    np.testing.assert_array_equal(np.asarray(image.pixels[0, 0, :64, :64]), LARGE[:64, :64])
    with pytest.raises(UserError, match=r"part of “bad\.tif” cannot be read"):
        np.asarray(image.pixels)


@pytest.mark.parametrize("ome", [False, True])
def test_pyramid(tmp_path: Path, ome: bool) -> None:
    """Copies in SubIFDs are levels, small files included."""
    path = tmp_path / ("a.ome.tif" if ome else "a.tif")
    options = {"tile": (64, 64), "compression": "zlib"}
    with tifffile.TiffWriter(path, ome=ome) as tiff:
        tiff.write(LARGE, subifds=2, **options)
        tiff.write(LARGE[::2, ::2], subfiletype=1, **options)
        tiff.write(LARGE[::4, ::4], subfiletype=1, **options)
    image = read_image(path)
    assert isinstance(image.pixels, LazyPixels)
    assert [level.shape for level in image.levels] == [(1, 1, 150, 200), (1, 1, 75, 100)]
    np.testing.assert_array_equal(np.asarray(image.levels[1])[0, 0], LARGE[::4, ::4])
    assert image.coarse(90).shape[2:] == (75, 100)
    assert image.coarse(101).shape[2:] == (150, 200)
    assert image.coarse(1000) is image.pixels
