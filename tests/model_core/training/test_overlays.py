"""Pictures of what was found beside what should have been."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from drawings import balls

from model_core.errors import UserError
from model_core.training.overlays import Overlay, overlay_picture, write_page


def test_outlines_say_what_was_missed_added_and_right() -> None:
    true = balls((1, 80, 200), [(0, 40, 30), (0, 40, 100)], (1, 20, 20))
    found = np.where(true == 1, 1, 0)
    found[0, 30:60, 150:180] = 2
    picture = overlay_picture((true > 0).astype(np.uint16)[None] * 900, true, found)
    assert picture.shape == (80, 200, 3)

    def colours(part: np.ndarray) -> set[tuple[int, ...]]:
        saturated = {tuple(int(v) for v in c) for c in part.reshape(-1, 3)}
        return {c for c in saturated if len(set(c)) > 1 or c == (255, 255, 255)}

    assert colours(picture[:, :60]) == {(255, 255, 255)}
    assert colours(picture[:, 70:130]) == {(0, 200, 70)}
    assert colours(picture[:, 140:]) == {(230, 0, 200)}


def test_large_images_and_volumes_are_shown_small() -> None:
    true = np.zeros((3, 50, 2500), np.uint32)
    true[1, 10:40, 100:1000] = 70000
    picture = overlay_picture(np.zeros((2, 3, 50, 2500), np.uint8), true, true)
    assert picture.shape == (20, 1000, 3)
    assert (picture == 255).all(2).any()


def test_the_page_names_its_pictures(tmp_path: Path) -> None:
    picture = np.full((10, 20, 3), (250, 0, 0), np.uint8)
    page = write_page(tmp_path / "new" / "page", "Cells <1>", [Overlay("a_b", "worst & last", picture)])
    text = page.read_text(encoding="utf-8")
    assert "Cells &lt;1&gt;" in text and "worst &amp; last" in text and "000_a_b.png" in text
    saved = cv2.imread(str(page.parent / "000_a_b.png"))
    assert saved is not None and (saved[..., ::-1] == picture).all()
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(UserError, match="file"):
        write_page(blocked / "page", "", [])
