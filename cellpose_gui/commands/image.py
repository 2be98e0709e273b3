"""Commands of the menu Image: channels and brightness."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from cellpose_gui.actions import Command
from cellpose_gui.commands.when import When

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow


_ONE_CHANNEL = (("red", "R"), ("green", "G"), ("blue", "B"))


def image_commands(window: MainWindow) -> list[Command]:
    image, when = partial(Command, menu="Image"), When(window)
    canvas, channels = window.canvas, window.channel_panel

    def alone(number: int) -> bool:
        return canvas.image_style.single == number

    def invert() -> None:
        canvas.image_style = replace(canvas.image_style, inverted=not canvas.image_style.inverted)

    return [
        *(
            image(
                name,
                f"Only channel {number + 1}",
                do=partial(channels.toggle_solo, number),
                keys=(key,),
                help=f"Show channel {number + 1} alone, in grey; again: all channels",
                section="channels",
                when=when.channels,
                checked=partial(alone, number),
            )
            for number, (name, key) in enumerate(_ONE_CHANNEL)
        ),
        image(
            "single",
            "&One channel at a time",
            do=lambda: channels.solo(None if canvas.image_style.single is not None else channels.current),
            keys=("C",),
            help="Show the chosen channel alone, or all channels together",
            section="channels",
            when=when.channels,
            checked=lambda: canvas.image_style.single is not None,
        ),
        image(
            "auto_contrast",
            "&Auto contrast",
            do=channels.auto_contrast,
            keys=("Shift+A",),
            help="Set black and white of the chosen channel from the plane that is shown",
            section="levels",
            when=when.image,
        ),
        image(
            "inverted",
            "&Inverted",
            do=invert,
            keys=("I",),
            help="Dark turns bright and bright turns dark",
            section="levels",
            when=when.image,
            checked=lambda: canvas.image_style.inverted,
        ),
    ]
