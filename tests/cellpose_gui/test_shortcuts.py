"""Keys: defaults, choices that are kept, and never two commands on one key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PyQt6.QtCore import QSettings

from cellpose_gui.shortcuts import KeyTakenError, Shortcuts, belongs_to_canvas

DEFAULTS = {"open": ("Ctrl+O",), "next": ("D", "Right"), "labels": ("X",), "quiet": ()}


def test_a_chosen_key_is_kept_and_defaults_come_back(settings: QSettings) -> None:
    keys = Shortcuts(DEFAULTS, settings)
    keys.assign("labels", ("Ctrl+L", "q"))
    again = Shortcuts(DEFAULTS, settings)
    assert again.keys("labels") == ("Ctrl+L", "Q")
    assert not again.is_default("labels")
    assert again.owner("X") is None
    again.reset("labels")
    assert Shortcuts(DEFAULTS, settings).keys("labels") == ("X",)


def test_a_command_can_have_no_key_at_all(settings: QSettings) -> None:
    Shortcuts(DEFAULTS, settings).assign("next", ())
    assert Shortcuts(DEFAULTS, settings).keys("next") == ()


def test_a_taken_key_moves_only_when_told(settings: QSettings) -> None:
    keys = Shortcuts(DEFAULTS, settings)
    with pytest.raises(KeyTakenError):
        keys.assign("labels", ("d",))
    assert keys.keys("labels") == ("X",)
    keys.assign("labels", ("d",), take=True)
    assert keys.keys("labels") == ("D",) and keys.keys("next") == ("Right",)
    keys.reset("next")
    assert keys.keys("next") == ("D", "Right") and keys.keys("labels") == ()


@pytest.mark.parametrize("key", ["Esc", "Space", "Tab", "Return"])
def test_keys_that_always_mean_the_same_are_refused(settings: QSettings, key: str) -> None:
    with pytest.raises(KeyTakenError, match="always"):
        Shortcuts(DEFAULTS, settings).assign("labels", (key,), take=True)


def test_a_default_of_a_new_version_does_not_take_a_chosen_key(settings: QSettings) -> None:
    Shortcuts(DEFAULTS, settings).assign("labels", ("M",))
    newer = Shortcuts({**DEFAULTS, "merge": ("M",)}, settings)
    assert newer.keys("labels") == ("M",) and newer.keys("merge") == ()


def test_settings_that_somebody_spoiled_do_no_harm(settings: QSettings) -> None:
    settings.setValue("shortcuts/labels", ["D", "Esc", "no key at all", "D"])
    settings.setValue("shortcuts/open", "D")
    settings.setValue("shortcuts/gone", "G")
    keys = Shortcuts(DEFAULTS, settings)
    has = [key for name in DEFAULTS for key in keys.keys(name)]
    assert len(has) == len(set(has)) and "Esc" not in has


def test_moving_keys_leave_lists_and_sliders_alone() -> None:
    assert all(belongs_to_canvas(key) for key in ("Left", "Del", "Shift+Up", "+"))
    assert not any(belongs_to_canvas(key) for key in ("Ctrl+Left", "A", "Ctrl++", "F5"))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(DEFAULTS)),
            st.lists(st.sampled_from(["D", "X", "Ctrl+O", "Right", "Q", "Esc"]), max_size=3),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_whatever_is_chosen_no_key_does_two_things(choices: list[tuple[str, list[str], bool]]) -> None:
    memory = QSettings("/dev/null", QSettings.Format.IniFormat)
    memory.clear()
    keys = Shortcuts(DEFAULTS, memory)
    for name, wanted, take in choices:
        try:
            keys.assign(name, tuple(wanted), take)
        except KeyTakenError:
            continue
        has = [key for each in DEFAULTS for key in keys.keys(each)]
        assert len(has) == len(set(has))
        assert set(keys.keys(name)) == set(wanted)
