"""Which labelled images a folder holds, in the layouts that people use."""

from pathlib import Path

import pytest
from folders import four_discs, write_pair

from model_core.errors import UserError
from model_core.formats.pairs import find_pairs


def found(folder: Path, split: str | None = None) -> list[tuple[str, str]]:
    return [(pair.dataset, pair.name) for pair in find_pairs(folder, split)]


def test_layouts(tmp_path: Path) -> None:
    for place in ("sets/a/train", "sets/a/val", "sets/b/val", "flat"):
        write_pair(tmp_path / place, place.replace("/", "-"), four_discs())
    assert found(tmp_path / "flat") == found(tmp_path / "flat", "val") == [("flat", "flat")]
    assert found(tmp_path / "sets/a") == [("a", "sets-a-train"), ("a", "sets-a-val")]
    assert found(tmp_path / "sets/a", "val") == [("a", "sets-a-val")]
    assert found(tmp_path / "sets", "val") == [("a", "sets-a-val"), ("b", "sets-b-val")]


def test_a_missing_split_is_never_replaced_by_the_other(tmp_path: Path) -> None:
    write_pair(tmp_path / "a" / "train", "x", four_discs())
    with pytest.raises(UserError, match="“val” split"):
        find_pairs(tmp_path / "a", "val")


def test_images_without_masks_are_left_out(tmp_path: Path) -> None:
    write_pair(tmp_path, "x", four_discs())
    write_pair(tmp_path, "y", four_discs())
    (tmp_path / "y_masks.tif").unlink()
    assert found(tmp_path) == [(tmp_path.name, "x")]
    (tmp_path / "x_masks.tif").unlink()
    with pytest.raises(UserError, match="holds no pairs"):
        find_pairs(tmp_path)
