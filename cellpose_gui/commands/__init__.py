"""Every command of the window, menu by menu: the one place where menus, keys and palette learn of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cellpose_gui.actions import Command
from cellpose_gui.commands.cells import cell_commands
from cellpose_gui.commands.classes import class_commands
from cellpose_gui.commands.community import community_commands
from cellpose_gui.commands.curation import curation_commands
from cellpose_gui.commands.edit import edit_commands
from cellpose_gui.commands.file import file_commands
from cellpose_gui.commands.folder import folder_commands
from cellpose_gui.commands.go import go_commands
from cellpose_gui.commands.help import help_commands
from cellpose_gui.commands.image import image_commands
from cellpose_gui.commands.learn import learn_commands
from cellpose_gui.commands.review import review_commands
from cellpose_gui.commands.tools import tool_commands
from cellpose_gui.commands.view import view_commands

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow

_TABLES = (
    file_commands,
    edit_commands,
    tool_commands,
    cell_commands,
    review_commands,
    curation_commands,
    class_commands,
    image_commands,
    learn_commands,
    view_commands,
    go_commands,
    folder_commands,
    community_commands,
    help_commands,
)


def all_commands(window: MainWindow) -> list[Command]:
    """What the window can do."""
    return [command for table in _TABLES for command in table(window)]
