"""More models in the window: imported by the menu or by dropping a file, chosen, used, refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt6.QtCore import QMimeData, QPoint, QPointF, QSettings, Qt, QUrl
from PyQt6.QtGui import QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import QApplication, QComboBox, QFileDialog
from pytestqt.qtbot import QtBot

from cellpose_gui.main_window import MainWindow
from model_core.models.registry import find_model, model_names
from tests.cellpose_gui.helpers import dialogs, open_image, press, segmented, the_dialog


@pytest.fixture
def cellpose_file(tmp_path: Path) -> Path:
    """A net as Cellpose saves it, under a name as people give it."""
    import torch

    from model_core.networks.cpnet import CPnet, CPnetOptions

    torch.manual_seed(0)
    path = tmp_path / "CP_20240506_yeast"
    torch.save(CPnet(CPnetOptions(widths=(4, 6, 8))).state_dict(), path)
    return path


def chooser(window: MainWindow) -> QComboBox:
    (box,) = window.segment_panel.findChildren(QComboBox)
    return box


def listed(window: MainWindow) -> list[str]:
    return [chooser(window).itemText(row) for row in range(chooser(window).count())]


def drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    held = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(400, 300), *held))
    QApplication.sendEvent(window, QDropEvent(QPointF(400, 300), *held))


def test_a_model_chosen_by_the_menu_finds_the_cells(
    qtbot: QtBot,
    window: MainWindow,
    images: list[Path],
    small_model: Path,
    cellpose_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from model_core.segmentation import segmenter

    used: list[str] = []
    whole = segmenter.segment

    def watched(image, model, **options):  # type: ignore[no-untyped-def]
        used.append(model.card.name)
        return whole(image, model, **options)

    monkeypatch.setattr(segmenter, "segment", watched)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(cellpose_file), ""))
    open_image(qtbot, window, images[0])
    assert listed(window) == ["generalist"]
    window.actions_by_name["import_model"].trigger()
    qtbot.waitUntil(lambda: chooser(window).currentText() == cellpose_file.name, timeout=20_000)
    assert listed(window) == ["generalist", cellpose_file.name] and not dialogs(window)
    press(qtbot, window, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: window.tasks.current("segment") is None, timeout=60_000)
    chooser(window).setCurrentIndex(0)
    press(qtbot, window, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: window.tasks.current("segment") is None, timeout=60_000)
    assert used == [cellpose_file.name, "tiny"] and not dialogs(window)


def test_a_dropped_model_is_imported_and_still_chosen_at_the_next_start(
    qtbot: QtBot, window: MainWindow, settings: QSettings, cellpose_file: Path
) -> None:
    drop(window, cellpose_file)
    qtbot.waitUntil(lambda: chooser(window).currentText() == cellpose_file.name, timeout=20_000)
    assert find_model(cellpose_file.name).is_file()
    again = MainWindow(settings)
    again.workbench.list_models()
    qtbot.waitUntil(lambda: len(listed(again)) > 1)
    assert again.segment_panel.model == cellpose_file.name
    again.segment_panel.model_chosen.emit("generalist")
    again.workbench.list_models()
    qtbot.waitUntil(lambda: again.segment_panel.model is None)
    assert again.tasks.stop_all()
    again.deleteLater()


def test_a_model_that_is_gone_is_not_chosen(qtbot: QtBot, window: MainWindow, settings: QSettings) -> None:
    settings.setValue("model", "no longer here")
    with qtbot.waitSignal(window.workbench.models_changed):
        window.workbench.list_models()
    assert window.segment_panel.model is None


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("notes.txt", b"hello, these are notes", "neither an image that can be opened nor a model"),
        ("empty", b"", "neither an image"),
        ("cpsam", None, "Cellpose 4"),
        ("broken.safetensors", b"no weights", "damaged"),
        ("weights.pth", b"PK\x03\x04 and nothing more", "damaged"),
    ],
)
def test_what_is_no_model_is_refused_in_words_and_nothing_changes(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    import torch

    path = tmp_path / name
    if content is None:
        torch.save({"encoder.pos_embed": torch.zeros(3), "W2": torch.zeros(2)}, path)
    else:
        path.write_bytes(content)
    before = model_names()
    drop(window, path)
    box = the_dialog(qtbot, window)
    assert words in box.text() and name in box.text() and not box.detailedText().startswith("Traceback")
    box.close()
    assert model_names() == before and listed(window) == ["generalist"]


def test_the_same_model_twice_says_so(qtbot: QtBot, window: MainWindow, cellpose_file: Path) -> None:
    drop(window, cellpose_file)
    qtbot.waitUntil(lambda: chooser(window).currentText() == cellpose_file.name, timeout=20_000)
    drop(window, cellpose_file)
    assert "already" in the_dialog(qtbot, window).text()
    segmented(qtbot, window)
