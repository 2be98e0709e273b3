"""When a model may replace the one before."""

import pytest

from model_core.community.gate import by_kind, compare, mean
from model_core.training.catalogue import Catalogue, DataSet
from model_core.training.evaluate import Score

BEFORE = {"nuclei": 0.80, "yeast": 0.60, "rods": 0.40}


@pytest.mark.parametrize(
    ("after", "passed"),
    [
        ({"nuclei": 0.80, "yeast": 0.60, "rods": 0.50}, True),
        ({"nuclei": 0.791, "yeast": 0.60, "rods": 0.50}, True),
        ({"nuclei": 0.789, "yeast": 0.60, "rods": 0.90}, False),
        ({"nuclei": 0.80, "yeast": 0.60, "rods": 0.40}, False),
        ({"nuclei": 0.795, "yeast": 0.595, "rods": 0.405}, False),
    ],
)
def test_no_kind_may_fall_and_the_mean_must_rise(after: dict[str, float], passed: bool) -> None:
    verdict = compare(BEFORE, after)
    assert verdict.passed == passed == (not verdict.reasons)
    assert len(verdict.changes) == 4


def test_the_reason_names_the_kind() -> None:
    verdict = compare(BEFORE, BEFORE | {"yeast": 0.2, "rods": 0.9})
    assert verdict.reasons == ("“yeast” falls from 0.600 to 0.200",)
    with pytest.raises(ValueError, match="different kinds"):
        compare(BEFORE, {"nuclei": 1.0})


def test_data_sets_of_a_kind_count_by_their_images() -> None:
    sets = {name: DataSet(name, kind, "MIT", "") for name, kind in (("a", "x"), ("b", "x"), ("c", "y"))}
    scores = {
        name: Score(images, 1, ap, 0, 0, 0, 0, 0, 0, 0, 0)
        for name, images, ap in (("a", 3, 0.2), ("b", 1, 0.6), ("c", 9, 0.9), ("d", 2, 0.5))
    }
    found = by_kind(scores, Catalogue(datasets=sets))
    assert found == pytest.approx({"x": 0.3, "y": 0.9, "d": 0.5})
    assert mean(found) == pytest.approx(1.7 / 3)
