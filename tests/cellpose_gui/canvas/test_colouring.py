"""Colours that mean something, and colours that neighbours are told apart by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cellpose_gui.canvas.colour_by import choices
from cellpose_gui.canvas.colouring import by_kind, by_number
from cellpose_gui.canvas.neighbours import neighbour_pairs
from cellpose_gui.canvas.palettes import CATEGORIES, PALETTES, UNKNOWN, ramp
from model_core.annotation.objects import Review
from tests.cellpose_gui.canvas.hand import two_cells
from tests.cellpose_gui.canvas.test_picture import picture

# Machado, Oliveira and Fernandes (2009), full deficiency, on linear RGB
PROTAN = np.array(
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
)
DEUTAN = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)


def lab(colours: np.ndarray, eye: np.ndarray) -> np.ndarray:
    from skimage.color import rgb2lab

    srgb = colours / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4) @ eye.T
    linear = linear.clip(0, 1)
    seen = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(rgb2lab(seen[None]))[0]


@pytest.mark.parametrize("name", PALETTES)
@pytest.mark.parametrize("eye", [np.eye(3), PROTAN, DEUTAN], ids=["all", "protan", "deutan"])
def test_colours_of_a_palette_are_told_apart_by_every_eye(name: str, eye: np.ndarray) -> None:
    seen = lab(PALETTES[name].astype(float), eye)
    distance = np.linalg.norm(seen[:, None] - seen[None], axis=2)[~np.eye(len(seen), dtype=bool)]
    assert distance.min() > 5, "a difference of 2.3 is just noticeable"


def test_the_ramp_goes_from_dark_to_bright_for_every_eye() -> None:
    for eye in (np.eye(3), PROTAN, DEUTAN):
        assert (np.diff(lab(ramp().astype(float), eye)[::16, 0]) > 0).all()


@pytest.mark.parametrize("name", PALETTES)
def test_neighbours_differ_in_every_palette(show, qtbot, name: str) -> None:
    labels = (np.arange(60)[:, None] // 6 * 14 + np.arange(84) // 6 + 1).astype(np.uint32)
    canvas, _document, _hand = show(labels)
    canvas.overlay = replace(canvas.overlay, palette=name)
    pairs = neighbour_pairs(labels)
    colours = canvas._overlay.colours
    qtbot.waitUntil(lambda: (colours.slots_of(pairs[:, 0]) != colours.slots_of(pairs[:, 1])).all())


def test_kinds_get_the_colours_of_the_legend() -> None:
    colouring = by_kind("Class", {2: "b", 5: "a", 6: "a", 9: "none"}, order=("b",), none="none")
    assert [(words, count) for _, words, count in colouring.legend.kinds] == [("b", 1), ("a", 2), ("none", 1)]
    for id_, place in ((2, 0), (5, 1), (6, 1)):
        assert tuple(colouring.colours[colouring.slots[id_]]) == colouring.legend.kinds[place][0]
    assert tuple(colouring.colours[colouring.slots[9]]) == UNKNOWN
    assert len(colouring.slots_up_to(4)) == 4 and (colouring.slots_up_to(99)[10:] == 0).all()


def test_more_kinds_than_colours_share_the_last() -> None:
    kinds = {id_: f"class {id_ // 2}" for id_ in range(2, 42)}
    colouring = by_kind("Class", kinds)
    assert len(colouring.legend.kinds) == len(CATEGORIES)
    assert colouring.legend.kinds[-1][1] == "others"
    assert sum(count for _, _, count in colouring.legend.kinds) == 40


def test_numbers_go_along_the_ramp_and_unknown_ones_are_grey() -> None:
    values = {id_: float(id_) for id_ in range(1, 101)} | {200: float("nan")}
    colouring = by_number("Area", values, "px")
    slots = colouring.slots[np.arange(1, 101)]
    assert (np.diff(slots.astype(int)) >= 0).all() and slots.min() == 1 and slots.max() == 255
    assert colouring.slots[200] == 0
    assert 1 <= colouring.legend.low < 3 and 98 < colouring.legend.high <= 100


@pytest.mark.parametrize("values", [{}, {1: 5.0}, {1: 5.0, 2: 5.0}, {1: float("nan")}])
def test_few_or_equal_numbers_are_no_trouble(values: dict[int, float]) -> None:
    colouring = by_number("Area", values)
    assert not colouring.legend.is_ramp and colouring.legend.kinds


@pytest.mark.parametrize("name", [n for n in choices(2, 1) if n != "Each cell"])
def test_every_choice_colours_the_cells(show, qtbot, name: str) -> None:
    canvas, _document, _hand = show(two_cells(), np.ones((2, 1, 60, 80), np.uint8))
    assert name in canvas.colour_by.names
    with qtbot.waitSignal(canvas.colour_by.coloured, timeout=60_000) as told:  # loops may have to be compiled
        canvas.colour_by.choice = name
    (colouring,) = told.args
    assert sum(count for *_, count in colouring.legend.kinds) in (0, 2)
    canvas.overlay = replace(canvas.overlay, fill_opacity=1, outlines=False)
    shown = picture(canvas)[150, 150].astype(int).tolist()
    assert shown == colouring.colours[colouring.slots[1]].tolist()


def test_colours_follow_what_changes(show, qtbot) -> None:
    canvas, document, _hand = show(two_cells())
    with qtbot.waitSignal(canvas.colour_by.coloured):
        canvas.colour_by.choice = "Review"
    with qtbot.waitSignal(canvas.colour_by.coloured, timeout=60_000) as told:  # loops may have to be compiled
        document.change_records({1: replace(document.objects[1], review=Review.ACCEPTED)}, "Accept")
    (colouring,) = told.args
    assert colouring.slots[1] != colouring.slots[2]
    with qtbot.waitSignal(canvas.colour_by.coloured, timeout=60_000) as told:  # loops may have to be compiled
        canvas.colour_by.choice = "Each cell"
    assert told.args == [None]
