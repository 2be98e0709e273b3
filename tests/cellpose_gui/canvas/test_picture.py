"""What is on screen: colours, sharpness, alignment, zoom."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QRectF, Qt
from PyQt6.QtGui import QColor, QImage, QPainter
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from cellpose_gui.canvas.channel_display import ChannelDisplay
from cellpose_gui.canvas.palettes import PALETTES
from tests.cellpose_gui.canvas.hand import make_document, two_cells


def picture(canvas) -> np.ndarray:
    """The canvas as (Y, X, 3) uint8 RGB."""
    return pixels_of(canvas.grab().toImage())


def pixels_of(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    raw = np.frombuffer(image.constBits().asstring(image.sizeInBytes()), np.uint8)
    return raw.reshape(image.height(), image.width(), 4)[:, :, 2::-1].copy()


def chessboard(height: int, width: int) -> np.ndarray:
    return (np.indices((height, width)).sum(axis=0) % 2 * 255).astype(np.uint8)


@pytest.mark.parametrize("scale", [1, 2, 3, 7, 16])
def test_image_pixel_covers_exactly_its_square(show, scale):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50), np.uint8)
    canvas, _document, _hand = show(np.zeros((40, 50)), pixels[None, None], scale=scale)
    canvas.channels = (ChannelDisplay(0, 255),)
    expected = np.kron(pixels, np.ones((scale, scale), np.uint8))[:600, :800]
    shown = picture(canvas)[: expected.shape[0], : expected.shape[1]]
    np.testing.assert_array_equal(shown, np.repeat(expected[..., None], 3, axis=2))


def test_background_begins_right_after_the_last_pixel(show):
    canvas, _document, _hand = show(np.zeros((20, 30)), np.full((1, 1, 20, 30), 255, np.uint8), scale=10)
    canvas.channels = (ChannelDisplay(0, 255),)
    shown = picture(canvas)
    assert (shown[:200, :300] == 255).all()
    assert (shown[200:] < 60).all() and (shown[:, 300:] < 60).all()


def colour_of(canvas, id_: int) -> np.ndarray:
    return PALETTES["Vivid"][canvas._overlay.colours.slots_of(np.array([id_], np.uint32))[0]].astype(int)


@pytest.mark.parametrize("scale", [1, 4, 13])
def test_fill_and_outline_are_sharp_at_every_zoom(show, scale):
    canvas, _document, _hand = show(two_cells(), scale=scale)
    canvas.overlay = replace(canvas.overlay, fill_opacity=0.5, outline_opacity=1.0)
    shown = picture(canvas).astype(int)
    colour = colour_of(canvas, 1)
    top, bottom = 10 * scale, 20 * scale
    cell = shown[top:bottom, top:bottom]
    width = 1 if scale < 3 else 2
    for edge in (cell[:width], cell[-width:], cell[:, :width], cell[:, -width:]):
        np.testing.assert_array_equal(edge, np.broadcast_to(colour, edge.shape))
    inside = cell[width:-width, width:-width]
    assert (inside == inside[0, 0]).all()
    assert np.abs(inside[0, 0] - colour * 0.5).max() <= 1
    # Not a trace of the cell one screen pixel outside it.
    for outside in (shown[top - 1, top - 1 : bottom + 1], shown[top - 1 : bottom + 1, bottom]):
        assert (outside == 0).all()


def test_outline_width_and_switches(show):
    canvas, _document, _hand = show(two_cells())
    for width in (1, 2, 3):
        canvas.overlay = replace(canvas.overlay, fill_opacity=0, outline_width=width)
        row = picture(canvas)[150, 95:155].any(axis=1)
        assert np.flatnonzero(row).tolist() == list(range(5, 6 + width))
    canvas.overlay = replace(canvas.overlay, outlines=False, fill_opacity=1)
    assert (picture(canvas)[150, 100:200] == colour_of(canvas, 1)).all()
    canvas.overlay = replace(canvas.overlay, visible=False)
    assert not picture(canvas)[:300].any()


def test_cell_at_the_border_of_the_image_is_outlined_there(show):
    labels = np.zeros((60, 80))
    labels[:10, :10] = 1
    canvas, _document, _hand = show(labels)
    shown = picture(canvas)
    assert (shown[0, :100] == colour_of(canvas, 1)).all()
    assert (shown[:100, 0] == colour_of(canvas, 1)).all()


def screen(canvas) -> np.ndarray:
    """What is on screen after many partial repaints; unlike `picture`, nothing is painted for it."""
    QApplication.processEvents()
    return pixels_of(canvas.screen().grabWindow(canvas.winId()).toImage())


def test_partial_repaints_equal_a_full_one(show):
    generator = np.random.default_rng(1)
    canvas, document, hand = show(two_cells(), scale=7)
    document.select([1])
    canvas.overlay = replace(canvas.overlay, outline_width=3)
    for _ in range(12):
        canvas.set_tool(str(generator.choice(["brush", "eraser"])))
        canvas.brush_size = float(generator.integers(1, 12))
        hand.press(*generator.uniform(0, 60, 2))
        hand.move(*generator.uniform(0, 60, 2))
        np.testing.assert_array_equal(screen(canvas), picture(canvas))
        hand.release(*generator.uniform(0, 60, 2))
        np.testing.assert_array_equal(screen(canvas), picture(canvas))
    while document.undo_text != "Start":
        document.undo()
        np.testing.assert_array_equal(screen(canvas), picture(canvas))


def test_zoomed_out_view_of_large_labels_follows_edits(show, qtbot):
    canvas, document, _hand = show(np.zeros((2200, 2400)), scale=0.2)
    qtbot.waitUntil(lambda: not canvas._overlay._coarse_maker.busy)
    document.edit((slice(0, 1), slice(500, 1000), slice(500, 1000)), np.full((1, 500, 500), 1), "Put")
    shown = screen(canvas)
    assert shown[102:198, 102:198].any(axis=2).all()
    assert not shown[:98, :400].any()
    qtbot.waitUntil(lambda: not canvas._overlay._coarse_maker.busy)
    np.testing.assert_array_equal(picture(canvas), shown)


def test_new_cell_beside_another_has_another_colour(show):
    labels = two_cells()
    labels[labels == 2] = 10  # the next id is 11, which has the colour of 1 unless somebody looks
    canvas, document, hand = show(labels)
    canvas.set_tool("outline")
    hand.drag((20, 10), (29, 10), (29, 20), (20, 20))
    assert document.labels[0, 15, 22] == 11
    assert (colour_of(canvas, 11) != colour_of(canvas, 1)).any()
    assert (colour_of(canvas, 11) != colour_of(canvas, 10)).any()


def test_selected_cell_is_brighter(show):
    canvas, document, _hand = show(two_cells())
    before = picture(canvas)
    document.select([1])
    after = picture(canvas)
    assert (after[100, 100:200] == 255).all()
    assert after[150, 150].sum() > before[150, 150].sum()
    np.testing.assert_array_equal(after[100:200, 300:400], before[100:200, 300:400])


def test_undo_is_seen_at_once(show):
    canvas, document, hand = show(two_cells())
    before = picture(canvas)
    canvas.set_tool("brush")
    hand.drag((20, 40), (50, 40))
    assert (picture(canvas) != before).any()
    document.undo()
    canvas.show_ring(None)
    np.testing.assert_array_equal(picture(canvas), before)


def test_huge_ids_are_shown(show):
    labels = two_cells()
    labels[labels == 2] = 2**32 - 1
    canvas, _document, _hand = show(labels)
    assert picture(canvas)[150, 350].any()


def test_screens_with_two_device_pixels_per_pixel_get_all_of_them(show):
    """At ratio 2 an image pixel of 1 logical pixel is 2 x 2 device pixels, and outlines are two
    of them wide."""
    pixels = chessboard(40, 50)
    labels = np.zeros((40, 50))
    labels[10:20, 10:20] = 1
    canvas, _document, _hand = show(labels, pixels[None, None], scale=1)
    canvas.channels = (ChannelDisplay(0, 255),)
    canvas.overlay = replace(canvas.overlay, fill_opacity=0)
    target = QImage(1600, 1200, QImage.Format.Format_RGB32)
    target.setDevicePixelRatio(2)
    painter = QPainter(target)
    canvas.view.render(painter, QRectF(0, 0, 800, 600), QRectF(0, 0, 800, 600).toRect())
    painter.end()
    shown = pixels_of(target)
    np.testing.assert_array_equal(shown[:20, :100, 0], np.kron(pixels, np.ones((2, 2), np.uint8))[:20])
    assert (shown[20:22, 20:40] == colour_of(canvas, 1)).all()
    assert set(np.unique(shown[22:38, 22:38])) == {0, 255}


@pytest.mark.parametrize("notches", [1, -1, 3, -2])
def test_wheel_keeps_the_pixel_under_the_cursor(show, notches):
    canvas, _document, hand = show(two_cells(), scale=5)
    spot = hand.at(30, 20)
    hand.turn_wheel(30, 20, notches)
    position = canvas.view.image_position(spot.toPointF())
    assert (position.x(), position.y()) == pytest.approx((30, 20))
    assert canvas.view.scale_factor == pytest.approx(5 * 1.25**notches)


def test_zoom_stops_at_both_ends(show):
    canvas, _document, hand = show(two_cells())
    for notches in (40, -40):
        for _ in range(5):
            hand.turn_wheel(30, 20, notches)
        assert 0.4 < canvas.view.scale_factor <= 96


def test_fit_shows_the_whole_image_and_follows_the_window(show, qtbot):
    canvas, _document, _hand = show(two_cells())
    canvas.fit()
    for size in ((800, 600), (500, 300), (300, 900)):
        canvas.resize(*size)
        QApplication.processEvents()
        assert canvas.view.box.viewRect().contains(QRectF(0, 0, 80, 60))
        assert (
            0.9 < max(80 / canvas.view.box.viewRect().width(), 60 / canvas.view.box.viewRect().height()) <= 1
        )


def test_resizing_keeps_zoom_and_corner_when_not_fitted(show):
    canvas, _document, _hand = show(two_cells(), scale=12)
    canvas.resize(640, 480)
    QApplication.processEvents()
    assert canvas.view.scale_factor == pytest.approx(12)
    assert canvas.view.image_position(QPoint(0, 0).toPointF()).x() == pytest.approx(0)


def test_double_click_fits(show):
    canvas, _document, _hand = show(two_cells(), scale=20)
    QTest.mouseDClick(canvas.view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(700, 500))
    assert canvas.view.fitted


def test_one_to_one_shows_one_device_pixel_an_image_pixel(show):
    canvas, _document, _hand = show(two_cells())
    canvas.actual_size()
    assert canvas.view.scale_factor * canvas.devicePixelRatioF() == pytest.approx(1)


def test_zoom_to_shows_a_box_and_its_plane(show):
    canvas, _document, _hand = show(np.zeros((3, 60, 80)))
    canvas.zoom_to((slice(2, 3), slice(10, 20), slice(30, 40)))
    assert canvas.plane == 2
    assert canvas.view.box.viewRect().contains(QRectF(30, 10, 10, 10))
    assert canvas.view.box.viewRect().height() < 25


def test_hover_tells_position_values_and_label(show, qtbot):
    pixels = np.random.default_rng(0).integers(0, 60000, (2, 1, 60, 80), np.uint16)
    canvas, _document, hand = show(two_cells(), pixels)
    with qtbot.waitSignal(canvas.hovered) as seen:
        hand.move(35.5, 15.5)
    reading = seen.args[0]
    assert (reading.plane, reading.row, reading.col, reading.label) == (0, 15, 35, 2)
    assert reading.values == tuple(pixels[:, 0, 15, 35])
    canvas.fit()
    with qtbot.waitSignal(canvas.hovered) as seen:
        QTest.mouseMove(canvas.view.viewport(), QPoint(2, 2))
    assert seen.args[0] is None


def test_the_ring_tells_what_a_press_would_do(show):
    canvas, _document, hand = show(two_cells())
    canvas.overlay = replace(canvas.overlay, visible=False)
    canvas.set_tool("brush")
    canvas.brush_size = 6
    seen = {}
    for name, x in (("extends", 15), ("creates", 50)):
        hand.move(x, 15)
        spot = hand.at(x, 15)
        shown = picture(canvas)[spot.y() - 40 : spot.y() + 40, spot.x() - 40 : spot.x() + 40].reshape(-1, 3)
        seen[name] = QColor(*(int(value) for value in shown[shown.astype(int).sum(axis=1).argmax()])).hue()
    assert abs(seen["extends"] - seen["creates"]) > 30


def test_channels_add_up(show):
    pixels = np.zeros((3, 1, 10, 10), np.uint16)
    pixels[0, 0, :, :5] = 1000
    pixels[1, 0, :5] = 500
    canvas, _document, _hand = show(np.zeros((10, 10)), pixels)
    canvas.channels = tuple(ChannelDisplay(0, 1000, colour=name) for name in ("red", "green", "blue"))
    shown = picture(canvas)
    assert shown[10, 10].tolist() == [255, 128, 0]
    assert shown[90, 10].tolist() == [255, 0, 0]
    assert shown[10, 90].tolist() == [0, 128, 0]
    canvas.channels = tuple(
        replace(channel, visible=number == 1) for number, channel in enumerate(canvas.channels)
    )
    assert picture(canvas)[10, 10].tolist() == [0, 128, 0]


def test_photographs_keep_their_colours(show):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 1, 20, 20), np.uint8)
    canvas, _document, _hand = show(np.zeros((20, 20)), pixels, scale=1)
    np.testing.assert_array_equal(picture(canvas)[:20, :20], np.moveaxis(pixels[:, 0], 0, -1))


@pytest.mark.parametrize(
    "shape", [(1, 1, 1, 1), (5, 1, 30, 40), (2, 3, 1, 900), (1, 1, 900, 1), (16, 1, 8, 8)]
)
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float64])
def test_odd_images_are_shown_and_painted(show, shape, dtype):
    pixels = np.ones(shape, dtype)
    pixels[..., 0] = 0
    canvas, document, hand = show(np.zeros(shape[1:]), pixels)
    canvas.fit()
    picture(canvas)
    canvas.set_tool("brush")
    hand.click(0.5, 0.5)
    assert document.labels[0, 0, 0] == 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_float_images_with_odd_values_are_shown(show, value):
    pixels = np.linspace(0, 1, 1_000_000, dtype=np.float32).reshape(1, 1, 1000, 1000).copy()
    pixels[0, 0, :10, :10] = value
    canvas, _document, _hand = show(np.zeros((1000, 1000)), pixels, scale=0.25)
    shown = picture(canvas)[:250, :250, 0]
    assert int(shown[125, 100]) == pytest.approx(127, abs=4)
    assert shown[0, 0] == (255 if value > 0 else 0)


def test_zoomed_out_images_show_means(show, qtbot):
    pixels = chessboard(1024, 1024)[None, None]
    canvas, _document, _hand = show(np.zeros((1024, 1024)), pixels, scale=0.5)
    canvas.channels = (ChannelDisplay(0, 255),)
    qtbot.waitUntil(lambda: bool((np.abs(picture(canvas)[:500, :500].astype(int) - 128) <= 1).all()))


def test_plane_of_a_stack_is_shown(show):
    labels = np.stack([np.zeros((60, 80)), two_cells()])
    pixels = np.zeros((1, 2, 60, 80), np.uint8)
    pixels[0, 1] = 200
    canvas, _document, _hand = show(labels, pixels)
    canvas.channels = (ChannelDisplay(0, 200),)
    assert not picture(canvas)[:600].any()
    canvas.plane = 5
    assert canvas.plane == 1
    assert (picture(canvas)[300, 300] == 255).all()
    assert (picture(canvas)[150, 150] != 255).any()


def test_another_document_takes_the_place_of_the_first(show, tmp_path_factory):
    canvas, document, hand = show(two_cells())
    other = make_document(tmp_path_factory.mktemp("other"), np.zeros((20, 20)))
    canvas.set_document(other)
    document.edit((slice(0, 1), slice(0, 60), slice(0, 80)), np.ones((1, 60, 80), np.uint32), "Late")
    canvas.set_tool("brush")
    hand.click(10, 10)
    assert other.labels.any()
    canvas.set_document(None)
    hand.click(10, 10)
    canvas.show_ring(None)
    assert (picture(canvas) < 60).all()
    other.close()
