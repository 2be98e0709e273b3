"""Commands of the menu Folder: segmenting all images, and how far each of them is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cellpose_gui.actions import Command
from model_core.annotation.cells_summary import ImageState

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow


def folder_commands(window: MainWindow) -> list[Command]:
    work = window.folder_work
    run = work.segment_all
    folder = partial(Command, menu="Folder", when=lambda: work.has_images)
    return [
        folder(
            "next_to_do",
            "&Next image that needs work",
            do=work.open_next,
            keys=("Shift+D",),
            help="Open the next image that is neither done nor excluded",
            section="work",
        ),
        folder(
            "done_and_next",
            "&Done, and on to the next",
            do=work.done_and_next,
            keys=("Ctrl+Return",),
            help="Mark the open image as done and open the next that needs work",
            section="work",
        ),
        folder(
            "image_done",
            "Mark as do&ne, or not",
            do=partial(work.toggle, ImageState.DONE),
            keys=("Ctrl+Shift+D",),
            help="The selected images of the list, or the open one",
            section="states",
        ),
        folder(
            "image_excluded",
            "E&xclude, or not",
            do=partial(work.toggle, ImageState.EXCLUDED),
            keys=("Ctrl+Shift+X",),
            help="Leave the selected images of the list, or the open one, out of all work",
            section="states",
        ),
        folder(
            "image_note",
            "N&ote…",
            do=work.ask_note,
            keys=("F2",),
            help="Write something about the selected images, or the open one",
            section="states",
        ),
        folder("search_images", "&Find an image", do=work.search, keys=("Ctrl+F",), section="states"),
        folder(
            "segment_all",
            "&Segment all new images",
            do=work.segment_new,
            keys=("Ctrl+Shift+S",),
            help="Find the cells in every new image, in the background",
            section="run",
        ),
        folder(
            "segment_again",
            "Segment all &again",
            do=work.segment_again,
            help="All images but those that are done or excluded; what you drew, corrected or accepted stays",
            section="run",
        ),
        folder(
            "pause_run",
            "&Pause or resume",
            do=window.strip.run_bar.toggle_pause,
            help="Let the run over all images wait, or go on",
            section="run",
            when=lambda: run.running,
        ),
        folder("stop_run", "S&top", do=run.stop, section="run", when=lambda: run.running),
    ]
