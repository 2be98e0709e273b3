"""Doubts in the index of a folder: the same again, gone with a change, never believed blindly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model_core.annotation.candidates import Candidate
from model_core.annotation.doubt import Advice, Doubt
from model_core.annotation.folder_index import FolderIndex
from model_core.annotation.kept_doubts import keep_doubts, kept_doubts

BOX = slice(0, 1), slice(5, 7), slice(60_000, 60_005)
SOME = [
    Doubt(7, 0.9, Advice.SPLIT, "looks like two cells", parts=((0, 3, 4), (0, 9, 70_000))),
    Doubt(4_000_000_000, 0.25, Advice.MERGE, "", partner=9),
    Doubt(0, 0.125, Advice.ADD, "", candidate=Candidate(BOX, np.eye(2, 5, dtype=bool)[None], 0.125)),
]


@pytest.fixture
def index(tmp_path: Path):  # type: ignore[no-untyped-def]
    for suffix in (".tif", ".cells"):
        (tmp_path / f"a{suffix}").write_bytes(b"some")
    index = FolderIndex(tmp_path)
    yield index
    index.close()


def test_the_same_again_until_a_file_changes(index: FolderIndex) -> None:
    stamp = index.stamp("a.tif")
    assert kept_doubts(index, "a.tif", stamp) is None
    keep_doubts(index, "a.tif", stamp, SOME)
    assert kept_doubts(index, "a.tif", stamp) == SOME
    (index.folder / "a.cells").write_bytes(b"something else")
    assert index.stamp("a.tif") != stamp and kept_doubts(index, "a.tif", index.stamp("a.tif")) is None


def test_without_a_document_nothing_is_kept(index: FolderIndex) -> None:
    (index.folder / "a.cells").unlink()
    assert index.stamp("a.tif") == ""
    keep_doubts(index, "a.tif", "", SOME)
    assert kept_doubts(index, "a.tif", "") is None


@pytest.mark.parametrize("data", [b"x", b"\xff" * 43, b"\xff" * 86])
def test_a_strange_index_is_not_believed(index: FolderIndex, data: bytes) -> None:
    stamp = index.stamp("a.tif")
    keep_doubts(index, "a.tif", stamp, SOME)
    (known,) = {stamp for stamp, _ in index.file.all_computed("doubts").values()}
    index.file.keep_computed("a.tif", "doubts", known, data)
    assert kept_doubts(index, "a.tif", stamp) is None
