"""Commands of the menu Tools: one for each tool of the canvas, and the size of the brush."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cellpose_gui.actions import Command
from cellpose_gui.canvas.tools.all_tools import TOOLS
from cellpose_gui.commands.when import When

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow


def tool_commands(window: MainWindow) -> list[Command]:
    tool, when, canvas = partial(Command, menu="Tools"), When(window), window.canvas

    def chosen(name: str) -> bool:
        return canvas.tool == name

    return [
        *(
            tool(
                each.name,
                each.title,
                do=partial(canvas.set_tool, each.name),
                keys=(each.shortcut,) if each.shortcut else (),
                help=each.help,
                icon=each.name,
                section="tools",
                group="tool",
                when=when.image,
                checked=partial(chosen, each.name),
                in_bar=True,
            )
            for each in TOOLS
        ),
        tool(
            "larger",
            "Larger brush",
            do=partial(window.resize_brush, 1),
            keys=(".", "]"),
            section="brush",
            when=when.image,
        ),
        tool(
            "smaller",
            "Smaller brush",
            do=partial(window.resize_brush, -1),
            keys=(",", "["),
            section="brush",
            when=when.image,
        ),
    ]
