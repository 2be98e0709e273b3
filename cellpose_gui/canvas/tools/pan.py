"""Pan: a left drag moves the view."""

from __future__ import annotations

from cellpose_gui.canvas.tools.tool import Tool


class Pan(Tool):
    """Has nothing to do itself: the view pans with the left button while this tool is chosen."""

    name = "pan"
    title = "Move"
    help = "Drag the image; also Space, the middle or the right button"
    shortcut = "H"
    gestures = (("Drag", "moves the image"),)
    pans = True
