"""The channels that a net is shown, counted as Cellpose counts them."""

import numpy as np
import pytest

from model_core.errors import UserError
from model_core.images.channels import choose_channels
from model_core.images.image import Image


def image(channels: int) -> Image:
    """Channel 1 holds 10, channel 2 holds 20..."""
    pixels = 10 * np.arange(1, channels + 1, dtype=np.uint16).reshape(-1, 1, 1, 1)
    return Image(pixels * np.ones((1, 2, 3, 4), np.uint16), pixel_size=0.5)


@pytest.mark.parametrize(
    ("given", "channels", "wanted"),
    [
        (3, (2, 3), [20, 30]),
        (3, (3, 1), [30, 10]),
        (3, (2, 1), [20, 10]),
        (3, (2, 0), [20]),
        (3, (2,), [20]),
        (16, (16, 7), [160, 70]),
        (5, (1, 3, 4), [10, 30, 40]),
        (5, (4, 1, 2), [40, 10, 20]),
        (3, (0, 0), [20]),  # the mean of all
        (2, (0,), [15]),
        (1, (1, 0), [10]),
        (1, (0, 0), [10]),
        (1, (2, 3), [10]),
    ],
)
def test_channels_are_shown_in_the_order_asked_for(
    given: int, channels: tuple[int, ...], wanted: list[float]
) -> None:
    shown, notes = choose_channels(image(given), channels, 3)
    assert shown.pixels[:, 0, 0, 0].tolist() == wanted
    assert shown.shape == (len(wanted), 2, 3, 4) and shown.pixel_size == 0.5
    assert bool(notes) == (given == 1 and max(channels) > 1)


def test_two_channels_are_not_copied() -> None:
    whole = image(4)
    for channels in ((2, 3), (3, 1), (1, 4), (2, 1), (4,)):
        assert np.shares_memory(choose_channels(whole, channels, 3)[0].pixels, whole.pixels)


@pytest.mark.parametrize(
    ("channels", "inputs", "words"),
    [
        ((4, 1), 2, "no channel 4"),
        ((0, 2), 2, "mean of all"),
        ((2, 2), 2, "each once"),
        ((1, 0, 2), 3, "only at the end"),
        ((1, 2, 3), 2, "looks at 2 channels"),
        ((1, 2), 1, "looks at one channel"),
    ],
)
def test_channels_that_cannot_be_shown(channels: tuple[int, ...], inputs: int, words: str) -> None:
    with pytest.raises(UserError, match=words):
        choose_channels(image(3), channels, inputs)
