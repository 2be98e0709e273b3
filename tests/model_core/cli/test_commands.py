"""``cellpose-engine``: what it writes, prints and refuses, and its exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import Result
from drawings import SeeingModel
from folders import four_discs, write_pair
from typer.testing import CliRunner

import model_core
from model_core.cli import app
from model_core.formats.label_image import read_labels

ROOT = Path(__file__).parents[3]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def seeing(monkeypatch: pytest.MonkeyPatch, seeing_model: SeeingModel) -> SeeingModel:
    """Every command gets the model that needs no training."""
    monkeypatch.setattr("model_core.models.model.load_model", lambda name=None, device=None: seeing_model)
    return seeing_model


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder of two images, an older result and a note."""
    folder = tmp_path / "Bilder für 细胞"
    folder.mkdir()
    picture = ((four_discs() > 0) * 200).astype(np.uint8)
    for name in ("a.png", "b c.jpg", "old_masks.png"):
        (folder / name).write_bytes(cv2.imencode(Path(name).suffix, picture)[1].tobytes())
    (folder / "notes.txt").write_text("hello")
    return folder


def test_segment_writes_masks_and_prints_where(images: Path, tmp_path: Path, seeing: SeeingModel) -> None:
    result = run("segment", images, "-o", tmp_path / "new" / "results")
    assert result.exit_code == 0, result.output
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert [Path(line[0]).name for line in lines] == ["a_masks.tif", "b c_masks.tif"]
    for path, count, diameter in lines:
        labels = read_labels(Path(path))
        assert labels.shape == (1, 120, 120) and set(np.unique(labels)) == {0, 1, 2, 3, 4}
        assert count == "4" and float(diameter) == pytest.approx(30, rel=0.1)
    assert sorted(p.name for p in images.iterdir()) == ["a.png", "b c.jpg", "notes.txt", "old_masks.png"]


def test_segment_goes_on_after_a_bad_file(images: Path, tmp_path: Path, seeing: SeeingModel) -> None:
    (images / "bad.tif").write_text("this is text")
    result = run(
        "segment", images / "bad.tif", tmp_path / "missing.png", images / "a.png", "-o", tmp_path / "r"
    )
    assert result.exit_code == 1
    assert "bad.tif" in result.stderr and "missing.png" in result.stderr
    assert "2 of 3 images could not be segmented" in result.stderr
    assert [p.name for p in (tmp_path / "r").iterdir()] == ["a_masks.tif"]
    assert len(result.stdout.splitlines()) == 1


def test_segment_replaces_results_only_when_told(images: Path, tmp_path: Path, seeing: SeeingModel) -> None:
    out = tmp_path / "r"
    out.mkdir()
    (out / "a_masks.tif").write_bytes(b"precious")
    refused = run("segment", images, "-o", out)
    assert refused.exit_code == 1 and "--overwrite" in refused.stderr
    assert (out / "a_masks.tif").read_bytes() == b"precious" and len(list(out.iterdir())) == 1
    assert run("segment", images, "-o", out, "--overwrite").exit_code == 0
    assert read_labels(out / "a_masks.tif").max() == 4


def test_segment_refuses_two_images_of_one_name(images: Path, tmp_path: Path, seeing: SeeingModel) -> None:
    (images / "A.tif").write_bytes((images / "a.png").read_bytes())
    result = run("segment", images, "-o", tmp_path / "r")
    assert result.exit_code == 1 and "A.tif" in result.stderr and "a.png" in result.stderr
    assert not (tmp_path / "r").exists()
    twice = run("segment", images / "a.png", images / "a.png", "-o", tmp_path / "r")
    assert twice.exit_code == 0 and len(twice.stdout.splitlines()) == 1


def test_segment_hands_its_options_on(
    images: Path, tmp_path: Path, seeing: SeeingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from model_core.segmentation import segmenter

    seen: dict[str, object] = {}
    whole = segmenter.segment

    def watched(*args: object, **options: object) -> segmenter.Segmentation:
        seen.update(options)
        return whole(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(segmenter, "segment", watched)
    options = "--diameter 28 --flow-threshold 0.3 --cellprob-threshold -1 --min-size 9 --niter 300 --augment"
    more = "--anisotropy 2 --stitch-threshold 0.4 --no-do-3d"
    result = run("segment", images / "a.png", "-o", tmp_path, *options.split(), *more.split())
    assert result.exit_code == 0, result.output
    wanted = {
        "diameter": 28.0,
        "flow_threshold": 0.3,
        "cellprob_threshold": -1.0,
        "min_size": 9,
        "niter": 300,
        "augment": True,
        "anisotropy": 2.0,
        "stitch_threshold": 0.4,
        "do_3D": False,
    }
    assert {key: seen[key] for key in wanted} == wanted


def test_notes_go_to_the_standard_error(tmp_path: Path, seeing: SeeingModel) -> None:
    cv2.imwrite(str(tmp_path / "flat.png"), np.full((30, 30), 9, np.uint8))
    result = run("segment", tmp_path / "flat.png", "-o", tmp_path)
    assert result.exit_code == 0
    assert "same value everywhere" in result.stderr and "\t0\t" in result.stdout


def test_segment_says_what_is_wrong(images: Path, tmp_path: Path, tiny_model_file: Path) -> None:
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(tiny_model_file.read_bytes()[:5000])
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    for arguments, words in (
        (["--model", "nobody"], "no model called “nobody”"),
        (["--model", damaged], "damaged"),
        (["--model", tmp_path / "no.safetensors"], "does not exist"),
        (["--model", tiny_model_file, "--device", "abacus"], "no device"),
        (["--diameter", "-4"], "diameter"),
        (["--model", tiny_model_file, "-o", tmp_path / "file" / "deeper"], "could not be made"),
        ([tmp_path / "empty"], "holds no images"),
    ):
        result = run("segment", images, "-o", tmp_path / "r", *arguments)
        assert result.exit_code == 1 and words in result.stderr, (arguments, result.output)
        assert len(result.stderr.strip().splitlines()) == 1 and result.stdout == ""
    assert not (tmp_path / "r").exists()


def test_evaluate_prints_and_writes_figures(tmp_path: Path, seeing: SeeingModel) -> None:
    labels = four_discs()
    write_pair(tmp_path / "sets" / "half" / "val", "a", labels, (labels > 2).astype(np.uint8))
    write_pair(tmp_path / "sets" / "whole" / "val", "a", labels)
    write_pair(tmp_path / "sets" / "whole" / "train", "b", labels)
    target = tmp_path / "figures.json"
    page = tmp_path / "page"
    result = run("evaluate", tmp_path / "sets", "--json", target, "--overlays", page, "--worst", "1")
    assert result.exit_code == 0, result.output
    assert sorted(file.name for file in page.iterdir()) == ["000_half_a.png", "index.html"]
    assert "half, a: AP 0.50 at 0.5; 4 objects, 2 missed" in (page / "index.html").read_text(encoding="utf-8")
    figures = json.loads(target.read_text(encoding="utf-8"))
    assert list(figures) == ["half", "whole", "mean"]
    keys = ["images", "objects", "ap50", "ap75", "ap90", "missed", "added"]
    keys += ["split", "merged", "boundary", "seconds"]
    assert all(list(figure) == keys for figure in figures.values())
    assert figures["half"]["ap50"] == 0.5 and figures["half"]["missed"] == 2
    assert figures["whole"] == {**figures["whole"], "images": 1, "objects": 4, "ap50": 1.0, "added": 0}
    assert figures["mean"]["ap50"] == 0.75 and figures["mean"]["objects"] == 4
    for words in ("half", "whole", "mean", "0.500", "0.750", "missed", "added", "seconds"):
        assert words in result.stdout
    assert "…" not in result.stdout
    trained = run("evaluate", tmp_path / "sets", "--split", "train", "--json", target)
    assert trained.exit_code == 0 and list(json.loads(target.read_text())) == ["whole", "mean"]


def test_evaluate_stores_its_figures_in_the_card(tmp_path: Path, tiny_model_file: Path) -> None:
    from model_core.models.package import read_card, read_network

    write_pair(tmp_path / "set" / "val", "a", four_discs())
    before, _ = read_network(tiny_model_file)
    result = run("evaluate", tmp_path / "set", "--model", tiny_model_file, "--into-card")
    assert result.exit_code == 0, result.output
    scores = read_card(tiny_model_file).scores
    assert scores["split"] == "val" and scores["set"]["objects"] == 4 and "ap50" in scores["mean"]
    after, _ = read_network(tiny_model_file)
    assert all(bool((a == b).all()) for a, b in zip(before.parameters(), after.parameters(), strict=True))


def test_evaluate_says_what_is_wrong(tmp_path: Path, tiny_model_file: Path) -> None:
    write_pair(tmp_path / "a" / "val", "x", four_discs())
    for arguments, words in (
        ([tmp_path / "nothing"], "is not a folder"),
        ([tmp_path / "a", "--split", "train"], "“train” split"),
        ([tmp_path / "a", "--model", "nobody"], "no model called"),
        (
            [tmp_path / "a", "--model", tiny_model_file, "--json", tmp_path / "no" / "x.json"],
            "could not be written",
        ),
    ):
        result = run("evaluate", *arguments)
        assert result.exit_code == 1 and words in result.stderr, (arguments, result.output)


def test_models_are_listed(tmp_path: Path, tiny_model_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from model_core.models import registry
    from model_core.models.package import Card, read_network, save_package

    monkeypatch.setattr(registry, "user_folder", lambda: tmp_path)
    monkeypatch.setattr(registry, "bundled_folder", lambda: tmp_path / "nothing")
    network, card = read_network(tiny_model_file)
    data = [{"name": "a", "objects": 1200}, {"name": "b", "objects": 34}]
    scores = {"mean": {"ap50": 0.8125}}
    options = card.options
    save_package(
        tmp_path / "algae.safetensors",
        network,
        Card("algae", options=options, data=data, scores=scores, date="2024-05-06T07:08:09+00:00"),
    )
    (tmp_path / "broken.safetensors").write_bytes(b"no")
    result = run("models")
    assert result.exit_code == 0
    for words in ("algae", "2024-05-06", "1,234", "0.812"):
        assert words in result.stdout
    assert "broken" in result.stderr


def test_train_then_segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from model_core.networks.flow_net import FlowNet, FlowNetOptions
    from model_core.training import batches, training_run

    monkeypatch.setattr(batches, "SIDES", (64,))
    small = FlowNetOptions(widths=(8, 8), depths=(1, 1))
    monkeypatch.setattr(training_run, "FlowNet", lambda _: FlowNet(small))
    write_pair(tmp_path / "mine", "a", four_discs())
    target = tmp_path / "new model.safetensors"
    result = run("train", tmp_path / "mine", "--out", target, "--epochs", 1)
    assert result.exit_code == 0, result.output
    assert result.stdout == "" and "Wrote" in result.stderr
    again = run("train", tmp_path / "mine", "--out", target, "--epochs", 1)
    assert again.exit_code == 1 and "exists already" in again.stderr
    assert run("train", tmp_path / "mine", "--out", target, "--epochs", 1, "--resume").exit_code == 0
    result = run("segment", tmp_path / "mine" / "a_img.tif", "-o", tmp_path / "r", "--model", target)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "r" / "a_img_masks.tif").exists()


def test_ctrl_c_and_lack_of_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, images: Path) -> None:
    for error, code in ((KeyboardInterrupt(), 130), (MemoryError(), 1)):

        def fail(*_: object, error: BaseException = error) -> None:
            raise error

        monkeypatch.setattr("model_core.models.model.load_model", fail)
        result = run("segment", images, "-o", tmp_path / "r")
        assert result.exit_code == code and len(result.stderr.strip().splitlines()) == 1


def test_as_a_program(images: Path, tmp_path: Path, tiny_model_file: Path) -> None:
    def engine(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "model_core.cli", *map(str, arguments)]
        return subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=120
        )

    version = engine("--version")
    assert (version.returncode, version.stdout) == (0, f"cellpose-engine {model_core.__version__}\n")
    result = engine(
        "segment", images / "a.png", "-o", tmp_path, "--model", tiny_model_file, "--device", "cpu"
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(str(tmp_path / "a_masks.tif\t")) and result.stderr == ""
    wrong = engine("segment", images / "a.png")
    assert wrong.returncode == 2 and "--output" in wrong.stderr and wrong.stdout == ""


def test_a_model_is_imported_once(
    tmp_path: Path, tiny_model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from model_core.models import registry

    monkeypatch.setattr(registry, "user_folder", lambda: tmp_path / "mine")
    result = run("models", "import", tiny_model_file, "--name", "algae")
    assert result.exit_code == 0, result.output
    assert Path(result.stdout.strip()) == tmp_path / "mine" / "algae.safetensors"
    assert "algae" in run("models").stdout
    again = run("models", "import", tiny_model_file, "--name", "algae")
    assert again.exit_code == 1 and "already" in again.stderr
