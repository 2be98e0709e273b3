"""All tools, in the order of the tool bar."""

from __future__ import annotations

from cellpose_gui.canvas.tools.brush import Brush
from cellpose_gui.canvas.tools.delete import Delete
from cellpose_gui.canvas.tools.eraser import Eraser
from cellpose_gui.canvas.tools.fill import Fill
from cellpose_gui.canvas.tools.lasso import Lasso
from cellpose_gui.canvas.tools.outline import Outline
from cellpose_gui.canvas.tools.pan import Pan
from cellpose_gui.canvas.tools.polygon import Polygon
from cellpose_gui.canvas.tools.reshape import Reshape
from cellpose_gui.canvas.tools.select import Select
from cellpose_gui.canvas.tools.split import Split
from cellpose_gui.canvas.tools.tool import Tool

TOOLS: tuple[type[Tool], ...] = (
    Select,
    Lasso,
    Brush,
    Eraser,
    Outline,
    Polygon,
    Reshape,
    Fill,
    Split,
    Delete,
    Pan,
)
