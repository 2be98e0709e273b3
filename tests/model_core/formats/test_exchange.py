"""Labels come back from every format, and the libraries that own the formats see the same cells."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import roifile
from drawings import crowd
from shapely.geometry import shape as polygon_of

from model_core.errors import UserError
from model_core.formats.coco import read_coco, write_coco, write_coco_of_many
from model_core.formats.geojson import read_geojson, write_geojson
from model_core.formats.imagej_rois import read_imagej_rois, write_imagej_rois
from model_core.formats.labelling import Labelling
from model_core.formats.outlines_text import read_outlines_text, write_outlines_text
from model_core.images.image import Image

FORMATS: dict[str, tuple[Callable[..., Any], Callable[..., Labelling]]] = {
    "zip": (write_imagej_rois, read_imagej_rois),
    "geojson": (write_geojson, read_geojson),
    "json": (write_coco, read_coco),
}


def difficult_labels(depth: int = 1) -> np.ndarray:
    """Touching cells, holes, one pixel, pieces, pieces that meet at a corner, borders, large IDs."""
    labels = np.zeros((depth, 60, 70), np.uint32)
    labels[:] = crowd(2, (60, 70), 30, 8)
    labels[0, 10:40, 10:40] = 0
    labels[0, 12:25, 12:25] = 70_000
    labels[0, 15:18, 15:18] = labels[0, 20, 20] = labels[0, 21, 21] = 0  # holes, two of them meet
    labels[0, 16, 16] = 9_000  # a cell in a hole
    labels[0, 30:33, 12:16] = labels[0, 33:36, 16:19] = labels[0, 30, 30] = 4_000_000_000
    labels[0, 38, 38] = 5_000
    labels[0, 0, 0] = 6_000
    labels[-1, 59, 60:70] = 7_000
    return labels


CLASSES = {70_000: "round", 5_000: "tiny: größer?", 6_000: "true"}


@pytest.mark.parametrize("depth", [1, 4])
@pytest.mark.parametrize("ending", FORMATS)
def test_labels_and_classes_come_back(tmp_path: Path, ending: str, depth: int) -> None:
    write, read = FORMATS[ending]
    path = tmp_path / f"Zellen 細胞.{ending}"
    labels = difficult_labels(depth)
    assert write(path, Labelling(labels, CLASSES)) == ()
    again = read(path, labels.shape)
    assert again.labels.dtype == np.uint32
    np.testing.assert_array_equal(again.labels, labels)
    assert again.classes == CLASSES and again.notes == ()
    assert read(path).labels.shape == labels.shape  # without an image: cells reach all its borders


@pytest.mark.parametrize("ending", FORMATS)
def test_no_cells_at_all(tmp_path: Path, ending: str) -> None:
    write, read = FORMATS[ending]
    path = tmp_path / f"none.{ending}"
    write(path, Labelling(np.zeros((1, 5, 6), np.uint32)))
    assert not read(path, (1, 5, 6)).labels.any()


def test_imagej_sees_areas_as_drawn(tmp_path: Path) -> None:
    labels = difficult_labels()
    write_imagej_rois(tmp_path / "a.zip", Labelling(labels))
    rois = roifile.roiread(tmp_path / "a.zip")
    assert len(rois) == len(np.unique(labels)) - 1
    for roi in rois:
        id_ = int(roi.name.split()[1])
        enclosed = 0.0
        for ring in roi.coordinates(multi=True):
            x, y = np.asarray(ring, float).T
            enclosed += float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2  # holes run the other way round
        assert enclosed == (labels == id_).sum()


def test_imagej_finds_the_planes(tmp_path: Path) -> None:
    labels = np.zeros((3, 9, 9), np.uint32)
    labels[1:, 2:5, 2:5] = 4
    for channels in (1, 2):
        image = Image(np.zeros((channels, 3, 9, 9), np.uint8))
        write_imagej_rois(tmp_path / "a.zip", Labelling(labels, image=image))
        rois = roifile.roiread(tmp_path / "a.zip")
        assert [roi.position for roi in rois] == ([2, 3] if channels == 1 else [0, 0])
        assert [roi.z_position for roi in rois] == ([0, 0] if channels == 1 else [2, 3])
        np.testing.assert_array_equal(read_imagej_rois(tmp_path / "a.zip", labels.shape).labels, labels)


def test_rois_of_other_programs(tmp_path: Path) -> None:
    circle = [[10 + 5 * np.cos(a), 12 + 5 * np.sin(a)] for a in np.linspace(0, 2 * np.pi, 30)]
    rois = [
        roifile.ImagejRoi.frompoints(circle, name="0012-0010"),
        roifile.ImagejRoi(roitype=roifile.ROI_TYPE.RECT, left=20, top=3, right=25, bottom=9, name="box"),
        roifile.ImagejRoi(roitype=roifile.ROI_TYPE.OVAL, left=30, top=3, right=40, bottom=9, name="oval"),
        roifile.ImagejRoi(roitype=roifile.ROI_TYPE.LINE, x1=1, y1=1, x2=5, y2=5, name="line"),
        roifile.ImagejRoi.frompoints([[100, 100], [120, 100], [120, 120]], name="outside"),
    ]
    roifile.roiwrite(tmp_path / "a.zip", rois)
    again = read_imagej_rois(tmp_path / "a.zip", (1, 30, 50))
    sizes = np.bincount(again.labels.ravel())
    assert len(sizes) == 4 and sizes[2] == 30
    assert sizes[1] == pytest.approx(np.pi * 25, rel=0.05) and sizes[3] == pytest.approx(np.pi * 15, rel=0.1)
    assert any("no areas" in note for note in again.notes) and any("outside" in note for note in again.notes)
    roifile.roiwrite(tmp_path / "one.roi", rois[1])
    assert read_imagej_rois(tmp_path / "one.roi", (1, 30, 50)).labels.sum() == 30


def test_shapely_sees_the_same_cells(tmp_path: Path) -> None:
    labels = difficult_labels()
    write_geojson(tmp_path / "a.geojson", Labelling(labels, CLASSES))
    features = json.loads((tmp_path / "a.geojson").read_text())["features"]
    assert len({feature["id"] for feature in features}) == len(features) == len(np.unique(labels)) - 1
    for feature in features:
        polygon = polygon_of(feature["geometry"])
        id_ = int(feature["properties"]["name"].split()[1])
        y, x = np.nonzero(labels[0] == id_)
        assert polygon.is_valid and polygon.area == len(x)
        assert polygon.bounds == (x.min(), y.min(), x.max() + 1, y.max() + 1)
        kind = feature["properties"].get("classification", {}).get("name")
        assert kind == CLASSES.get(id_)


def test_older_arrays_of_features_and_overlaps(tmp_path: Path) -> None:
    def square(x: float, kind: str = "Polygon") -> dict[str, Any]:
        ring = [[x, 2], [x + 4, 2], [x + 4, 6], [x, 6], [x, 2]]
        coordinates = [ring] if kind == "Polygon" else [[ring]]
        return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": None}

    point = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}, "properties": {}}
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps([square(2), square(4, "MultiPolygon"), square(2), point]))
    again = read_geojson(path, (1, 10, 20))
    assert np.bincount(again.labels.ravel())[1:].tolist() == [16, 8]
    assert len(again.notes) == 2 and "overlap" in again.notes[1]


def test_pycocotools_sees_the_same_cells(tmp_path: Path) -> None:
    coco = pytest.importorskip("pycocotools.coco")
    labels = difficult_labels()
    write_coco(tmp_path / "a.json", Labelling(labels, CLASSES))
    known = coco.COCO(str(tmp_path / "a.json"))
    entries = known.loadAnns(known.getAnnIds())
    assert len(entries) == len(np.unique(labels)) - 1
    kinds = {kind["id"]: kind["name"] for kind in known.loadCats(known.getCatIds())}
    for entry in entries:
        id_ = int(entry["name"].split()[1])
        mask = known.annToMask(entry)
        np.testing.assert_array_equal(mask, labels[0] == id_)
        assert entry["area"] == mask.sum() and kinds[entry["category_id"]] == CLASSES.get(id_, "cell")


def test_coco_of_other_programs(tmp_path: Path) -> None:
    masks = pytest.importorskip("pycocotools.mask")
    labels = difficult_labels()
    images = [{"id": 7, "file_name": f"some/{name}.png", "height": 60, "width": 70} for name in ("a", "b")]
    images[1]["id"] = 8
    entries: list[dict[str, Any]] = []
    for number, id_ in enumerate(np.unique(labels)[1:].tolist()):
        mask = np.asfortranarray(labels[0] == id_, np.uint8)
        code: dict[str, Any] = masks.encode(mask)
        code["counts"] = code["counts"].decode()
        if number % 2:  # not compressed
            flat = np.r_[0, mask.ravel(order="F")]
            code["counts"] = np.diff(np.r_[0, np.flatnonzero(np.diff(flat)), flat.size - 1]).tolist()
        entries.append({"id": number, "image_id": 8, "category_id": 1, "segmentation": code})
    entries.append(
        {"id": 99, "image_id": 7, "category_id": 1, "segmentation": [[1, 1, 5, 1, 5, 5.6, 1, 5.6]]}
    )
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"images": images, "annotations": entries, "categories": []}))
    again = read_coco(path, (1, 60, 70), "b.png").labels
    np.testing.assert_array_equal(again, np.searchsorted(np.unique(labels), labels))
    assert read_coco(path, None, "/elsewhere/a.png").labels.sum() == 20
    with pytest.raises(UserError, match=r"none of them called “c\.png”"):
        read_coco(path, None, "c.png")
    with pytest.raises(UserError, match="70 x 60"):
        read_coco(path, (1, 50, 70), "a.png")


def test_one_coco_file_for_many_images(tmp_path: Path) -> None:
    images = [Image(np.zeros((1, 1, 60, 70)), path=tmp_path / name) for name in ("a.tif", "b.tif")]
    labels = [difficult_labels(), difficult_labels()[:, ::-1]]
    cells = [Labelling(each, CLASSES, image=image) for each, image in zip(labels, images, strict=True)]
    write_coco_of_many(tmp_path / "all.json", iter(cells))
    for each, image in zip(labels, images, strict=True):
        again = read_coco(tmp_path / "all.json", (1, 60, 70), image.name)
        np.testing.assert_array_equal(again.labels, each)


def test_outlines_as_text_say_what_they_lose(tmp_path: Path) -> None:
    path = tmp_path / "a_cp_outlines.txt"
    labels = np.zeros((1, 60, 70), np.uint32)
    labels[0, 31:38, 31:38], labels[0, 31:38, 38:50], labels[0, 0, 69] = 90, 80, 70_000
    assert write_outlines_text(path, Labelling(labels)) == ()
    again = read_outlines_text(path, labels.shape)
    np.testing.assert_array_equal(again.labels, np.searchsorted(np.unique(labels), labels))
    labels[0, 34, 34] = 0
    assert "Holes" in write_outlines_text(path, Labelling(labels))[0]
    with pytest.raises(UserError, match="stack"):
        write_outlines_text(path, Labelling(np.repeat(labels, 2, axis=0)))
