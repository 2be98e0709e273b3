"""Which channels of an image the net is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from model_core.errors import UserError
from model_core.images.image import Image
from model_core.images.lazy import Pixels


def choose_channels(image: Image, channels: Sequence[int], inputs: int) -> tuple[Image, tuple[str, ...]]:
    """The image with these channels alone, in this order, and what the user should know about it.

    Args:
        channels: one number an input of the net, as Cellpose counts them: 1 is the first channel. 0 as the
            first means the mean of all channels, 0 after that none. So ``(2, 3)`` shows a net of Cellpose
            the cells in channel 2 and the nuclei in channel 3, and ``(0, 0)`` everything in grey. An image
            of a single channel is shown as it is, whatever the numbers.
        inputs: how many channels the net can see.

    Raises:
        UserError: the image has no such channel, a number twice, or more channels than inputs.
    """
    first, *others = channels
    while others and others[-1] == 0:
        others.pop()
    wanted = [first, *others]
    if len(wanted) > inputs:
        seen = "one channel" if inputs == 1 else f"{inputs} channels"
        raise UserError(f"The channels {_listed(channels)} are too many: the model looks at {seen}.")
    if image.channels == 1:
        note = "The image has a single channel; the model looked at that."
        return image, (note,) if max(wanted) > 1 else ()
    if max(wanted) > image.channels:
        raise UserError(
            f"“{image.name}” has {image.channels} channels; there is no channel {max(wanted)} to look at."
        )
    if first == 0:
        if others:
            raise UserError("Channel 0 is the mean of all; no other can be shown beside it.")
        return replace(
            image, pixels=np.asarray(image.pixels).mean(0, keepdims=True, dtype=np.float32), levels=()
        ), ()
    if 0 in others or len(set(wanted)) < len(wanted):
        raise UserError(
            f"The channels {_listed(channels)} are not possible: each once, and 0 only at the end."
        )
    return replace(image, pixels=_view(image.pixels, [number - 1 for number in wanted]), levels=()), ()


def _view(pixels: Pixels, indices: list[int]) -> Pixels:
    """Evenly spaced channels, as any two are, without copying: the image may be larger than the memory."""
    steps = set(np.diff(indices).tolist())
    if len(steps) > 1:
        return pixels[indices]
    step = steps.pop() if steps else 1
    end = indices[-1] + step
    return pixels[indices[0] : None if end < 0 else end : step]


def _listed(channels: Sequence[int]) -> str:
    return ", ".join(map(str, channels))
