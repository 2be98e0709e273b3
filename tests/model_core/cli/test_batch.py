"""``segment`` on whole folders: which images, what is not done twice, broken files, interruptions."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
from click.testing import Result
from drawings import SeeingModel
from folders import four_discs
from typer.testing import CliRunner

from model_core.annotation.cells_file import cells_path
from model_core.annotation.cells_load import open_cells
from model_core.annotation.label_store import LabelStore
from model_core.annotation.objects import Source
from model_core.cli import app
from model_core.formats.label_image import read_labels, read_note
from model_core.segmentation import segmenter
from tests.model_core.annotation.documents import SavedStore

ROOT = Path(__file__).parents[3]
SHAPE = (1, 120, 120)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["segment", *(str(argument) for argument in arguments)])


@pytest.fixture
def seeing(monkeypatch: pytest.MonkeyPatch, seeing_model: SeeingModel) -> SeeingModel:
    monkeypatch.setattr("model_core.models.model.load_model", lambda name=None, device=None: seeing_model)
    return seeing_model


@pytest.fixture
def segmented(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the images that were really computed."""
    names: list[str] = []
    whole = segmenter.segment

    def watched(image, *args, **options):  # type: ignore[no-untyped-def]
        names.append(image.name)
        return whole(image, *args, **options)

    monkeypatch.setattr(segmenter, "segment", watched)
    return names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three good images among broken ones, and one in a folder below."""
    folder = tmp_path / "Bilder 細胞"
    picture = ((four_discs() > 0) * 200).astype(np.uint8)
    for name in ("1.tif", "2.tif", "10.tif", "day 2/deep.tif"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(path, picture)
    return folder


def break_some(folder: Path) -> None:
    (folder / "0 empty.tif").write_bytes(b"")
    (folder / "5 cut.tif").write_bytes((folder / "1.tif").read_bytes()[:300])
    (folder / "7 text.png").write_text("no picture")


def test_broken_files_among_good_ones_are_listed_at_the_end(
    folder: Path, tmp_path: Path, seeing: SeeingModel
) -> None:
    break_some(folder)
    result = run(folder, "-o", tmp_path / "r")
    assert result.exit_code == 1
    head, *listed = result.stderr.strip().splitlines()
    assert "3 of 6 images could not be segmented" in head
    for line, name in zip(listed, ("0 empty.tif", "5 cut.tif", "7 text.png"), strict=True):
        assert line.startswith(f"  {folder / name}: "), line
    done = [line.split("\t") for line in result.stdout.splitlines()]
    assert [Path(line[0]).name for line in done] == ["1_masks.tif", "2_masks.tif", "10_masks.tif"]
    assert {line[1] for line in done} == {"4"}


def test_a_second_run_does_only_what_is_missing_or_has_changed(
    folder: Path, tmp_path: Path, seeing: SeeingModel, segmented: list[str]
) -> None:
    first = run(folder, "-o", tmp_path / "r")
    assert first.exit_code == 0 and len(segmented) == 3
    (tmp_path / "r" / "2_masks.tif").unlink()
    segmented.clear()
    again = run(folder, "-o", tmp_path / "r")
    assert again.exit_code == 0 and segmented == ["2.tif"]
    assert sorted(again.stdout.splitlines()) == sorted(first.stdout.splitlines())
    assert "2 of 3 images were finished already" in again.stderr

    tifffile.imwrite(folder / "1.tif", np.zeros((120, 120), np.uint8))
    refused = run(folder, "-o", tmp_path / "r")
    assert refused.exit_code == 1 and "the image has changed" in refused.stderr
    assert read_labels(tmp_path / "r" / "1_masks.tif").max() == 4
    segmented.clear()
    assert run(folder, "-o", tmp_path / "r", "--overwrite").exit_code == 0
    assert segmented == ["1.tif"] and read_labels(tmp_path / "r" / "1_masks.tif").max() == 0


def test_other_options_are_said_before_anything_is_done(
    folder: Path, tmp_path: Path, seeing: SeeingModel, segmented: list[str]
) -> None:
    assert run(folder / "1.tif", "-o", tmp_path / "r").exit_code == 0
    segmented.clear()
    refused = run(folder, "-o", tmp_path / "r", "--min-size", 30)
    assert refused.exit_code == 1 and segmented == []
    assert "min_size was 15 and is 30" in refused.stderr and "--overwrite" in refused.stderr
    anew = run(folder, "-o", tmp_path / "r", "--min-size", 30, "--overwrite")
    assert anew.exit_code == 0 and segmented == ["1.tif", "2.tif", "10.tif"]
    note = read_note(tmp_path / "r" / "1_masks.tif")
    assert note is not None and note["options"]["min_size"] == 30 and note["cells"] == 4


def test_another_model_of_the_same_name_is_another_model(
    folder: Path, tmp_path: Path, seeing: SeeingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(folder, "-o", tmp_path / "r").exit_code == 0
    monkeypatch.setattr("model_core.segmentation.run_record.weights_digest", lambda name: "new weights")
    refused = run(folder, "-o", tmp_path / "r")
    assert refused.exit_code == 1 and "another model" in refused.stderr


def test_patterns_and_folders_in_folders(folder: Path, tmp_path: Path, seeing: SeeingModel) -> None:
    def names(*arguments: object) -> list[str]:
        out = tmp_path / "out" / str(len(list((tmp_path / "out").glob("*"))))
        result = run(*arguments, "-o", out)
        assert result.exit_code == 0, result.output
        return [Path(line.split("\t")[0]).relative_to(out).as_posix() for line in result.stdout.splitlines()]

    assert names(folder, "--pattern", "1*") == ["1_masks.tif", "10_masks.tif"]
    assert names(folder, "-r", "--pattern", "*2*/*.tif") == ["day 2/deep_masks.tif"]
    assert names(folder, "-r", "--pattern", "2.*", "--pattern", "deep*") == [
        "2_masks.tif",
        "day 2/deep_masks.tif",
    ]
    assert names(folder / "?.tif") == ["1_masks.tif", "2_masks.tif"]
    nothing = run(folder, "--pattern", "*.png", "-o", tmp_path / "r")
    assert nothing.exit_code == 1 and "*.png" in nothing.stderr
    nothing = run(folder / "*.jpg", "-o", tmp_path / "r")
    assert nothing.exit_code == 1 and "No file matches" in nothing.stderr


def read(image: Path) -> LabelStore:
    file, store = open_cells(cells_path(image), image, SHAPE)
    file.close()
    return store


def test_into_documents_leaves_what_people_did(
    folder: Path, seeing: SeeingModel, segmented: list[str]
) -> None:
    document = SavedStore(folder / "2.tif", SHAPE)
    document.paint(20, 20, 20)
    document.close()
    assert run(folder, "--into-documents").exit_code == 0
    assert len(read(folder / "1.tif").objects) == 4
    store = read(folder / "2.tif")
    drawn = [record for record in store.objects.values() if record.source is Source.DRAWN]
    assert [record.area for record in drawn] == [400] and len(store.objects) == 4
    assert store.undo_text == "Segment (4 cells found)"
    store.undo()
    assert len(store.objects) == 1

    segmented.clear()
    assert run(folder, "--into-documents").exit_code == 0 and segmented == []
    assert run(folder, "--into-documents", "--min-size", 30).exit_code == 0
    assert len(segmented) == 3, "a document keeps what was there, so it is made anew"
    assert len(read(folder / "1.tif").history.steps) == 2


def test_a_document_that_is_open_is_told_and_the_rest_goes_on(folder: Path, seeing: SeeingModel) -> None:
    document = SavedStore(folder / "2.tif", SHAPE)
    document.paint(20, 20, 20)
    document.writer.flush()
    result = run(folder, "--into-documents")
    document.close()
    assert result.exit_code == 1 and "open in another window" in result.stderr
    assert len(result.stdout.splitlines()) == 2
    assert run(folder, "--into-documents").exit_code == 0


@pytest.mark.parametrize("arguments", [[], ["-o", "r", "--into-documents"]])
def test_where_results_go_must_be_said(folder: Path, arguments: list[str]) -> None:
    result = run(folder, *arguments)
    assert result.exit_code == 2 and "--into-documents" in result.stderr


_SLOW = """
import sys, time
from drawings import SeeingModel
from model_core.segmentation import segmenter
import model_core.models.model as models
whole = segmenter.segment
def slow(*args, **options):
    time.sleep(0.3)
    return whole(*args, **options)
segmenter.segment = slow
models.load_model = lambda name=None, device=None: SeeingModel()
from model_core.cli import main
sys.argv = ["cellpose-engine", *sys.argv[1:]]
main()
"""


def test_killed_in_the_middle_and_run_again(folder: Path, tmp_path: Path, seeing: SeeingModel) -> None:
    out = tmp_path / "r"
    for number in range(20, 30):
        (folder / f"{number}.tif").write_bytes((folder / "1.tif").read_bytes())
    break_some(folder)
    command = [sys.executable, "-c", _SLOW, "segment", str(folder), "-o", str(out)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests' / 'model_core'}"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 200
    while len(list(out.glob("*_masks.tif"))) < 3:
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    there = {path: path.stat().st_mtime_ns for path in out.glob("[!.]*_masks.tif")}
    assert 3 <= len(there) < 13
    for path in there:
        assert read_labels(path).max() == 4, "whole, or not there at all"
    again = run(folder, "-o", out)
    assert again.exit_code == 1 and "3 of 16 images could not be segmented" in again.stderr
    assert f"{len(there)} of 16 images were finished already" in again.stderr
    assert len(again.stdout.splitlines()) == 13
    assert len(list(out.glob("[!.]*_masks.tif"))) == 13
    assert {path: path.stat().st_mtime_ns for path in there} == there, "nothing is done twice"


def test_a_note_survives_in_the_file_and_nothing_foreign_counts(tmp_path: Path) -> None:
    from model_core.formats.label_image import write_labels

    write_labels(tmp_path / "a.tif", four_discs(), note={"µ": [1, None, 0.5]})
    assert read_note(tmp_path / "a.tif") == {"µ": [1, None, 0.5]}
    assert read_labels(tmp_path / "a.tif").max() == 4
    tifffile.imwrite(tmp_path / "b.tif", four_discs(), description=json.dumps({"note": [1]}))
    (tmp_path / "c.tif").write_text("text")
    assert [read_note(tmp_path / name) for name in ("b.tif", "c.tif", "none.tif")] == [None] * 3
