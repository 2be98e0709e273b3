"""The index of a folder: what it knows of images and objects, how it keeps up, and what can't confuse it."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from model_core.annotation.cells_connection import LockedDocumentError
from model_core.annotation.cells_file import cells_path
from model_core.annotation.cells_summary import (
    NOTE_SETTING,
    RUN_SETTING,
    STATE_SETTING,
    ImageState,
    Summary,
    read_summary,
    write_settings,
)
from model_core.annotation.folder_index import FolderIndex
from model_core.annotation.index_file import INDEX_NAME
from model_core.annotation.model_patch import model_patch
from model_core.annotation.object_rows import REVIEWS, SOURCES, by_hand, rows_of_records, with_review
from model_core.annotation.objects import ObjectRecord, Review, Source
from model_core.annotation.patch import Patch
from model_core.errors import Cancelled, UserError
from tests.model_core.annotation.documents import SavedStore

SHAPE = (1, 40, 50)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three images; the second has a document with two drawn cells."""
    folder = tmp_path / "Bilder 細胞"
    folder.mkdir()
    for number in (1, 2, 10):
        tifffile.imwrite(folder / f"cells {number}.tif", np.zeros(SHAPE[1:], np.uint8))
    document = SavedStore(folder / "cells 2.tif", SHAPE)
    document.paint(2, 3, 5)
    document.paint(20, 30, 4)
    document.close()
    return folder


def looked(folder: Path) -> FolderIndex:
    index = FolderIndex(folder)
    index.look()
    return index


def change(image: Path, changes: dict[int, dict[str, object]]) -> None:
    """Gives objects of a document other records."""
    document = SavedStore(image, SHAPE)
    records = {id_: replace(document.store.objects[id_], **values) for id_, values in changes.items()}  # type: ignore[arg-type]
    document.store.apply(document.store.change_records(records, "Change"))
    document.close()


def test_it_knows_every_image_and_every_object(folder: Path) -> None:
    index = looked(folder)
    assert [(e.name, e.state, e.cells) for e in index.entries] == [
        ("cells 1.tif", ImageState.NEW, 0),
        ("cells 2.tif", ImageState.IN_REVIEW, 2),
        ("cells 10.tif", ImageState.NEW, 0),
    ]
    rows = index.objects()
    assert rows["id"].tolist() == [1, 2] and rows["area"].tolist() == [25, 16]
    assert rows["box"].tolist() == [[0, 1, 2, 7, 3, 8], [0, 1, 20, 24, 30, 34]]
    assert rows["centroid"].tolist() == [[0, 4, 5], [0, 21.5, 31.5]]
    assert np.isnan(rows["confidence"]).all() and by_hand(rows).all()
    assert {index.image_path(number).name for number in rows["image"]} == {"cells 2.tif"}
    assert index.entry("cells 2.tif").area == 20.5  # type: ignore[union-attr]
    index.close()


def test_the_next_start_knows_it_without_reading_a_document(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(
        folder / "cells 2.tif", {2: {"class_name": "mitotic", "review": Review.ACCEPTED, "confidence": 0.5}}
    )
    first = looked(folder)
    entries, rows, names = first.entries, first.objects(), first.class_names
    first.close()
    monkeypatch.setattr("model_core.annotation.folder_index.read_summary", None)
    again = FolderIndex(folder)
    assert again.entries == entries and not again.look()
    assert again.objects().tobytes() == rows.tobytes() and again.class_names == names == ["", "mitotic"]
    assert again.rows("cells 2.tif")["class"].tolist() == [0, 1]
    again.close()


def test_it_reads_again_only_what_has_changed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = looked(folder)
    change(folder / "cells 2.tif", {1: {"review": Review.REJECTED}})
    document = SavedStore(folder / "cells 10.tif", SHAPE)
    document.paint(1, 1, 3)
    document.close()
    read = []
    monkeypatch.setattr(
        "model_core.annotation.folder_index.read_summary",
        lambda path: read.append(path) or read_summary(path),
    )
    assert index.look() and not index.look()
    assert sorted(path.name for path in read) == ["cells 10.cells", "cells 2.cells"]
    assert index.entry("cells 2.tif").rejected == 1  # type: ignore[union-attr]
    assert with_review(index.rows("cells 2.tif"), Review.REJECTED).tolist() == [True, False]
    assert len(index.objects()) == 3
    index.close()


def test_images_that_come_and_go(folder: Path) -> None:
    index = looked(folder)
    (folder / "cells 1.tif").unlink()
    tifffile.imwrite(folder / "cells 3.tif", np.zeros((8, 8), np.uint8))
    (folder / "cells 2.tif").unlink()
    assert index.look()
    assert [entry.name for entry in index.entries] == ["cells 3.tif", "cells 10.tif"]
    assert len(index.objects()) == 0
    index.close()


def test_a_moved_folder_is_the_same_as_before(folder: Path) -> None:
    index = looked(folder)
    index.file.keep_computed("cells 1.tif", "thumbnail", "stamp", b"picture")
    index.close()
    moved = folder.rename(folder.with_name("elsewhere"))
    index = FolderIndex(moved)
    assert not index.look()
    assert index.image_path(index.objects()["image"][0]) == moved / "cells 2.tif"
    assert index.file.computed("cells 1.tif", "thumbnail", "stamp") == b"picture"
    assert index.file.computed("cells 1.tif", "thumbnail", "another") is None
    assert index.file.all_computed("thumbnail") == {"cells 1.tif": ("stamp", b"picture")}
    index.close()


@pytest.mark.parametrize("damage", ["text", "cut", "lies", "rows"])
def test_a_damaged_index_is_made_again(folder: Path, damage: str) -> None:
    first = looked(folder)
    rows = first.objects()
    first.close()
    path = folder / INDEX_NAME
    if damage == "text":
        path.write_text("this is no index, and long enough to be read as the head of a file" * 20)
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:5000])
    else:
        connection = sqlite3.connect(path)
        if damage == "lies":
            connection.execute("UPDATE images SET entry = '{}'")
        else:
            connection.execute("UPDATE images SET objects = zeroblob(640)")
        connection.commit()
        connection.close()
    again = looked(folder)
    assert again.objects().tobytes() == rows.tobytes() and len(again.entries) == 3
    again.close()
    assert not FolderIndex(folder).look(), "the new one is kept"


def test_the_second_one_learns_who_has_the_folder_open(folder: Path) -> None:
    first = looked(folder)
    second = looked(folder)
    assert " on " in second.file.other_user and not first.file.other_user
    assert [e.cells for e in second.entries] == [0, 2, 0], "and can look all the same"
    assert not second.claim()
    first.close()
    assert second.claim() and not second.file.other_user
    third = FolderIndex(folder)
    assert third.file.other_user
    third.close()
    second.close()
    again = FolderIndex(folder)
    assert not again.file.other_user and [e.cells for e in again.entries] == [0, 2, 0]
    again.close()


def test_a_document_open_elsewhere_is_left_alone_and_read_later(folder: Path) -> None:
    index = looked(folder)
    document = SavedStore(folder / "cells 2.tif", SHAPE)
    document.paint(30, 5, 3)
    document.writer.flush()
    index.look()
    entry = index.entry("cells 2.tif")
    assert entry is not None and entry.elsewhere and entry.cells == 2 and not entry.error
    document.close()
    index.look()
    entry = index.entry("cells 2.tif")
    assert entry is not None and not entry.elsewhere and entry.cells == 3
    index.close()


def test_patches_of_an_open_document_reach_it_at_once(folder: Path) -> None:
    index = looked(folder)
    document = SavedStore(folder / "cells 2.tif", SHAPE)
    store = document.store

    def tell(patch: Patch, direction: str) -> None:
        index.apply("cells 2.tif", patch.records, store.undo_text)

    rows = rows_of_records(store.objects.values(), names := [""])
    index.put("cells 2.tif", Summary(rows, names, {}, store.undo_text))
    store.listeners.append(tell)
    document.paint(0, 40, 6)
    store.undo()
    document.paint(0, 0, 4)
    document.paint(2, 3, 5, value=0)
    index.look(live=["cells 2.tif"])
    expected = rows_of_records(store.objects.values(), [""])
    expected["image"] = index.entry("cells 2.tif").number  # type: ignore[union-attr]
    assert index.rows("cells 2.tif").tobytes() == expected.tobytes()
    assert index.entry("cells 2.tif").cells == len(store.objects)  # type: ignore[union-attr]
    document.close()
    index.look()
    assert index.rows("cells 2.tif").tobytes() == expected.tobytes(), "the file says the same"
    index.close()


def test_damaged_and_foreign_documents_are_told(folder: Path) -> None:
    (folder / "cells 1.cells").write_text("no document at all" * 100)
    tifffile.imwrite(folder / "cells 2.png.tif", np.zeros((4, 4), np.uint8))
    (folder / "cells 10.png").write_bytes(b"twin")
    document = SavedStore(folder / "cells 10.tif", SHAPE)
    document.paint(1, 1, 3)
    document.close()
    index = looked(folder)
    assert "damaged" in index.entry("cells 1.tif").error  # type: ignore[union-attr]
    twin = index.entry("cells 10.png")
    assert twin is not None and "cells 10.tif" in twin.error and twin.cells == 0
    assert index.entry("cells 10.tif").cells == 1  # type: ignore[union-attr]
    index.close()


@pytest.mark.parametrize(
    "lie", ["area = -1", "area = 10000", "id = -id", "review = 'good'", "y0 = 'x'", "centre_x = 9e999"]
)
def test_impossible_records_are_damage(folder: Path, lie: str) -> None:
    connection = sqlite3.connect(folder / "cells 2.cells")
    connection.execute(f"UPDATE objects SET {lie}")
    connection.commit()
    connection.close()
    index = looked(folder)
    entry = index.entry("cells 2.tif")
    assert entry is not None and "damaged" in entry.error and entry.cells == 0
    index.close()


def test_states_follow_from_the_work_unless_a_person_decides(folder: Path) -> None:
    found = ObjectRecord(1, (0, 1, 0, 2, 0, 2), 4, (0, 0.5, 0.5), Source.MODEL, 0.9)
    rows = rows_of_records([found], [""])
    assert Summary().state is ImageState.NEW
    assert Summary(rows, last="Segment (1 cells found)").state is ImageState.SEGMENTED
    assert Summary(settings={RUN_SETTING: {"model": "m"}}).state is ImageState.SEGMENTED, "no cell was found"
    assert Summary(rows, last="Delete 2 cells").state is ImageState.IN_REVIEW
    accepted = rows_of_records([replace(found, review=Review.ACCEPTED)], [""])
    assert Summary(accepted, last="Segment").state is ImageState.IN_REVIEW
    assert Summary(accepted, settings={STATE_SETTING: "done"}).state is ImageState.DONE
    assert Summary(accepted, settings={STATE_SETTING: ["?"]}).state is ImageState.IN_REVIEW
    assert not ImageState.DONE.needs_work and ImageState.SEGMENTED.needs_work


def test_rows_say_what_the_records_say(folder: Path) -> None:
    records = [
        ObjectRecord(
            7, (0, 1, 4, 9, 5, 8), 12, (0, 6.25, 6.5), Source.EDITED, 0.25, Review.REJECTED, "b", "n", True
        ),
        ObjectRecord(3, (0, 2, 0, 9, 0, 8), 99, (1, 2, 3), Source.MODEL),
    ]
    low, high = rows_of_records(records, names := ["", "a"])
    assert names == ["", "a", "b"]
    assert (low["id"], high["id"], low["class"], high["class"]) == (3, 7, 0, 2)
    assert SOURCES[high["source"]] is Source.EDITED and REVIEWS[high["review"]] is Review.REJECTED
    assert high["locked"] and high["confidence"] == 0.25 and np.isnan(low["confidence"])


def test_looking_can_be_cancelled_and_goes_on_later(folder: Path) -> None:
    index = FolderIndex(folder)
    with pytest.raises(Cancelled):
        index.look(cancel=lambda: True)
    assert index.look()
    assert len(index.entries) == 3
    index.close()


def test_a_folder_that_went_away_is_told(folder: Path) -> None:
    index = looked(folder)
    folder.rename(folder.with_name("gone"))
    with pytest.raises(UserError, match="cannot be read"):
        index.look()
    assert len(index.entries) == 3
    index.close()


def test_documents_in_a_folder_of_their_own(folder: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    document = SavedStore(folder / "cells 1.tif", SHAPE, work)
    document.paint(5, 5, 5)
    document.close()
    index = FolderIndex(folder, work)
    index.look()
    assert [entry.cells for entry in index.entries] == [1, 0, 0]
    index.close()


def test_what_a_crash_left_in_the_log_counts(folder: Path, tmp_path: Path) -> None:
    document = SavedStore(folder / "cells 2.tif", SHAPE)
    document.paint(30, 5, 3)
    document.writer.flush()
    crashed = tmp_path / "crashed"
    shutil.copytree(folder, crashed)  # the document is not closed: its last step is in the log alone
    document.close()
    assert (crashed / "cells 2.cells-wal").stat().st_size > 0
    index = looked(crashed)
    assert index.entry("cells 2.tif").cells == 3  # type: ignore[union-attr]
    index.close()


def test_reading_leaves_documents_as_they_are(folder: Path) -> None:
    before = (folder / "cells 2.cells").read_bytes(), (folder / "cells 2.cells").stat().st_mtime_ns
    looked(folder).close()
    after = (folder / "cells 2.cells").read_bytes(), (folder / "cells 2.cells").stat().st_mtime_ns
    assert before == after


def test_settings_of_a_document_that_nobody_has_open(folder: Path) -> None:
    image = folder / "cells 1.tif"
    write_settings(cells_path(image), image, {STATE_SETTING: "excluded", NOTE_SETTING: "blurred"})
    write_settings(folder / "cells 2.cells", folder / "cells 2.tif", {STATE_SETTING: "done"})
    index = looked(folder)
    assert [(e.state.value, e.note, e.cells) for e in index.entries] == [
        ("excluded", "blurred", 0),
        ("done", "", 2),
        ("new", "", 0),
    ]
    index.close()
    document = SavedStore(image, SHAPE)
    with pytest.raises(LockedDocumentError):
        write_settings(cells_path(image), image, {STATE_SETTING: None})
    document.close()
    write_settings(cells_path(image), image, {STATE_SETTING: None})
    assert read_summary(cells_path(image)).state is ImageState.NEW


def test_an_image_in_which_cells_were_only_deleted_is_in_review(folder: Path) -> None:
    document = SavedStore(folder / "cells 1.tif", SHAPE)
    found = np.zeros(SHAPE, np.uint32)
    found[0, 2:8, 2:8], found[0, 20:26, 20:26] = 1, 2
    patch = model_patch(document.store, found)
    assert patch is not None
    index = looked(folder)
    index.put("cells 1.tif", Summary())

    def state() -> ImageState:
        return index.entry("cells 1.tif").state  # type: ignore[union-attr]

    document.store.listeners.append(
        lambda patch, direction: index.apply("cells 1.tif", patch.records, document.store.undo_text)
    )
    document.store.apply(patch)
    assert state() is ImageState.SEGMENTED
    document.paint(2, 2, 6, value=0)
    assert state() is ImageState.IN_REVIEW and len(index.rows("cells 1.tif")) == 1
    document.store.undo()
    assert state() is ImageState.SEGMENTED
    document.store.redo()
    document.close()
    index.look()
    assert state() is ImageState.IN_REVIEW, "the file says the same"
    index.close()
