"""What every net is to those who use it: the segmenter, the trainer and the model package."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import torch
from torch import nn

FLOW_SCALE = 5.0  # nets predict unit vectors times this, so that they weigh like the logit
MOST_CHANNELS = 4096  # of a level that a stored net may ask for


class Maps(NamedTuple):
    """What the net says about each pixel of a batch of N tiles.

    flows: float32 (N, 2, Y, X), y and x component, about unit length on objects.
    cellprob: float32 (N, Y, X), logit of lying on an object.
    size: float32 (N, Y, X), log2 of the diameter of the object here, over the net's own diameter; None
        from nets that do not tell it.
    style: float32 (N, S), unit vectors: the mean of the deepest features.
    """

    flows: torch.Tensor
    cellprob: torch.Tensor
    size: torch.Tensor | None
    style: torch.Tensor


class NetOptions(Protocol):
    """The shape of a net."""

    @property
    def channels(self) -> int: ...

    def as_dict(self) -> dict[str, Any]: ...


class Net(nn.Module, ABC):
    """A torch module that sees normalised tiles and can tell `Maps` of them.

    Attributes:
        architecture: the name by which cards know this class of net.
        half_precision: float16 is enough for its stored weights and for predicting on a GPU.
        any_channel_order: it has learned to cope with channels in any order.
        magnified: how many times larger than most were in its training objects are shown to it, since so it
            finds more of them.
        has_size_map: `Maps.size` is told; otherwise `diameter` tells the size of the objects.
        flow_threshold, score_threshold: of `Options`, unless others are given; 0 keeps all objects.
    """

    architecture: ClassVar[str]
    half_precision: ClassVar[bool]
    any_channel_order: ClassVar[bool]
    has_size_map: ClassVar[bool]
    magnified: ClassVar[float] = 1.0
    flow_threshold: ClassVar[float] = 0.4
    score_threshold: ClassVar[float] = 0.0
    options: NetOptions

    @classmethod
    @abstractmethod
    def from_options(cls, values: dict[str, Any]) -> Net:
        """The net of options as a card stores them; ValueError or TypeError if there can be no such net."""

    @abstractmethod
    def arrange(self, pixels: np.ndarray) -> np.ndarray:
        """Normalised channels ``(C, ...)``, in the order of the image, as the net's inputs ``(I, ...)``."""

    @abstractmethod
    def maps(self, tiles: torch.Tensor) -> Maps:
        """Of normalised tiles, float32 ``(N, I, Y, X)``."""

    @abstractmethod
    def folded(self) -> Net:
        """A copy for prediction, as fast as it gets, that says the same."""

    def diameter(self, style: torch.Tensor) -> float:
        """px of the objects in a picture of this style ``(S,)``, as large as the net saw it."""
        raise TypeError(f"{type(self).__name__} tells the size by its map")

    @property
    def has_size_model(self) -> bool:
        """Whether `diameter` goes by the style; otherwise it is always the same."""
        return False

    def general(self) -> Sequence[nn.Module]:
        """The parts that see what images of all kinds have in common: a net that learns a little more keeps
        them as they are."""
        return ()

    def prepare_for(self, diameter: float) -> None:
        """Before it is trained on objects of this median diameter (px): forgets what will be wrong then."""
        return None
