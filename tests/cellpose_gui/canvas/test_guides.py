"""Numbers, second outline, scale bar and minimap."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from cellpose_gui.canvas.comparison_item import LINE
from cellpose_gui.canvas.minimap import Minimap
from cellpose_gui.canvas.object_numbers import MOST, Places
from cellpose_gui.canvas.scale_bar import ScaleBar
from model_core.annotation.objects import ObjectRecord, Source
from model_core.images.units import in_words, round_length
from tests.cellpose_gui.canvas.hand import two_cells
from tests.cellpose_gui.canvas.test_picture import picture


def test_numbers_are_written_on_large_cells_only(show, qtbot) -> None:
    canvas, _document, _hand = show(two_cells())
    before = picture(canvas)
    canvas.guides.numbers = True
    qtbot.waitUntil(lambda: bool((picture(canvas)[100:200, 100:200] != before[100:200, 100:200]).any()))
    changed = (picture(canvas) != before).any(axis=2)
    rows, _ = np.nonzero(changed)
    assert rows.min() > 100 and rows.max() < 200, "a number lies inside its cell"
    canvas.view.place(0.5, QPointF(0, 0), QPointF(0, 0))
    far = picture(canvas)
    canvas.guides.numbers = False
    assert (picture(canvas) == far).all(), "from afar cells are too small for numbers"


def test_numbers_follow_edits(show, qtbot) -> None:
    canvas, document, _hand = show(two_cells())
    canvas.guides.numbers = True
    QApplication.processEvents()
    qtbot.waitUntil(lambda: canvas.guides._numbers._places is not None)
    places = canvas.guides._numbers._places
    everywhere = canvas.view.box.viewRect()
    box = (slice(0, 1), slice(40, 50), slice(50, 60))
    document.edit(box, np.full((1, 10, 10), 3000, np.uint32), "Paint")
    assert places.inside(everywhere, 0, 5)[:, 0].tolist() == [1, 2, 3000]
    assert places.inside(everywhere, 0, 5)[-1].tolist() == [3000, 55, 45]
    assert places.inside(everywhere, 0, 5, frozenset({1, 5000}))[:, 0].tolist() == [2, 3000], "one is hidden"
    document.undo()
    assert places.inside(everywhere, 0, 5)[:, 0].tolist() == [1, 2]
    assert not len(places.inside(everywhere, 1, 5)), "another plane"


def test_of_very_many_cells_the_largest_get_their_numbers(show) -> None:
    records = [
        ObjectRecord(n, (0, 1, 0, 5 + n % 50, 0, 60), 9, (0.0, 1.0, 1.0), Source.MODEL)
        for n in range(1, 3000)
    ]
    canvas, *_ = show(two_cells())
    found = Places(records).inside(canvas.view.box.viewRect(), 0, 5)
    assert len(found) == MOST
    assert min(int(n) % 50 for n in found[:, 0]) > 40


def test_a_second_outline_lies_where_the_other_cells_are(show) -> None:
    canvas, _document, _hand = show(np.zeros((60, 80)))
    canvas.guides.show_comparison(two_cells()[None])
    shown = picture(canvas).any(axis=2)
    assert shown[100, 100:200].any()
    inside = shown.copy()
    inside[100:200, 100:200] = inside[100:200, 300:400] = False
    assert not inside.any(), "nothing outside of the two cells"
    assert not shown[110:190, 110:190].any(), "an outline, no fill"
    white = (picture(canvas)[100, 100:200] == LINE & 0xFF).all(axis=1)
    assert 0.3 < white.mean() < 0.7, "dashes"
    canvas.guides.show_comparison(None)
    assert not picture(canvas).any()


@pytest.mark.parametrize(
    ("longest", "length", "words"),
    [
        (37, 20, "20 µm"),
        (50, 50, "50 µm"),
        (1.9, 1, "1 µm"),
        (0.7, 0.5, "500 nm"),
        (2500, 2000, "2 mm"),
        (99, 50, "50 µm"),
    ],
)
def test_scale_bars_have_round_lengths(longest: float, length: float, words: str) -> None:
    assert round_length(longest) == pytest.approx(length)
    assert in_words(round_length(longest)) == words


def test_the_scale_bar_is_as_long_as_it_says(show) -> None:
    canvas, *_ = show(two_cells(), scale=10)
    (bar,) = canvas.findChildren(ScaleBar)
    assert not bar.isVisible(), "the pixel size is not known"
    bar.set_pixel_size(0.5)
    bar.follow(10)
    assert bar.isVisible() and bar.accessibleDescription() == "5 µm"
    white = (np.asarray(picture(canvas))[bar.geometry().bottom() - 6, :200] == 255).all(axis=1)
    assert white.sum() == pytest.approx(5 / 0.5 * 10, abs=2)
    canvas.guides.scale_bar = False
    assert not bar.isVisible()


def test_the_minimap_shows_the_image_and_takes_the_view_along(show, qtbot) -> None:
    pixels = np.zeros((1, 1, 600, 800), np.uint8)
    pixels[..., 400:] = 255
    canvas, *_ = show(np.zeros((600, 800)), pixels, scale=4)
    (minimap,) = canvas.findChildren(Minimap)
    assert not minimap.isVisible()
    canvas.guides.minimap = True
    assert minimap.isVisible()
    qtbot.waitUntil(lambda: not minimap._drawn.isNull())
    left, right = (minimap._drawn.pixelColor(x, 50).lightness() for x in (20, 130))
    assert left < 50 < 200 < right
    QTest.mouseClick(
        minimap, Qt.MouseButton.LeftButton, pos=QPoint(minimap.width() // 2, minimap.height() // 2)
    )
    centre = canvas.view.box.viewRect().center()
    assert (centre.x(), centre.y()) == (pytest.approx(400, abs=8), pytest.approx(300, abs=8))
    canvas.fit()
    assert not minimap.isVisible(), "all is in view"
