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
            "open_zarr",
            "Open OME-&Zarr…",
            do=ask.ask_zarr,
            help="A large image that is a folder; “Open image” takes any file in it too",
            section="open",
        ),
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
            "export",
            "&Export…",
            do=window.in_and_out.ask_export,
            keys=("Ctrl+Shift+E",),
            help="Labels, measurements and pictures for other programs",
            section="exchange",
            when=when.image,
        ),
        file(
            "export_again",
            "Export a&gain",
            do=window.in_and_out.export_again,
            keys=("Ctrl+E",),
            help="Export the open image as last time",
            section="exchange",
            when=when.image,
        ),
        file(
            "import_labels",
            "&Import labels…",
            do=window.in_and_out.ask_import,
            help="Cells from a label image, Cellpose, ImageJ, QuPath or COCO",
            section="exchange",
            when=when.image,
        ),
        file(
            "contribute",
            "&Contribute these labels…",
            do=window.community.contribute,
            help="Give images and labels to the model that everybody uses; you see first what would leave",
            section="community",
            when=when.cells,
        ),
        file("quit", "&Quit", do=window.close, keys=("Ctrl+Q",), section="quit"),
    ]
