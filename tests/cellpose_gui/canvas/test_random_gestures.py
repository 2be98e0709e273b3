"""Random gestures with all tools: records stay right, and undo gives every state back exactly."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from cellpose_gui.canvas.tools.all_tools import TOOLS
from model_core.annotation.measure import measure
from tests.cellpose_gui.canvas.hand import ALT, CTRL, NO_KEYS, SHIFT, lock, two_cells

KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Backspace, Qt.Key.Key_BracketRight)


@pytest.mark.parametrize("seed", range(4))
def test_random_gestures_can_be_taken_back(show, qtbot, seed):
    labels = np.stack([two_cells(), two_cells()])
    canvas, document, hand = show(labels, scale=8)
    lock(document, 2)
    held = document.labels == 2
    dice = np.random.default_rng(seed)
    history = document.store.history
    locked = history.position
    states = {locked: document.labels.copy()}
    for _ in range(100):
        canvas.set_tool(str(dice.choice([tool.name for tool in TOOLS if tool.name != "pan"])))
        canvas.plane = int(dice.integers(2))
        points = [tuple(point) for point in dice.uniform((-5, -5), (85, 65), (int(dice.integers(1, 6)), 2))]
        keys = [NO_KEYS, NO_KEYS, CTRL, SHIFT, ALT][int(dice.integers(5))]
        hand.drag(*points, keys=keys) if dice.random() < 0.6 else [hand.click(*p, keys) for p in points]
        if dice.random() < 0.4:
            QTest.keyClick(canvas.view, KEYS[int(dice.integers(len(KEYS)))])
        qtbot.waitUntil(lambda: not canvas.working)
        if dice.random() < 0.15 and history.position > locked:
            document.undo()
        position = history.position
        states = {at: state for at, state in states.items() if at <= position}
        states[position] = document.labels.copy()
        extents = measure(document.labels)
        assert extents.keys() == set(document.objects)
        for id_, extent in extents.items():
            record = document.objects[id_]
            assert (record.box, record.area) == (extent.box, extent.area)
            assert record.centroid == pytest.approx(extent.centroid)
        np.testing.assert_array_equal(document.labels == 2, held)
    assert history.position > locked + 8, "hardly anything was done"
    while document.undo():
        if (position := history.position) in states:
            np.testing.assert_array_equal(document.labels, states[position])
    assert not document.labels.any()
