"""Labels in the group “labels” of an image that is an OME-Zarr itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from model_core.errors import UserError
from model_core.exports.all_formats import format_called
from model_core.exports.exporting import Item, Plan, export
from model_core.formats.labelling import Labelling
from model_core.formats.ome_zarr_labels import path_inside, read_ome_zarr_labels, write_labels_inside
from model_core.images.readers import read_image
from tests.model_core.images.test_ome_zarr import PIXELS, write_group, write_zarr, zipped


def some_cells(image: Path) -> Labelling:
    labels = np.zeros((3, 40, 50), np.uint32)
    labels[:, 3:20, 5:30], labels[1, 30:40, 40:50] = 7, 4_000_000_000
    return Labelling(labels, {7: "round"}, image=read_image(image))


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_they_come_back_and_the_image_stays_as_it_is(tmp_path: Path, version: str) -> None:
    image = write_zarr(tmp_path / "a.zarr", [PIXELS], version=version)
    cells = some_cells(image)
    write_labels_inside(path_inside(image), cells)
    found = read_ome_zarr_labels(image)
    np.testing.assert_array_equal(found.labels, cells.labels)
    assert found.classes == {7: "round"}
    np.testing.assert_array_equal(read_image(image).pixels, PIXELS)
    inner = read_image(path_inside(image))
    assert inner.pixel_size == pytest.approx(0.25) and inner.z_step == pytest.approx(2.0)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_labels_of_others_stay_listed(tmp_path: Path, version: str) -> None:
    image = write_zarr(tmp_path / "a.zarr", [PIXELS], version=version)
    write_group(image / "labels", {"labels": ["nuclei"]}, version)
    for _ in range(2):
        write_labels_inside(path_inside(image), some_cells(image))
    if version == "0.5":
        content = json.loads((image / "labels" / "zarr.json").read_text())["attributes"]["ome"]
    else:
        content = json.loads((image / "labels" / ".zattrs").read_text())
    assert content["labels"] == ["nuclei", "cells"]


def test_an_export_asks_before_it_replaces_them(tmp_path: Path) -> None:
    image = write_zarr(tmp_path / "a.zarr", [PIXELS])
    plan = Plan(
        [Item(image, "a", lambda: some_cells(image))], [format_called("ome-zarr-inside")], tmp_path / "out"
    )
    assert export(plan).written == [path_inside(image)]
    with pytest.raises(UserError, match="exists already"):
        export(plan)
    assert export(plan, overwrite=True).written == [path_inside(image)]


def test_other_images_are_refused(tmp_path: Path) -> None:
    tiff = tmp_path / "a.tif"
    tifffile.imwrite(tiff, PIXELS[0], photometric="minisblack")
    image = write_zarr(tmp_path / "b.zarr", [PIXELS])
    cells = some_cells(image)
    several = tmp_path / "c.zarr"
    write_group(several, {"bioformats2raw.layout": 3}, "0.4")
    for path in (tiff, zipped(image, ".zarr.zip"), several):
        with pytest.raises(UserError, match=path.name):
            write_labels_inside(path_inside(path), cells)
