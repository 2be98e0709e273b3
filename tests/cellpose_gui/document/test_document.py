"""A document as the window uses it: signals, selection, saving in the background."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import QThread
from pytestqt.qtbot import QtBot

from cellpose_gui.document.document import Document, load
from model_core.annotation.objects import Review, Source
from model_core.errors import UserError


@dataclass
class AnImage:
    path: Path
    shape: tuple[int, int, int, int] = (3, 1, 200, 300)


@pytest.fixture
def image(tmp_path: Path) -> AnImage:
    folder = tmp_path / "images"
    folder.mkdir()
    return AnImage(folder / "a.tif")


def draw(document: Document, y: int, x: int, size: int = 20) -> int:
    id_ = document.new_id()
    box = (slice(0, 1), slice(y, y + size), slice(x, x + size))
    assert document.edit(box, np.full((1, size, size), id_), "Draw", Source.DRAWN) is not None
    return id_


def test_the_story_of_an_afternoon(qtbot: QtBot, image: AnImage) -> None:
    document = Document.open(image)
    assert document.save_state == "No changes yet"
    assert document.labels.shape == (1, 200, 300)
    applied: list[int] = []
    document.patch_applied.connect(lambda patch: applied.append(int(patch.new.max(initial=0))))
    with qtbot.waitSignal(document.history_changed):
        first = draw(document, 10, 10)
    second = draw(document, 50, 50)
    assert document.undo_text == "Draw"
    document.undo()
    document.redo()
    assert applied == [first, second, 0, second]
    accepted = replace(document.objects[first], review=Review.ACCEPTED)
    document.change_records({first: accepted}, "Accept")
    assert document.change_records({first: accepted}, "Accept") is None
    document.set_setting("levels", [1, 2])
    qtbot.waitUntil(lambda: document.save_state == "All changes saved")
    labels = document.labels.copy()
    document.close()

    again = Document.open(image)
    np.testing.assert_array_equal(again.labels, labels)
    assert again.objects[first].review is Review.ACCEPTED
    assert again.settings == {"levels": [1, 2]}
    assert again.undo_text == "Accept"
    assert again.save_state == "All changes saved"
    again.close()


def test_the_selection_follows_what_exists(qtbot: QtBot, image: AnImage) -> None:
    document = Document.open(image)
    first, second = draw(document, 10, 10), draw(document, 50, 50)
    with qtbot.waitSignal(document.selection_changed):
        document.select([first, second, 99])
    assert document.selected == {first, second}
    with qtbot.assertNotEmitted(document.selection_changed):
        document.select([second, first])
    with qtbot.waitSignal(document.selection_changed):
        document.undo()
    assert document.selected == {first}
    document.close()


def test_an_edit_that_changes_nothing_leaves_no_trace(qtbot: QtBot, image: AnImage) -> None:
    document = Document.open(image)
    with qtbot.assertNotEmitted(document.patch_applied):
        empty = np.zeros((1, 5, 5), np.uint32)
        assert document.edit((slice(0, 1), slice(0, 5), slice(0, 5)), empty, "Nothing") is None
    assert document.undo() is None and document.redo() is None
    document.close()
    assert not list(image.path.parent.iterdir())


def test_the_window_hears_of_saving_on_its_own_thread(qtbot: QtBot, image: AnImage) -> None:
    document = Document.open(image)
    heard: list[tuple[str, bool]] = []
    here = QThread.currentThread()
    document.save_state_changed.connect(lambda words: heard.append((words, QThread.currentThread() is here)))
    draw(document, 10, 10)
    qtbot.waitUntil(lambda: bool(heard) and heard[-1][0] == "All changes saved")
    assert all(on_own_thread for _, on_own_thread in heard)
    assert {words for words, _ in heard} <= {"Saving…", "All changes saved"}
    assert document.all_saved
    document.close()


def test_a_failure_is_told_once_and_saving_again_writes_everything(qtbot: QtBot, image: AnImage) -> None:
    document = Document.open(image)
    failures: list[str] = []
    document.save_failed.connect(failures.append)
    shutil.rmtree(image.path.parent)
    draw(document, 10, 10)
    qtbot.waitUntil(lambda: len(failures) == 1)
    assert document.save_state == f"Not saved: {failures[0]}"
    assert "is not there any more" in failures[0]
    draw(document, 50, 50)
    qtbot.waitUntil(lambda: document.save_state.startswith("Not saved"))
    qtbot.wait(50)
    assert len(failures) == 1, "no dialog for each stroke"
    assert not document.all_saved
    document.save()
    qtbot.waitUntil(lambda: len(failures) == 2)
    with pytest.raises(UserError, match="is not there any more"):
        document.close()
    image.path.parent.mkdir()
    document.save()
    qtbot.waitUntil(lambda: document.save_state == "All changes saved")
    document.close()
    again = Document.open(image)
    assert len(again.objects) == 2
    again.close()


def test_a_document_can_go_on_in_another_folder(qtbot: QtBot, image: AnImage, tmp_path: Path) -> None:
    document = Document.open(image)
    draw(document, 10, 10)
    document.move_to(tmp_path)
    draw(document, 50, 50)
    document.close()
    assert document.path == tmp_path / "a.cells"
    again = Document.open(image, tmp_path)
    np.testing.assert_array_equal(again.labels, document.labels)
    again.close()


def test_unsaved_changes_are_given_up_only_when_asked(image: AnImage) -> None:
    document = Document.open(image)
    shutil.rmtree(image.path.parent)
    draw(document, 10, 10)
    with pytest.raises(UserError):
        document.close()
    document.close(discard=True)
    assert not image.path.parent.exists()


def test_the_slow_half_of_opening_runs_in_a_worker(qtbot: QtBot, image: AnImage) -> None:
    document = Document.open(image)
    draw(document, 10, 10)
    document.close()

    class Loader(QThread):
        def run(self) -> None:
            self.loaded = load(image)

    loader = Loader()
    with qtbot.waitSignal(loader.finished):
        loader.start()
    again = Document(image, *loader.loaded)
    assert len(again.objects) == 1
    draw(again, 50, 50)
    qtbot.waitUntil(lambda: again.all_saved)
    again.close()


def as_it_was(document: Document, image: AnImage) -> None:
    again = Document.open(image)
    np.testing.assert_array_equal(again.labels, document.labels)
    assert again.objects.snapshot() == document.objects.snapshot()
    assert again.settings == document.settings
    for steps in (document, again):
        while steps.undo_text is not None:
            steps.undo()
    np.testing.assert_array_equal(again.labels, document.labels)
    again.close()


def drawn_and_overwritten(qtbot: QtBot, image: AnImage, content: bytes) -> Document:
    document = Document.open(image)
    for place in (10, 50, 90):
        draw(document, place, place)
    document.undo()
    document.set_setting("levels", [1, 2])
    qtbot.waitUntil(lambda: document.all_saved)
    with document.path.open("r+b") as file:
        file.write(content)
        file.truncate()
    return document


@pytest.mark.skipif(os.name == "nt", reason="an open document can't be written to there")
@pytest.mark.parametrize("content", [b"", b"from elsewhere" * 9999])
def test_a_document_that_is_written_over_is_kept_told_and_made_anew(
    qtbot: QtBot, image: AnImage, content: bytes
) -> None:
    document = drawn_and_overwritten(qtbot, image, content)
    with qtbot.waitSignal(document.save_failed) as told:
        draw(document, 120, 120)
    assert "written over by another program" in told.args[0] and "a.cells.other-1" in told.args[0]
    draw(document, 150, 150)
    qtbot.waitUntil(lambda: document.save_state == "All changes saved")
    document.close()
    assert (image.path.parent / "a.cells.other-1").read_bytes() == content
    as_it_was(document, image)


@pytest.mark.skipif(os.name == "nt", reason="an open document can't be written to there")
def test_closing_notices_that_the_document_was_written_over(qtbot: QtBot, image: AnImage) -> None:
    document = drawn_and_overwritten(qtbot, image, b"from elsewhere")
    document.close()
    assert (image.path.parent / "a.cells.other-1").read_bytes() == b"from elsewhere"
    as_it_was(document, image)
