"""Scores of a model on data sets, against counts made by hand."""

from pathlib import Path

import numpy as np
import pytest
from drawings import SeeingModel
from folders import four_discs, write_pair

from model_core.errors import Cancelled, UserError
from model_core.formats.pairs import find_pairs
from model_core.training.evaluate import Score, evaluate_model, mean_score


def test_scores_by_hand(tmp_path: Path, seeing_model: SeeingModel) -> None:
    labels = four_discs()
    seen = (labels > 1).astype(np.uint8)  # one object cannot be seen
    seen[52:68, 52:68] = 1  # and one is not in the labels
    write_pair(tmp_path / "half", "a", labels, seen)
    write_pair(tmp_path / "half", "b", labels)
    write_pair(tmp_path / "none", "empty", np.zeros((60, 60)), np.zeros((60, 60), np.uint8))
    reports: list[tuple[int, str]] = []
    pairs = find_pairs(tmp_path / "half") + find_pairs(tmp_path / "none")
    scores = evaluate_model(seeing_model, pairs, lambda *report: reports.append(report))
    half, none = scores["half"], scores["none"]
    assert list(scores) == ["half", "none"]
    assert (half.images, half.objects, half.missed, half.added) == (2, 8, 1, 1)
    assert half.ap50 == pytest.approx((3 / 5 + 1) / 2) == half.ap75
    assert none == Score(1, 0, 1.0, 1.0, 1.0, 0, 0, none.seconds)
    assert half.seconds > 0 and reports[0] == (0, "half") and reports[-1] == (3, "")
    mean = mean_score(list(scores.values()))
    assert mean.ap50 == pytest.approx(0.9) and mean.objects == 4 and mean.missed == 0.5


def test_volumes_are_segmented_as_volumes(tmp_path: Path, seeing_model: SeeingModel) -> None:
    from drawings import balls

    write_pair(tmp_path / "v", "a", balls((30, 60, 60), [(15, 20, 20), (15, 42, 40)], 10))
    score = evaluate_model(seeing_model, find_pairs(tmp_path / "v"))["v"]
    assert (score.objects, score.missed, score.added) == (2, 0, 0) and score.ap75 == 1


def test_bad_pairs_and_cancel(tmp_path: Path, seeing_model: SeeingModel) -> None:
    write_pair(tmp_path / "d", "a", four_discs(), np.zeros((9, 9), np.uint8))
    pairs = find_pairs(tmp_path / "d")
    with pytest.raises(UserError, match="differ in size"):
        evaluate_model(seeing_model, pairs)
    with pytest.raises(Cancelled):
        evaluate_model(seeing_model, pairs, cancel=lambda: True)
