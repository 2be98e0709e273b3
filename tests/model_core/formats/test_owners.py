"""Files as large libraries see them that are not installed for the tests; run where they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model_core.formats.geojson import write_geojson
from model_core.formats.labelling import Labelling
from model_core.formats.ome_zarr_labels import path_inside, write_labels_inside, write_ome_zarr_labels
from model_core.images.image import Image
from tests.model_core.images.test_ome_zarr import write_zarr


def some_cells() -> Labelling:
    labels = np.zeros((1, 720, 840), np.uint32)
    labels[0, 100:200, 100:300], labels[0, 130:150, 130:150] = 70_000, 0
    labels[0, 700:720, 800:840] = 4_000_000_000
    return Labelling(labels, {70_000: "round"}, image=Image(np.zeros((1, 1, 720, 840)), pixel_size=0.5))


def test_geopandas(tmp_path: Path) -> None:
    geopandas = pytest.importorskip("geopandas")
    cells = some_cells()
    write_geojson(tmp_path / "a.geojson", cells)
    table = geopandas.read_file(tmp_path / "a.geojson")
    ids = [int(name.split()[1]) for name in table["name"]]
    assert table.is_valid.all() and ids == cells.ids.tolist()
    assert [polygon.area for polygon in table.geometry] == [(cells.labels == id_).sum() for id_ in ids]


def test_ome_zarr(tmp_path: Path) -> None:
    pytest.importorskip("ome_zarr")
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Label, Reader

    cells = some_cells()
    write_ome_zarr_labels(tmp_path / "a.ome.zarr", cells)
    (node,) = Reader(parse_url(str(tmp_path / "a.ome.zarr")))()
    assert any(isinstance(spec, Label) for spec in node.specs)
    np.testing.assert_array_equal(node.data[0], cells.labels)
    assert [level.shape for level in node.data] == [(1, 720, 840), (1, 360, 420)]


def test_ngff_zarr(tmp_path: Path) -> None:
    ngff_zarr = pytest.importorskip("ngff_zarr")
    cells = some_cells()
    write_ome_zarr_labels(tmp_path / "a.ome.zarr", cells)
    first = ngff_zarr.from_ngff_zarr(str(tmp_path / "a.ome.zarr")).images[0]
    np.testing.assert_array_equal(first.data, cells.labels)
    assert first.scale == {"z": 1.0, "y": 0.5, "x": 0.5}


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_ome_zarr_finds_the_labels_inside_of_an_image(tmp_path: Path, version: str) -> None:
    pytest.importorskip("ome_zarr")
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Label, Reader

    image = write_zarr(tmp_path / "a.zarr", [np.zeros((1, 720, 840), np.uint8)], "zyx", version)
    cells = some_cells()
    write_labels_inside(path_inside(image), cells)
    nodes = [n for n in Reader(parse_url(str(image)))() if any(isinstance(spec, Label) for spec in n.specs)]
    assert len(nodes) == 1
    np.testing.assert_array_equal(nodes[0].data[0], cells.labels)
