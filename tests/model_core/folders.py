"""Folders of labelled images, as people have them."""

from pathlib import Path

import numpy as np
import tifffile
from drawings import balls


def write_pair(folder: Path, name: str, labels: np.ndarray, pixels: np.ndarray | None = None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if pixels is None:
        pixels = (100 + 900 * (labels > 0)).astype(np.uint16)
    tifffile.imwrite(folder / f"{name}_img.tif", pixels)
    tifffile.imwrite(folder / f"{name}_masks.tif", labels.astype(np.uint16))


def four_discs() -> np.ndarray:
    return balls((120, 120), [(30, 30), (30, 90), (90, 30), (90, 90)], 15)
