"""A few letters find what was meant."""

from __future__ import annotations

import pytest

from cellpose_gui.fuzzy import score

TITLES = [
    "Open image",
    "Open folder",
    "Show outlines",
    "Outline",
    "Undo",
    "Redo",
    "Fit image",
    "Find a command",
    "Brush",
    "Delete by rule",
]


def best(typed: str) -> str:
    ranked = {title: found for title in TITLES if (found := score(typed, title)) is not None}
    return max(ranked, key=lambda title: (ranked[title], -len(title)))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("of", "Open folder"),
        ("un", "Undo"),
        ("fi im", "Fit image"),
        ("image open", "Open image"),
        ("SHO", "Show outlines"),
        ("outl", "Outline"),
        ("redo", "Redo"),
        ("bru", "Brush"),
        ("by ru", "Delete by rule"),
    ],
)
def test_letters_find_what_was_meant(typed: str, meant: str) -> None:
    assert best(typed) == meant


def test_letters_must_all_be_there_in_order() -> None:
    assert score("xq", "Open image") is None
    assert score("egami", "Open image") is None
    assert score("sh", "Show cells") > score("sh", "Keyboard shortcuts")


def test_the_best_place_counts_not_the_first() -> None:
    assert score("im", "dim image") == score("im", "an image")
