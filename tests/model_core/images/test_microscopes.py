"""Files of microscopes: a LIF is written by hand here; without the library a sentence says what is needed."""

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


@pytest.mark.parametrize("suffix", [".lif", ".nd2"])
def test_damaged_files_and_a_missing_library(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"a{suffix}"
    assert is_image_file(path)
    library = {".lif": "liffile", ".nd2": "nd2"}[suffix]
    for content in (b"", b"nothing", bytes(1000)):
        path.write_bytes(content)
        with pytest.raises(UserError, match=f"a{suffix}"):
            read_image(path)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(UserError, match=f"pip install {library}"):
        read_image(path)
