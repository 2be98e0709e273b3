"""Commands of the menu Cells: finding them, and what can be done with the selected ones."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cellpose_gui.actions import Command
from cellpose_gui.commands.when import When

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow


def cell_commands(window: MainWindow) -> list[Command]:
    cells, when = partial(Command, menu="Cells"), When(window)
    return [
        cells(
            "segment",
            "&Segment",
            do=window.segment,
            keys=("S",),
            help="Find the cells in this image",
            icon="segment",
            section="model",
            when=when.image,
            in_bar=True,
        ),
        *_shape_commands(window),
        *_protection_commands(window),
        *_plane_commands(window),
        cells(
            "delete_rule",
            "&Delete by rule…",
            do=window.ask_delete_rule,
            keys=("Ctrl+D",),
            help="Delete cells that are too small or touch the edge",
            section="rules",
            when=when.cells,
        ),
    ]


def _shape_commands(window: MainWindow) -> list[Command]:
    chosen = window.selected_cells
    shape = partial(Command, menu="Cells", section="shapes", when=When(window).cells)
    return [
        shape(
            "merge",
            "M&erge",
            do=chosen.merge,
            keys=("Shift+M",),
            help="Make one cell of the selected ones",
            icon="merge",
            in_bar=True,
        ),
        shape(
            "expand",
            "E&xpand by 1 px",
            do=partial(chosen.resize, 1),
            keys=("Shift+E",),
            help="Expand the selected cells by one pixel on all sides",
            icon="expand",
            in_bar=True,
        ),
        shape(
            "shrink",
            "S&hrink by 1 px",
            do=partial(chosen.resize, -1),
            keys=("Shift+S",),
            help="Shrink the selected cells by one pixel on all sides",
            icon="shrink",
            in_bar=True,
        ),
        shape(
            "resize",
            "Expand or shrink &by…",
            do=window.ask_resize,
            keys=("Ctrl+R",),
            help="Expand or shrink the selected cells by some pixels",
        ),
        shape(
            "smooth",
            "Sm&ooth",
            do=chosen.smooth,
            keys=("Shift+O",),
            help="Smooth the outlines of the selected cells",
        ),
        shape(
            "convex",
            "Make &convex",
            do=chosen.make_convex,
            keys=("Shift+C",),
            help="Fill the dents of the selected cells",
        ),
        shape(
            "fill_holes",
            "&Fill holes",
            do=chosen.fill_holes,
            keys=("Shift+U",),
            help="Fill the holes of the selected cells",
        ),
    ]


def _protection_commands(window: MainWindow) -> list[Command]:
    chosen = window.selected_cells
    protect = partial(Command, menu="Cells", section="protection", when=When(window).cells)
    return [
        protect(
            "lock",
            "&Lock",
            do=partial(chosen.lock, True),
            keys=("Ctrl+L",),
            help="Protect the selected cells from every change; their outlines are dashed",
            icon="lock",
            in_bar=True,
        ),
        protect(
            "unlock",
            "&Unlock",
            do=partial(chosen.lock, False),
            keys=("Ctrl+Shift+L",),
            help="Let the selected cells be changed again",
            icon="unlock",
            in_bar=True,
        ),
        protect(
            "solo",
            "H&ide others",
            do=chosen.hide_others,
            keys=("Shift+H",),
            help="Show only the selected cells, or all again",
            checked=lambda: bool(window.canvas.hidden),
        ),
    ]


def _plane_commands(window: MainWindow) -> list[Command]:
    chosen = window.selected_cells
    plane = partial(Command, menu="Cells", section="planes", when=When(window).planes)
    return [
        plane("copy_up", "Copy to &next plane", do=partial(chosen.copy, 1), keys=("Ctrl+Up",)),
        plane("copy_down", "Copy to &previous plane", do=partial(chosen.copy, -1), keys=("Ctrl+Down",)),
        plane(
            "interpolate",
            "In&terpolate planes",
            do=chosen.interpolate,
            keys=("Ctrl+I",),
            help="Fill the planes that a selected cell skips",
        ),
    ]
