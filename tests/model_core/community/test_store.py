"""Stores in a folder and in memory, which stands for those elsewhere: whole files or none."""

import os
import uuid
from pathlib import Path

import pytest

from model_core.community.store import Store
from model_core.errors import Cancelled, UserError

BUNDLE = "contributions/0123456789abcdef.zip"


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        (tmp_path / "store").mkdir()
        return Store(str(tmp_path / "store"))
    return Store(f"memory://{uuid.uuid4().hex}")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"content" * 1000)
    return path


def test_what_is_written_is_listed_and_read(store: Store, file: Path, tmp_path: Path) -> None:
    store.write(file, BUNDLE)
    store.write(file, "contributions/notes.txt")
    assert store.bundles() == [BUNDLE] and store.has(BUNDLE)
    shares: list[float] = []
    store.fetch(BUNDLE, tmp_path / "back", 7000, shares.append)
    assert (tmp_path / "back").read_bytes() == file.read_bytes() and shares[-1] == 1
    store.write_text("eins", "index.json")
    store.write_text("zwei ä", "index.json")
    assert store.read_text("index.json", 100) == "zwei ä" and store.read_text("other.json", 100) is None
    store.remove(BUNDLE)
    assert store.bundles() == []


def test_sending_tells_how_far_it_is_and_can_be_stopped(store: Store, file: Path) -> None:
    shares: list[float] = []
    store.write(file, "index.json", shares.append)
    assert shares[-1] == 1

    def stop(share: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        store.write(file, BUNDLE, stop)
    assert store.bundles() == [] and not store.has(BUNDLE)


def test_too_large_or_missing_files_leave_nothing(store: Store, file: Path, tmp_path: Path) -> None:
    store.write(file, BUNDLE)
    with pytest.raises(UserError, match="larger than"):
        store.fetch(BUNDLE, tmp_path / "back", 6999)
    with pytest.raises(UserError, match=r"could not give nothing\.zip"):
        store.fetch("nothing.zip", tmp_path / "back", 100)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["file"]


def test_an_interrupted_copy_leaves_the_store_as_it_was(
    store: Store, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write_text("old", "index.json")

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("model_core.community.store._Sent.copy", fail)
    monkeypatch.setattr(store._files, "mv", fail)
    with pytest.raises(UserError, match="the disk is full"):
        store.write(file, "index.json")
    monkeypatch.undo()
    assert store.read_text("index.json", 100) == "old"
    assert [Path(name).name for name in store._files.find(store._root)] == ["index.json"]


@pytest.mark.parametrize(
    ("address", "words"),
    [("nosuch://x/y", "no store that can be opened"), ("/nowhere/at/all", "There is no store")],
)
def test_addresses_that_lead_nowhere(address: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        Store(address).bundles()


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(UserError) as caught:
        Store("nosuch://ada:secret@host/x")
    assert "“nosuch://host/x”" in str(caught.value) and "secret" not in str(caught.value)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_store(tmp_path: Path, file: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match="may not write"):
        Store(str(tmp_path)).write(file, BUNDLE)
    tmp_path.chmod(0o700)
