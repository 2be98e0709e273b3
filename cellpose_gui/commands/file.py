"""Commands of the menu File."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cellpose_gui.actions import Command
from cellpose_gui.commands.when import When

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow


def file_commands(window: MainWindow) -> list[Command]:
    file, when = partial(Command, menu="File"), When(window)
    ask, bench = window.questions, window.workbench
    return [
        file(
            "open",
            "&Open image…",
            do=ask.ask_image,
            keys=("Ctrl+O",),
            icon="open",
            section="open",
            in_bar=True,
        ),
        file("open_folder", "Open &folder…", do=ask.ask_folder, keys=("Ctrl+Shift+O",), section="open"),
        file(
            "save",
            "&Save",
            do=bench.save,
            keys=("Ctrl+S",),
            help="Save now; changes are also saved as you go",
            icon="save",
            section="save",
            when=when.image,
            in_bar=True,
        ),
        file(
            "export", "&Export labels…", do=ask.ask_export, keys=("Ctrl+E",), section="save", when=when.image
        ),
        file("quit", "&Quit", do=window.close, keys=("Ctrl+Q",), section="quit"),
    ]
