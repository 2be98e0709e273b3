"""The whole way in the real window: open, segment, paint, undo, redo, save, quit, start again, be killed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from skimage import data

from model_core.annotation.cells_file import cells_path
from model_core.annotation.cells_load import open_cells
from model_core.annotation.label_store import LabelStore
from model_core.annotation.objects import Source
from tests.end_to_end.screen import MISSING, Program, saved_so_far, screen, wait_for

SHAPE = (1, 303, 384)

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed here: {', '.join(MISSING)}")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    folder = tmp_path / "Zellen für 细胞 im Test"
    folder.mkdir()
    path = folder / "Münzen 硬币.tif"
    tifffile.imwrite(path, data.coins())
    return path


def read(image: Path) -> LabelStore:
    """The document as the engine reads it when no window holds it."""
    file, store = open_cells(cells_path(image), image, SHAPE)
    file.close()
    return store


def same(one: LabelStore, other: LabelStore) -> bool:
    return np.array_equal(one.labels, other.labels) and dict(one.objects) == dict(other.objects)


def test_from_an_image_to_corrected_cells_that_survive_quitting_and_a_crash(
    image: Path, tmp_path: Path
) -> None:
    before = image.read_bytes()

    def steps(count: int, undone: bool = False) -> LabelStore:
        """Waits until the file holds so many steps, the last of them taken back or not."""

        def look() -> LabelStore | None:
            store = saved_so_far(image, SHAPE, tmp_path / "copy")
            if store is None or len(store.history.steps) != count or (store.redo_text is not None) != undone:
                return None
            return store

        return wait_for(f"{count} steps in {cells_path(image).name}", look)

    with screen() as display:
        program = Program(display, tmp_path / "home", str(image))
        try:
            window = program.window("Münzen")
            x, y = program.middle(window)
            program.key("s")  # without a click: an opened image has the keyboard
            found = steps(1)
            assert len(found.objects) > 5, "coins are easy to see"
            assert {record.source for record in found.objects.values()} == {Source.MODEL}

            program.key("p")
            program.stroke([(x - 120 + 24 * step, y) for step in range(11)])
            painted = steps(2)
            assert not np.array_equal(painted.labels, found.labels)
            assert any(record.source is not Source.MODEL for record in painted.objects.values())
            program.key("ctrl+z")
            assert same(steps(2, undone=True), found)
            program.key("ctrl+shift+z")
            assert same(steps(2), painted)
            program.key("ctrl+s")
            program.key("ctrl+q")
            assert program.process.wait(30) == 0
            assert same(read(image), painted)

            program = Program(display, tmp_path / "home", str(image))
            program.window("Münzen")
            program.key("ctrl+z")  # the history is there again as well
            assert same(steps(2, undone=True), found)
            program.key("ctrl+y")
            assert same(steps(2), painted)
            program.key("p")
            program.stroke([(x, y - 100 + 20 * step) for step in range(11)])
            program.kill()
            after = read(image)
            assert len(after.history.steps) in (2, 3), "at most the last stroke is lost"
            if len(after.history.steps) == 3:
                after.undo()
            assert same(after, painted)
        finally:
            program.end()
    assert image.read_bytes() == before, "the image itself is never written to"
    assert "Traceback" not in program.log.read_text()
