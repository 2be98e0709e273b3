"""A file is replaced as a whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from model_core.errors import UserError
from model_core.formats.atomic import write_atomically


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_new_file_takes_the_place_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "Maße 细胞.csv"
    for text in ("old", "new"):
        with write_atomically(path) as temporary:
            assert temporary.parent == path.parent and temporary.suffix == ".csv"
            temporary.write_text(text)
    assert path.read_text() == "new"
    assert names(tmp_path) == [path.name]


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_permissions_are_the_usual_ones_or_those_of_the_old_file(tmp_path: Path) -> None:
    plain, path = tmp_path / "plain", tmp_path / "a"
    plain.touch()
    with write_atomically(path):
        pass
    assert path.stat().st_mode == plain.stat().st_mode
    path.chmod(0o640)
    with write_atomically(path):
        pass
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_failure_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), write_atomically(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize(
    ("code", "words"),
    [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "read-only"), (errno.EACCES, "read-only")],
)
def test_the_reason_of_a_failure_is_told_in_plain_words(tmp_path: Path, code: int, words: str) -> None:
    path = tmp_path / "a.txt"
    with pytest.raises(UserError, match=words) as caught, write_atomically(path):
        raise OSError(code, os.strerror(code))
    assert str(path) in str(caught.value)
    assert names(tmp_path) == []


def test_a_missing_folder_and_a_folder_in_the_way_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="folder does not exist"), write_atomically(tmp_path / "no" / "a.txt"):
        pass
    (tmp_path / "b").mkdir()
    with pytest.raises(UserError, match="could not be written"), write_atomically(tmp_path / "b"):
        pass
    assert names(tmp_path) == ["b"]
