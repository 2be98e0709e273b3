"""A step of a net that can be stopped, or paused, in its midst: on a slow processor it takes seconds."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn


def ask_between_layers(network: nn.Module, ask: Callable[[], None]) -> None:
    """Has ``ask`` called at every convolution, on the way there and on the way back.

    It may wait, or raise: that ends the step, before any weight has changed.
    """

    def on_the_way_there(module: nn.Module, inputs: object) -> None:
        ask()

    def on_the_way_back(module: nn.Module, inputs: object, output: torch.Tensor) -> None:
        if output.requires_grad:
            output.register_hook(lambda gradient: ask())

    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_pre_hook(on_the_way_there)
            module.register_forward_hook(on_the_way_back)
