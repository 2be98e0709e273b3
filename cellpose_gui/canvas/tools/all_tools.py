"""The tools in the order of the tool bar. A new one needs its file and its name here, and nothing else."""

from __future__ import annotations

from cellpose_gui.canvas.tools.box import Box
from cellpose_gui.canvas.tools.brush import Brush
from cellpose_gui.canvas.tools.classify import Classify
from cellpose_gui.canvas.tools.delete import Delete
from cellpose_gui.canvas.tools.eraser import Eraser
from cellpose_gui.canvas.tools.fill import Fill
from cellpose_gui.canvas.tools.finished import Finished
from cellpose_gui.canvas.tools.lasso import Lasso
from cellpose_gui.canvas.tools.outline import Outline
from cellpose_gui.canvas.tools.pan import Pan
from cellpose_gui.canvas.tools.polygon import Polygon
from cellpose_gui.canvas.tools.reshape import Reshape
from cellpose_gui.canvas.tools.select import Select
from cellpose_gui.canvas.tools.split import Split
from cellpose_gui.canvas.tools.tool import Tool
from cellpose_gui.canvas.tools.wand import Wand

TOOLS: tuple[type[Tool], ...] = (
    Select, Lasso, Brush, Eraser, Outline, Polygon, Reshape, Fill, Wand, Box, Split, Delete, Classify,
    Finished, Pan,
)  # fmt: skip
