"""Files to pixels: the dialects of TIFF, PNG and JPEG, and every kind of file that is none."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from model_core.errors import UserError
from model_core.images.readers import is_image_file, read_image

GREY = np.random.default_rng(0).integers(0, 60_000, (20, 30)).astype(np.uint16)
COLOUR = np.random.default_rng(1).integers(0, 255, (20, 30, 3)).astype(np.uint8)


def png(width: int, height: int, data: bytes) -> bytes:
    """A PNG with whatever size in its header."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("compression", [None, "zlib", "lzw", "zstd"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32, np.float64])
def test_tiff_of_every_type(tmp_path: Path, compression: str | None, dtype: type) -> None:
    pixels = (GREY / 300).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", pixels, compression=compression)
    image = read_image(tmp_path / "a.tif")
    assert image.dtype == dtype and image.name == "a.tif"
    np.testing.assert_array_equal(image.pixels[0, 0], pixels)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("bigtiff", [False, True])
def test_tiff_of_either_byte_order(tmp_path: Path, byteorder: str, bigtiff: bool) -> None:
    tifffile.imwrite(tmp_path / "a.tif", GREY, byteorder=byteorder, bigtiff=bigtiff)
    image = read_image(tmp_path / "a.tif")
    assert image.dtype.isnative
    np.testing.assert_array_equal(image.pixels[0, 0], GREY)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_and_colour(tmp_path: Path, suffix: str) -> None:
    for pixels, shape in ((GREY, (1, 1, 20, 30)), (COLOUR, (3, 1, 20, 30))):
        path = tmp_path / f"a{suffix}"
        if suffix == ".png":
            assert cv2.imwrite(str(path), pixels[..., ::-1] if pixels.ndim == 3 else pixels)
        else:
            tifffile.imwrite(path, pixels)
        image = read_image(path)
        assert image.shape == shape and image.dtype == pixels.dtype
        wanted = np.moveaxis(np.atleast_3d(pixels), -1, 0)[:, None]
        np.testing.assert_array_equal(image.pixels, wanted)  # red stays red


def test_jpeg(tmp_path: Path) -> None:
    plane = np.full((64, 64, 3), (10, 20, 200), np.uint8)  # blue, green, red
    assert cv2.imwrite(str(tmp_path / "a.jpg"), plane)
    image = read_image(tmp_path / "a.jpg")
    assert image.shape == (3, 1, 64, 64)
    np.testing.assert_allclose(image.pixels.mean((1, 2, 3)), (200, 20, 10), atol=4)


def test_grey_saved_as_colour_is_grey(tmp_path: Path) -> None:
    assert cv2.imwrite(str(tmp_path / "a.png"), np.dstack([COLOUR[..., 0]] * 3))
    assert read_image(tmp_path / "a.png").shape == (1, 1, 20, 30)


def test_transparency_is_no_channel_but_a_fourth_dye_is(tmp_path: Path) -> None:
    four = np.dstack([COLOUR, COLOUR[..., :1]])
    tifffile.imwrite(tmp_path / "alpha.tif", four, photometric="rgb", extrasamples=["unassalpha"])
    assert read_image(tmp_path / "alpha.tif").shape == (3, 1, 20, 30)
    tifffile.imwrite(tmp_path / "dyes.tif", four, photometric="minisblack", planarconfig="contig")
    image = read_image(tmp_path / "dyes.tif")
    np.testing.assert_array_equal(image.pixels[:, 0], np.moveaxis(four, -1, 0))
    tifffile.imwrite(tmp_path / "two.tif", four[..., :2], photometric="minisblack", planarconfig="contig")
    assert read_image(tmp_path / "two.tif").shape == (2, 1, 20, 30)


def test_palette(tmp_path: Path) -> None:
    colours = np.random.default_rng(2).integers(0, 65536, (3, 256)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", COLOUR[..., 0], photometric="palette", colormap=colours)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif").pixels[:, 0], colours[:, COLOUR[..., 0]])


@pytest.mark.parametrize(("pages", "shape"), [(3, (3, 1, 20, 30)), (9, (1, 9, 20, 30))])
def test_pages_without_a_meaning(tmp_path: Path, pages: int, shape: tuple[int, ...]) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        for page in range(pages):
            tiff.write(GREY + np.uint16(page), contiguous=False, metadata=None)
    image = read_image(tmp_path / "a.tif")
    assert image.shape == shape
    np.testing.assert_array_equal(image.pixels.reshape(pages, 20, 30)[-1], GREY + np.uint16(pages - 1))


def test_five_channels(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.ome.tif", np.stack([GREY] * 5), metadata={"axes": "CYX"})
    assert read_image(tmp_path / "a.ome.tif").shape == (5, 1, 20, 30)


def test_imagej_calibration(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.stack([GREY] * 6).reshape(3, 2, 20, 30),
        imagej=True,
        resolution=(4.0, 4.0),
        metadata={"axes": "ZCYX", "spacing": 1.5, "unit": "um"},
    )
    image = read_image(tmp_path / "a.tif")
    assert image.shape == (2, 3, 20, 30)
    assert image.pixel_size == pytest.approx(0.25) and image.z_step == pytest.approx(1.5)


def test_ome_calibration(tmp_path: Path) -> None:
    meta = {
        "axes": "ZYX",
        "PhysicalSizeX": 200,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeZ": 0.6,
        "PhysicalSizeZUnit": "µm",
    }
    tifffile.imwrite(tmp_path / "a.ome.tif", np.stack([GREY] * 6), metadata=meta)
    image = read_image(tmp_path / "a.ome.tif")
    assert image.pixel_size == pytest.approx(0.2) and image.anisotropy == pytest.approx(3.0)


def test_names_of_channels(tmp_path: Path) -> None:
    planes = np.stack([GREY] * 2)
    named = {"axes": "CYX", "Channel": {"Name": ["DAPI & more", "actin"]}}
    tifffile.imwrite(tmp_path / "a.ome.tif", planes, metadata=named)
    assert read_image(tmp_path / "a.ome.tif").channel_names == ("DAPI & more", "actin")
    tifffile.imwrite(tmp_path / "b.ome.tif", planes, metadata={"axes": "CYX"})
    assert read_image(tmp_path / "b.ome.tif").channel_names == ()
    labels = {"axes": "CYX", "Labels": ["nuclei", "membranes"]}
    tifffile.imwrite(tmp_path / "c.tif", planes, imagej=True, metadata=labels)
    assert read_image(tmp_path / "c.tif").channel_names == ("nuclei", "membranes")


def test_resolution_for_printers_is_no_calibration(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", GREY, resolution=(72, 72), resolutionunit="INCH")
    assert read_image(tmp_path / "a.tif").pixel_size is None


@pytest.mark.parametrize("suffix", [".tif", ".png", ".jpg"])
def test_path_with_spaces_umlauts_and_chinese(tmp_path: Path, suffix: str) -> None:
    folder = tmp_path / "Zellen für Müller 细胞"
    folder.mkdir()
    path = folder / f"Bild 1 - 图像{suffix}"
    if suffix == ".tif":
        tifffile.imwrite(path, GREY)
    else:
        path.write_bytes(cv2.imencode(suffix, COLOUR)[1].tobytes())
    image = read_image(path)
    assert image.shape[2:] == (20, 30) and image.path == path


@pytest.mark.parametrize("suffix", [".tif", ".png", ".jpg"])
@pytest.mark.parametrize("kind", ["text", "empty", "cut in the middle", "end cut off", "zeros"])
def test_damaged_files_are_named(tmp_path: Path, suffix: str, kind: str) -> None:
    path = tmp_path / f"bad{suffix}"
    if suffix == ".tif":
        tifffile.imwrite(path, np.tile(GREY, (10, 10)))
        whole = path.read_bytes()
    else:
        whole = cv2.imencode(suffix, np.tile(COLOUR, (10, 10, 1)))[1].tobytes()
    contents = {
        "text": b"name;area\ncell 1;20\n" * 50,
        "empty": b"",
        "cut in the middle": whole[: len(whole) // 2],
        "end cut off": whole[:-20],
        "zeros": bytes(1000),
    }
    path.write_bytes(contents[kind])
    with pytest.raises(UserError, match="bad"):
        read_image(path)


def test_truncated_compressed_tiff(tmp_path: Path) -> None:
    path = tmp_path / "bad.tif"
    tifffile.imwrite(path, np.tile(GREY, (10, 10)), compression="zlib")
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(UserError, match="bad"):
        read_image(path)


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_tiff_that_claims_a_terabyte(tmp_path: Path, compression: str | None) -> None:
    path = tmp_path / "liar.tif"
    tifffile.imwrite(path, GREY, compression=compression)
    with tifffile.TiffFile(path, mode="r+") as tiff:
        for tag in ("ImageWidth", "ImageLength", "RowsPerStrip"):
            tiff.pages[0].tags[tag].overwrite(1_000_000)
    with pytest.raises(UserError, match="damaged"):
        read_image(path)


@pytest.mark.parametrize("side", [30_000, 2**31 - 1])
def test_png_that_claims_gigabytes(tmp_path: Path, side: int) -> None:
    (tmp_path / "liar.png").write_bytes(png(side, side, b"abc"))
    with pytest.raises(UserError, match=r"liar\.png"):
        read_image(tmp_path / "liar.png")


def test_well_compressed_images_are_believed(tmp_path: Path) -> None:
    """An empty field of a large camera shrinks thousandfold."""
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4096, 4096), np.uint16), compression="zstd")
    assert read_image(tmp_path / "a.tif").shape == (1, 1, 4096, 4096)


def test_missing_folder_and_other_kinds(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        read_image(tmp_path / "nothing.tif")
    with pytest.raises(UserError, match="does not exist"):
        read_image(tmp_path / "nothing")
    with pytest.raises(UserError, match="folder"):
        read_image(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(UserError, match=r"notes\.txt.*can be opened"):
        read_image(tmp_path / "notes.txt")


def test_results_beside_images_are_no_images() -> None:
    names = ["a.TIF", "b.jpeg", "c_masks.tif", "d_cp_masks.png", ".hidden.png", "e.cells", "f_img.png"]
    assert [name for name in names if is_image_file(Path(name))] == ["a.TIF", "b.jpeg", "f_img.png"]
