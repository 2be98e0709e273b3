"""Rules in words: what they mean, and what is said of those that mean nothing."""

from __future__ import annotations

import numpy as np
import pytest

from model_core.annotation.rules import parse_rule, rows_of
from model_core.errors import UserError

COLUMNS = {
    "area": np.array([100.0, 250.0, 400.0, np.nan]),
    "circularity": np.array([0.9, 0.5, 0.6, 0.1]),
    "class": np.array(["round", "", "round", "long one"], object),
}


def held(text: str) -> list[int]:
    return np.flatnonzero(rows_of(parse_rule(text, COLUMNS), COLUMNS)).tolist()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", [0, 1, 2, 3]),
        ("area > 200", [1, 2]),
        ("area>=250 and circularity<0.6", [1]),
        ("area < 300, circ > 0.4", [0, 1]),
        ("area != 250", [0, 2]),
        ("class = round", [0, 2]),
        ("class == 'long one'", [3]),
        ("class != round", [1, 3]),
        ("class =", [1]),
        ("area > -1e9", [0, 1, 2]),
    ],
)
def test_what_a_rule_means(text: str, rows: list[int]) -> None:
    assert held(text) == rows


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("large cells", "is no condition"),
        ("size > 3", "no column “size”. The columns are: area, circularity, class"),
        ("c > 3", "no column “c”"),
        ("area > many", "“many” is no number"),
        ("class > round", "holds words"),
        ("__import__('os') > 1", "is no condition"),
        ("area > 1 " * 200, "too long"),
    ],
)
def test_what_cannot_be_understood_is_told(text: str, why: str) -> None:
    with pytest.raises(UserError, match=why.replace("(", r"\(")):
        parse_rule(text, COLUMNS)
