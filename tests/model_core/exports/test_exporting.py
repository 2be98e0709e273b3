"""Exports of one and many images, from documents and from files, in the engine and on the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from drawings import crowd
from typer.testing import CliRunner

from model_core.annotation.cells_file import cells_path
from model_core.annotation.cells_load import open_cells
from model_core.annotation.cells_writer import CellsWriter, Change
from model_core.annotation.objects import Source
from model_core.cli import app
from model_core.errors import Cancelled, UserError
from model_core.exports.all_formats import FORMATS, WRITABLE, format_called, read_any
from model_core.exports.exporting import Item, Plan, export
from model_core.exports.sources import find_labelled, load
from model_core.formats.labelling import Labelling
from model_core.images.image import Image
from model_core.images.readers import read_image


def some_labels(depth: int = 1) -> np.ndarray:
    labels = np.repeat(crowd(1, (50, 60), 20, 9).astype(np.uint32)[None], depth, axis=0)
    labels[0, 0, 59] = 70_000
    return labels


def write_image(path: Path, depth: int = 1, channels: int = 2) -> Path:
    pixels = np.random.default_rng(0).integers(0, 60_000, (depth, channels, 50, 60)).astype(np.uint16)
    resolution = {"resolution": (4, 4), "metadata": {"axes": "ZCYX", "unit": "um", "spacing": 2.0}}
    tifffile.imwrite(path, pixels, imagej=True, **resolution)
    return path


def write_document(image: Path) -> Path:
    """A document with cells of a model, one of them in a class and one corrected."""
    shape = read_image(image).shape[1:]
    file, store = open_cells(cells_path(image), image, shape)
    writer = CellsWriter(file, store.history, lambda: None)
    store.listeners.append(
        lambda patch, how: writer.put(
            Change(patch, store.history.undo_step, store.history.position, store.next_id)
        )
    )
    whole = tuple(slice(0, length) for length in shape)
    for source, labels in ((Source.MODEL, some_labels(shape[0])), (Source.EDITED, None)):
        if labels is None:
            labels = store.labels.copy()
            labels[0, 49, 0] = 90_000
        patch = store.edit((whole[0], whole[1], whole[2]), labels, "a step", source)
        assert patch is not None
        store.apply(patch)
    assert writer.close()
    return cells_path(image)


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("fmt", [f for f in WRITABLE if f.read], ids=lambda fmt: fmt.name)
def test_every_format_that_is_read_and_written(tmp_path: Path, fmt: object, depth: int) -> None:
    assert fmt in FORMATS and hasattr(fmt, "ending")
    cells = Labelling(some_labels(depth), image=read_image(write_image(tmp_path / "a.tif", depth)))
    path = tmp_path / f"Zellen 細胞{fmt.ending}"
    if fmt.name == "outlines" and depth > 1:
        with pytest.raises(UserError, match="stack"):
            fmt.write(path, cells)
        return
    if fmt.write:
        fmt.write(path, cells)
    else:
        fmt.write_many(path, [cells])
    again = read_any(path, cells.labels.shape, "a.tif")
    if fmt.name == "outlines":  # knows no numbers
        np.testing.assert_array_equal(again.labels > 0, cells.labels > 0)
    else:
        np.testing.assert_array_equal(again.labels, cells.labels)
    if fmt.name not in ("outlines", "imagej", "geojson"):  # which do not know the size of the image
        with pytest.raises(UserError, match=r"pixels|fit"):
            read_any(path, (depth, 40, 60), "a.tif")


def test_ome_files_know_the_size_of_a_pixel(tmp_path: Path) -> None:
    image = read_image(write_image(tmp_path / "a.tif", 3))
    assert (image.pixel_size, image.z_step, image.channels) == (0.25, 2.0, 2)
    for name in ("ome-tiff", "ome-zarr"):
        fmt = format_called(name)
        path = tmp_path / f"a{fmt.ending}"
        assert fmt.write is not None
        fmt.write(path, Labelling(some_labels(3), {70_000: "tiny"}, image=image))
        again = read_image(path)
        assert again.pixel_size == pytest.approx(0.25) and again.z_step == pytest.approx(2.0)
    assert read_any(path).classes == {70_000: "tiny"}


def test_a_training_pair_is_found_and_read(tmp_path: Path) -> None:
    from model_core.formats.pairs import find_pairs

    image = read_image(write_image(tmp_path / "a.tif", 3))
    fmt = format_called("pairs")
    (tmp_path / "out").mkdir()
    assert fmt.write is not None
    fmt.write(tmp_path / "out" / "a_img.tif", Labelling(some_labels(3), image=image))
    (pair,) = find_pairs(tmp_path / "out")
    np.testing.assert_array_equal(read_image(pair.image).pixels, image.pixels)
    np.testing.assert_array_equal(read_any(pair.masks).labels, some_labels(3))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_tables_as_others_read_them(tmp_path: Path, ending: str) -> None:
    from pyarrow import csv, parquet

    fmt = format_called(ending)
    pixels = np.zeros((1, 1, 50, 60), np.uint8)
    known = Image(pixels, pixel_size=0.5, path=tmp_path / "a.tif")
    cells = [
        Labelling(some_labels(), {1: "=1+1"}, image=known, details={"confidence": {1: 0.5}}),
        Labelling(some_labels(), image=Image(pixels, path=tmp_path / "b, 2.tif")),
    ]
    path = tmp_path / f"t.{ending}"
    assert fmt.write_many is not None
    fmt.write_many(path, iter(cells))
    table = (csv.read_csv(path) if ending == "csv" else parquet.read_table(path)).to_pydict()
    count = len(np.unique(some_labels())) - 1
    assert table["image"] == ["a.tif"] * count + ["b, 2.tif"] * count
    area = np.bincount(some_labels().ravel())[1]
    assert table["area_um2"][0] == area / 4 and table["area_px2"][0] is None
    assert table["area_px2"][count] == area and table["area_um2"][count] is None
    assert table["confidence"][:2] == [0.5, None]
    assert table["class"][0] == ("'=1+1" if ending == "csv" else "=1+1")  # spreadsheets compute it otherwise


def items(folder: Path, *names: str) -> list[Item]:
    made = []
    for name in names:
        image = write_image(folder / name)
        cells = Labelling(some_labels(), image=read_image(image))
        made.append(Item(image, image.stem, lambda cells=cells: cells))  # type: ignore[misc]
    return made


def test_several_images_in_several_formats(tmp_path: Path) -> None:
    formats = [format_called(name) for name in ("geojson", "coco", "csv")]
    plan = Plan(items(tmp_path, "a.tif", "b.tif"), formats, tmp_path / "out", common="all")
    steps: list[float] = []
    outcome = export(plan, progress=lambda part, text: steps.append(part))
    names = {"a.geojson", "b.geojson", "all_coco.json", "all_measurements.csv"}
    assert (
        {path.name for path in outcome.written}
        == names
        == {path.name for path in (tmp_path / "out").iterdir()}
    )
    assert steps == sorted(steps) and steps[-1] == 1 and not outcome.failed
    with pytest.raises(UserError, match="4 of the files exist already"):
        export(plan)
    assert len(export(plan, overwrite=True).written) == 4
    with pytest.raises(Cancelled):
        export(plan, overwrite=True, cancelled=lambda: True)


def test_what_was_exported_is_not_taken_for_further_images(tmp_path: Path) -> None:
    from model_core.formats.folder import images_in

    formats = [fmt for fmt in WRITABLE if fmt.inside is None]
    outcome = export(Plan(items(tmp_path, "a.tif"), formats, None))
    assert len(outcome.written) == len(formats) and not outcome.failed
    assert [path.name for path in images_in(tmp_path)] == ["a.tif"]
    assert (tmp_path / "training" / "a_img.tif").exists()


def test_two_images_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    both = items(tmp_path, "a.tif") + items(tmp_path / "x", "A.tif")
    with pytest.raises(UserError, match="would both be exported"):
        export(Plan(both, [format_called("imagej")], tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    assert len(export(Plan(both, [format_called("imagej")], None)).written) == 2  # beside each is fine


def test_an_image_is_never_replaced(tmp_path: Path) -> None:
    image = write_image(tmp_path / "a_masks.tif")
    plan = Plan([Item(image, "a", lambda: Labelling(some_labels()))], [format_called("tiff")], None)
    with pytest.raises(UserError, match="is an image"):
        export(plan, overwrite=True)


def test_one_failure_does_not_stop_the_others(tmp_path: Path) -> None:
    def vanished() -> Labelling:
        raise UserError("“b.tif” does not exist.")

    good = items(tmp_path, "a.tif", "c.tif")
    plan = Plan(
        [good[0], Item(tmp_path / "b.tif", "b", vanished), good[1]],
        [format_called("imagej"), format_called("csv")],
        tmp_path / "out",
    )
    outcome = export(plan)
    assert len(outcome.written) == 3 and outcome.failed == {"b.tif": "“b.tif” does not exist."}


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="could not be made"):
        export(Plan(items(tmp_path, "a.tif"), [format_called("imagej")], tmp_path / "file" / "out"))


def test_documents_are_sources(tmp_path: Path) -> None:
    image = write_image(tmp_path / "a.tif")
    document = write_document(image)
    for start in (image, document, tmp_path):
        (found,) = find_labelled(start)
        assert (found.image, found.labels, found.name) == (image, document, "a")
    cells = load(found)
    assert cells.by_hand == {90_000} and cells.details["source"][90_000] == "edited"
    np.testing.assert_array_equal(cells.labels[0, :49], some_labels()[0, :49])
    found.image.unlink()
    with pytest.raises(UserError, match="not beside it"):
        load(find_labelled(document)[0])


def test_the_command_line(tmp_path: Path) -> None:
    run = CliRunner()
    write_document(write_image(tmp_path / "a.tif"))
    done = run.invoke(app, ["convert", str(tmp_path / "a.tif"), "--to", "seg-npy", "--to", "geojson"])
    assert done.exit_code == 0, done.output
    assert {Path(line).name for line in done.stdout.split("\n") if line} == {"a_seg.npy", "a.geojson"}
    out = tmp_path / "b.zip"
    done = run.invoke(app, ["convert", str(tmp_path / "a_seg.npy"), "-o", str(out)])
    assert done.exit_code == 0 and out.exists(), done.output
    np.testing.assert_array_equal(read_any(out, (1, 50, 60)).labels, read_any(tmp_path / "a_seg.npy").labels)
    done = run.invoke(app, ["convert", str(tmp_path / "a_seg.npy"), "-o", str(out)])
    assert done.exit_code == 1 and "--overwrite" in done.stderr
    table = tmp_path / "t.csv"
    done = run.invoke(app, ["measure", str(tmp_path / "a.tif"), "-o", str(table)])
    assert done.exit_code == 0 and table.read_text().startswith('"image","label","area_um2"'), done.output
    for wrong in (["-o", str(tmp_path / "t.docx")], [], ["--to", "word"]):
        done = run.invoke(app, ["convert", str(tmp_path / "a.tif"), *wrong])
        assert done.exit_code == 1 and done.stderr.startswith("Error:")
