"""Models are renamed, annotated, handed on, deleted and brought back; the weights are never touched."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from model_core.errors import UserError
from model_core.models.package import read_card, read_network, rewrite_card
from model_core.models.registry import find_model, model_names, user_folder
from model_core.models.shelf import (
    Entry,
    annotate_model,
    bring_back,
    delete_model,
    export_model,
    free_name,
    put_on_shelf,
    rename_model,
    shelf,
)


@pytest.fixture(autouse=True)
def private_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def mine(tiny_model_file: Path) -> str:
    put_on_shelf("mine", lambda path: shutil.copy(tiny_model_file, path))
    card = read_card(find_model("mine"))
    card.name, card.parent = "mine", "generalist"
    rewrite_card(find_model("mine"), card)
    return "mine"


def entry(name: str) -> Entry:
    (found,) = [e for e in shelf() if e.name == name]
    return found


def weights(path: Path) -> bytes:
    data = path.read_bytes()
    return data[8 + int.from_bytes(data[:8], "little") :]


def test_the_shelf_tells_where_models_come_from(mine: str) -> None:
    assert entry("generalist").bundled and not entry(mine).bundled
    assert entry(mine).parent == "generalist"
    (user_folder() / "broken.safetensors").write_bytes(b"nothing")
    broken = entry("broken")
    assert broken.card is None and "damaged" in broken.problem


def test_another_card_leaves_the_weights_alone(mine: str, tiny_model_file: Path) -> None:
    before = weights(tiny_model_file)
    annotate_model(mine, "Good on yeast, bad on 酵母 ü\nthe rest")
    path = find_model(mine)
    assert weights(path) == before
    assert read_card(path).notes == "Good on yeast, bad on 酵母 ü\nthe rest"
    read_network(path)


def test_renaming_takes_the_children_along(mine: str, tiny_model_file: Path) -> None:
    put_on_shelf("child", lambda path: shutil.copy(tiny_model_file, path))
    card = read_card(find_model("child"))
    card.name, card.parent = "child", mine
    rewrite_card(find_model("child"), card)
    rename_model(mine, " yeast ")
    assert set(model_names()) == {"generalist", "yeast", "child"}
    assert read_card(find_model("yeast")).name == "yeast"
    assert entry("child").parent == "yeast"
    rename_model("yeast", "Yeast")
    assert entry("child").parent == "Yeast"


@pytest.mark.parametrize("name", ["", " ", "a/b", ".hidden", "generalist", "GENERALIST", "x" * 300, "a\nb"])
def test_impossible_names_change_nothing(mine: str, name: str) -> None:
    with pytest.raises(UserError):
        rename_model(mine, name)
    with pytest.raises(UserError):
        put_on_shelf(name, lambda path: path.write_bytes(b""))
    assert set(model_names()) == {"generalist", "mine"} and read_card(find_model(mine)).name == "mine"


def test_deleting_can_be_taken_back(mine: str) -> None:
    whole = find_model(mine).read_bytes()
    kept = delete_model(mine)
    assert model_names() == ["generalist"]
    assert bring_back(kept) == mine
    assert find_model(mine).read_bytes() == whole


def test_a_model_comes_back_under_another_name_when_its_own_is_taken(
    mine: str, tiny_model_file: Path
) -> None:
    first = delete_model(mine)
    put_on_shelf(mine, lambda path: shutil.copy(tiny_model_file, path))
    second = delete_model(mine)
    assert first != second
    assert [bring_back(first), bring_back(second)] == ["mine", "tiny"]


def test_deleted_models_are_forgotten_after_a_month(mine: str, tiny_model_file: Path) -> None:
    kept = delete_model(mine)
    long_ago = time.time() - 40 * 24 * 3600
    os.utime(kept, (long_ago, long_ago))
    put_on_shelf("other", lambda path: shutil.copy(tiny_model_file, path))
    delete_model("other")
    assert not kept.exists()


@pytest.mark.parametrize(
    "change", [delete_model, lambda n: rename_model(n, "x"), lambda n: annotate_model(n, "x")]
)
def test_the_bundled_model_stays(change: object) -> None:
    before = find_model("generalist").read_bytes()
    with pytest.raises(UserError, match="comes with the program"):
        change("generalist")  # type: ignore[operator]
    with pytest.raises(UserError, match="no model called"):
        change("nobody")  # type: ignore[operator]
    assert find_model("generalist").read_bytes() == before


def test_an_exported_model_is_complete(mine: str, tmp_path: Path) -> None:
    target = tmp_path / "for you.safetensors"
    export_model(mine, target)
    assert target.read_bytes() == find_model(mine).read_bytes()
    with pytest.raises(UserError, match="itself"):
        export_model(mine, find_model(mine))
    with pytest.raises(UserError):
        export_model(mine, tmp_path / "nowhere" / "x.safetensors")


def test_a_free_name_is_found(mine: str) -> None:
    assert free_name("mine") == "mine 2" and free_name("yeast") == "yeast" and free_name('"?') == "model"
