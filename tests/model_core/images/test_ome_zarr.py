"""OME-Zarr of every version, as a folder and zipped."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorstore

from model_core.errors import UserError
from model_core.formats.folder import images_in
from model_core.images.lazy import LazyPixels
from model_core.images.readers import is_image, read_image

PIXELS = np.random.default_rng(0).integers(0, 60_000, (2, 3, 40, 50)).astype(np.uint16)
UNITS = {"z": "micrometer", "y": "nanometer", "x": "nanometer"}
STEPS = {"c": 1.0, "z": 2.0, "y": 250.0, "x": 250.0, "t": 1.0}


def write_zarr(
    path: Path, levels: list[np.ndarray], axes: str = "czyx", version: str = "0.5", **attributes: Any
) -> Path:
    """An OME-Zarr image; `attributes` are added to or replace those of the group."""
    newest = version == "0.5"
    for number, pixels in enumerate(levels):
        store = {"driver": "file", "path": str(path / str(number))}
        chunk = [1] * (pixels.ndim - 2) + [16, 16]
        if newest:
            metadata: dict[str, Any] = {
                "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
                "codecs": [{"name": "zstd"}],
            }
        else:
            metadata = {"chunks": chunk, "dimension_separator": "/", "compressor": {"id": "blosc"}}
        spec = {"driver": "zarr3" if newest else "zarr", "kvstore": store, "metadata": metadata}
        array = tensorstore.open(spec, create=True, dtype=pixels.dtype, shape=pixels.shape).result()
        array[...].write(pixels).result()
    factor = levels[0].shape[-1] / np.array([level.shape[-1] for level in levels])
    multiscale: dict[str, Any] = {
        "axes": [{"name": a, "type": "space", "unit": UNITS[a]} if a in UNITS else {"name": a} for a in axes],
        "datasets": [
            {
                "path": str(n),
                "coordinateTransformations": [
                    {"type": "scale", "scale": [STEPS[a] * (f if a in "yx" else 1) for a in axes]}
                ],
            }
            for n, f in enumerate(factor.tolist())
        ],
    }
    content = {"multiscales": [multiscale], **attributes}
    write_group(path, content, version)
    return path


def write_group(path: Path, attributes: dict[str, Any], version: str) -> None:
    path.mkdir(exist_ok=True)
    if version == "0.5":
        group = {
            "zarr_format": 3,
            "node_type": "group",
            "attributes": {"ome": {"version": version, **attributes}},
        }
        (path / "zarr.json").write_text(json.dumps(group))
    else:
        (path / ".zgroup").write_text('{"zarr_format": 2}')
        (path / ".zattrs").write_text(json.dumps(attributes))


def zipped(folder: Path, suffix: str) -> Path:
    path = folder.with_name(folder.stem + suffix)
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())
    return path


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("suffix", [".zarr", ".ome.zarr", ".ozx", ".zarr.zip"])
def test_every_version(tmp_path: Path, version: str, suffix: str) -> None:
    packed = suffix in (".ozx", ".zarr.zip")
    folder = tmp_path / ("a.zarr" if packed else f"a{suffix}")
    path = write_zarr(folder, [PIXELS, PIXELS[..., ::2, ::2], PIXELS[..., ::4, ::4]], version=version)
    if packed:
        path = zipped(path, suffix)
    assert is_image(path)
    image = read_image(path)
    assert isinstance(image.pixels, LazyPixels)
    np.testing.assert_array_equal(np.asarray(image.pixels), PIXELS)
    assert [level.shape[2:] for level in image.levels] == [(20, 25), (10, 13)]
    np.testing.assert_array_equal(np.asarray(image.levels[1][1, 2]), PIXELS[1, 2, ::4, ::4])
    assert image.pixel_size == pytest.approx(0.25) and image.z_step == pytest.approx(2.0)
    assert image.path == path


@pytest.mark.parametrize(
    ("axes", "stored", "wanted"),
    [
        ("yx", PIXELS[0, 0], PIXELS[:1, :1]),
        ("cyx", PIXELS[:, 0], PIXELS[:, :1]),
        ("zyx", PIXELS[0], PIXELS[:1]),
        ("zcyx", PIXELS.swapaxes(0, 1), PIXELS),
        ("tzyx", PIXELS[:1], PIXELS[:1]),
        ("tczyx", PIXELS[None], PIXELS),
    ],
)
def test_axes(tmp_path: Path, axes: str, stored: np.ndarray, wanted: np.ndarray) -> None:
    image = read_image(write_zarr(tmp_path / "a.zarr", [stored], axes))
    np.testing.assert_array_equal(np.asarray(image.pixels), wanted)


def test_time_series_of_planes_is_a_stack_of_moments(tmp_path: Path) -> None:
    image = read_image(write_zarr(tmp_path / "a.zarr", [PIXELS[0]], "tyx"))
    assert image.time_series
    np.testing.assert_array_equal(np.asarray(image.pixels), PIXELS[:1])
    with pytest.raises(UserError, match="time series"):
        read_image(write_zarr(tmp_path / "b.zarr", [PIXELS], "tzyx"))


def test_levels_with_fewer_planes_are_left_out(tmp_path: Path) -> None:
    image = read_image(write_zarr(tmp_path / "a.zarr", [PIXELS, PIXELS[:, ::2, ::2, ::2]]))
    assert image.shape == PIXELS.shape and image.levels == ()


def test_names_of_channels(tmp_path: Path) -> None:
    channels = [{"label": "DAPI", "color": "0000FF"}, {"label": "actin"}]
    image = read_image(write_zarr(tmp_path / "a.zarr", [PIXELS], omero={"channels": channels}))
    assert image.channel_names == ("DAPI", "actin")
    assert read_image(write_zarr(tmp_path / "b.zarr", [PIXELS], omero=7)).channel_names == ()


def test_first_image_of_a_converted_file(tmp_path: Path) -> None:
    outer = tmp_path / "a.zarr"
    write_group(outer, {"bioformats2raw.layout": 3}, "0.4")
    write_zarr(outer / "0", [PIXELS], version="0.4")
    np.testing.assert_array_equal(np.asarray(read_image(outer).pixels), PIXELS)


def test_missing_parts_are_black(tmp_path: Path) -> None:
    """As zarr wants it: chunks that hold nothing are not stored."""
    pixels = PIXELS.copy()
    pixels[0, 0, :16, :16] = 0
    path = write_zarr(tmp_path / "a.zarr", [PIXELS], version="0.4")
    (path / "0/0/0/0/0").unlink()
    np.testing.assert_array_equal(np.asarray(read_image(path).pixels), pixels)


def test_a_plate_says_what_to_open(tmp_path: Path) -> None:
    plate = tmp_path / "p.zarr"
    write_group(plate, {"plate": {"wells": []}}, "0.4")
    with pytest.raises(UserError, match=r"plate.*p\.zarr/A/1/0"):
        read_image(plate)
    (plate / "A/1").mkdir(parents=True)
    write_zarr(plate / "A/1/0", [PIXELS], version="0.4")
    assert read_image(plate / "A/1/0").shape == PIXELS.shape


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"multiscales": []},
        {"multiscales": [{}]},
        {"multiscales": [{"datasets": [{}]}]},
        {"multiscales": [{"datasets": [{"path": 5}]}]},
        {"multiscales": [{"datasets": [{"path": "../other"}]}]},
        {"multiscales": [{"datasets": [{"path": "/etc"}]}]},
        {"multiscales": [{"axes": ["q"], "datasets": [{"path": "0"}]}]},
        {"multiscales": [{"axes": 5, "datasets": [{"path": "0"}]}]},
        {"multiscales": [{"datasets": [{"path": "nothing"}]}]},
    ],
    ids=str,
)
@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_what_makes_no_sense_is_named(tmp_path: Path, attributes: dict, version: str) -> None:
    path = tmp_path / "bad.zarr"
    write_zarr(path, [PIXELS], version=version)
    write_group(path, attributes, version)
    with pytest.raises(UserError):
        read_image(path)


@pytest.mark.parametrize("content", ["", "nonsense", "[]", "7", '{"attributes": 7}', "[" * 100_000])
@pytest.mark.parametrize("file", ["zarr.json", ".zattrs"])
def test_metadata_that_are_no_json(tmp_path: Path, file: str, content: str) -> None:
    (tmp_path / "bad.zarr").mkdir()
    (tmp_path / "bad.zarr" / file).write_text(content)
    with pytest.raises(UserError, match=r"bad\.zarr"):
        read_image(tmp_path / "bad.zarr")


def test_parts_that_claim_a_terabyte(tmp_path: Path) -> None:
    path = write_zarr(tmp_path / "bad.zarr", [PIXELS], version="0.4")
    array = json.loads((path / "0/.zarray").read_text())
    (path / "0/.zarray").write_text(json.dumps({**array, "chunks": [1, 1, 1_000_000, 1_000_000]}))
    with pytest.raises(UserError, match="too large"):
        read_image(path)
    (path / "0/.zarray").write_text(json.dumps({**array, "shape": [1, 1, 10_000_000, 10_000_000]}))
    with pytest.raises(UserError, match="too large"):
        read_image(path)


def test_damaged_part(tmp_path: Path) -> None:
    path = write_zarr(tmp_path / "bad.zarr", [PIXELS], version="0.4")
    (path / "0/0/0/0/0").write_bytes(b"nonsense")
    image = read_image(path)
    with pytest.raises(UserError, match=r"part of “bad\.zarr” cannot be read"):
        np.asarray(image.pixels)


def test_a_folder_of_another_kind_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "a.zarr").mkdir()
    assert not is_image(tmp_path / "a.zarr")
    with pytest.raises(UserError, match="folder"):
        read_image(tmp_path / "a.zarr")
    (tmp_path / "b.ozx").write_bytes(b"nonsense")
    with pytest.raises(UserError, match=r"b\.ozx"):
        read_image(tmp_path / "b.ozx")


def test_listed_with_the_files_of_a_folder(tmp_path: Path) -> None:
    write_zarr(tmp_path / "b 2.ome.zarr", [PIXELS])
    write_zarr(tmp_path / "b 3_masks.zarr", [PIXELS])
    (tmp_path / "empty.zarr").mkdir()
    (tmp_path / "b 10.tif").write_bytes(b"")
    assert [path.name for path in images_in(tmp_path)] == ["b 2.ome.zarr", "b 10.tif"]
