"""Several nets that are asked together: the first version of Cellpose trained four and took their mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from model_core.networks.cpnet import CPnet, CPnetOptions
from model_core.networks.net import Maps, Net

_MOST = 16  # nets that a stored model may ask for


@dataclass(frozen=True)
class AverageOptions:
    """How many nets, and the shape of the first; the others have no size model."""

    nets: int
    net: CPnetOptions

    @property
    def channels(self) -> int:
        return self.net.channels

    def as_dict(self) -> dict[str, Any]:
        return {"nets": self.nets, "net": self.net.as_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> AverageOptions:
        """Options that were stored; `ValueError` or `TypeError` for what cannot be."""
        nets = values["nets"] if values.keys() == {"nets", "net"} else None
        if type(nets) is not int or not 2 <= nets <= _MOST or not isinstance(values["net"], dict):
            raise ValueError(f"impossible options {values}")
        return cls(nets, CPnetOptions.from_dict(values["net"]))


class AverageOfCPnets(Net):
    """The mean of what several CPnets say; style and diameter are those of the first, as in Cellpose 1."""

    architecture: ClassVar[str] = "cpnets"
    half_precision: ClassVar[bool] = CPnet.half_precision
    any_channel_order: ClassVar[bool] = CPnet.any_channel_order
    has_size_map: ClassVar[bool] = CPnet.has_size_map

    def __init__(self, nets: Sequence[CPnet]) -> None:
        super().__init__()
        self.nets = nn.ModuleList(nets)

    @property
    def options(self) -> AverageOptions:  # type: ignore[override]
        return AverageOptions(len(self.nets), self._first.options)

    @property
    def _first(self) -> CPnet:
        first = self.nets[0]
        assert isinstance(first, CPnet)
        return first

    def forward(self, tiles: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Maps and style as a `CPnet` gives them."""
        said = [net(tiles) for net in self.nets]
        return torch.stack([maps for maps, _ in said]).mean(0), said[0][1]

    @classmethod
    def from_options(cls, values: dict[str, Any]) -> AverageOfCPnets:
        options = AverageOptions.from_dict(values)
        plain = CPnetOptions(options.net.channels, options.net.widths)
        return cls([CPnet(options.net if n == 0 else plain) for n in range(options.nets)])

    def arrange(self, pixels: np.ndarray) -> np.ndarray:
        return self._first.arrange(pixels)

    def maps(self, tiles: torch.Tensor) -> Maps:
        return self._first.as_maps(*self(tiles))

    def folded(self) -> AverageOfCPnets:
        return AverageOfCPnets([net.folded() for net in self.nets]).eval()  # type: ignore[operator]

    def diameter(self, style: torch.Tensor) -> float:
        return self._first.diameter(style)

    @property
    def has_size_model(self) -> bool:
        return self._first.has_size_model

    def prepare_for(self, diameter: float) -> None:
        for net in self.nets:
            net.prepare_for(diameter)  # type: ignore[operator]
