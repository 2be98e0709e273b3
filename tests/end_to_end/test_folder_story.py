"""A folder in the real window: all images are segmented, one is broken, one is done, and it is all kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from model_core.annotation.cells_file import cells_path
from model_core.annotation.cells_load import open_cells
from model_core.annotation.cells_summary import STATE_SETTING, read_summary
from model_core.annotation.folder_index import FolderIndex
from tests.end_to_end.screen import MISSING, Program, screen, wait_for

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed here: {', '.join(MISSING)}")


def discs(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:160, :160]
    image = rng.normal(30, 4, (160, 160))
    for cy in range(25, 160, 50):
        for cx in range(25, 160, 50):
            image += 150 * (np.hypot(y - cy, x - cx) < 14)
    return image.clip(0, 255).astype(np.uint8)


def test_a_folder_is_segmented_and_reviewed(tmp_path: Path) -> None:
    folder = tmp_path / "Platte 1 细胞"
    folder.mkdir()
    images = [folder / f"well {number}.tif" for number in (1, 2, 10)]
    for number, image in enumerate(images):
        tifffile.imwrite(image, discs(number))
    (folder / "well 3.tif").write_bytes(b"broken")

    with screen() as display:
        program = Program(display, tmp_path / "home", str(folder))
        try:
            program.window("well 1")

            def asked() -> bool:
                program.key("ctrl+shift+s")  # the folder may still be read
                return all(cells_path(image).exists() for image in images)

            wait_for("documents of all images", asked, 120)
            program.key("ctrl+Return")
            program.window("well 2")
            program.key("ctrl+q")
            assert program.process.wait(30) == 0
        finally:
            program.end()
    assert "Traceback" not in program.log.read_text()
    assert read_summary(cells_path(images[0])).settings[STATE_SETTING] == "done"
    for image in images:
        file, store = open_cells(cells_path(image), image, (1, 160, 160))
        file.close()
        assert len(store.objects) == 9 and len(store.history.steps) == 1, image.name
    index = FolderIndex(folder)
    index.look()
    assert [(entry.name, entry.state.value, entry.cells) for entry in index.entries] == [
        ("well 1.tif", "done", 9),
        ("well 2.tif", "segmented", 9),
        ("well 3.tif", "new", 0),
        ("well 10.tif", "segmented", 9),
    ]
    index.close()
