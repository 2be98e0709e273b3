"""What the panel of training says and draws."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PyQt6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from cellpose_gui.panels.training_panel import facts
from cellpose_gui.panels.training_plots import ApPlot
from model_core.training.retrain_progress import Moment, Phase, RetrainProgress

BEFORE = RetrainProgress(Phase.BEFORE, 0, None, "cpu", 0.0, None, 0.37, None, 30, 30, ())


@pytest.mark.parametrize("seconds", [3.0, 90.0, 600.0])
def test_an_axis_of_minutes_shows_minutes(qtbot: QtBot, seconds: float) -> None:
    window = QWidget()  # plots do not live on after they were closed themselves
    qtbot.addWidget(window)
    plot = ApPlot()
    plot.setParent(window)
    window.show()
    plot.show_progress(BEFORE)
    plot.recolour()  # another theme, while the axis shows less than a minute
    plot.show_progress(replace(BEFORE, history=[Moment(seconds, 1.0, 1.0, 0.5)]))
    axis = plot.getAxis("bottom")
    assert axis.autoSIPrefixScale == 1.0 and axis.labelUnitPrefix == ""
    assert axis.range[1] == pytest.approx(max(seconds / 60, 0.2), rel=0.1)


def test_facts_tell_what_is_known() -> None:
    assert facts(BEFORE) == ["AP 0.37 before", "30 cells to learn from, 30 held back to test on", "CPU"]
    learning = replace(BEFORE, in_turn=True, ap_best=0.5, loss=1.2, epoch=1.5, seconds_left=42.0)
    assert facts(learning) == [
        "AP 0.37 → 0.50",
        "30 cells, each tested on by a model that has not learned from it",
        "CPU, epoch 1.5, 42 s left",
    ]
    assert facts(replace(BEFORE, ap_before=None, cells=0)) == ["CPU; you can go on labelling"]
