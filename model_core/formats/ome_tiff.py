"""Labels as OME-TIFF, with the size of a pixel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from model_core.formats.atomic import write_atomically
from model_core.formats.labelling import Labelling


def write_ome_tiff(path: str | Path, cells: Labelling) -> tuple[str, ...]:
    """Writes labels as compressed OME-TIFF, uint16 if they fit, with the pixel size if it is known.

    Raises UserError if the disk refuses.
    """
    labels = cells.labels
    dtype = np.uint16 if int(labels.max(initial=0)) < 2**16 else np.uint32
    metadata: dict[str, Any] = {"axes": "ZYX", "Name": "cells", "Channel": {"Name": ["cells"]}}
    image = cells.image
    if image is not None and image.pixel_size:
        for axis in "XY":
            metadata |= {f"PhysicalSize{axis}": image.pixel_size, f"PhysicalSize{axis}Unit": "µm"}
    if image is not None and image.z_step and len(labels) > 1:
        metadata |= {"PhysicalSizeZ": image.z_step, "PhysicalSizeZUnit": "µm"}
    with write_atomically(Path(path)) as temporary:
        tifffile.imwrite(
            temporary,
            labels.astype(dtype),
            ome=True,
            compression="zlib",
            photometric="minisblack",
            metadata=metadata,
        )
    return ()
