"""CPnet, the net of Cellpose 1 to 3: its weights have the names that Cellpose gives them."""

from __future__ import annotations

import copy
import math
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from model_core.networks.net import FLOW_SCALE, MOST_CHANNELS, Maps, Net

_SMALLEST, _LARGEST = 5.0, 10_000.0  # px, the diameters that the size model may tell


@dataclass(frozen=True)
class CPnetOptions:
    """The shape of the net: input channels, channels of each level from full resolution down.

    size_model: whether a regression from style to diameter belongs to it.
    """

    channels: int = 2
    widths: tuple[int, ...] = (32, 64, 128, 256)
    size_model: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """What nets have in common whose weights could be exchanged."""
        return (self.channels, *self.widths)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> CPnetOptions:
        """Options that were stored; `ValueError` or `TypeError` for what no net of this kind can have."""
        stored: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        options = cls(**stored)
        numbers = (options.channels, *options.widths)
        if not all(type(n) is int and 1 <= n <= MOST_CHANNELS for n in numbers):
            raise ValueError(f"impossible options {values}")
        if (
            not 2 <= len(options.widths) <= 6 or type(options.size_model) is not bool
        ):  # tiles: multiples of 32
            raise ValueError(f"impossible options {values}")
        return options


class CPnet(Net):
    """Tiles ``float32 (N, 2, Y, X)`` to maps and style.

    The first channel shows the cells, the second the nuclei or nothing (0); Y and X are multiples of 8.
    The maps are ``(N, 3, Y, X)``: flow y and x times 5, and the logit of lying on an object. The style
    ``(N, 256)`` holds unit vectors, the mean of the deepest features.

    A residual U-Net with batch normalisation and ReLU before each convolution; features of the way down
    are added on the way up, and so is a linear map of the style before each but the first convolution.
    Stringer, Wang, Michaelos, Pachitariu: Cellpose, Nature Methods 18 (2021).

    ``diam_mean`` is the object size (px) that images are scaled to, ``diam_labels`` the size of the objects
    that the net was trained on, before scaling.
    """

    architecture: ClassVar[str] = "cpnet"
    half_precision: ClassVar[bool] = False  # its features are not normalised, so they may leave that range
    any_channel_order: ClassVar[bool] = False
    has_size_map: ClassVar[bool] = False
    diam_mean: torch.Tensor
    diam_labels: torch.Tensor

    def __init__(self, options: CPnetOptions | None = None) -> None:
        super().__init__()
        self.options: CPnetOptions = options or CPnetOptions()
        widths = self.options.widths
        down = [_Down(i, o) for i, o in zip((self.options.channels, *widths), widths, strict=False)]
        up = [_Up(i, o, widths[-1]) for i, o in zip((*widths[1:], widths[-1]), widths, strict=True)]
        self.downsample = nn.ModuleDict({"down": _numbered("res_down", down)})
        self.upsample = nn.ModuleDict({"up": _numbered("res_up", up)})
        self.output = _convolution(widths[0], 3, 1)
        self.register_buffer("diam_mean", torch.full((1,), 30.0))
        self.register_buffer("diam_labels", torch.full((1,), 30.0))
        self.size_model = SizeModel(widths[-1]) if self.options.size_model else None

    def forward(self, tiles: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        skips: list[torch.Tensor] = []
        for block in self.downsample["down"]:  # type: ignore[attr-defined]
            skips.append(block(F.max_pool2d(skips[-1], 2) if skips else tiles))
        style = F.normalize(skips[-1].float().mean((2, 3)), dim=1)
        x = skips[-1]
        for level in reversed(range(len(skips))):
            x = self.upsample["up"][level](x, skips[level], style)  # type: ignore[index]
            if level:
                x = F.interpolate(x, scale_factor=2, mode="nearest")
        return self.output(x), style

    @classmethod
    def from_options(cls, values: dict[str, Any]) -> CPnet:
        return cls(CPnetOptions.from_dict(values))

    def arrange(self, pixels: np.ndarray) -> np.ndarray:
        """The first channels of the image; inputs without a channel are 0."""
        inputs = self.options.channels
        empty = np.zeros((max(0, inputs - len(pixels)), *pixels.shape[1:]), pixels.dtype)
        return np.concatenate([pixels[:inputs], empty])

    def maps(self, tiles: torch.Tensor) -> Maps:
        return self.as_maps(*self(tiles))

    @staticmethod
    def as_maps(maps: torch.Tensor, style: torch.Tensor) -> Maps:
        """What `forward` gives, in the terms that all nets share."""
        maps = maps.float()
        return Maps(maps[:, :2] / FLOW_SCALE, maps[:, 2], None, style)

    def folded(self) -> CPnet:
        """Nothing is folded: the ReLU between normalisation and convolution forbids it. Channels last."""
        twin = copy.deepcopy(self).eval().requires_grad_(False)
        return twin.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def diameter(self, style: torch.Tensor) -> float:
        """What the size model tells; without one the size of the objects that the net was trained on."""
        found = self.size_model(style).item() if self.size_model is not None else math.nan
        return found if math.isfinite(found) else self.diam_labels.item()

    @property
    def has_size_model(self) -> bool:
        return self.size_model is not None

    def add_size_model(
        self, slope: np.ndarray, style_mean: np.ndarray, diam_mean: float, offset: float
    ) -> None:
        """From now on the style tells the diameter; the arguments are the buffers of `SizeModel`."""
        values = {"slope": slope, "style_mean": style_mean, "diam_mean": [diam_mean], "offset": [offset]}
        self.size_model = SizeModel(len(slope))
        self.size_model.load_state_dict(
            {k: torch.as_tensor(v, dtype=torch.float32) for k, v in values.items()}
        )
        self.options = replace(self.options, size_model=True)

    def forget_size_model(self) -> None:
        """From now on `diam_labels` tells the diameter."""
        self.size_model = None
        self.options = replace(self.options, size_model=False)

    def prepare_for(self, diameter: float) -> None:
        """Other weights make other styles, so the size model goes."""
        self.forget_size_model()
        self.diam_labels.fill_(diameter)


class SizeModel(nn.Module):
    """Style ``(S,)`` to px: ``exp(slope . (style - style_mean) + ln diam_mean + offset)``, 5 or more.

    Cellpose calls these A, smean, diam_mean and ymean.
    """

    slope: torch.Tensor
    style_mean: torch.Tensor
    diam_mean: torch.Tensor
    offset: torch.Tensor

    def __init__(self, styles: int) -> None:
        super().__init__()
        self.register_buffer("slope", torch.zeros(styles))
        self.register_buffer("style_mean", torch.zeros(styles))
        self.register_buffer("diam_mean", torch.full((1,), 30.0))
        self.register_buffer("offset", torch.zeros(1))

    def forward(self, style: torch.Tensor) -> torch.Tensor:
        exponent = self.slope @ (style - self.style_mean) + torch.log(self.diam_mean) + self.offset
        return torch.exp(exponent).clamp(_SMALLEST, _LARGEST)


class _Down(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = _numbered(
            "conv", (_convolution(inputs if n == 0 else outputs, outputs, 3) for n in range(4))
        )
        self.proj = _projection(inputs, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first, second, third, fourth = self.conv
        x = self.proj(x) + second(first(x))
        return x + fourth(third(x))


class _Up(nn.Module):
    def __init__(self, inputs: int, outputs: int, styles: int) -> None:
        super().__init__()
        styled = (_Styled(outputs, styles) for _ in range(3))
        self.conv = _numbered("conv", (_convolution(inputs, outputs, 3), *styled))
        self.proj = _projection(inputs, outputs)

    def forward(self, x: torch.Tensor, skip: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        first, second, third, fourth = self.conv
        x = self.proj(x) + second(first(x) + skip, style)
        return x + fourth(third(x, style), style)


class _Styled(nn.Module):
    """A convolution of features to which a linear map of the style was added."""

    def __init__(self, channels: int, styles: int) -> None:
        super().__init__()
        self.conv = _convolution(channels, channels, 3)
        self.full = nn.Linear(styles, channels)

    def forward(self, x: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        return self.conv(x + self.full(style)[:, :, None, None])


def _convolution(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    return nn.Sequential(nn.BatchNorm2d(inputs, momentum=0.05), nn.ReLU(inplace=True), convolution)


def _projection(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.BatchNorm2d(inputs, momentum=0.05), nn.Conv2d(inputs, outputs, 1))


def _numbered(name: str, modules: Iterable[nn.Module]) -> nn.Sequential:
    return nn.Sequential(OrderedDict((f"{name}_{n}", module) for n, module in enumerate(modules)))
