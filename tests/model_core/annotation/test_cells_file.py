"""Documents on disk: what was in memory comes back, and what isn't ours is neither read nor written over."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
import zlib
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from documents import SavedStore, assert_same
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_core.annotation.cells_file import cells_path
from model_core.annotation.cells_load import open_cells
from model_core.annotation.cells_schema import DamagedDocumentError, set_aside
from model_core.annotation.edit import make_patch
from model_core.annotation.objects import Review, Source
from model_core.errors import UserError

SHAPE = (1, 700, 1100)  # more than one chunk each way, the last ones cut off


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return tmp_path / "Zellen 细胞 ü.tif"


@pytest.fixture
def saved(image: Path) -> Path:
    """A closed document with three objects, one of them undone."""
    document = SavedStore(image, SHAPE)
    for at in (10, 480, 600):
        document.paint(at, at, 60)
    document.store.undo()
    document.close()
    return document.path


def tamper(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_opening_makes_no_file_and_the_first_step_does(image: Path) -> None:
    document = SavedStore(image, SHAPE)
    document.writer.put_setting("shown", True)
    assert document.writer.flush()
    assert list(image.parent.iterdir()) == []
    document.paint(0, 0, 10)
    document.close()
    assert [path.name for path in image.parent.iterdir()] == ["Zellen 细胞 ü.cells"]


def test_a_reopened_document_equals_the_one_in_memory(image: Path) -> None:
    document = SavedStore(image, SHAPE)
    store = document.store
    for at in (0, 400, 490, 900):
        document.paint(at // 2, at, 150)
    document.paint(200, 400, 300, 0)
    record = replace(
        store.objects[1], review=Review.ACCEPTED, class_name="Zelle", note="“rund”\n", locked=True
    )
    store.apply(store.change_records({1: record}, "Accept"))
    document.writer.put_setting("levels", [0.5, {"a": None}])
    store.undo()
    store.undo()
    store.redo()
    document.close()
    again = SavedStore(image, SHAPE)
    assert_same(again.store, store)
    assert again.settings == {"levels": [0.5, {"a": None}]}
    assert again.store.redo() is not None
    assert again.store.objects[1] == record
    while again.store.undo():
        pass
    assert not again.store.labels.any()
    again.close()


def test_ids_of_forgotten_objects_do_not_come_back(image: Path) -> None:
    document = SavedStore(image, SHAPE)
    document.paint(0, 0, 10)
    document.paint(20, 20, 10)
    document.store.undo()
    document.close()
    again = SavedStore(image, SHAPE)
    assert again.store.new_id() == 3
    again.close()


actions = st.lists(
    st.one_of(
        st.sampled_from(["undo", "redo", "reopen"]),
        st.tuples(st.integers(0, 60), st.integers(0, 1090), st.integers(1, 600), st.integers(0, 4)),
    ),
    max_size=10,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions)
def test_any_history_survives_reopening(steps: list) -> None:
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "a.tif"
        shape = (1, 70, 1100)
        document = SavedStore(image, shape)
        for step in steps:
            if step == "undo":
                document.store.undo()
            elif step == "redo":
                document.store.redo()
            elif step == "reopen":
                document.close()
                document = SavedStore(image, shape)
            else:
                document.paint(*step)
        document.close()
        again = SavedStore(image, shape)
        if again.path.exists():
            assert_same(again.store, document.store)
        else:
            assert not document.store.history.steps
        again.close()


def test_a_second_opener_is_told_so(image: Path, saved: Path) -> None:
    document = SavedStore(image, SHAPE)
    with pytest.raises(UserError, match="open in another window or program"):
        SavedStore(image, SHAPE)
    command = (
        "import sys; from pathlib import Path; from model_core.annotation.cells_load import open_cells\n"
        "open_cells(Path(sys.argv[1]), Path(sys.argv[2]), (1, 700, 1100))"
    )
    run = [sys.executable, "-c", command, str(saved), str(image)]
    other = subprocess.run(run, capture_output=True, text=True, check=False)
    assert "open in another window or program" in other.stderr
    document.paint(5, 300, 20)
    document.close()
    assert subprocess.run(run, capture_output=True, check=False).returncode == 0


def test_a_document_made_by_another_window_meanwhile_is_not_written_over(image: Path) -> None:
    first, second = SavedStore(image, SHAPE), SavedStore(image, SHAPE)
    first.paint(0, 0, 10)
    first.close()
    before = first.path.read_bytes()
    second.paint(50, 50, 30)
    assert not second.writer.flush()
    assert second.writer.failure is not None and "another window or program" in second.writer.failure
    assert first.path.read_bytes() == before
    other = image.parent / "other"
    other.mkdir()
    second.writer.move(cells_path(image, other))
    second.close()
    again = SavedStore(image, SHAPE, other)
    assert_same(again.store, second.store)
    again.close()


def test_another_image_is_refused_and_nothing_is_touched(image: Path, saved: Path) -> None:
    before = saved.read_bytes()
    with pytest.raises(UserError, match=r"1100 x 700 pixels, but .* has 64 x 32 pixels"):
        SavedStore(image, (1, 32, 64))
    with pytest.raises(UserError, match="holds the annotations of"):
        SavedStore(image.with_suffix(".png"), SHAPE)
    assert saved.read_bytes() == before


def test_a_document_may_be_renamed_with_its_image(image: Path, saved: Path) -> None:
    renamed = image.with_name("b.tif")
    saved.rename(cells_path(renamed))
    document = SavedStore(renamed, SHAPE)
    assert len(document.store.objects) == 2
    document.close()


def test_in_another_folder_images_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    folder = tmp_path / "annotations"
    folder.mkdir()
    one = SavedStore(tmp_path / "plate 1" / "A1.tif", SHAPE, folder)
    one.paint(0, 0, 9)
    one.close()
    with pytest.raises(UserError, match="plate 1"):
        SavedStore(tmp_path / "plate 2" / "A1.tif", SHAPE, folder)
    again = SavedStore(tmp_path / "plate 1" / "A1.tif", SHAPE, folder)
    assert len(again.store.objects) == 1
    again.close()


@pytest.mark.parametrize(
    "content", [b"just a text file, not a database at all" * 99, b"SQLite format 3\0" + bytes(5000)]
)
def test_a_foreign_file_is_reported_and_set_aside_only_on_demand(image: Path, content: bytes) -> None:
    path = cells_path(image)
    path.write_bytes(content)
    with pytest.raises(DamagedDocumentError):
        SavedStore(image, SHAPE)
    assert path.read_bytes() == content
    assert set_aside(path).name == path.name + ".damaged-1"
    path.write_bytes(content)
    aside = set_aside(path)
    assert aside.name == path.name + ".damaged-2" and aside.read_bytes() == content
    assert len(SavedStore(image, SHAPE).store.objects) == 0


def test_a_database_of_another_program_is_left_alone(image: Path) -> None:
    path = cells_path(image)
    tamper(path, "CREATE TABLE photos (x)", "INSERT INTO photos VALUES (1)")
    before = path.read_bytes()
    with pytest.raises(DamagedDocumentError, match="not a document"):
        SavedStore(image, SHAPE)
    assert path.read_bytes() == before
    assert [entry.name for entry in image.parent.iterdir()] == [path.name]


def test_an_empty_file_counts_as_none(image: Path) -> None:
    cells_path(image).touch()
    document = SavedStore(image, SHAPE)
    document.paint(0, 0, 5)
    document.close()
    again = SavedStore(image, SHAPE)
    assert_same(again.store, document.store)
    again.close()


def test_a_file_of_a_newer_version_is_left_alone(image: Path, saved: Path) -> None:
    tamper(saved, "PRAGMA user_version = 99")
    with pytest.raises(UserError, match="newer version"):
        SavedStore(image, SHAPE)


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.9])
def test_a_cut_off_file_is_damaged(image: Path, saved: Path, cut: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(len(content) * cut)])
    with pytest.raises(DamagedDocumentError):
        SavedStore(image, SHAPE)
    assert len(saved.read_bytes()) == int(len(content) * cut)


BOMB = zlib.compress(bytes(100 * 2**20), 9).hex()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE chunks SET data = x'00'",
        "UPDATE chunks SET data = 'text'",
        f"UPDATE chunks SET data = x'{BOMB}'",
        "UPDATE chunks SET x = x + 99",
        "UPDATE chunks SET z = -1",
        "UPDATE chunks SET y = 'a' || y",
        "DELETE FROM chunks",
        "DELETE FROM objects",
        "UPDATE objects SET area = area + 1",
        "UPDATE objects SET x1 = x1 + 1",
        "UPDATE objects SET source = 'magic'",
        "UPDATE objects SET confidence = 'high'",
        "UPDATE objects SET note = NULL",
        "UPDATE meta SET value = '77' WHERE key = 'position'",
        "UPDATE meta SET value = '-1' WHERE key = 'position'",
        "UPDATE meta SET value = '[1' WHERE key = 'shape'",
        "UPDATE meta SET value = 'x' WHERE key = 'next_id'",
        "UPDATE meta SET value = '99999999999' WHERE key = 'next_id'",
        "DELETE FROM meta",
        "DELETE FROM patches WHERE step = 1",
        "UPDATE patches SET y1 = 1000000",
        "UPDATE patches SET y1 = NULL",
        "UPDATE patches SET old = 7",
        "INSERT INTO settings VALUES ('a', '{')",
        f"INSERT INTO settings VALUES ('a', '{'[' * 200_000}')",
        "CREATE TRIGGER evil AFTER INSERT ON patches BEGIN DELETE FROM chunks; END",
        "DROP TABLE settings",
    ],
)
def test_a_hostile_file_is_reported_as_damaged(image: Path, saved: Path, statement: str) -> None:
    tamper(saved, statement)
    before = saved.read_bytes()
    with pytest.raises(DamagedDocumentError):
        SavedStore(image, SHAPE)
    assert saved.read_bytes() == before


@pytest.mark.parametrize("column", ["old", "new", "records"])
def test_a_damaged_step_can_not_be_undone_and_harms_nothing(image: Path, saved: Path, column: str) -> None:
    tamper(saved, f"UPDATE patches SET {column} = x'{BOMB}' WHERE step = 2")
    document = SavedStore(image, SHAPE)
    before = document.store.labels.copy()
    with pytest.raises(UserError, match="history is damaged"):
        document.store.undo()
    np.testing.assert_array_equal(document.store.labels, before)
    document.paint(300, 300, 20)
    document.close()


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere.* does not exist"):
        open_cells(tmp_path / "nowhere" / "a.cells", tmp_path / "a.tif", SHAPE)


def test_whole_stacks_are_stored_plane_by_plane(tmp_path: Path) -> None:
    shape = (3, 40, 600)
    document = SavedStore(tmp_path / "stack.tif", shape)
    box = (slice(0, 3), slice(5, 20), slice(500, 530))
    new = np.random.default_rng(0).integers(0, 4, (3, 15, 30))
    patch = document.store.edit(box, new, "Stack", Source.MODEL)
    assert patch is not None
    document.store.apply(patch)
    document.close()
    again = SavedStore(tmp_path / "stack.tif", shape)
    assert_same(again.store, document.store)
    again.close()


def test_numbers_of_numpy_and_odd_names_are_stored_as_plain_ones(tmp_path: Path) -> None:
    image = tmp_path / "bad \udcff name.tif"
    folder = tmp_path / "other"
    folder.mkdir()
    document = SavedStore(image, SHAPE, folder)
    y, x = np.int64(3), np.uint16(4)
    box = (slice(0, 1), slice(y, y + 5), slice(x, x + 5))
    patch = make_patch(
        document.store.labels,
        document.store.objects,
        box,
        np.full((1, 5, 5), 1),
        "Import bad \udcff name.tif",
        Source.MODEL,
        {1: np.float32(0.25)},  # type: ignore[dict-item]
    )
    assert patch is not None
    document.store.apply(patch)
    document.close()
    again = SavedStore(image, SHAPE, folder)
    assert_same(again.store, document.store)
    again.close()


def test_what_can_not_be_stored_is_refused_at_once(image: Path) -> None:
    document = SavedStore(image, SHAPE)
    document.paint(0, 0, 5)
    with pytest.raises(TypeError):
        document.writer.put_setting("a", object())
    for bad in ({"confidence": float("nan")}, {"note": 7}, {"note": "\ud800"}):
        record = replace(document.store.objects[1], **bad)
        with pytest.raises(ValueError):
            document.store.change_records({1: record}, "Bad")
    document.close()
