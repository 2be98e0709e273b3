"""Scores of a model on data sets, against counts made by hand."""

from pathlib import Path

import numpy as np
import pytest
from drawings import SeeingModel, balls
from folders import four_discs, write_pair

from model_core.errors import Cancelled, UserError
from model_core.formats.pairs import find_pairs
from model_core.segmentation.segmenter import segment
from model_core.training.evaluate import Score, evaluate_model


def test_scores_by_hand(tmp_path: Path, seeing_model: SeeingModel) -> None:
    labels = four_discs()
    seen = (labels > 1).astype(np.uint8)  # one object cannot be seen
    seen[52:68, 52:68] = 1  # and one is not in the labels
    write_pair(tmp_path / "half", "a", labels, seen)
    write_pair(tmp_path / "half", "b", labels)
    write_pair(tmp_path / "none", "empty", np.zeros((60, 60)), np.zeros((60, 60), np.uint8))
    reports: list[tuple[int, str]] = []
    pairs = find_pairs(tmp_path / "half") + find_pairs(tmp_path / "none")
    evaluation = evaluate_model(seeing_model, pairs, lambda *report: reports.append(report))
    scores = evaluation.scores
    half, none = scores["half"], scores["none"]
    assert list(scores) == ["half", "none"]
    assert (half.images, half.objects, half.missed, half.added) == (2, 8, 1, 1)
    assert half.ap50 == pytest.approx((3 / 5 + 1) / 2) == half.ap75
    assert none == Score(1, 0, 1.0, 1.0, 1.0, 0, 0, 0, 0, 1.0, none.seconds)
    assert half.seconds > 0 and reports[0] == (0, "half") and reports[-1] == (3, "")
    mean = evaluation.mean
    assert mean.ap50 == pytest.approx(0.9) and mean.objects == 4 and mean.missed == 0.5
    assert evaluation.calibration == [] and not evaluation.reliability  # of 8 objects


def test_confidence_is_worth_the_share_that_is_right(tmp_path: Path, seeing_model: SeeingModel) -> None:
    """Of what looks perfect two thirds are in the labels; so that is what such an object is worth."""
    seen = balls((150, 150), [(y, x) for y in range(15, 150, 24) for x in range(15, 150, 24)], 8)
    for name in "abcd":
        write_pair(tmp_path / "d", name, np.where(seen % 3 == 0, 0, seen), (seen > 0).astype(np.uint8))
    evaluation = evaluate_model(seeing_model, find_pairs(tmp_path / "d"))
    objects = [part.objects for part in evaluation.reliability]
    assert sum(objects) == 144
    for told in ("matched", "confidence"):
        values = [getattr(part, told) for part in evaluation.reliability]
        assert np.average(values, weights=objects) == pytest.approx(2 / 3, abs=0.03)
    image = (seen > 0).astype(np.uint8)
    seeing_model.card.calibration = evaluation.calibration
    confidence = segment(image, seeing_model).confidence
    seeing_model.card.calibration = []
    assert confidence[1:].mean() == pytest.approx(2 / 3, abs=0.03)
    assert (segment(image, seeing_model).confidence[1:] > 0.9).all()


def test_volumes_are_segmented_as_volumes(tmp_path: Path, seeing_model: SeeingModel) -> None:
    write_pair(tmp_path / "v", "a", balls((30, 60, 60), [(15, 20, 20), (15, 42, 40)], 10))
    score = evaluate_model(seeing_model, find_pairs(tmp_path / "v")).scores["v"]
    assert (score.objects, score.missed, score.added) == (2, 0, 0) and score.ap75 == 1


def test_bad_pairs_and_cancel(tmp_path: Path, seeing_model: SeeingModel) -> None:
    write_pair(tmp_path / "d", "a", four_discs(), np.zeros((9, 9), np.uint8))
    pairs = find_pairs(tmp_path / "d")
    with pytest.raises(UserError, match="differ in size"):
        evaluate_model(seeing_model, pairs)
    with pytest.raises(Cancelled):
        evaluate_model(seeing_model, pairs, cancel=lambda: True)
