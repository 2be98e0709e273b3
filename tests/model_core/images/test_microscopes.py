"""Files of microscopes: LIF and CZI are written by hand; without a library a sentence says what is needed."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from model_core.errors import UserError
from model_core.images.readers import is_image_file, read_image


def write_lif(path: Path, pixels: np.ndarray, step: float = 0.25e-6, planes: int | None = None) -> Path:
    """The least LIF with one image (Z, C, Y, X) uint16; ``planes``: how many it claims."""
    depth, channels, height, width = pixels.shape
    offsets = [channel * height * width * 2 for channel in range(channels)]
    lengths = ((1, width, 2), (2, height, 2 * width), (3, planes or depth, 2 * width * height * channels))
    dimensions = "".join(
        f'<DimensionDescription DimID="{axis}" NumberOfElements="{count}" Origin="0" '
        f'Length="{step * (4 if axis == 3 else 1) * (count - 1)}" Unit="m" BytesInc="{stride}" BitInc="0"/>'
        for axis, count, stride in lengths
    )
    kinds = "".join(
        f'<ChannelDescription DataType="0" ChannelTag="0" Resolution="16" NameOfMeasuredQuantity="" Min="0" '
        f'Max="65535" Unit="" LUTName="Gray" IsLUTInverted="0" BytesInc="{offset}" BitInc="0"/>'
        for offset in offsets
    )
    xml = (
        '<LMSDataContainerHeader Version="2"><Element Name="a" UniqueID="1"><Children>'
        '<Element Name="cells" UniqueID="2"><Data><Image><ImageDescription>'
        f"<Channels>{kinds}</Channels><Dimensions>{dimensions}</Dimensions>"
        f'</ImageDescription></Image></Data><Memory Size="{pixels.nbytes}" MemoryBlockID="MemBlock_1"/>'
        "</Element></Children></Element></LMSDataContainerHeader>"
    )
    name = "MemBlock_1"
    head = struct.pack("<IIBI", 0x70, 2 * len(xml) + 5, 0x2A, len(xml)) + xml.encode("utf-16-le")
    block = struct.pack("<IIBQBI", 0x70, 2 * len(name) + 14, 0x2A, pixels.nbytes, 0x2A, len(name))
    path.write_bytes(head + block + name.encode("utf-16-le") + pixels.astype("<u2").tobytes())
    return path


def write_czi(path: Path, pixels: np.ndarray, step: float = 0.25e-6, width: int | None = None) -> Path:
    """The least CZI with one image (Z, C, Y, X) uint16, a block a plane; ``width``: that its blocks claim."""

    def segment(name: bytes, content: bytes) -> bytes:
        return struct.pack("<16sqq", name, len(content), len(content)) + content

    def entry(z: int, c: int, position: int) -> bytes:
        sizes = (("X", 0, width or pixels.shape[3]), ("Y", 0, pixels.shape[2]), ("C", c, 1), ("Z", z, 1))
        dimensions = b"".join(
            struct.pack("<4siifi", axis.encode(), start, length, float(start), length)
            for axis, start, length in sizes
        )
        gray16, uncompressed = 1, 0
        head = struct.pack("<2siqii6xi", b"DV", gray16, position, 0, uncompressed, len(sizes))
        return head + dimensions

    channels = "".join(f'<Channel Id="Channel:{c}" Name="dye {c}"/>' for c in range(pixels.shape[1]))
    scaling = "".join(
        f'<Distance Id="{axis}"><Value>{step * factor}</Value></Distance>'
        for axis, factor in (("X", 1), ("Y", 1), ("Z", 4))
    )
    xml = (
        "<ImageDocument><Metadata><Information><Image><Dimensions><Channels>"
        f"{channels}</Channels></Dimensions></Image></Information>"
        f"<Scaling><Items>{scaling}</Items></Scaling></Metadata></ImageDocument>"
    ).encode()
    content, entries = b"", []
    start = 32 + 512  # of the segments, behind the one that heads the file
    for z, c in np.ndindex(pixels.shape[:2]):
        entries.append(entry(z, c, start + len(content)))
        plane = pixels[z, c].astype("<u2").tobytes()
        head = struct.pack("<iiq", 0, 0, len(plane)) + entries[-1]
        content += segment(b"ZISRAWSUBBLOCK", head.ljust(256, b"\0") + plane)
    directory = start + len(content)
    content += segment(
        b"ZISRAWDIRECTORY", struct.pack("<i", len(entries)).ljust(128, b"\0") + b"".join(entries)
    )
    metadata = start + len(content)
    content += segment(b"ZISRAWMETADATA", struct.pack("<ii", len(xml), 0).ljust(256, b"\0") + xml)
    file_id = bytes(range(16))
    head = struct.pack("<iiii16s16siqqiq", 1, 0, 0, 0, file_id, file_id, 0, directory, metadata, 0, 0)
    path.write_bytes(segment(b"ZISRAWFILE", head.ljust(512, b"\0")) + content)
    return path


def some_pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 60_000, (3, 2, 20, 30)).astype(np.uint16)


def test_a_lif_is_read_with_its_sizes(tmp_path: Path) -> None:
    pytest.importorskip("liffile")
    pixels = some_pixels()
    image = read_image(write_lif(tmp_path / "a.lif", pixels))
    np.testing.assert_array_equal(image.pixels, pixels.swapaxes(0, 1))
    assert image.pixel_size == pytest.approx(0.25) and image.z_step == pytest.approx(1.0)
    flat = read_image(write_lif(tmp_path / "b.lif", pixels[:1, :1]))
    assert flat.shape == (1, 1, 20, 30) and flat.z_step is None


def test_a_lif_that_lies_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("liffile")
    with pytest.raises(UserError, match=r"a\.lif"):
        read_image(write_lif(tmp_path / "a.lif", some_pixels(), planes=10**9))


def test_a_czi_is_read_with_its_sizes_and_names(tmp_path: Path) -> None:
    pytest.importorskip("czifile")
    pixels = some_pixels()
    image = read_image(write_czi(tmp_path / "a.czi", pixels))
    np.testing.assert_array_equal(image.pixels, pixels.swapaxes(0, 1))
    assert image.pixel_size == pytest.approx(0.25) and image.z_step == pytest.approx(1.0)
    assert image.channel_names == ("dye 0", "dye 1")
    flat = read_image(write_czi(tmp_path / "b.czi", pixels[:1, :1]))
    np.testing.assert_array_equal(flat.pixels, pixels[:1, :1])
    assert flat.z_step is None


def test_a_czi_that_lies_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("czifile")
    with pytest.raises(UserError, match=r"a\.czi"):
        read_image(write_czi(tmp_path / "a.czi", some_pixels(), width=10**9))


@pytest.mark.parametrize("suffix", [".lif", ".nd2", ".czi"])
def test_damaged_files_and_a_missing_library(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"a{suffix}"
    assert is_image_file(path)
    library = {".lif": "liffile", ".nd2": "nd2", ".czi": "czifile"}[suffix]
    for content in (b"", b"nothing", bytes(1000)):
        path.write_bytes(content)
        with pytest.raises(UserError, match=f"a{suffix}"):
            read_image(path)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(UserError, match=f"pip install {library}"):
        read_image(path)
