"""Commands of the menu View: zoom, what is drawn, panels, theme."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from cellpose_gui.actions import Command
from cellpose_gui.commands.when import When

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow


def view_commands(window: MainWindow) -> list[Command]:
    view, when = partial(Command, menu="View"), When(window)
    canvas, guides = window.canvas, window.canvas.guides
    zoom = partial(view, section="zoom", when=when.image)
    drawn = partial(view, section="drawn")
    plane = partial(view, section="planes", when=when.planes)

    def change(**changes: bool) -> None:
        canvas.overlay = replace(canvas.overlay, **changes)  # type: ignore[arg-type]

    def switch(guide: str) -> None:
        setattr(guides, guide, not getattr(guides, guide))

    return [
        zoom(
            "fit",
            "&Fit image",
            do=canvas.fit,
            keys=("F",),
            help="Show the whole image",
            icon="fit",
            in_bar=True,
        ),
        zoom(
            "actual_size",
            "&One to one",
            do=canvas.actual_size,
            keys=("Ctrl+1",),
            help="One image pixel on one pixel of the screen",
        ),
        view(
            "zoom_selection",
            "Zoom to s&election",
            do=canvas.zoom_to_selection,
            keys=("Shift+F",),
            help="Show the selected cells as large as they fit",
            section="zoom",
            when=when.selection,
        ),
        zoom("zoom_in", "Zoom &in", do=partial(canvas.view.zoom, 1), keys=("+", "=")),
        zoom("zoom_out", "Zoom o&ut", do=partial(canvas.view.zoom, -1), keys=("-",)),
        drawn(
            "labels",
            "Show &cells",
            do=lambda: change(visible=not canvas.overlay.visible),
            keys=("X",),
            help="Show or hide all cells",
            checked=lambda: canvas.overlay.visible,
        ),
        drawn(
            "outlines",
            "Show &outlines",
            do=lambda: change(outlines=not canvas.overlay.outlines),
            keys=("Z",),
            help="Draw the outline of each cell",
            checked=lambda: canvas.overlay.outlines,
        ),
        drawn(
            "numbers",
            "Show cell &numbers",
            do=partial(switch, "numbers"),
            keys=("N",),
            help="Write the number of each cell that is large enough on screen",
            checked=lambda: guides.numbers,
        ),
        drawn(
            "review",
            "Show re&view",
            do=partial(switch, "review"),
            keys=("Shift+V",),
            help="Marks on accepted and rejected cells, hatches on finished regions",
            checked=lambda: guides.review,
        ),
        drawn(
            "previous_result",
            "Show &previous result",
            do=lambda: window.show_comparison(not guides.comparison),
            keys=("Shift+Z",),
            help="The outlines before the last run of the model, white and dashed, to compare",
            when=when.image,
            checked=lambda: guides.comparison,
        ),
        drawn(
            "scale_bar",
            "Show &scale bar",
            do=partial(switch, "scale_bar"),
            help="A bar of a round length, where the pixel size is known",
            checked=lambda: guides.scale_bar,
        ),
        drawn(
            "minimap",
            "Show &overview",
            do=partial(switch, "minimap"),
            keys=("M",),
            help="The whole image in a corner while you see only a part of it",
            checked=lambda: guides.minimap,
        ),
        plane("plane_up", "Next plane", do=partial(window.step_plane, 1), keys=("Up",)),
        plane("plane_down", "Previous plane", do=partial(window.step_plane, -1), keys=("Down",)),
        view(
            "full_screen",
            "F&ull screen",
            do=window.toggle_full_screen,
            keys=("F11",),
            section="window",
            checked=window.isFullScreen,
        ),
        view(
            "next_panel",
            "Go to the next panel",
            do=window.docks.focus_next,
            keys=("F6",),
            help="The keyboard goes from panel to panel, and back to the image",
            section="window",
        ),
        view("dark", "&Dark theme", do=window.change_theme, section="window", checked=lambda: window.dark),
        *(
            view(
                f"panel_{name.lower()}",
                f"Panel “{name}”",
                do=partial(window.docks.toggle, name),
                help=f"Show or hide the panel “{name}”",
                section="panels",
                checked=partial(lambda dock: not dock.isHidden(), dock),
            )
            for name, dock in window.docks.items()
        ),
    ]
