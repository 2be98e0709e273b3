"""A model ready to predict: net, card and device."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from model_core.errors import UserError
from model_core.models.package import Card, read_network
from model_core.models.registry import find_model

if TYPE_CHECKING:
    from model_core.networks.flow_net import FlowNet

log = logging.getLogger(__name__)


class Model:
    """A net on a device.

    Attributes:
        network: the torch module as it was trained.
        card: what it is.
        device: "cuda", "mps" or "cpu"; falls back to "cpu" when the device's memory runs out.
    """

    def __init__(self, network: FlowNet, card: Card, device: str | None = None) -> None:
        from model_core.networks.flow_net import folded

        self.network = network
        self.card = card
        self.device = choose_device(device)
        self._folded = folded(network).to(self.device)

    @property
    def id(self) -> str:
        """Name and date: which weights made a result."""
        return f"{self.card.name} {self.card.date}".strip()

    @property
    def diameter(self) -> float:
        """px, the size of objects that the net is used to."""
        return self.card.diameter

    def predict(self, tiles: np.ndarray) -> np.ndarray:
        """Maps of normalised tiles: float32 ``(N, 3, Y, X)`` to ``(N, 4, Y, X)``: flow y, flow x, cellprob, size.

        When the device's memory does not suffice the batch is halved; a single tile goes to the CPU.

        Raises:
            MemoryError: not even the CPU has the memory.
        """
        import torch

        try:
            return self._predict(tiles)
        except torch.OutOfMemoryError:
            if len(tiles) == 1 and self.device == "cpu":
                raise MemoryError("not enough memory for a single tile") from None
        if len(tiles) > 1:
            half = len(tiles) // 2
            log.warning("Out of memory on %s: smaller batches.", self.device)
            return np.concatenate([self.predict(tiles[:half]), self.predict(tiles[half:])])
        log.warning("Out of memory on %s: going on with the CPU.", self.device)
        self.device = "cpu"
        self._folded = self._folded.to("cpu")
        return self.predict(tiles)

    def _predict(self, tiles: np.ndarray) -> np.ndarray:
        import torch

        batch = torch.from_numpy(np.ascontiguousarray(tiles, np.float32)).to(self.device)
        batch = batch.contiguous(memory_format=torch.channels_last)
        half = self.device == "cuda"
        with torch.inference_mode(), torch.autocast(self.device, torch.float16, enabled=half):
            maps = self._folded(batch)
            stacked = torch.cat([maps.flows, maps.cellprob[:, None], maps.size[:, None]], 1)
        return stacked.float().cpu().numpy()


def choose_device(wanted: str | None = None) -> str:
    """The device to compute on: what is wanted, or the best there is.

    Raises:
        UserError: this computer does not have the device.
    """
    import torch

    available = ["cpu"]
    if torch.backends.mps.is_available():
        available.insert(0, "mps")
    if torch.cuda.is_available():
        available.insert(0, "cuda")
    if wanted is None:
        return available[0]
    if wanted not in available:
        raise UserError(f"This computer has no device “{wanted}”; there are: {', '.join(available)}.")
    return wanted


def load_model(name: str | Path | None = None, device: str | None = None) -> Model:
    """The bundled generalist, or a model by its name in the registry or its path.

    Raises:
        UserError: there is no such model, or its file is damaged.
    """
    network, card = read_network(find_model(name))
    return Model(network, card, device)
