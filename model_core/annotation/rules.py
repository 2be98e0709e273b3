"""Rules in words: “area > 200 and circularity < 0.7” says which rows of a table are meant."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from model_core.errors import UserError

_COMPARE: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
_CONDITION = re.compile(r"\s*(?P<name>\w+)\s*(?P<how><=|>=|!=|==|<|>|=)\s*(?P<value>.*?)\s*", re.DOTALL)
_LONGEST = 1000
EXAMPLE = "area > 200 and circularity < 0.7"


@dataclass(frozen=True)
class Condition:
    """A column, how it is compared, and with what."""

    column: str
    how: str
    value: float | str


Rule = tuple[Condition, ...]


def parse_rule(text: str, columns: Mapping[str, np.ndarray]) -> Rule:
    """Conditions that hold all at once, joined by “and” or commas; () for an empty text.

    Raises:
        UserError: says what cannot be understood, and which names there are.
    """
    if len(text) > _LONGEST:
        raise UserError("This rule is too long.")
    parts = [part for part in re.split(r",|\band\b|&", text) if part.strip()]
    return tuple(_condition(part, columns) for part in parts)


def _condition(text: str, columns: Mapping[str, np.ndarray]) -> Condition:
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise UserError(f"“{text.strip()}” is no condition. Write, for example: {EXAMPLE}")
    name, how, value = found["name"], found["how"].replace("==", "="), found["value"].strip("\"'“”")
    if name not in columns:
        like = [column for column in columns if column.startswith(name)]
        if len(like) != 1:
            alike = get_close_matches(name, columns, 1)
            known = f"Did you mean “{alike[0]}”?" if alike else f"The columns are: {', '.join(columns)}."
            raise UserError(f"There is no column “{name}”. {known}")
        (name,) = like
    if columns[name].dtype.kind not in "fiub":
        if how not in ("=", "!="):
            raise UserError(f"“{name}” holds words: compare it with = or !=.")
        return Condition(name, how, value)
    try:
        return Condition(name, how, float(value))
    except ValueError:
        raise UserError(f"“{value}” is no number. Write, for example: {EXAMPLE}") from None


def rows_of(rule: Rule, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """bool, one a row: whether all conditions hold. Where there is no value (NaN) none does."""
    count = len(next(iter(columns.values()))) if columns else 0
    hold = np.ones(count, bool)
    for condition in rule:
        values = columns[condition.column]
        if isinstance(condition.value, str):
            same = values == condition.value
            hold &= same if condition.how == "=" else ~same
        else:
            hold &= _COMPARE[condition.how](values, condition.value)
            if values.dtype.kind == "f":
                hold &= ~np.isnan(values)
    return hold
