"""Pictures show the outlines where the cells are; the report says what is recorded and nothing else."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from drawings import balls

from model_core.errors import UserError
from model_core.exports.all_formats import format_called
from model_core.exports.overlay import write_png, write_svg
from model_core.exports.report import write_report
from model_core.formats.labelling import Labelling
from model_core.images.image import Image
from model_core.models.package import read_card
from model_core.models.registry import find_model


def some_cells(channels: int = 1, depth: int = 1, pixel_size: float | None = 0.5) -> Labelling:
    labels = np.repeat(balls((60, 80), [(20, 20), (40, 60)], 9).astype(np.uint32)[None], depth, axis=0)
    labels[0] *= depth == 1  # of a stack the first plane is empty
    pixels = np.random.default_rng(0).integers(0, 4000, (channels, depth, 60, 80)).astype(np.uint16)
    image = Image(pixels, pixel_size=pixel_size, path=Path("a & b <c>.tif"))
    return Labelling(labels, {1: "round & <red>"}, frozenset([1]), image)


@pytest.mark.parametrize(("channels", "depth"), [(1, 1), (2, 1), (3, 1), (7, 1), (1, 3)])
def test_a_png_has_the_outlines_where_the_cells_end(tmp_path: Path, channels: int, depth: int) -> None:
    cells = some_cells(channels, depth)
    notes = write_png(tmp_path / "a.png", cells)
    assert len(notes) == (depth > 1) and all("plane 2 of 3" in note for note in notes)
    picture = cv2.imread(str(tmp_path / "a.png"))
    assert picture.shape == (1200, 1600, 3)
    yellow = (picture == (0, 0xD4, 0xFF)).all(axis=-1)  # blue, green, red
    y, x = np.nonzero(yellow)
    inside = cv2.resize(
        (cells.labels[-1] == 2).astype(np.uint8), (1600, 1200), interpolation=cv2.INTER_NEAREST
    )
    rim = cv2.dilate(inside, np.ones((7, 7))) - cv2.erode(inside, np.ones((7, 7)))
    assert len(y) > 500 and rim[y, x].all()


def test_a_scale_bar_of_the_right_length(tmp_path: Path) -> None:
    cells = some_cells()
    write_png(tmp_path / "with.png", cells)
    notes = write_png(tmp_path / "without.png", some_cells(pixel_size=None))
    assert "no scale bar" in notes[0]
    with_bar, without = (cv2.imread(str(tmp_path / f"{name}.png")) for name in ("with", "without"))
    row = (with_bar != without).any(axis=-1)[-34]  # 40 µm wide, so the bar has 5 µm
    assert row.sum() == pytest.approx(5 / 0.5 * 20, abs=2)


def test_an_svg_holds_the_outlines_as_vectors(tmp_path: Path) -> None:
    write_svg(tmp_path / "a.svg", some_cells())
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    name = "{http://www.w3.org/2000/svg}"
    assert root.attrib["viewBox"] == "0 0 80 60" and root.find(f"{name}title").text == "a & b <c>.tif"
    groups = {group.find(f"{name}title").text: group for group in root.findall(f"{name}g[@stroke-linejoin]")}
    assert groups.keys() == {"round & <red>", "cells"}
    (path,) = groups["cells"].findall(f"{name}path")
    points = [tuple(map(int, pair.split(","))) for pair in re.findall(r"\d+,\d+", path.attrib["d"])]
    _, x = np.nonzero(some_cells().labels[0] == 2)
    assert min(points)[0] == x.min() and max(points)[0] == x.max() + 1
    assert "5 µm" in "".join(root.itertext())


def test_no_picture_without_an_image(tmp_path: Path) -> None:
    for write in (write_png, write_svg):
        with pytest.raises(UserError, match="image"):
            write(tmp_path / "a", Labelling(np.ones((1, 4, 4), np.uint32)))
    assert not list(tmp_path.iterdir())


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.addresses: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for key, value in attrs if key in ("src", "href")]
        if tag not in ("img", "meta", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "rect":
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_stands_by_itself_and_is_honest(tmp_path: Path) -> None:
    card = read_card(find_model("generalist"))
    run = {
        "program": "0.1.0",
        "model": f"{card.name} {card.date}",
        "options": {"diameter": 21.5, "flow_threshold": 0.3},
    }
    known = Labelling(**{**vars(some_cells()), "made_by": run})
    hostile = Labelling(
        **{**vars(some_cells()), "made_by": {"model": "<script>", "options": {"diameter": "x"}}}
    )
    write_report(tmp_path / "a.html", iter([known, some_cells(), hostile]))
    seen = Seen()
    seen.feed((tmp_path / "a.html").read_text("utf-8"))
    assert not seen.open and all(address.startswith("data:image/jpeg;base64,") for address in seen.addresses)
    assert len(seen.addresses) == 3
    words = " ".join(seen.text.split())
    for wanted in (
        "Cells of 3 images",
        "a cell diameter of 21.5 pixels, a flow threshold of 0.3",
        "How cells were found in 1 image is not recorded.",
        "6 cells in 3 images were analysed. 3 of them (50.0%) were drawn or corrected by hand.",
        "a pixel size of 0.5 µm",
        f"Model “{card.name}”",
        "This model is not on this computer any more.",
        "Diameter of the circle of equal area, µm. Median",
        "6 cells in 3 images",
        "round & <red>",
    ):
        assert wanted in words
    used = Labelling(
        **{
            **vars(some_cells()),
            "made_by": {
                "model": "m",
                "options": {"score_threshold": None},
                "used": {"score_threshold": 0.4, "flow_threshold": None, "diameter": None},
            },
        }
    )
    write_report(tmp_path / "c.html", [used])
    seen = Seen()
    seen.feed((tmp_path / "c.html").read_text("utf-8"))
    words = " ".join(seen.text.split())
    assert "a score threshold of 0.4" in words and "flow thresholdnot used" in words
    with pytest.raises(UserError, match="nothing to report"):
        write_report(tmp_path / "b.html", [])
    assert format_called("report").write_many is write_report
