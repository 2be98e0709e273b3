"""Opens files that `write_seg_npy` wrote with the code of Cellpose, and writes some. Run by `seg_npy.py` with
its Python.

The functions of its window that load and save such files are called, with the widgets replaced by mocks.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import numpy as np

for name in ("cellpose.gui.guiparts", "cellpose.gui.gui"):
    sys.modules[name] = MagicMock()
for name in ("torchvision", "torchvision.transforms", "segment_anything"):  # no part of what is tested
    sys.modules[name] = MagicMock(__spec__=importlib.util.spec_from_loader(name, None))
import cellpose.gui  # noqa: E402

cellpose.gui.guiparts = cellpose.gui.gui = MagicMock()
from cellpose.gui import io  # noqa: E402
from cellpose.io import masks_flows_to_seg  # noqa: E402

FOUR = "ncells.set" in Path(io.__file__).read_text()


class Count:
    """The number of cells as the window of Cellpose 4 keeps it."""

    def __init__(self) -> None:
        self.value = 0

    def set(self, value: int) -> None:
        self.value = int(value)

    def get(self) -> int:
        return self.value

    def __gt__(self, other: int) -> bool:
        return self.value > other

    def __eq__(self, other: object) -> bool:
        return self.value == other

    def __int__(self) -> int:
        return self.value


def loaded(path: Path, shape: tuple[int, ...]) -> MagicMock:
    """A window that has loaded a file."""
    window = MagicMock(
        load_3D=False, restore=None, colormap=np.zeros((10_000, 3)), saturation=[], NZ=1, ratio=1.0, color=0
    )
    window.ncells = Count() if FOUR else 0
    window.autobtn.isChecked.return_value = False
    del window.stack_filtered
    io._load_seg(
        window, str(path), image=np.zeros(shape[1:], np.uint8), image_file=str(path.parent / "a.tif")
    )
    return window


def save(window: MagicMock, path: Path) -> None:
    """As “Save masks” does."""
    window.filename = str(path)
    window.current_model_path = "cpsam"
    window.track_changes = []
    window.diameter = 30.0
    window.get_normalize_params.return_value = {"normalize": True}
    window.get_thresholds.return_value = (0.4, 0.0)
    window.segmentation_settings = SimpleNamespace(flow_threshold=0.4, cellprob_threshold=0.0, diameter=30.0)
    window.RGBDropDown.name_map = {0: "RGB"}
    window.ChannelChoose = [MagicMock(), MagicMock()]
    for chosen in window.ChannelChoose:
        chosen.currentIndex.return_value = 0
    io._save_sets(window)


for path in map(Path, sys.argv[1:]):
    labels = np.load(path.with_suffix(".labels.npy"))
    window = loaded(path, labels.shape)
    count = int(window.ncells)
    pairs = np.unique(np.stack([window.cellpix.ravel(), labels.ravel()]), axis=1)
    same = count == len(np.unique(labels)) - 1 == pairs.shape[1] - 1
    print(f"RESULT {path.name}: {count} cells, {'the same' if same else 'OTHERS'}")
    save(window, path.with_name("window.tif"))
    masks = window.cellpix[0]
    rgb = np.zeros((*masks.shape, 3), np.uint8)
    fields = np.random.default_rng(1).normal(size=(3, *masks.shape)).astype(np.float32)
    masks_flows_to_seg(
        np.zeros(masks.shape, np.uint8), masks, [rgb, fields[:2], fields[2]], str(path.with_name("line.tif"))
    )
