"""Commands of the menu View: zoom, what is drawn, panels, theme."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cellpose_gui.actions import Command
from cellpose_gui.commands.when import When

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow


def view_commands(window: MainWindow) -> list[Command]:
    view, when = partial(Command, menu="View"), When(window)
    canvas, overlay = window.canvas, window.overlay_panel
    zoom = partial(view, section="zoom", when=when.image)
    drawn = partial(view, section="drawn")
    plane = partial(view, section="planes", when=when.planes)
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
            keys=("1",),
            help="One image pixel on one pixel of the screen",
        ),
        drawn(
            "labels",
            "Show &cells",
            do=overlay.toggle_labels,
            keys=("X",),
            checked=lambda: canvas.overlay.visible,
        ),
        drawn(
            "outlines",
            "Show &outlines",
            do=overlay.toggle_outlines,
            keys=("Z",),
            checked=lambda: canvas.overlay.outlines,
        ),
        plane("plane_up", "Next plane", do=partial(window.step_plane, 1), keys=("Up",)),
        plane("plane_down", "Previous plane", do=partial(window.step_plane, -1), keys=("Down",)),
        view("dark", "&Dark theme", do=window.change_theme, section="window", checked=lambda: window.dark),
        *(
            view(
                f"panel_{name.lower()}",
                f"Panel “{name}”",
                do=partial(window.toggle_panel, name),
                help=f"Show or hide the panel “{name}”",
                section="panels",
                checked=partial(lambda dock: not dock.isHidden(), dock),
            )
            for name, dock in window.docks.items()
        ),
    ]
