"""``contribute`` and ``release``: what they show, ask, write and refuse."""

from pathlib import Path

import pytest
from click.testing import Result
from folders import four_discs, write_pair
from typer.testing import CliRunner

from model_core.cli import app
from model_core.community.releases import Release, Releases, describe, publish
from model_core.community.store import Store
from model_core.models.package import read_card
from model_core.networks.flow_net import FlowNet, FlowNetOptions
from model_core.training import batches, training_run


def run(*arguments: object, answer: str | None = None) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=answer)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A store, two labelled images, and one without labels."""
    (tmp_path / "store").mkdir()
    write_pair(tmp_path / "mine", "Jane Doe 1", four_discs())
    write_pair(tmp_path / "mine", "Jane Doe 2", four_discs()[:, ::-1])
    (tmp_path / "mine" / "other.png").write_bytes((tmp_path / "mine" / "Jane Doe 1_img.tif").read_bytes())
    return tmp_path


def contribution(place: Path, *more: object, answer: str | None = None) -> Result:
    words = ("--to", place / "store", "--by", "Ada", "--licence", "CC0-1.0", "--kind", "discs")
    return run("contribute", place / "mine", *words, *more, answer=answer)


def sent(place: Path) -> list[Path]:
    return list((place / "store").rglob("*.zip"))


def test_contribute_shows_asks_and_sends(place: Path) -> None:
    for answer in ("n\n", "", None):
        refused = contribution(place, answer=answer)
        assert refused.exit_code == 1 and "Nothing was sent" in refused.stderr and not sent(place)
    assert "0002_img.tif" in refused.stdout and "I made these images" in " ".join(refused.stderr.split())
    agreed = contribution(place, answer="y\n")
    assert agreed.exit_code == 0, agreed.output
    (path,) = sent(place)
    assert agreed.stdout.splitlines()[-1].split("\t") == [path.stem, "2", "8"]
    again = contribution(place, "--yes")
    assert again.exit_code == 1 and "has this contribution already" in again.stderr


def test_contribute_refuses_what_cannot_be_taken(place: Path) -> None:
    other = place / "mine" / "other.png"
    for options, words in (
        (("--licence", "CC-BY-NC-4.0"), "none of the licences"),
        (("--kind", ""), "kind of image"),
        (("--to", "nosuch://x"), "no store"),
        ((other,), "no labels beside it"),
    ):
        result = contribution(place, "--yes", *options)
        assert result.exit_code == 1 and words in result.stderr, result.output
    assert not sent(place)


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """A folder of one data set, and its catalogue."""
    for split in ("train", "val"):
        write_pair(tmp_path / "sets" / "discs" / split, "a", four_discs())
    path = tmp_path / "catalogue.json"
    result = run("release", "check", tmp_path / "sets", "--write", path)
    assert result.exit_code == 0, result.output
    return path


def test_release_check_says_what_differs(catalogue: Path, tmp_path: Path) -> None:
    whole = run("release", "check", tmp_path / "sets", "--catalogue", catalogue)
    assert whole.exit_code == 0 and "the same" in whole.stdout, whole.output
    (tmp_path / "sets" / "discs" / "val" / "a_masks.tif").write_bytes(b"other")
    write_pair(tmp_path / "sets" / "discs" / "train", "b", four_discs())
    changed = run("release", "check", tmp_path / "sets", "--catalogue", catalogue)
    assert changed.exit_code == 1
    for words in ("1 file changed: discs/val/a_masks.tif", "2 files that do not belong there"):
        assert words in " ".join(changed.stdout.split())
    assert run("release", "check", tmp_path / "sets", "--write", catalogue).exit_code == 1


def test_release_train_makes_the_model_of_the_catalogue(
    catalogue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    monkeypatch.setattr(batches, "SIDES", (64,))
    options = FlowNetOptions(widths=(8, 8), depths=(1, 1))
    monkeypatch.setattr(training_run, "FlowNet", lambda _: FlowNet(options))
    values = json.loads(catalogue.read_text())
    values["datasets"] = [entry | {"kind": "discs", "licence": "MIT"} for entry in values["datasets"]]
    values["recipe"] = {"steps": 2, "rendered": 0.0}
    catalogue.write_text(json.dumps(values))
    target = tmp_path / "m.safetensors"
    command = ("release", "train", tmp_path / "sets", "--out", target, "--catalogue", catalogue)
    made = run(*command)
    assert made.exit_code == 0, made.output
    card = read_card(target)
    assert card.recipe["steps"] == 2 and card.data[0]["licence"] == "MIT" and card.data[0]["images"] == 1
    assert "all the steps of the recipe already" in run(*command, "--resume").stderr
    values["recipe"]["steps"] = 3
    catalogue.write_text(json.dumps(values))
    assert run(*command, "--resume").exit_code == 0 and read_card(target).recipe["steps"] == 3
    (tmp_path / "sets" / "discs" / "train" / "a_img.tif").write_bytes(b"x")
    changed = run(*command, "--resume", "--minutes", 1)
    assert changed.exit_code == 1 and "discs/train/a_img.tif" in changed.stderr.replace("\n", "")


def test_release_list_get_rollback(
    place: Path, tiny_model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model_core.models.registry.user_folder", lambda: place / "registry")
    store = Store(str(place / "store"))
    seen = Releases()
    for name, parent in (("m-1", None), ("m-2", "m-1")):
        words = {"date": "2030-01-31", "mean": 0.5, "scores": {"discs": 0.5}}
        made: Release = describe(tiny_model_file, name, parent=parent, changelog=(f"{name} new",), **words)
        publish(store, tiny_model_file, made, seen)
        seen = Releases(name, (*seen.all, made))
    listed = run("release", "list", place / "store").stdout
    assert "m-1 new" in listed and listed.index("m-1") < listed.index("current")
    got = run("release", "get", place / "store", "m-1")
    assert got.exit_code == 0 and read_card(Path(got.stdout.strip())).name == "m-1"
    assert run("release", "rollback", place / "store").stdout.strip() == "m-1"
    assert run("release", "rollback", place / "store").exit_code == 1
    assert "has no release" in run("release", "get", place / "store", "x").stderr
    assert run("release", "run", place / "store", "--data", place, "--into", place / "w").exit_code == 1
