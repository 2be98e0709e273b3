"""The review queue in the window: images of doubtful contributions, decided one by one with a key."""

import json
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from cellpose_gui.main_window import MainWindow
from cellpose_gui.panels.contribution_queue import ContributionQueue
from model_core.community.pack import pack
from model_core.community.review import put_aside
from model_core.community.unpack import unpack
from model_core.community.workplace import Workplace
from model_core.images.image import Image
from tests.cellpose_gui.helpers import answer, the_dialog


def put_bundle(folder: Path, by: str, count: int, seed: int) -> str:
    """Puts images with a few squares as cells into the queue; the name of the bundle."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((1, 60, 80), np.uint32)
    labels[0, 10:20, 10:20], labels[0, 30:42, 30:44] = 1, 2
    given = []
    for _ in range(count):
        pixels = rng.integers(0, 60, (1, 1, 60, 80)).astype(np.uint8) + (120 * (labels > 0)).astype(np.uint8)
        given.append((Image(pixels), labels.copy()))
    path, inside = folder / f"{by}.zip", folder / by
    inside.mkdir(parents=True)
    manifest = pack(given, path, by=by, licence="CC0-1.0", kind="squares")
    reasons = {item.name: f"reason {item.name}" for item in manifest.items}
    put_aside(unpack(path, inside), Workplace(folder / "work"), reasons)
    return manifest.id


@pytest.fixture
def work(tmp_path: Path) -> Path:
    put_bundle(tmp_path, "Ada", 2, 1)
    put_bundle(tmp_path, "Bob", 1, 2)
    return tmp_path / "work"


@pytest.fixture
def queue(qtbot: QtBot, window: MainWindow, work: Path, settings: QSettings) -> ContributionQueue:
    settings.setValue("contributions/work", str(work))
    window.actions_by_name["review_contributions"].trigger()
    queue = window.community.queue
    qtbot.waitUntil(lambda: shown(window, queue))
    return queue


def shown(window: MainWindow, queue: ContributionQueue) -> bool:
    """Whether the image that is to be judged is open."""
    return queue.current is not None and window.workbench.path == queue.current.path


def decided(qtbot: QtBot, window: MainWindow, name: str) -> None:
    """Triggers a command of the queue and waits for what follows."""
    window.actions_by_name[name].trigger()
    qtbot.waitUntil(lambda: window.tasks.current("review contributions") is None)
    queue = window.community.queue
    qtbot.waitUntil(lambda: queue.current is None or shown(window, queue))


def outcomes(work: Path) -> list[tuple[str, str]]:
    return [(d.image, d.outcome) for d in Workplace(work).decisions()]


def test_an_image_opens_with_its_labels_and_the_reason(window: MainWindow, queue: ContributionQueue) -> None:
    document = window.workbench.document
    assert document is not None and len(document.objects) == 2
    assert queue.current is not None and queue.current.name == "0001"
    assert "reason 0001" in queue.reason.text() and "3 images wait" in queue.about.text()
    assert window.docks["Contributions"].isVisible()


def test_decisions_by_key_until_all_is_done(
    qtbot: QtBot, window: MainWindow, queue: ContributionQueue, work: Path
) -> None:
    first = queue.current
    assert first is not None
    decided(qtbot, window, "accept_contribution")
    count = len(first.queue.reasons)
    if count == 2:
        decided(qtbot, window, "decline_contribution")
        assert dict(outcomes(work)) == {"0001": "added", "0002": "refused"}
        decided(qtbot, window, "decline_contribution")
    else:
        decided(qtbot, window, "decline_contribution")
        decided(qtbot, window, "decline_contribution")
    assert len(outcomes(work)) == 3 and sorted(o for _, o in outcomes(work)) == [
        "added",
        "refused",
        "refused",
    ]
    assert queue.current is None and "No images wait" in queue.about.text()
    assert not window.actions_by_name["accept_contribution"].isEnabled()
    assert len(Workplace(work).pairs()) == 1 and not list((work / "review").iterdir())


def test_labels_are_added_as_they_were_corrected(
    qtbot: QtBot, window: MainWindow, queue: ContributionQueue, work: Path
) -> None:
    while queue.current is not None:
        document = window.workbench.document
        assert document is not None
        document.select([1])
        window.actions_by_name["delete_selected"].trigger()
        qtbot.waitUntil(lambda document=document: len(document.objects) == 1)
        decided(qtbot, window, "accept_contribution")
    from model_core.formats.label_image import read_labels

    pairs = Workplace(work).pairs()
    assert len(pairs) == 3
    assert all(len(np.unique(read_labels(pair.masks))) == 2 for pair in pairs)


def test_what_was_decided_is_known_after_a_restart(
    qtbot: QtBot, window: MainWindow, queue: ContributionQueue, work: Path
) -> None:
    two = next(
        card
        for card in (work / "review").glob("*/review.json")
        if len(json.loads(card.read_text())["images"]) == 2
    )
    place = next(
        item.data(0, 0x0100)
        for item in queue._items()
        if item.data(0, 0x0100).queue.bundle == two.parent.name
    )
    queue._choose(place)
    qtbot.waitUntil(lambda: shown(window, queue))
    decided(qtbot, window, "decline_contribution")
    assert json.loads(two.read_text())["taken"] == {"0001": False}
    queue.read(work)
    qtbot.waitUntil(lambda: window.tasks.current("review contributions") is None)
    assert "2 images wait" in queue.about.text()


def test_labels_that_cannot_be_right_stay_in_the_queue(
    qtbot: QtBot, window: MainWindow, queue: ContributionQueue, work: Path
) -> None:
    one = next(
        item.data(0, 0x0100) for item in queue._items() if len(item.data(0, 0x0100).queue.reasons) == 1
    )
    queue._choose(one)
    qtbot.waitUntil(lambda: shown(window, queue))
    document = window.workbench.document
    assert document is not None
    document.select([1, 2])
    window.actions_by_name["delete_selected"].trigger()
    qtbot.waitUntil(lambda: not document.objects)
    window.actions_by_name["accept_contribution"].trigger()
    box = the_dialog(qtbot, window)
    assert "no object is labelled" in box.text()
    answer(qtbot, box, "OK")
    qtbot.waitUntil(lambda: shown(window, queue))
    assert queue.current == one and not outcomes(work)


def test_a_folder_that_holds_no_queue(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    window.community.queue.read(tmp_path)
    box = the_dialog(qtbot, window)
    assert "holds no folder “review”" in box.text()
    answer(qtbot, box, "OK")
