"""Commands of the menu Help."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cellpose_gui.actions import Command

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow


def help_commands(window: MainWindow) -> list[Command]:
    help_ = partial(Command, menu="Help")
    return [
        help_(
            "palette",
            "&Find a command…",
            do=window.show_palette,
            keys=("Ctrl+K",),
            help="Type a few letters of what you want to do",
        ),
        help_("cheat_sheet", "&Keys and gestures", do=window.show_cheat_sheet, keys=("?", "F1")),
        help_(
            "updates",
            "&Updates of the model…",
            do=window.community.updates.ask,
            help="New releases of the model from a store; off until you give an address",
            section="updates",
        ),
        help_("about", "&About", do=window.questions.tell_about, section="about"),
    ]
