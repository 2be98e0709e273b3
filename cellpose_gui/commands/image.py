"""Commands of the menu Image: channels and brightness."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cellpose_gui.actions import Command
from cellpose_gui.commands.when import When

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow


_ONE_CHANNEL = (("red", "R"), ("green", "G"), ("blue", "B"))


def image_commands(window: MainWindow) -> list[Command]:
    image, when, channels = partial(Command, menu="Image"), When(window), window.channel_panel
    return [
        image(
            name,
            f"Show channel {number + 1}",
            do=partial(channels.toggle, number),
            keys=(key,),
            when=when.image,
        )
        for number, (name, key) in enumerate(_ONE_CHANNEL)
    ]
