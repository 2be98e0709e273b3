"""What is shifted on screen equals what would be painted anew, to the pixel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import QPointF, QRectF
from PyQt6.QtWidgets import QApplication

from cellpose_gui.canvas.sampling import PixelGrid
from cellpose_gui.canvas.scrolling import Picture, taken_over
from tests.cellpose_gui.canvas.test_picture import picture

MARGIN = 3


def grid(top: float, left: float, step: float, height: int = 60, width: int = 80) -> PixelGrid:
    rows, cols = (
        np.floor((np.arange(-MARGIN, size + MARGIN) + 0.5) * step + start).astype(np.intp)
        for start, size in ((top, height), (left, width))
    )
    return PixelGrid(-MARGIN, -MARGIN, rows, cols, step, 1.0)


def render(part: PixelGrid) -> np.ndarray:
    """Each colour depends on all pixels within the margin, as outlines do."""
    values = (part.rows[:, None] * 7919 + part.cols * 104729).astype(np.uint32) * np.uint32(2654435761)
    size = 2 * MARGIN + 1
    windows = np.lib.stride_tricks.sliding_window_view(values, (size, size))
    return windows.astype(np.uint64).sum(axis=(2, 3)).astype(np.uint32)


@pytest.mark.parametrize("step", [0.13, 0.5, 1.0, 1.7, 4.0])
def test_moves_in_all_directions_give_what_rendering_gives(step: float) -> None:
    generator = np.random.default_rng(1)
    top, left, last, reused = 500.0, 700.0, None, 0
    for _ in range(60):
        here = grid(top, left, step)
        expected = render(here)
        if last is not None and (taken := taken_over(last, here, MARGIN)) is not None:
            colours, holes = taken
            for ys, xs in holes:
                colours[ys, xs] = render(here.part(ys, xs, MARGIN))
            np.testing.assert_array_equal(colours, expected)
            reused += 1
        last = Picture(here, expected, QRectF())
        down, right = generator.integers(-12, 13, 2)
        top, left = top + down * step, left + right * step
    assert reused > 30


def test_another_zoom_or_a_far_jump_is_rendered() -> None:
    last = Picture(grid(500, 700, 1), render(grid(500, 700, 1)), QRectF())
    assert taken_over(last, grid(500, 700, 1.01), MARGIN) is None
    assert taken_over(last, grid(900, 700, 1), MARGIN) is None


@pytest.mark.parametrize("scale", [0.25, 0.37, 1.0, 3.0, 7.5])
def test_a_panned_canvas_looks_like_one_that_was_never_moved(show, qtbot, scale: float) -> None:
    generator = np.random.default_rng(0)
    labels = np.kron(generator.integers(0, 9, (150, 200)), np.ones((10, 10))).astype(np.uint32)
    pixels = generator.integers(0, 255, (1, 1, *labels.shape), dtype=np.uint8)
    canvas, document, _hand = show(labels, pixels, scale=scale)
    document.select([3])
    finder = canvas._overlay._neighbour_finder
    qtbot.waitUntil(lambda: not finder.busy)  # it chooses other colours when it is done
    canvas.view.place(scale, QPointF(700, 600), QPointF(400, 300))
    for number in range(12):
        moved = QPointF(*generator.integers(-60, 60, 2).tolist())
        canvas.view.place(scale, canvas.view.image_position(QPointF(0, 0)), moved)
        QApplication.processEvents()
        if number == 6:  # a change in between must not be painted over
            box = (slice(0, 1), slice(590, 640), slice(690, 740))
            document.edit(box, np.full((1, 50, 50), 8, np.uint32), "Paint")
            canvas.overlay = replace(canvas.overlay, fill_opacity=0.6)
        shown = picture(canvas)
        canvas._overlay.update()
        canvas._image.update()
        np.testing.assert_array_equal(shown, picture(canvas))
