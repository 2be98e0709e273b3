"""The smoke run: it must not say that all is well when it is not."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtWidgets import QApplication

from cellpose_gui.smoke import run_smoke
from model_core.errors import UserError
from tests.cellpose_gui.helpers import FakeSegmenter


@pytest.fixture
def coins_found(segmenter: FakeSegmenter) -> FakeSegmenter:
    segmenter.cells = np.zeros((1, 303, 384), np.uint32)
    segmenter.cells[0, 50:80, 50:80] = 1
    return segmenter


def test_all_of_it_works(
    qapp: QApplication, coins_found: FakeSegmenter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_smoke() == 0
    said = capsys.readouterr().out
    assert "segmented: 1 cells" in said
    assert "all is the same: True" in said


def test_no_cells_and_a_failing_model_are_failures(
    qapp: QApplication, coins_found: FakeSegmenter, capsys: pytest.CaptureFixture[str]
) -> None:
    coins_found.cells = np.zeros_like(coins_found.cells)
    assert run_smoke() == 1
    coins_found.error = UserError("no model")
    assert run_smoke() == 1
    assert "no model" in capsys.readouterr().err
