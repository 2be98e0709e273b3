"""Opens files that `write_seg_npy` wrote with the code of Cellpose. Run by `seg_npy.py` with its Python.

Of Cellpose 3 the function of the window that loads such a file is called, with the widgets replaced by mocks.
"""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import MagicMock

import numpy as np

for name in ("guiparts", "gui"):
    sys.modules[f"cellpose.gui.{name}"] = MagicMock()
import cellpose.gui  # noqa: E402

cellpose.gui.guiparts = cellpose.gui.gui = MagicMock()
from cellpose.gui import io  # noqa: E402

for path in map(Path, sys.argv[1:]):
    labels = np.load(path.with_suffix(".labels.npy"))
    window = MagicMock(load_3D=False, restore=None, colormap=np.zeros((10_000, 3)), saturation=[])
    window.autobtn.isChecked.return_value = False
    del window.stack_filtered
    image = np.zeros(labels.shape[1:], np.uint8)
    io._load_seg(window, str(path), image=image, image_file="a.tif")
    pairs = np.unique(np.stack([window.cellpix.ravel(), labels.ravel()]), axis=1)
    same = window.ncells == len(np.unique(labels)) - 1 == pairs.shape[1] - 1
    print(f"RESULT {path.name}: {window.ncells} cells, {'the same' if same else 'OTHERS'}")
