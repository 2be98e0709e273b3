"""``train``: from nothing, and from a model with what lies beside the images."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from drawings import crowd
from folders import four_discs, write_pair
from typer.testing import CliRunner, Result

from model_core.cli import app
from model_core.models.package import read_card
from model_core.training import fine_tuning, retraining_state
from model_core.training.comparing import Look, View


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fine_tuning, "_SIDES", (64,))
    for module in ("models.registry", "training.retraining_state"):
        monkeypatch.setattr(f"model_core.{module}.user_folder", lambda: tmp_path / "mine" / "models")


@pytest.fixture
def discs(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        write_pair(tmp_path / "discs", name, four_discs())
    return tmp_path / "discs"


def finding(monkeypatch: pytest.MonkeyPatch, right: Callable[[int], bool]) -> None:
    """Every cell is found, or none, by how often the model has been looked at."""
    looks = iter(range(1000))

    def look(model: object, view: View, diameter: float, cancel: object = None) -> Look:
        cells = np.unique(view.cells[view.cells > 0]).tolist()
        found = right(next(looks))
        return Look(view.cells, dict.fromkeys(cells, float(found)), frozenset(cells if found else []), 0)

    monkeypatch.setattr(fine_tuning, "look", look)


FAST = ("--epochs", "1", "--crops", "1", "--rendered", "0", "--device", "cpu")


def test_a_better_model_is_written(
    discs: Path, tmp_path: Path, tiny_model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding(monkeypatch, lambda look: look >= 6)  # three parts of the cells in two images, before training
    target = tmp_path / "new.safetensors"
    result = run("train", discs, "--from", tiny_model_file, "--out", target, *FAST)
    assert result.exit_code == 0, result.output
    card = read_card(target)
    assert card.parent == "tiny" and card.data[-1]["objects"] == 8 and card.name == "new"
    assert "8 cells in 2 images" in result.stderr and f"Wrote {target}" in result.stderr
    assert "one_img.tif" in result.stdout and "1.000" in result.stdout
    again = run("train", discs, "--from", tiny_model_file, "--out", target, *FAST)
    assert again.exit_code == 1 and "exists already" in again.stderr


def test_without_out_it_goes_among_the_models(
    discs: Path, tmp_path: Path, tiny_model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        finding(monkeypatch, lambda look: look >= 6)
        assert run("train", discs, "--from", tiny_model_file, *FAST).exit_code == 0
    written = sorted(path.name for path in (tmp_path / "mine" / "models").iterdir())
    assert written == ["discs-2.safetensors", "discs.safetensors"]


def test_a_model_that_is_no_better_is_not_written_unless_asked(
    discs: Path, tmp_path: Path, tiny_model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding(monkeypatch, lambda look: False)
    target = tmp_path / "new.safetensors"
    result = run("train", discs, "--from", tiny_model_file, "--out", target, *FAST)
    assert result.exit_code == 1 and "no better" in result.stderr and not target.exists()
    result = run("train", discs, "--from", tiny_model_file, "--out", target, "--even-if-worse", *FAST)
    assert result.exit_code == 0 and target.exists()


def test_the_split_of_a_set_counts_and_bad_files_are_named(
    tmp_path: Path, tiny_model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding(monkeypatch, lambda look: look >= 1)
    write_pair(tmp_path / "set" / "train", "a", crowd(0, (90, 90), 30, 9))
    write_pair(tmp_path / "set" / "val", "b", four_discs())
    (tmp_path / "set" / "train" / "lost.cells").write_bytes(b"")
    result = run(
        "train", tmp_path / "set", "--from", tiny_model_file, "--out", tmp_path / "m.safetensors", *FAST
    )
    assert "in 1 images" in result.stderr and "Left out: “lost.cells”" in result.stderr


def test_requests_that_cannot_be_met(discs: Path, tmp_path: Path, tiny_model_file: Path) -> None:
    (tmp_path / "empty").mkdir()
    start = ("--from", tiny_model_file)
    for arguments, words in (
        ([discs, "--minutes", "1"], "Say where the model goes"),
        ([discs, *start, "--out", "x.pth"], "must end in"),
        ([tmp_path / "empty", *start], "no cell to learn from"),
        ([tmp_path / "nowhere", *start], "cannot be read"),
        ([discs, "--from", "nobody"], "no model called"),
        ([discs, *start, "--device", "abacus"], "no device"),
    ):
        result = run("train", *arguments)
        assert result.exit_code == 1 and words in result.stderr, (arguments, result.output)
    with retraining_state.alone(retraining_state.work_folder(tmp_path / "m.safetensors")):
        result = run("train", discs, *start, "--out", tmp_path / "m.safetensors")
    assert result.exit_code == 1 and "running already" in result.stderr
