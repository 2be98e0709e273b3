"""Releases come into a store whole, go back, and are taken from it only if they are what the list says."""

import json
from pathlib import Path

import pytest

from model_core.community import releases as shelf
from model_core.community.releases import (
    INDEX,
    Release,
    Releases,
    describe,
    download,
    new_name,
    publish,
    read_releases,
    roll_back,
)
from model_core.community.store import Store
from model_core.errors import UserError
from model_core.models.package import read_card


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr("model_core.models.registry.user_folder", lambda: tmp_path / "mine")
    (tmp_path / "store").mkdir()
    return Store(str(tmp_path / "store"))


def made(package: Path, name: str, parent: str | None = None) -> Release:
    words = {"date": "2030-01-31T10:00:00+00:00", "mean": 0.5, "scores": {"nuclei": 0.5}}
    return describe(package, name, parent=parent, changelog=("first",), **words)


@pytest.fixture
def two(store: Store, tiny_model_file: Path) -> Store:
    publish(store, tiny_model_file, made(tiny_model_file, "m-1"), Releases())
    publish(store, tiny_model_file, made(tiny_model_file, "m-2", "m-1"), read_releases(store))
    return store


def test_published_and_rolled_back(two: Store) -> None:
    found = read_releases(two)
    assert found.current == "m-2" and [release.name for release in found.all] == ["m-1", "m-2"]
    assert found.get().changelog == ("first",) and found.get("m-1").scores == {"nuclei": 0.5}
    assert roll_back(two).name == "m-1" and read_releases(two).current == "m-1"
    assert len(read_releases(two).all) == 2
    with pytest.raises(UserError, match="first release"):
        roll_back(two)
    with pytest.raises(UserError, match=r"no release “m-3”; it has: m-1, m-2"):
        found.get("m-3")


def test_an_empty_store_has_no_releases(store: Store) -> None:
    assert read_releases(store) == Releases()
    with pytest.raises(UserError, match="no release"):
        roll_back(store)


def test_names_follow_the_day(two: Store) -> None:
    found = read_releases(two)
    assert new_name(found, "m", "2030-01-31T10") == "m-2030.01.31"
    taken = Releases("m-2030.01.31", (made_with_name(found, "m-2030.01.31"),))
    assert new_name(taken, "m", "2030-01-31T10") == "m-2030.01.31.2"
    twice = Releases("m-2030.01.31", (*taken.all, made_with_name(found, "m-2030.01.31.2")))
    assert new_name(twice, "m", "2030-01-31T10") == "m-2030.01.31.3"


def made_with_name(found: Releases, name: str) -> Release:
    return Release(**{**vars(found.all[0]), "name": name})


def test_a_failing_publication_leaves_the_store_as_it_was(
    two: Store, tiny_model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def contents() -> dict[str, bytes]:
        return {str(p): p.read_bytes() for p in (tmp_path / "store").rglob("*") if p.is_file()}

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    before, seen = contents(), read_releases(two)
    monkeypatch.setattr(shelf, "_write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        publish(two, tiny_model_file, made(tiny_model_file, "m-3", "m-2"), seen)
    monkeypatch.undo()
    assert contents() == before
    for name, seen, words in (
        ("m-3", Releases(), "changed meanwhile"),
        ("m-1", read_releases(two), "cannot be the name"),
        ("../m", read_releases(two), "cannot be the name"),
    ):
        with pytest.raises(UserError, match=words):
            publish(two, tiny_model_file, made(tiny_model_file, name), seen)
    assert contents() == before


def test_a_release_is_taken_into_the_registry(two: Store, tmp_path: Path) -> None:
    path = download(two, read_releases(two).get())
    assert path == tmp_path / "mine" / "m-2.safetensors" and read_card(path).name == "m-2"
    with pytest.raises(UserError, match="already"):
        download(two, read_releases(two).get())


def test_what_is_not_what_the_list_says_is_not_taken(two: Store, tmp_path: Path) -> None:
    package = tmp_path / "store" / "releases" / "m-2.safetensors"
    whole, release = package.read_bytes(), read_releases(two).get()

    def refused(release: Release, words: str) -> None:
        with pytest.raises(UserError, match=words):
            download(two, release)
        assert not list((tmp_path / "mine").glob("*"))
        package.write_bytes(whole)

    package.write_bytes(whole[:-1] + b"x")
    refused(release, "checksum")
    package.write_bytes(whole + b"more")
    refused(release, "larger than")
    package.unlink()
    refused(release, "could not give")
    package.write_bytes(b"\x80\x02]q\x00.")
    refused(made_named(package, "m-2"), "not a model package")
    refused(Release(**{**vars(release), "size": 2**40}), "no model of this program")


def made_named(package: Path, name: str) -> Release:
    return made(package, name)


@pytest.mark.parametrize(
    "change",
    [
        {"current": "m-9"},
        {"releases": 3},
        {"releases": [{"name": "../../evil"}]},
        {"releases": [[]]},
    ],
)
def test_a_damaged_or_hostile_list_is_refused(two: Store, tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "store" / INDEX
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | change))
    with pytest.raises(UserError, match="is damaged"):
        read_releases(two)
    values["releases"][1]["name"] = "../m-2"
    values["current"] = "../m-2"
    path.write_text(json.dumps(values))
    with pytest.raises(UserError, match="is damaged"):
        read_releases(two)
