"""Sample images: two that scikit-image ships, two that are rendered here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import platformdirs
import tifffile

from model_core.errors import UserError
from model_core.formats.atomic import plain_reason, write_atomically


def _coins() -> tuple[np.ndarray, str]:
    from skimage import data

    return data.coins(), "YX"


def _glands() -> tuple[np.ndarray, str]:
    from skimage import data

    return data.immunohistochemistry(), "YXS"


def _two_channels() -> tuple[np.ndarray, str]:
    from model_core.training.rendered import render

    picture = render("cells_two_channel", np.random.default_rng(5), (512, 512), 46.0)
    return _sixteen_bit(picture.image), "CYX"


def _stack() -> tuple[np.ndarray, str]:
    from model_core.training.rendered import render_volume

    volume = render_volume(np.random.default_rng(3), (24, 192, 192), 2.0)
    return _sixteen_bit(volume.image[0]), "ZYX"


SAMPLES: dict[str, tuple[str, Callable[[], tuple[np.ndarray, str]]]] = {
    "Coins (grey)": ("coins.tif", _coins),
    "Glands (tissue, colour)": ("glands.tif", _glands),
    "Cells (two channels, rendered)": ("two_channel_cells.tif", _two_channels),
    "Stack (3D, rendered)": ("stack.tif", _stack),
}


def sample_folder() -> Path:
    """Where samples are put, so that work on them can be saved beside them."""
    return Path(platformdirs.user_data_dir("cellpose-gui", appauthor=False)) / "samples"


def write_sample(title: str, folder: Path | None = None) -> Path:
    """Puts a sample into the samples' folder, unless it is there, and says where it is.

    Raises:
        UserError: the folder cannot be written to.
    """
    name, make = SAMPLES[title]
    folder = folder or sample_folder()
    path = folder / name
    if not path.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"The folder “{folder}” could not be made: {plain_reason(error)}.") from error
        pixels, axes = make()
        with write_atomically(path) as temporary:
            photometric = "rgb" if axes.endswith("S") else "minisblack"
            tifffile.imwrite(
                temporary, pixels, photometric=photometric, metadata={"axes": axes}, compression="zlib"
            )
    return path


def _sixteen_bit(pixels: np.ndarray) -> np.ndarray:
    """A rendered image as a camera would have stored it."""
    low, high = float(pixels.min()), float(pixels.max())
    scaled = np.empty(pixels.shape, np.uint16)
    np.rint((pixels - low) / max(high - low, 1e-9) * 4000 + 100, out=scaled, casting="unsafe")
    return scaled
