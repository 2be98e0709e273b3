"""Crashes, full and read-only disks, folders that vanish: nothing is lost silently."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from documents import SavedStore, assert_same

from model_core.annotation.cells_file import cells_path
from model_core.annotation.cells_schema import ReadOnlyFolderError
from model_core.annotation.label_store import LabelStore

SHAPE = (1, 300, 700)
HERE = Path(__file__).parent

STROKES_UNTIL_KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from documents import SavedStore
document = SavedStore(Path(sys.argv[1]), (1, 300, 700))
while True:
    i = document.store.next_id
    document.paint(7 * i % 280, 13 * i % 680, 20)
    if len(sys.argv) > 3:
        document.writer.flush()
    print(i, flush=True)
"""


def strokes(count: int) -> LabelStore:
    """What the killed process had after `count` strokes."""
    store = LabelStore.empty(SHAPE)
    for i in range(1, count + 1):
        y, x = 7 * i % 280, 13 * i % 680
        box = (slice(0, 1), slice(y, min(y + 20, 300)), slice(x, min(x + 20, 700)))
        patch = store.edit(box, np.full_like(store.labels[box], i), f"Paint {i}")
        assert patch is not None
        store.apply(patch)
    return store


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
@pytest.mark.parametrize("stop_after", [1, 2, 40])
def test_a_killed_process_loses_at_most_the_last_stroke(tmp_path: Path, stop_after: int) -> None:
    image = tmp_path / "a.tif"
    command = [sys.executable, "-c", STROKES_UNTIL_KILLED, str(image), str(HERE), "flushing"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(stop_after):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    printed = [line for line in process.stdout.read().split() if line]
    process.wait()
    done = int(printed[-1]) if printed else stop_after
    survived = SavedStore(image, SHAPE)
    count = len(survived.store.history.steps)
    assert count in (done, done + 1), "all strokes that were reported must be there"
    expected = strokes(count)
    np.testing.assert_array_equal(survived.store.labels, expected.labels)
    assert {r.id: r.area for r in survived.store.objects.values()} == {
        r.id: r.area for r in expected.objects.values()
    }
    for _ in range(count):
        assert survived.store.undo() is not None
    assert not survived.store.labels.any()
    survived.close()


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_a_process_killed_without_waiting_leaves_a_whole_document(tmp_path: Path) -> None:
    image = tmp_path / "a.tif"
    command = [sys.executable, "-c", STROKES_UNTIL_KILLED, str(image), str(HERE)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while not cells_path(image).exists() or int(process.stdout.readline()) < 200:
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate()
    survived = SavedStore(image, SHAPE)
    np.testing.assert_array_equal(survived.store.labels, strokes(len(survived.store.history.steps)).labels)
    survived.close()


def mounted(folder: Path, options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return (
        bool(shutil.which("mount"))
        and subprocess.run(command, capture_output=True, check=False).returncode == 0
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 512 KB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mounted(folder, "size=512k"):
        pytest.skip("may not mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_reported_and_nothing_is_lost(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(300 * 1024))
    document = SavedStore(small_disk / "a.tif", SHAPE)
    document.paint(0, 0, 20)
    assert document.writer.flush()
    noise = np.random.default_rng(0)
    for _ in range(3):
        new = noise.integers(1, 500, (1, 200, 300))
        patch = document.store.edit((slice(0, 1), slice(50, 250), slice(50, 350)), new, "Noise")
        assert patch is not None
        document.store.apply(patch)
        assert not document.writer.flush()
        assert document.writer.failure is not None and "the disk is full" in document.writer.failure
    document.store.undo()
    document.store.undo()
    document.store.undo()
    assert document.store.labels.any()
    assert not document.writer.close(), "a document that isn't saved doesn't close by itself"
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    document.close()
    again = SavedStore(small_disk / "a.tif", SHAPE)
    assert_same(again.store, document.store)
    assert again.store.redo() is not None
    again.close()


def test_a_disk_full_from_the_start_can_be_left_for_another_folder(small_disk: Path, tmp_path: Path) -> None:
    ballast = os.open(small_disk / "ballast", os.O_CREAT | os.O_WRONLY)
    with pytest.raises(OSError, match="No space"):
        while True:
            os.write(ballast, bytes(4096))
    os.close(ballast)
    document = SavedStore(small_disk / "a.tif", SHAPE)
    document.paint(0, 0, 20)
    assert not document.writer.flush()
    assert document.writer.failure is not None and "the disk is full" in document.writer.failure
    document.writer.move(cells_path(small_disk / "a.tif", tmp_path))
    document.close()
    again = SavedStore(small_disk / "a.tif", SHAPE, tmp_path)
    assert_same(again.store, document.store)
    again.close()


def test_a_document_that_outgrew_its_disk_moves_with_all_it_has(small_disk: Path, tmp_path: Path) -> None:
    document = SavedStore(small_disk / "a.tif", SHAPE)
    document.paint(0, 0, 20)
    assert document.writer.flush()
    new = np.random.default_rng(0).integers(1, 500, (1, 290, 600))
    patch = document.store.edit((slice(0, 1), slice(0, 290), slice(0, 600)), new, "Noise")
    assert patch is not None
    document.store.apply(patch)
    assert not document.writer.flush()
    document.writer.move(cells_path(small_disk / "a.tif", tmp_path))
    document.close()
    again = SavedStore(small_disk / "a.tif", SHAPE, tmp_path)
    assert_same(again.store, document.store)
    again.close()


def test_a_move_onto_a_file_is_refused_and_saving_goes_on_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    taken = tmp_path / "other" / "a.cells"
    taken.write_text("mine")
    document = SavedStore(tmp_path / "a.tif", SHAPE)
    document.paint(0, 0, 20)
    document.writer.move(taken)
    assert document.writer.flush() or "exists already" in str(document.writer.failure)
    document.paint(40, 40, 20)
    document.close()
    assert taken.read_text() == "mine"
    again = SavedStore(tmp_path / "a.tif", SHAPE)
    assert_same(again.store, document.store)
    again.close()


def test_a_read_only_disk_asks_for_another_folder(small_disk: Path, tmp_path: Path) -> None:
    image = small_disk / "a.tif"
    document = SavedStore(image, SHAPE)
    document.paint(0, 0, 20)
    document.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(ReadOnlyFolderError, match="read-only"):
        SavedStore(image, SHAPE)
    with pytest.raises(ReadOnlyFolderError, match="another folder"):
        SavedStore(small_disk / "b.tif", SHAPE)
    elsewhere = SavedStore(image, SHAPE, tmp_path)
    elsewhere.paint(0, 0, 20)
    elsewhere.close()


@pytest.mark.skipif(os.name == "nt", reason="an open file can't be deleted there")
def test_a_deleted_file_is_put_back_whole(tmp_path: Path) -> None:
    document = SavedStore(tmp_path / "a.tif", SHAPE)
    for at in (0, 30, 60):
        document.paint(at, at, 20)
    assert document.writer.flush()
    document.path.unlink()  # its write-ahead log stays behind
    document.paint(90, 90, 20)
    document.close()
    again = SavedStore(tmp_path / "a.tif", SHAPE)
    assert_same(again.store, document.store)
    again.close()


@pytest.mark.skipif(os.name == "nt", reason="an open file can't be replaced there")
def test_a_replaced_file_is_kept_and_told_and_nothing_is_lost(tmp_path: Path) -> None:
    """As programs do that keep folders in step between computers."""
    document = SavedStore(tmp_path / "a.tif", SHAPE)
    document.paint(0, 0, 20)
    assert document.writer.flush()
    other = tmp_path / "other.cells"
    other.write_bytes(b"from elsewhere")
    other.rename(document.path)
    document.paint(30, 30, 20)
    assert not document.writer.flush() and "replaced by another program" in (document.writer.failure or "")
    document.paint(60, 60, 20)
    document.close()
    assert (tmp_path / "a.cells.other-1").read_bytes() == b"from elsewhere"
    again = SavedStore(tmp_path / "a.tif", SHAPE)
    assert_same(again.store, document.store)
    again.close()


@pytest.mark.skipif(os.name == "nt", reason="an open file can't be deleted there")
def test_a_vanished_folder_is_reported_and_written_when_it_is_back(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    document = SavedStore(folder / "a.tif", SHAPE)
    document.paint(0, 0, 20)
    assert document.writer.flush()
    shutil.rmtree(folder)
    document.paint(30, 30, 20)
    assert not document.writer.flush()
    assert document.writer.failure is not None and "is not there any more" in document.writer.failure
    folder.mkdir()
    document.close()
    again = SavedStore(folder / "a.tif", SHAPE)
    assert_same(again.store, document.store)
    again.close()
