"""The table and the plot: what they show, what they select, and how edits reach them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QPainterPath, QPalette
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cellpose_gui.document.document import Document
from cellpose_gui.main_window import MainWindow
from model_core.annotation.measurements import Measurements, measure_objects
from model_core.annotation.objects import Review, Source
from tests.cellpose_gui.canvas.hand import counts
from tests.cellpose_gui.helpers import open_image, press

SHIFT, CTRL, NONE = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.NoModifier,
)


@pytest.fixture
def opened(qtbot: QtBot, window: MainWindow, images: list[Path]) -> Document:
    """Cells 1 (100 px), 2 (200 px, touches 1), 3 (9 px, thin), 4 (225 px); two channels."""
    pixels = np.zeros((2, 60, 80), np.uint16)
    pixels[1] = np.arange(80)
    tifffile.imwrite(images[0], pixels, metadata={"axes": "CYX"})
    document = open_image(qtbot, window, images[0])
    labels = np.zeros((1, 60, 80), np.uint32)
    labels[0, 10:20, 10:20], labels[0, 10:20, 20:40], labels[0, 50, 5:14], labels[0, 40:55, 40:55] = (
        1,
        2,
        3,
        4,
    )
    document.edit((slice(0, 1), slice(0, 60), slice(0, 80)), labels, "Start")
    window.docks["Table and plot"].show()
    measured(qtbot, window, document)
    return document


def measured(qtbot: QtBot, window: MainWindow, document: Document) -> None:
    values = window.curation.objects.values
    qtbot.waitUntil(
        lambda: (
            values.ids.tolist() == sorted(document.objects)
            and not values._rest.isActive()
            and not values._background.busy
            and not values._telling.isActive()
        ),
        timeout=60_000,
    )


def column(window: MainWindow, name: str) -> list[object]:
    """As the table shows it, from top to bottom."""
    model = window.curation.objects.model
    at = model.names.index(name)
    return [model.data(model.index(row, at)) for row in range(model.rowCount())]


def box(x0: float, x1: float, y0: float = 0, y1: float = 1e9) -> QPainterPath:
    path = QPainterPath()
    path.addRect(QRectF(x0, y0, x1 - x0, y1 - y0))
    return path


def agree_with_the_engine(window: MainWindow, document: Document) -> None:
    """Every column as a measurement from scratch gives it."""
    values = window.curation.objects.values
    wanted = measure_objects(np.ascontiguousarray(document.labels), document.image)  # type: ignore[arg-type]
    for name, numbers in wanted.columns.items():
        np.testing.assert_allclose(values.columns[name], numbers, atol=1e-9, err_msg=name)


def test_the_table_shows_what_is_measured(window: MainWindow, opened: Document) -> None:
    agree_with_the_engine(window, opened)
    assert column(window, "area") == ["100", "200", "9", "225"]
    assert column(window, "neighbours") == ["1", "1", "0", "0"]
    assert column(window, "intensity_mean_2") == ["14.5", "29.5", "9", "47"]
    assert column(window, "source") == ["edited"] * 4 or column(window, "source") == ["drawn"] * 4
    header = window.curation.objects.model.headerData(
        window.curation.objects.model.names.index("area"), Qt.Orientation.Horizontal
    )
    assert header == "area (px²)"


def test_lengths_are_in_micrometres_where_the_pixel_size_is_known(
    qtbot: QtBot, window: MainWindow, images: list[Path]
) -> None:
    pixels = np.zeros((60, 80), np.uint8)
    tifffile.imwrite(images[0], pixels, imagej=True, resolution=(2, 2), metadata={"unit": "um"})
    document = open_image(qtbot, window, images[0])
    assert document.image.pixel_size == pytest.approx(0.5)  # type: ignore[attr-defined]
    new = np.full((1, 10, 10), 1, np.uint32)
    document.edit((slice(0, 1), slice(0, 10), slice(0, 10)), new, "Start")
    window.docks["Table and plot"].show()
    measured(qtbot, window, document)
    assert column(window, "area") == ["25"]
    assert window.curation.objects.values.units["area"] == "µm²"


def test_sorting_and_filtering(window: MainWindow, opened: Document) -> None:
    panel = window.curation.objects
    panel.table.sortByColumn(panel.model.names.index("area"), Qt.SortOrder.DescendingOrder)
    assert column(window, "label") == ["4", "2", "1", "3"]
    panel.rule.setText("area > 50 and neighbours = 1")
    assert column(window, "label") == ["2", "1"] and panel.count.text() == "2 of 4 cells"
    panel.rule.setText("area > fifty")
    assert "no number" in panel.wrong.text() and panel.model.rowCount() == 4
    panel.rule.setText("area < 150")
    panel.select_shown.click()
    assert opened.selected == {1, 3}


def test_rows_and_canvas_share_one_selection(qtbot: QtBot, window: MainWindow, opened: Document) -> None:
    table, model = window.curation.objects.table, window.curation.objects.model
    row = table.visualRect(model.index(1, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, NONE, row)
    assert opened.selected == {2}
    row = table.visualRect(model.index(3, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, SHIFT, row)
    assert opened.selected == {2, 3, 4}
    row = table.visualRect(model.index(2, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, CTRL, row)
    assert opened.selected == {2, 4}
    opened.select([1])
    marked = [model.data(model.index(row, 0), Qt.ItemDataRole.BackgroundRole) for row in range(4)]
    assert [mark is not None for mark in marked] == [True, False, False, False]
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Down)
    assert opened.selected == {2}
    qtbot.keyClick(table, Qt.Key.Key_End, SHIFT)
    assert opened.selected == {2, 3, 4}


def test_a_gate_selects_and_its_cells_are_deleted_classified_or_accepted_in_one_step(
    qtbot: QtBot, window: MainWindow, opened: Document
) -> None:
    panel = window.curation.objects
    panel.plot.gate.gated.emit(box(90, 210))
    assert opened.selected == {1, 2}
    window.canvas.classes.add("round")
    before = opened.store.history.position
    window.canvas.setFocus()
    press(qtbot, window, Qt.Key.Key_1)
    assert [opened.objects[i].class_name for i in (1, 2, 3)] == ["round", "round", ""]
    measured(qtbot, window, opened)
    assert column(window, "class") == ["round", "round", "", ""]
    panel.accept.click()
    assert opened.objects[1].review is Review.ACCEPTED and opened.store.history.position == before + 2
    panel.y_axis.setCurrentText("circularity")
    panel.plot.gate.gated.emit(box(0, 50, 0, 1))
    assert opened.selected == {3}
    panel.delete.click()
    assert counts(opened).keys() == {1, 2, 4} and opened.store.history.position == before + 3
    measured(qtbot, window, opened)
    agree_with_the_engine(window, opened)
    panel.plot.gate.gated.emit(None)
    assert not opened.selected


def test_points_have_the_colour_of_their_class(qtbot: QtBot, window: MainWindow, opened: Document) -> None:
    panel, classes = window.curation.objects, window.canvas.classes
    panel.y_axis.setCurrentText("circularity")
    usual = QApplication.palette().color(QPalette.ColorRole.Text).name()

    def colours() -> list[str]:
        return [spot.brush().color().name() for spot in panel.plot._points.points()]

    assert colours() == [usual] * 4
    classes.add("round")
    classes.put([1, 4], 0)
    measured(qtbot, window, opened)
    own = classes.all[0].colour.lower()
    assert colours() == [own, usual, usual, own]
    classes.recolour(0, "#123456")
    assert colours() == ["#123456", usual, usual, "#123456"]
    panel.y_axis.setCurrentIndex(0)
    panel.y_axis.setCurrentText("circularity")
    assert colours() == ["#123456", usual, usual, "#123456"]


def test_a_lasso_holds_what_is_inside_of_it(window: MainWindow, opened: Document) -> None:
    panel = window.curation.objects
    panel.x_axis.setCurrentText("centroid_x")
    panel.y_axis.setCurrentText("centroid_y")
    path = QPainterPath()
    path.moveTo(0, 0)  # a triangle whose box holds all cells
    path.lineTo(60, 0)
    path.lineTo(0, 60)
    path.closeSubpath()
    assert panel.plot.inside(path).tolist() == [True, True, True, False]
    panel.rule.setText("area < 150")
    panel.plot.gate.gated.emit(path)
    assert opened.selected == {1, 3}, "what the filter hides is not gated"


def test_only_what_a_patch_touches_is_measured_again(
    qtbot: QtBot, window: MainWindow, opened: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cellpose_gui.panels.object_values._measure_all", lambda *args: pytest.fail("all"))
    new = np.array(opened.labels[:, 8:22, 30:42])
    new[new == 2] = 0
    new[0, 2:6, 9:12] = 5  # a new cell where cell 2 was
    opened.edit((slice(0, 1), slice(8, 22), slice(30, 42)), new, "Change")
    measured(qtbot, window, opened)
    agree_with_the_engine(window, opened)
    opened.undo()
    measured(qtbot, window, opened)
    agree_with_the_engine(window, opened)
    assert column(window, "neighbours") == ["1", "1", "0", "0"]


def test_very_many_changed_records_are_taken_over_by_a_worker(
    qtbot: QtBot, window: MainWindow, opened: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cellpose_gui.panels.object_values._MOST_RECORDS", 1)
    values = window.curation.objects.values
    area = values.columns["area"]
    window.canvas.classes.add("many")
    window.canvas.classes.put([1, 2, 4], 0)
    assert values.columns["class"].tolist() == [""] * 4, "not here and now"
    measured(qtbot, window, opened)
    assert column(window, "class") == ["many", "many", "", "many"]
    assert values.columns["area"] is area, "nothing was measured again"
    opened.undo()
    measured(qtbot, window, opened)
    assert column(window, "class") == [""] * 4


def test_an_edit_while_it_measures_is_not_lost(qtbot: QtBot, window: MainWindow, opened: Document) -> None:
    values = window.curation.objects.values
    values.set_document(None)
    values.set_document(opened)
    window.canvas.classes.add("late")
    opened.select([4])
    window.selected_cells.classify(0)
    new = np.zeros((1, 1, 9), np.uint32)
    opened.edit((slice(0, 1), slice(50, 51), slice(5, 14)), new, "Erase")
    measured(qtbot, window, opened)
    agree_with_the_engine(window, opened)
    assert column(window, "class") == ["", "", "late"]


def test_a_selected_cell_stays_in_view_when_the_panel_opens(
    qtbot: QtBot, window: MainWindow, opened: Document
) -> None:
    window.docks["Table and plot"].hide()
    view = window.canvas.view
    qtbot.wait(100)
    opened.select([4])
    view.set_scale(12)
    view.place(view.scale_factor, QPointF(47, 47), QPointF(view.width() / 2, view.height() - 20))
    window.docks["Table and plot"].show()
    qtbot.waitUntil(lambda: view.height() < 400 and view.box.viewRect().contains(QPointF(47.5, 47.5)))


def test_a_hidden_panel_measures_nothing(qtbot: QtBot, window: MainWindow, opened: Document) -> None:
    window.docks["Table and plot"].hide()
    assert len(window.curation.objects.values) == 0
    opened.edit((slice(0, 1), slice(0, 3), slice(0, 3)), np.full((1, 3, 3), 9, np.uint32), "One more")
    qtbot.wait(200)
    assert len(window.curation.objects.values) == 0
    window.docks["Table and plot"].show()
    measured(qtbot, window, opened)
    assert len(window.curation.objects.values) == 5


def test_words_stand_where_there_is_nothing_to_plot(
    qtbot: QtBot, window: MainWindow, images: list[Path]
) -> None:
    panel = window.curation.objects
    window.docks.show("Table and plot")
    assert "Open an image" in panel.plot.empty.text() and panel.plot.empty.isVisible()
    document = open_image(qtbot, window, images[0])
    qtbot.waitUntil(lambda: "no cells yet" in panel.plot.empty.text())
    assert not panel.accept.isEnabled() and not panel.select_shown.isEnabled()
    new = np.ones((1, 6, 6), np.uint32)
    document.edit((slice(0, 1), slice(2, 8), slice(2, 8)), new, "Draw", Source.DRAWN)
    qtbot.waitUntil(lambda: panel.model.rowCount() == 1)
    assert not panel.plot.empty.isVisible() and panel.select_shown.isEnabled()
    panel.y_axis.setCurrentText("confidence")
    assert "No cell has a value" in panel.plot.empty.text(), "nobody said how sure a drawn cell is"
    panel.y_axis.setCurrentIndex(0)
    assert not panel.plot.empty.isVisible()
    panel.rule.setText("area > 1000")
    assert panel._no_rows.isVisible()
    panel.rule.setText("aera > 1000")
    assert "Did you mean “area”" in panel.wrong.text()


def test_labels_that_are_measured_stay_as_they_are(
    qtbot: QtBot, opened: Document, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared: list[bool] = []  # a cell drawn meanwhile would be counted beyond the end of all counts

    def measure(labels: np.ndarray, *others: Any, **more: Any) -> Measurements:
        shared.append(np.shares_memory(labels, opened.labels))
        return measure_objects(labels, *others, **more)

    window.docks["Table and plot"].hide()
    monkeypatch.setattr("model_core.annotation.measurements.measure_objects", measure)
    window.docks["Table and plot"].show()
    measured(qtbot, window, opened)
    assert shared == [False]
