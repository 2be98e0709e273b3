"""Files that are empty, damaged, called wrongly or made to do harm: refused in words, in little memory."""

from __future__ import annotations

import json
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import roifile

from model_core.errors import UserError
from model_core.exports.all_formats import FORMATS, READABLE, read_any
from model_core.formats import imagej_rois
from model_core.formats.labelling import Labelling

SHAPE = (1, 20, 30)
_MOST_MEMORY = 80 * 2**20  # bytes
Make = Callable[[Path], object]


def refused(path: Path, words: str = ".", shape: tuple[int, int, int] | None = SHAPE) -> None:
    """Reading says in a sentence that names the file what is wrong, and takes no more memory than it may."""
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match=words) as caught:
            read_any(path, shape, "a.tif")
        assert tracemalloc.get_traced_memory()[1] < _MOST_MEMORY
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def some_labels() -> Labelling:
    labels = np.zeros(SHAPE, np.uint32)
    labels[0, 2:9, 2:9] = 3
    return Labelling(labels)


@pytest.mark.parametrize("fmt", READABLE, ids=lambda fmt: fmt.name)
def test_empty_missing_and_cut_off_files(tmp_path: Path, fmt: Any) -> None:
    path = tmp_path / f"a{fmt.ending}"
    refused(path, r"a_|a\.")
    path.write_bytes(b"")
    refused(path)
    path.unlink()
    (fmt.write or (lambda to, cells: fmt.write_many(to, [cells])))(path, some_labels())
    if path.is_dir():
        (path / ".zattrs").write_text("{")
        refused(path)
        return
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    if fmt.name == "ome-tiff":  # the description at its end is lost, the labels are not
        np.testing.assert_array_equal(read_any(path, SHAPE).labels, some_labels().labels)
        path.write_bytes(whole[: len(whole) // 8])
    if fmt.name != "outlines":  # half of its lines is what it is
        refused(path)


@pytest.mark.parametrize("ending", sorted({fmt.ending for fmt in READABLE}))
@pytest.mark.parametrize("other", ["png", "zip", "npy", "json", "text", "noise"])
def test_files_of_another_kind(tmp_path: Path, ending: str, other: str) -> None:
    path = tmp_path / f"a{ending}"
    if other == "png" and ending.endswith(".tif"):
        pytest.skip("a PNG is read whatever its name")
    if other == "png":
        path.write_bytes(cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes())
    elif other == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("readme.txt", "no ROI")
    elif other == "npy":
        with path.open("wb") as file:
            np.save(file, np.zeros((4, 4)))
    else:
        noise = np.random.default_rng(0).bytes(3000)
        path.write_bytes({"json": b'{"a": 1}', "text": "Zellen: 細胞".encode(), "noise": noise}[other])
    refused(path)


def test_an_unknown_ending(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(b"PK")
    refused(tmp_path / "a.docx", "holds no labels that can be read")


def roi(change: Callable[[bytearray], None]) -> Make:
    """A ROI with some of its bytes changed."""

    def make(path: Path) -> None:
        content = bytearray(roifile.ImagejRoi.frompoints([[2, 2], [8, 2], [8, 8]]).tobytes())
        change(content)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.roi", bytes(content))

    return make


def put(at: int, layout: str, *values: float) -> Callable[[bytearray], None]:
    return lambda content: struct.pack_into(layout, content, at, *values)


def huge_count(content: bytearray) -> None:
    put(16, ">H", 0)(content)
    put(18, ">i", 2**31 - 1)(content)


def zipped(name: str, content: bytes, **options: Any) -> Make:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content, **options)

    return make


@pytest.mark.parametrize(
    "make",
    [
        roi(huge_count),
        roi(put(16, ">H", 60_000)),
        roi(put(4, ">hB", 228, 99)),
        roi(lambda content: content.__delitem__(slice(50, None))),
        zipped("bomb.roi", bytes(17 * 2**20)),
        zipped("a.roi", b"Iout" + bytes(500)),
        zipped("a.roi", b"no ROI at all" * 10),
    ],
    ids=["points", "more points", "kind", "short", "bomb", "zeros", "text"],
)
def test_rois_that_lie(tmp_path: Path, make: Make) -> None:
    make(tmp_path / "a_rois.zip")
    try:
        cells = read_any(tmp_path / "a_rois.zip", SHAPE)  # zeros may be a ROI without a pixel
        assert not cells.labels.any() and cells.notes
    except UserError:
        refused(tmp_path / "a_rois.zip", r"a_rois\.zip")


def test_rois_far_away_take_no_memory(tmp_path: Path) -> None:
    far = roifile.ImagejRoi.frompoints(np.array([[0, 0], [1e9, 0], [1e9, 1e9]]), name="far")
    nowhere = roifile.ImagejRoi.frompoints(np.array([[0, 0], [5, 0], [5, 5.0]]), name="nowhere")
    nowhere.subpixel_coordinates[1, 0] = np.nan
    for one, words in ((far, "far apart"), (nowhere, r"a\.zip|far apart")):
        roifile.roiwrite(tmp_path / "a.zip", [one], mode="w")
        refused(tmp_path / "a.zip", words, None)


def test_names_that_climb_lead_nowhere(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    content = roifile.ImagejRoi.frompoints([[2, 2], [8, 2], [8, 8]]).tobytes()
    with zipfile.ZipFile(inner / "a.zip", "w") as archive:
        for name in ("../../evil.roi", "/etc/evil.roi", "C:\\evil.roi", "ok.roi"):
            archive.writestr(name, content)
    assert read_any(inner / "a.zip", SHAPE).labels.max() == 1  # the others lie under the first
    assert [path.name for path in tmp_path.rglob("*")] == ["inner", "a.zip"]


def test_too_many_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imagej_rois, "_MOST_ENTRIES", 50)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(60):
            archive.writestr(f"{number}.roi", b"")
    refused(tmp_path / "a.zip", "60 entries")


RING = [[1, 1], [5, 1], [5, 5], [1, 1]]


@pytest.mark.parametrize(
    "coordinates",
    [
        [RING[:-1]],
        [RING[:2]],
        [[]],
        [[[1, 1], [5], [5, 5], [1, 1]]],
        [[["a", "b"]] * 4],
        [[[1, float("nan")], [5, 1], [5, 5], [1, float("nan")]]],
        [[[1, 10**400], [5, 1], [5, 5], [1, 10**400]]],
        [[[1, 1e300], [5, 1], [5, 5], [1, 1e300]]],
        None,
        7,
        {"x": 1},
    ],
    ids=range(11),
)
def test_geojson_with_broken_rings(tmp_path: Path, coordinates: object) -> None:
    path = tmp_path / "a.geojson"
    for kind in ("Polygon", "MultiPolygon"):
        shape = {"type": kind, "coordinates": [coordinates] if kind == "MultiPolygon" else coordinates}
        path.write_text(json.dumps([{"type": "Feature", "geometry": shape, "properties": {}}]))
        refused(path, r"a\.geojson")


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"type": "FeatureCollection"}',
        b'[{"type": "Feature"}]',
        b"[1, 2]",
        b"\xff\xfe{",
        b"null",
    ],
    ids=range(6),
)
def test_json_that_is_no_geojson(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.geojson").write_bytes(content)
    refused(tmp_path / "a.geojson", r"a\.geojson")


def test_geojson_of_no_likely_image(tmp_path: Path) -> None:
    ring = [[0, 0], [1e7, 0], [1e7, 1e7], [0, 0]]
    feature = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (tmp_path / "a.geojson").write_text(json.dumps(feature))
    refused(tmp_path / "a.geojson", "far apart", None)


@pytest.mark.parametrize(
    "mask",
    [
        {"size": [20, 30], "counts": [700]},
        {"size": [20, 30], "counts": [300, -5, 305]},
        {"size": [20, 30], "counts": [2**62, 2**62, 2**62]},
        {"size": [20, 30], "counts": [1.5, 2]},
        {"size": [20, 30], "counts": ["a"]},
        {"size": [20, 30], "counts": "oooooooooooooooooooooooooooooo"},
        {"size": [20, 30], "counts": "\x01\x02"},
        {"size": [20, 30], "counts": "細胞"},
        {"size": [20, 30], "counts": "P"},
        {"size": [10**6, 10**6], "counts": [10**12]},
        {"size": [20, 30]},
        {"counts": [600]},
        [[1, 2, 3]],
        [["a", "b", "c", "d", "e", "f"]],
        None,
    ],
    ids=range(15),
)
def test_coco_with_bad_masks(tmp_path: Path, mask: object) -> None:
    image = {"id": 1, "file_name": "a.tif", "height": 20, "width": 30}
    entry = {"id": 5, "image_id": 1, "category_id": 1, "segmentation": mask}
    path = tmp_path / "a_coco.json"
    path.write_text(json.dumps({"images": [image], "annotations": [entry], "categories": []}))
    refused(path, "object 5")


@pytest.mark.parametrize(("height", "width"), [(10**6, 10**6), (-5, 30), ("20", 30), (10**30, 1)])
def test_coco_about_an_impossible_image(tmp_path: Path, height: object, width: object) -> None:
    image = {"id": 1, "file_name": "a.tif", "height": height, "width": width}
    (tmp_path / "a_coco.json").write_text(json.dumps({"images": [image], "annotations": []}))
    refused(tmp_path / "a_coco.json", ".", None)


def zarr(path: Path, shape: list[int], attributes: dict[str, Any] | None = None) -> Path:
    """A zarr folder that claims a shape and holds no chunk."""
    (path / "0").mkdir(parents=True)
    array = {"shape": shape, "chunks": [1, 64, 64], "dtype": "<u4", "compressor": None, "fill_value": 7}
    array |= {"order": "C", "filters": None, "zarr_format": 2}
    (path / "0" / ".zarray").write_text(json.dumps(array))
    axes = [{"name": name, "type": "space"} for name in "zyx"]
    scale = [{"type": "scale", "scale": [1, 1, 1]}]
    multiscale = {
        "version": "0.4",
        "axes": axes,
        "datasets": [{"path": "0", "coordinateTransformations": scale}],
    }
    (path / ".zgroup").write_text('{"zarr_format": 2}')
    (path / ".zattrs").write_text(json.dumps(attributes or {"multiscales": [multiscale]}))
    return path


def test_a_zarr_of_terabytes(tmp_path: Path) -> None:
    path = zarr(tmp_path / "a.ome.zarr", [1, 10**6, 10**6])
    refused(path, ".", SHAPE)
    refused(path, ".", None)


def test_a_zarr_that_lists_labels_outside_of_itself(tmp_path: Path) -> None:
    zarr(tmp_path / "secret.zarr", list(SHAPE))
    path = zarr(tmp_path / "a.zarr", list(SHAPE))
    (path / "labels").mkdir()
    (path / "labels" / ".zattrs").write_text(json.dumps({"labels": ["../../secret.zarr"]}))
    refused(path, "outside of itself")


@pytest.mark.parametrize(
    "content", ["1,2,3", "a,b,c,d,e,f", "1,2,3,4,5,6,7", "nan,1,2,3,4,5", ",,,,,", "\n\n"]
)
def test_text_that_is_no_outline(tmp_path: Path, content: str) -> None:
    (tmp_path / "a_cp_outlines.txt").write_text(content)
    refused(tmp_path / "a_cp_outlines.txt", "a_cp_outlines")


# what is written into the image itself has no folder of its own
_INTO_FOLDERS = [f for f in FORMATS if (f.write or f.write_many) and f.inside is None]


@pytest.mark.parametrize("fmt", _INTO_FOLDERS, ids=lambda fmt: fmt.name)
def test_a_folder_that_has_gone(tmp_path: Path, fmt: Any) -> None:
    from model_core.images.image import Image

    cells = Labelling(some_labels().labels, image=Image(np.zeros((1, *SHAPE), np.uint8), path=Path("a.tif")))
    path = tmp_path / "gone" / f"a{fmt.ending}"
    with pytest.raises(UserError, match="gone"):
        fmt.write(path, cells) if fmt.write else fmt.write_many(path, [cells])
    assert not list(tmp_path.iterdir())
