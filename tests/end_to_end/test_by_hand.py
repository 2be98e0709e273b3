"""Every cell of an image labelled by hand with ten tools; all undone and redone; a crash in the middle."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tifffile
from skimage.draw import disk

from model_core.annotation.cells_file import cells_path
from model_core.annotation.cells_load import open_cells
from model_core.annotation.label_store import LabelStore
from tests.end_to_end.screen import MISSING, Program, saved_so_far, screen, wait_for

SIDE = 240
SHAPE = (1, SIDE, SIDE)
RADIUS = 26
CENTRES = [(y, x) for y in (45, 120, 195) for x in (45, 120, 195)]
LIKE = 0.6  # IoU of what the hand has drawn with the cell

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed here: {', '.join(MISSING)}")
Point = tuple[float, float]


def truth() -> np.ndarray:
    labels = np.zeros((SIDE, SIDE), np.int32)
    for number, centre in enumerate(CENTRES, 1):
        labels[disk(centre, RADIUS)] = number
    return labels


@pytest.fixture
def image(tmp_path: Path) -> Path:
    folder = tmp_path / "sample"
    folder.mkdir()
    noise = np.random.default_rng(0).normal(30, 5, (SIDE, SIDE))
    tifffile.imwrite(folder / "cells.tif", (noise + 150 * (truth() > 0)).clip(0, 255).astype(np.uint8))
    return folder / "cells.tif"


def circle(centre: Point, radius: float, points: int = 24) -> list[Point]:
    """Row and column of points around a centre, the first again at the end."""
    turns = (2 * math.pi * n / points for n in range(points + 1))
    return [(centre[0] + radius * math.sin(turn), centre[1] + radius * math.cos(turn)) for turn in turns]


def spiral(centre: Point, radius: float) -> list[Point]:
    return [point for r in range(8, int(radius) + 1, 8) for point in circle(centre, r, 12)] + [centre]


@dataclass
class Person:
    """Sees the image on the screen and has mouse and keys; looks at the file to know what has been saved."""

    program: Program
    image: Path
    scratch: Path
    left: float = 0.0  # of the image on the screen
    top: float = 0.0
    scale: float = 1.0  # screen pixels an image pixel

    def learn_where_the_image_is(self) -> None:
        """Two dabs of the brush, and what they have become in the file; then takes them back."""
        x, y = self.program.middle(self.program.window("cells.tif"))
        self.program.key("p")
        for step, at in enumerate((x - 60, x + 60), 1):
            self.program.xdotool("mousemove", str(at), str(y), "click", "1")
            store = self.saved(step)
        first, second = (record.centroid for record in store.objects.values())
        self.scale = 120 / (second[2] - first[2])
        self.left, self.top = x - 60 - self.scale * (first[2] + 0.5), y - self.scale * (first[1] + 0.5)
        for left in (1, 0):
            self.program.key("ctrl+z")
            self.saved(left)

    def at(self, point: Point) -> tuple[int, int]:
        return round(self.left + self.scale * point[1]), round(self.top + self.scale * point[0])

    def drag(self, points: list[Point]) -> None:
        self.program.stroke([self.at(point) for point in points])

    def click(self, point: Point) -> None:
        self.program.xdotool("mousemove", *map(str, self.at(point)), "click", "1")
        time.sleep(0.1)

    def saved(self, done: int) -> LabelStore:
        """The document in the file once so many steps are done in it."""

        def look() -> LabelStore | None:
            store = saved_so_far(self.image, SHAPE, self.scratch)
            return store if store is not None and store.history.position == done else None

        return wait_for(f"{done} steps done", look)


def label_all(person: Person) -> list[LabelStore]:
    """Each cell with other tools; the document after every step."""
    key, drag, click, cells = person.program.key, person.drag, person.click, CENTRES
    states: list[LabelStore] = []

    def done() -> LabelStore:
        states.append(person.saved(len(states) + 1))
        return states[-1]

    key("p", *["period"] * 6)  # 1: brush, larger
    drag(spiral(cells[0], RADIUS - 10))
    done()
    y, x = cells[0]
    drag([(y, x), (y, x + RADIUS + 4)])  # beyond the rim
    done()
    key("e")  # 2: eraser, over what is too much
    drag([(y - 20, x + RADIUS + 10), (y + 20, x + RADIUS + 10)])
    done()
    key("o")  # 3: outline
    drag(circle(cells[1], RADIUS))
    done()
    key("y")  # 4: polygon
    for point in circle(cells[2], RADIUS + 1, 8)[:-1]:
        click(point)
    key("Return")
    done()
    key("j")  # 5: a corner of the outline, drawn out and back in
    click(cells[2])
    corner = circle(cells[2], RADIUS + 1, 8)[0]
    drag([corner, (corner[0], corner[1] - 4)])
    done()
    key("p", *["comma"] * 6)
    drag(circle(cells[3], RADIUS - 6))  # a ring
    done()
    key("u")  # 6: fill
    click(cells[3])
    done()
    key("o")
    middle = ((cells[4][0] + cells[5][0]) / 2, (cells[4][1] + cells[5][1]) / 2)
    rim = circle(cells[4], RADIUS)[6:19]  # round the left cell, then round the right one: two in one
    drag([*rim, *[(y, x + 75) for y, x in [*circle(cells[4], RADIUS)[18:], *circle(cells[4], RADIUS)[:7]]]])
    done()
    key("t")  # 7: split
    drag([(middle[0] - RADIUS - 12, middle[1]), (middle[0] + RADIUS + 12, middle[1])])
    done()
    key("o")
    y, x = cells[6]
    drag([p for p in circle(cells[6], RADIUS) if p[1] <= x] + [(y - RADIUS, x)])
    done()
    right = [*circle(cells[6], RADIUS)[18:], *circle(cells[6], RADIUS)[:7]]
    drag([(y - RADIUS, x - 4), *right, (y + RADIUS, x - 4)])  # what the other half has stays its own
    done()
    key("l")  # 8: lasso around both halves; 9: merge
    drag(circle(cells[6], RADIUS + 10))
    key("shift+m")
    done()
    key("o")
    drag(circle(cells[7], RADIUS))
    done()
    drag(circle((cells[7][0] - 37, cells[7][1] + 37), 8))  # a cell where there is none
    done()
    key("k")  # 10: delete
    click((cells[7][0] - 37, cells[7][1] + 37))
    done()
    key("o")
    drag(circle(cells[8], RADIUS - 1))
    done()
    key("v")
    click(cells[8])
    key("shift+e")
    done()
    return states


def same(one: LabelStore, other: LabelStore) -> bool:
    return one.labels.tobytes() == other.labels.tobytes() and dict(one.objects) == dict(other.objects)


def test_every_cell_by_hand(image: Path, tmp_path: Path) -> None:
    with screen() as display:
        program = Program(display, tmp_path / "home", str(image))
        try:
            person = Person(program, image, tmp_path / "copy")
            person.learn_where_the_image_is()
            states = label_all(person)
            final = states[-1]
            for number, (y, x) in enumerate(CENTRES, 1):
                mine, true = final.labels[0] == final.labels[0, y, x], truth() == number
                assert final.labels[0, y, x], f"cell {number} is not labelled"
                assert (mine & true).sum() / (mine | true).sum() > LIKE, f"cell {number}"
            assert len(final.objects) == len(CENTRES)

            for left in reversed(range(len(states))):
                program.key("ctrl+z")
                if left:
                    assert same(person.saved(left), states[left - 1])
            empty = person.saved(0)
            assert not empty.labels.any() and not len(empty.objects)
            program.key(*["ctrl+y"] * len(states))
            assert same(person.saved(len(states)), final)

            program.key("p")
            start = person.at((10.0, 10.0))
            program.xdotool("mousemove", *map(str, start), "mousedown", "1")
            program.xdotool("mousemove", str(start[0] + 40), str(start[1] + 10))
            program.kill()  # in the middle of a stroke
            program.xdotool("mouseup", "1")
            file, after = open_cells(cells_path(image), image, SHAPE)
            file.close()
            assert same(after, final)

            person.program = program = Program(display, tmp_path / "home", str(image))
            program.window("cells.tif")
            program.key("ctrl+z")
            assert same(person.saved(len(states) - 1), states[-2])
            program.key("ctrl+y")
            assert same(person.saved(len(states)), final)
            program.key("v")
            person.click(CENTRES[0])
            program.key("Delete")
            assert len(person.saved(len(states) + 1).objects) == len(CENTRES) - 1
        finally:
            program.end()
    assert "Traceback" not in program.log.read_text()
