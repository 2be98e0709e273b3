"""The history: every step in words, and a click that goes there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import QRectF, Qt
from pytestqt.qtbot import QtBot

from cellpose_gui.document.document import Document
from cellpose_gui.main_window import MainWindow
from tests.cellpose_gui.helpers import open_image, press


def square(document: Document, y: int, x: int, text: str) -> None:
    box = (slice(0, 1), slice(y, y + 5), slice(x, x + 5))
    assert document.edit(box, np.full((1, 5, 5), document.new_id(), np.uint32), text) is not None


def rows(window: MainWindow) -> list[str]:
    model = window.history_panel.steps
    return [str(model.data(model.index(row))) for row in range(model.rowCount())]


@pytest.fixture
def document(qtbot: QtBot, window: MainWindow, images: list[Path]) -> Document:
    document = open_image(qtbot, window, images[0])
    window.docks["History"].show()
    window.docks["History"].raise_()
    for number in range(4):
        square(document, 12 * number, 15 * number, f"Paint cell {number + 1}")
    return document


def click(qtbot: QtBot, window: MainWindow, row: int) -> None:
    panel = window.history_panel
    place = panel.visualRect(panel.model().index(row, 0)).center()  # type: ignore[union-attr]
    qtbot.mouseClick(panel.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_steps_are_listed_and_the_current_one_is_marked(window: MainWindow, document: Document) -> None:
    assert [row.strip() for row in rows(window)[1:]] == [
        "Paint cell 1", "Paint cell 2", "Paint cell 3", "▸ Paint cell 4"
    ]  # fmt: skip
    document.undo()
    assert [row for row in rows(window) if row.startswith("▸")] == ["▸ Paint cell 3"]
    square(document, 50, 70, "Other")
    assert [row.strip() for row in rows(window)[3:]] == ["Paint cell 3", "▸ Other"]


def test_a_click_undoes_many_steps_at_once_and_redoes_them(
    qtbot: QtBot, window: MainWindow, document: Document
) -> None:
    everything = document.labels.copy()
    changes: list[object] = []
    document.patch_applied.connect(changes.append)
    click(qtbot, window, 1)
    qtbot.waitUntil(lambda: document.store.history.position == 1)
    assert set(np.unique(document.labels)) == {0, 1} and len(changes) == 1
    click(qtbot, window, 0)
    qtbot.waitUntil(lambda: document.store.history.position == 0)
    assert not document.labels.any()
    click(qtbot, window, 4)
    qtbot.waitUntil(lambda: document.store.history.position == 4)
    np.testing.assert_array_equal(document.labels, everything)


def test_keys_alone_do_it_too(qtbot: QtBot, window: MainWindow, document: Document) -> None:
    window.history_panel.setFocus()
    for _ in range(2):
        qtbot.keyClick(window.history_panel, Qt.Key.Key_Up)
    qtbot.keyClick(window.history_panel, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: document.store.history.position == 2)


def test_the_history_is_there_after_a_restart(
    qtbot: QtBot, window: MainWindow, document: Document, images: list[Path]
) -> None:
    document.undo()
    before = rows(window)
    open_image(qtbot, window, images[1])
    assert len(rows(window)) == 1
    again = open_image(qtbot, window, images[0])
    assert rows(window) == before
    click(qtbot, window, 0)
    qtbot.waitUntil(lambda: not again.labels.any())


def test_the_view_goes_to_what_changed_when_it_cannot_be_seen(
    qtbot: QtBot, window: MainWindow, document: Document
) -> None:
    canvas = window.canvas
    canvas.zoom_to((slice(0, 1), slice(0, 5), slice(0, 5)))
    scale = canvas.view.scale_factor
    assert not canvas.view.box.viewRect().intersects(QRectF(45, 36, 5, 5))
    press(qtbot, window, Qt.Key.Key_Z, ctrl=True)
    assert canvas.view.box.viewRect().contains(QRectF(45, 36, 5, 5))
    assert canvas.view.scale_factor == pytest.approx(scale)
    where = canvas.view.box.viewRect()
    press(qtbot, window, Qt.Key.Key_Y, ctrl=True)  # in view already: nothing moves
    assert canvas.view.box.viewRect() == where


def test_long_histories_stay_quick(qtbot: QtBot, window: MainWindow, document: Document) -> None:
    """Rows are not laid out anew for every step."""
    from model_core.annotation.history import Step

    panel = window.history_panel
    many = [Step(document.store.history.steps[0].patch) for _ in range(20_000)]
    panel.steps.show(many, len(many))
    inserted: list[tuple[int, int]] = []
    panel.steps.rowsInserted.connect(lambda parent, first, last: inserted.append((first, last)))
    panel.steps.show([*many, Step(many[0].patch)], len(many) + 1)
    assert inserted == [(20_001, 20_001)]
