"""What is too much for a frame is drawn by a worker; the last picture stands in, and the end is the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import QPointF
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cellpose_gui.canvas import screen_item
from cellpose_gui.canvas.canvas import Canvas
from cellpose_gui.canvas.channel_display import ChannelDisplay
from tests.cellpose_gui.canvas.hand import Hand
from tests.cellpose_gui.canvas.test_picture import picture, screen

LABELS = np.kron(np.arange(1, 301).reshape(15, 20), np.ones((10, 10))).astype(np.uint32)


def drawn(canvas: Canvas) -> bool:
    """Whether the pictures are those of the view; the screen is brought up to date for that."""
    QApplication.processEvents()
    canvas.view.viewport().repaint()  # may put a worker on it
    return not (canvas._image.busy or canvas._overlay.busy)


def at_once(canvas: Canvas, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """The canvas as it is when nothing is left to a worker."""
    with monkeypatch.context() as patched:
        patched.setattr(screen_item, "AT_ONCE", 10**9)
        canvas._overlay.update()
        canvas._image.update()
        return picture(canvas)


@pytest.fixture
def canvas(show: Callable, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Canvas:
    monkeypatch.setattr(screen_item, "AT_ONCE", 20_000)
    pixels = np.random.default_rng(0).integers(0, 255, (1, 1, *LABELS.shape), dtype=np.uint8)
    shown, _document, _hand = show(LABELS, pixels, scale=4)
    qtbot.waitUntil(lambda: not shown._overlay._neighbour_finder.busy and drawn(shown))
    return shown


def test_a_zoom_shows_the_last_picture_scaled_and_then_the_right_one(
    qtbot: QtBot, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    canvas.channels = (ChannelDisplay(0, 255),)
    canvas.overlay = replace(canvas.overlay, visible=False)
    qtbot.waitUntil(lambda: drawn(canvas))
    before = screen(canvas)[:, :, 0]
    canvas.view.place(8, QPointF(0, 0), QPointF(0, 0))
    canvas.view.viewport().repaint()
    assert canvas._image.busy
    twice = np.kron(before, np.ones((2, 2), np.uint8))[:600, :800]
    assert (np.abs(screen(canvas)[:, :, 0].astype(int) - twice) < 2).mean() > 0.99
    qtbot.waitUntil(lambda: drawn(canvas))
    np.testing.assert_array_equal(screen(canvas), at_once(canvas, monkeypatch))


def test_no_rim_is_dark_while_one_zooms_out(qtbot: QtBot, canvas: Canvas) -> None:
    canvas.channels = (ChannelDisplay(-1, 0),)  # all white
    canvas.overlay = replace(canvas.overlay, visible=False)
    canvas.fit()
    qtbot.waitUntil(lambda: drawn(canvas))
    canvas.view.set_scale(12)
    qtbot.waitUntil(lambda: drawn(canvas))
    canvas.view.set_scale(8)
    canvas.view.viewport().repaint()
    assert canvas._image.busy
    assert (screen(canvas)[5:-5, 5:-200] > 250).all()


def test_whatever_happens_meanwhile_is_seen_in_the_end(
    qtbot: QtBot, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    document, generator = canvas.document, np.random.default_rng(3)
    assert document is not None
    for number in range(12):
        scale = float(generator.choice([2.5, 4, 7]))
        canvas.view.place(scale, QPointF(*generator.uniform(0, 100, 2)), QPointF(400, 300))
        canvas.view.viewport().repaint()  # a worker begins
        y, x = (int(start) for start in generator.integers(0, 100, 2))
        box = (slice(0, 1), slice(y, y + 20), slice(x, x + 30))
        document.edit(box, np.full((1, 20, 30), document.new_id(), np.uint32), "Paint")
        document.select([int(document.labels[0, 50, 50])])
        if number % 3 == 0:
            document.undo()
        if number % 4 == 1:
            canvas.overlay = replace(canvas.overlay, fill_opacity=0.1 * number / 2)
        qtbot.waitUntil(lambda: not canvas._overlay._neighbour_finder.busy and drawn(canvas))
        np.testing.assert_array_equal(screen(canvas), at_once(canvas, monkeypatch))


def test_a_stroke_is_seen_while_the_view_is_drawn(
    qtbot: QtBot, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = Hand(canvas)
    canvas.set_tool("brush")
    hand.press(30, 30)
    hand.move(60, 60)
    for notches in (3, -2):
        hand.turn_wheel(50, 50, notches)
        canvas.view.viewport().repaint()
        hand.move(50, 70)
        qtbot.waitUntil(lambda: drawn(canvas))
        np.testing.assert_array_equal(screen(canvas), at_once(canvas, monkeypatch))
    hand.release(50, 70)
    qtbot.waitUntil(lambda: drawn(canvas))
    np.testing.assert_array_equal(screen(canvas), at_once(canvas, monkeypatch))


def test_nothing_of_another_document_stays(qtbot: QtBot, canvas: Canvas) -> None:
    canvas.view.place(6, QPointF(0, 0), QPointF(0, 0))
    canvas.view.viewport().repaint()
    canvas.set_document(None)
    qtbot.wait(50)
    assert (screen(canvas) < 60).all()
