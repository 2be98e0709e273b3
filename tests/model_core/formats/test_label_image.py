"""Labels as TIFF and PNG: exact round trips, and plain words for files that can't be labels."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from model_core.errors import UserError
from model_core.formats.label_image import read_labels, write_labels


def some_labels(shape: tuple[int, ...], highest: int = 300) -> np.ndarray:
    labels = np.random.default_rng(0).integers(0, highest + 1, shape).astype(np.uint32)
    labels.flat[-1] = highest
    return labels


@pytest.mark.parametrize(
    "shape", [(1, 30, 40), (5, 30, 40), (3, 1, 7), (1, 1, 1), (1, 1, 9), (1, 9, 1), (4, 5, 1)]
)
@pytest.mark.parametrize("highest", [0, 1, 65535, 65536, 2**32 - 1])
def test_labels_come_back_exactly(tmp_path: Path, shape: tuple[int, ...], highest: int) -> None:
    path = tmp_path / "Zellen 细胞_masks.tif"
    labels = some_labels(shape, highest)
    write_labels(path, labels)
    again = read_labels(path)
    assert again.dtype == np.uint32
    np.testing.assert_array_equal(again, labels)


def test_the_file_is_what_other_programs_expect(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    write_labels(path, some_labels((1, 300, 400)))
    with tifffile.TiffFile(path) as tiff:
        assert (tiff.series[0].axes, tiff.series[0].dtype, tiff.series[0].shape) == (
            "YX",
            np.uint16,
            (300, 400),
        )
    write_labels(path, np.zeros((3, 300, 400), np.int64) + 70_000)
    with tifffile.TiffFile(path) as tiff:
        assert (tiff.series[0].axes, tiff.series[0].dtype) == ("ZYX", np.uint32)
    assert path.stat().st_size < 20_000


@pytest.mark.parametrize(
    "bad", [np.zeros((1, 4, 4)), np.full((1, 4, 4), -1), np.full((4, 4), 2**32), np.zeros((4,), int)]
)
def test_what_is_no_labels_is_not_written(tmp_path: Path, bad: np.ndarray) -> None:
    path = tmp_path / "a.tif"
    with pytest.raises(ValueError):
        write_labels(path, bad)
    assert not path.exists()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png_labels_are_read(tmp_path: Path, dtype: type) -> None:
    labels = some_labels((30, 40), 200).astype(dtype)
    path = tmp_path / "ü.png"
    cv2.imencode(".png", labels)[1].tofile(path)
    np.testing.assert_array_equal(read_labels(path)[0], labels)
    cv2.imencode(".png", np.dstack([labels] * 3))[1].tofile(path)
    np.testing.assert_array_equal(read_labels(path)[0], labels)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int32, np.int64, np.uint64])
@pytest.mark.parametrize("compression", [None, "lzw", "zstd"])
def test_tiffs_of_other_programs_are_read(tmp_path: Path, dtype: type, compression: str | None) -> None:
    labels = some_labels((2, 30, 40), 1).astype(dtype)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, labels, compression=compression, photometric="minisblack")
    np.testing.assert_array_equal(read_labels(path), labels)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.full((9, 9), 0.5, np.float32), "decimal numbers"),
        (np.full((9, 9), -3, np.int16), "negative"),
        (np.full((9, 9), 2**40, np.uint64), "4294967295"),
        (np.arange(243, dtype=np.uint8).reshape(9, 9, 3), "colour"),
        (np.zeros((2, 3, 9, 9), np.uint8), "dimensions"),
    ],
)
def test_images_that_are_no_labels_are_refused(tmp_path: Path, image: np.ndarray, words: str) -> None:
    path = tmp_path / "a.tif"
    colour = image.ndim == 3
    tifffile.imwrite(path, image, photometric="rgb" if colour else "minisblack")
    with pytest.raises(UserError, match=words) as caught:
        read_labels(path)
    assert str(path) in str(caught.value)


def test_colour_pngs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    cv2.imencode(".png", np.arange(300, dtype=np.uint8).reshape(10, 10, 3))[1].tofile(path)
    with pytest.raises(UserError, match="colour"):
        read_labels(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"II*\0", b"II*\0\x08\0\0\0", b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\n" + bytes(60)],
)
def test_no_image_at_all_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.tif"):
        read_labels(path)
    with pytest.raises(UserError, match="folder"):
        read_labels(tmp_path / "none" / "a.tif")


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_cut_off_tiff_is_refused(tmp_path: Path, compression: str | None) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, some_labels((300, 400)), compression=compression, photometric="minisblack")
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(UserError, match=r"a\.tif"):
        read_labels(path)


def test_a_tiff_that_claims_to_be_huge_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((16, 16), np.uint32), compression="zlib")
    with tifffile.TiffFile(path, mode="r+") as tiff:
        for tag in ("ImageWidth", "ImageLength", "RowsPerStrip"):
            tiff.pages[0].tags[tag].overwrite(400_000)
        tiff.pages[0].tags["ImageDescription"].overwrite("")
    with pytest.raises(UserError, match="claims to hold"):
        read_labels(path)


def test_a_png_that_claims_to_be_huge_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    header = b"IHDR" + struct.pack(">IIBBBBB", 400_000, 400_000, 16, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk)
    with pytest.raises(UserError, match="claims to hold"):
        read_labels(path)
