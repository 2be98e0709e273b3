"""Every command of the window as one table."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cellpose_gui.actions import Command

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow

_TOOLS = (
    ("select", "Select", "V", "Select cells by click or box; Ctrl+click deletes"),
    ("lasso", "Lasso", "L", "Draw around cells to select them"),
    ("brush", "Brush", "P", "Paint: from a cell it grows that cell, from the background it makes one"),
    ("eraser", "Eraser", "E", "Erase: from a cell only that cell, from the background all"),
    ("outline", "Outline", "O", "Draw around a cell"),
    ("polygon", "Polygon", "N", "Draw a cell corner by corner"),
    ("reshape", "Edit outline", "T", "Drag the corners of a cell's outline"),
    ("fill", "Fill", "U", "Close a hole of a cell, or make a cell of an area enclosed by cells"),
    ("split", "Split", "C", "Cut a cell by a line, or divide it by a click in each half"),
    ("delete", "Delete", "K", "Click, box or, with Alt, lasso deletes cells"),
    ("pan", "Move", "H", "Drag the image; also Space, the middle or the right button"),
)


def all_commands(window: MainWindow) -> list[Command]:
    """What the window can do: names, words, keys."""
    bench, canvas, questions = window.workbench, window.canvas, window.questions
    cells = window.selected_cells
    channels, overlay = window.channel_panel, window.overlay_panel
    image = partial(Command, needs_image=True)
    return [
        Command("open", "&Open image…", ("Ctrl+O",), questions.ask_image, "open"),
        Command("open_folder", "Open &folder…", ("Ctrl+Shift+O",), questions.ask_folder),
        image("save", "&Save", ("Ctrl+S",), bench.save, "save", "Save now; changes are also saved as you go"),
        image("export", "&Export labels…", ("Ctrl+E",), questions.ask_export),
        Command("quit", "&Quit", ("Ctrl+Q",), window.close),
        Command("undo", "&Undo", ("Ctrl+Z",), bench.undo, "undo"),
        Command("redo", "&Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), bench.redo, "redo"),
        image("select_all", "Select &all", ("Ctrl+A",), cells.select_all),
        image("delete_selected", "&Delete selected cells", (), canvas.delete_selected, canvas_keys=("Del",)),
        image("segment", "&Segment", ("S",), window.segment, "segment", "Find the cells in this image"),
        image("next", "&Next image", ("D",), partial(bench.open_neighbour, 1), canvas_keys=("Right",)),
        image(
            "previous", "&Previous image", ("A",), partial(bench.open_neighbour, -1), canvas_keys=("Left",)
        ),
        image("plane_up", "Next plane", (), partial(window.step_plane, 1), canvas_keys=("Up",)),
        image("plane_down", "Previous plane", (), partial(window.step_plane, -1), canvas_keys=("Down",)),
        image("fit", "&Fit image", ("F",), canvas.fit, "fit", "Show the whole image"),
        image("actual_size", "&One to one", ("1",), canvas.actual_size),
        Command("labels", "Show &labels", ("X",), overlay.labels.toggle),
        Command("outlines", "Show &outlines", ("Z",), overlay.outlines.toggle),
        image("red", "Show channel 1", ("R",), partial(channels.toggle, 0)),
        image("green", "Show channel 2", ("G",), partial(channels.toggle, 1)),
        image("blue", "Show channel 3", ("B",), partial(channels.toggle, 2)),
        image("larger", "Larger brush", (".",), partial(window.resize_brush, 1), canvas_keys=("]",)),
        image("smaller", "Smaller brush", (",",), partial(window.resize_brush, -1), canvas_keys=("[",)),
        Command("dark", "&Dark theme", (), window.change_theme, checked=window.dark),
        Command("about", "&About", (), questions.tell_about),
        *_cell_commands(window),
        *(
            image(name, text, (key,), partial(canvas.set_tool, name), name, tip, "tool", name == "select")
            for name, text, key, tip in _TOOLS
        ),
    ]


def _cell_commands(window: MainWindow) -> list[Command]:
    """What can be done with the selected cells."""
    cells = window.selected_cells
    image = partial(Command, needs_image=True)
    return [
        image("merge", "&Merge", ("M",), cells.merge, "merge", "Make one cell of the selected ones"),
        image("expand", "&Expand by 1 px", ("+",), partial(cells.resize, 1), "expand"),
        image("shrink", "S&hrink by 1 px", ("-",), partial(cells.resize, -1), "shrink"),
        image("resize", "Expand or shrink &by…", ("Ctrl+R",), window.ask_resize),
        image("smooth", "Sm&ooth", ("Shift+O",), cells.smooth, "", "Smooth the outlines of the cells"),
        image("convex", "Make &convex", ("Shift+N",), cells.make_convex, "", "Fill the dents of the cells"),
        image("fill_holes", "&Fill holes", ("Shift+U",), cells.fill_holes, "", "Fill holes of the cells"),
        image("lock", "&Lock", ("Ctrl+L",), partial(cells.lock, True), "lock", "Protect the selected cells"),
        image("unlock", "&Unlock", ("Ctrl+Shift+L",), partial(cells.lock, False), "unlock"),
        image("solo", "H&ide others", ("Shift+H",), cells.hide_others, "", "Show only what is selected"),
        image("copy_up", "Copy to next plane", (), partial(cells.copy, 1), canvas_keys=("Ctrl+Up",)),
        image("copy_down", "Copy to previous plane", (), partial(cells.copy, -1), canvas_keys=("Ctrl+Down",)),
        image("interpolate", "Inter&polate planes", ("Ctrl+I",), cells.interpolate),
        image("delete_rule", "Delete by &rule…", ("Ctrl+D",), window.ask_delete_rule),
    ]
