"""Sets of colours for labels, and the ramp for numbers. All are told apart by colour-blind eyes."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg


def _colours(text: str) -> np.ndarray:
    return np.array([[int(code[at : at + 2], 16) for at in (0, 2, 4)] for code in text.split()], np.uint32)


# Vivid: hues in the spirit of Okabe and Ito (2008), lightened to stand out from dark fluorescence images;
# they also differ in lightness, which is what colour-blind eyes go by. The others are published as safe:
# Okabe and Ito (2008) with light grey for black, and the qualitative "light" set of Paul Tol (2021).
PALETTES: dict[str, np.ndarray] = {
    "Vivid": _colours("E69F00 56B4E9 F0E442 E2642E 14B28A E091C4 6282FF B2E278 B282FF 8CECF0"),
    "Okabe and Ito": _colours("E69F00 56B4E9 009E73 F0E442 0072B2 D55E00 CC79A7 DDDDDD"),
    "Light": _colours("77AADD EE8866 EEDD88 FFAABB 99DDFF 44BB99 BBCC33 AAAA00 DDDDDD"),
}
UNKNOWN = (150, 150, 150)  # cells of which nothing is known
CATEGORIES = PALETTES["Okabe and Ito"]


def ramp() -> np.ndarray:
    """255 colours (r, g, b) from low to high: viridis, which is even to colour-blind eyes and in grey."""
    table = pg.colormap.get("viridis").getLookupTable(nPts=255)
    return np.asarray(table)[:, :3].astype(np.uint32)
