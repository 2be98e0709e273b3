"""How an image is shown, as something that JSON can hold; what comes back is not trusted."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from cellpose_gui.canvas.channel_display import COLOURS, TABLES, ChannelDisplay

SETTING = "display"
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class ImageStyle:
    """`single`: the one channel to show, None for all visible ones; `inverted`: dark turns bright."""

    single: int | None = None
    inverted: bool = False


class Display(NamedTuple):
    """The look of every channel, and of all together."""

    channels: tuple[ChannelDisplay, ...]
    style: ImageStyle


NOTHING = Display((), ImageStyle())


def to_setting(display: Display) -> dict[str, Any]:
    return {"channels": [asdict(channel) for channel in display.channels], **asdict(display.style)}


def from_setting(setting: object, count: int) -> Display | None:
    """The display of an image with so many channels; None if this is not one."""
    try:
        assert isinstance(setting, dict) and len(setting["channels"]) == count
        single = setting["single"]
        assert single is None or (type(single) is int and 0 <= single < count)
        channels = tuple(_channel(channel) for channel in setting["channels"])
        return Display(channels, ImageStyle(single, bool(setting["inverted"])))
    except (AssertionError, KeyError, TypeError, ValueError, OverflowError):
        return None


def _channel(setting: dict[str, Any]) -> ChannelDisplay:
    black, white, gamma = (float(setting[key]) for key in ("black", "white", "gamma"))
    colour = setting["colour"]
    if isinstance(colour, list):
        red, green, blue = (int(part) for part in colour)
        colour = (red, green, blue)
        assert all(0 <= part <= 255 for part in colour)
    else:
        assert colour in COLOURS or colour in TABLES
    assert math.isfinite(black) and math.isfinite(white) and black < white and 0.1 <= gamma <= 10
    return ChannelDisplay(
        black, white, gamma, colour, bool(setting["visible"]), str(setting["name"])[:_LONGEST_NAME]
    )
