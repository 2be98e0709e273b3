"""The net: a residual U-Net that works at half resolution and learns flows, cell probability and size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from model_core.networks.net import FLOW_SCALE, MOST_CHANNELS, Maps, Net

STRIDE = 32  # height and width of the input are multiples of this
_DEEPEST = 16  # blocks of a level that a stored net may ask for


@dataclass(frozen=True)
class FlowNetOptions:
    """The shape of the net: channels of each level, from half resolution down, and blocks a level."""

    channels: int = 3
    widths: tuple[int, ...] = (32, 64, 128, 256, 256)
    depths: tuple[int, ...] = (1, 2, 2, 2, 2)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> FlowNetOptions:
        """Options that were stored; `ValueError` or `TypeError` for what no net of this kind can have."""
        stored: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        options = cls(**stored)
        numbers = (options.channels, *options.widths, *options.depths)
        if not all(type(n) is int and 1 <= n <= MOST_CHANNELS for n in numbers):
            raise ValueError(f"impossible options {values}")
        if not 2 <= len(options.widths) == len(options.depths) <= 8 or max(options.depths) > _DEEPEST:
            raise ValueError(f"impossible options {values}")
        return options


class FlowNet(Net):
    """Tiles ``float32 (N, channels, Y, X)`` to `Maps`; Y and X are multiples of `STRIDE`.

    2 x 2 pixels are folded into channels before the first convolution and unfolded after the last, so
    every layer works on a quarter of the pixels and nothing of the finest detail is lost.
    """

    architecture: ClassVar[str] = "flow-net-1"
    half_precision: ClassVar[bool] = True
    any_channel_order: ClassVar[bool] = True
    has_size_map: ClassVar[bool] = True
    # AP at 0.5 at 1, 1.2, 1.4 and 1.7, mean over sets: 0.703, 0.729, 0.745, 0.748 on training images and
    # 0.693, 0.717, 0.714, 0.721 on validation images. Thin rods lose by it; time grows with the square.
    magnified: ClassVar[float] = 1.2
    flow_threshold: ClassVar[float] = 0.0
    score_threshold: ClassVar[float] = 0.4

    def __init__(self, options: FlowNetOptions | None = None) -> None:
        super().__init__()
        self.options: FlowNetOptions = options or FlowNetOptions()
        widths = self.options.widths
        self.stem = _convolution(4 * self.options.channels, widths[0])
        inputs = (widths[0], *widths[:-1])
        self.down = nn.ModuleList(
            nn.Sequential(*(_Residual(i if n == 0 else o, o) for n in range(depth)))
            for i, o, depth in zip(inputs, widths, self.options.depths, strict=True)
        )
        self.up = nn.ModuleList(
            _Up(i, o, widths[-1]) for i, o in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.head = nn.Conv2d(widths[0], 4 * 4, 3, padding=1)

    def forward(self, tiles: torch.Tensor) -> Maps:
        x = self.stem(F.pixel_unshuffle(tiles, 2))
        skips = []
        for level, block in enumerate(self.down):
            x = block(F.max_pool2d(x, 2) if level else x)
            skips.append(x)
        style = F.normalize(x.float().mean((2, 3)), dim=1)
        for block, skip in zip(self.up, skips[-2::-1], strict=True):
            x = block(x, skip, style)
        maps = F.pixel_shuffle(self.head(x), 2).float()
        return Maps(maps[:, :2] / FLOW_SCALE, maps[:, 2], maps[:, 3], style)

    @classmethod
    def from_options(cls, values: dict[str, Any]) -> FlowNet:
        return cls(FlowNetOptions.from_dict(values))

    def arrange(self, pixels: np.ndarray) -> np.ndarray:
        """One channel fills all inputs, fewer than all leave the last ones empty, of more the first count."""
        inputs = self.options.channels
        if len(pixels) == 1:
            return np.repeat(pixels, inputs, axis=0)
        empty = np.zeros((max(0, inputs - len(pixels)), *pixels.shape[1:]), pixels.dtype)
        return np.concatenate([pixels[:inputs], empty])

    def maps(self, tiles: torch.Tensor) -> Maps:
        maps: Maps = self(tiles)
        return maps

    # Steps cost half. In the same time, 100 cells of rendered cytoplasm: AP 0.525 -> 0.668 with these kept,
    # 0.629 without; of epithelium 0.542 -> 0.635 and 0.596.
    def general(self) -> Sequence[nn.Module]:
        return self.stem, self.down

    def folded(self) -> FlowNet:
        return folded(self)


class _Residual(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = _convolution(inputs, outputs)
        self.second = nn.Sequential(
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs)
        )
        self.skip = nn.Conv2d(inputs, outputs, 1, bias=False) if inputs != outputs else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu_(self.second(self.first(x)).add_(self.skip(x)))


class _Up(nn.Module):
    """Doubles the resolution, adds the features of the way down and the style, then one residual block."""

    def __init__(self, inputs: int, outputs: int, style: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(inputs, outputs, 1)
        self.style = nn.Linear(style, outputs)
        self.block = _Residual(outputs, outputs)

    def forward(self, x: torch.Tensor, skip: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        x = F.interpolate(self.project(x), scale_factor=2, mode="bilinear", align_corners=False)
        return self.block(x.add_(skip).add_(self.style(style).to(x.dtype)[:, :, None, None]))


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


def folded(net: FlowNet) -> FlowNet:
    """A copy for prediction: batch normalisation folded into the convolutions before it, channels last."""
    copy = FlowNet(net.options)
    copy.load_state_dict(net.state_dict())
    copy.eval().requires_grad_(False)
    for module in copy.modules():
        if isinstance(module, nn.Sequential) and len(module) > 1 and isinstance(module[1], nn.BatchNorm2d):
            module[0] = nn.utils.fusion.fuse_conv_bn_eval(module[0], module[1])  # type: ignore[type-var]
            module[1] = nn.Identity()
    return copy.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
