"""A model ready to predict: net, card and device."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from model_core.errors import UserError
from model_core.models.imports import read_model
from model_core.models.package import Card
from model_core.models.registry import find_model

if TYPE_CHECKING:
    from model_core.networks.net import Maps, Net

log = logging.getLogger(__name__)
_Said = TypeVar("_Said")


class Model:
    """A net on a device.

    Attributes:
        network: the torch module as it was trained.
        card: what it is.
        device: "cuda", "mps" or "cpu"; falls back to "cpu" when the device's memory runs out.
    """

    def __init__(self, network: Net, card: Card, device: str | None = None) -> None:
        self.network = network
        self.card = card
        self._use(choose_device(device))

    def _use(self, device: str) -> None:
        from model_core.networks.precision import predicting_dtype

        self.device = device
        self._half = predicting_dtype(self.network, device)
        self._folded = self.network.folded().to(device, self._half)

    @property
    def id(self) -> str:
        """Name and date: which weights made a result."""
        return f"{self.card.name} {self.card.date}".strip()

    @property
    def diameter(self) -> float:
        """px, the size of objects that the net is used to."""
        return self.card.diameter

    def at_once(self, tiles: int) -> int:
        """How many of so many tiles to predict together: on a processor no more than it has cores, since more
        are not faster and cannot be cancelled on the way."""
        if self.device != "cpu":
            return tiles
        import torch

        return min(tiles, torch.get_num_threads())

    def predict(self, tiles: np.ndarray) -> np.ndarray:
        """Maps of normalised tiles ``(N, I, Y, X)``: float32 ``(N, 4, Y, X)``, flow y and x, cellprob, size.

        The tiles come from `Net.arrange`. Of a net without a size map, size is 0.
        When the device's memory does not suffice the batch is halved; a single tile goes to the CPU.

        Raises:
            MemoryError: not even the CPU has the memory.
        """
        if len(tiles) == 1:
            return self._in_memory(self._predict, tiles)
        try:
            return self._predict(tiles)
        except (RuntimeError, MemoryError) as error:
            if not _out_of_memory(error):
                raise
        half = len(tiles) // 2
        log.warning("Out of memory on %s: smaller batches.", self.device)
        return np.concatenate([self.predict(tiles[:half]), self.predict(tiles[half:])])

    def _in_memory(self, work: Callable[[np.ndarray], _Said], tile: np.ndarray) -> _Said:
        """What cannot be done in parts: on the CPU if the device's memory does not suffice."""
        try:
            return work(tile)
        except (RuntimeError, MemoryError) as error:
            if not _out_of_memory(error):
                raise
            if self.device == "cpu":
                raise MemoryError("not enough memory for a single tile") from error
        log.warning("Out of memory on %s: going on with the CPU.", self.device)
        self._use("cpu")
        return work(tile)

    def _predict(self, tiles: np.ndarray) -> np.ndarray:
        from model_core.networks.cores import on_cores

        if self.device != "cpu" or len(tiles) == 1:
            return self._predict_batch(tiles)
        maps = np.empty((len(tiles), 4, *tiles.shape[2:]), np.float32)

        def predict(number: int) -> None:  # copies at once, while the other cores go on
            maps[number] = self._predict_batch(tiles[number : number + 1])[0]

        on_cores(predict, range(len(tiles)))
        return maps

    def _predict_batch(self, tiles: np.ndarray) -> np.ndarray:
        import torch

        maps = self._maps(tiles)
        size = torch.zeros_like(maps.cellprob) if maps.size is None else maps.size
        stacked = torch.cat([maps.flows, maps.cellprob[:, None], size[:, None]], 1)
        return stacked.float().cpu().numpy()

    def style_diameter(self, tile: np.ndarray) -> float:
        """px of the objects in a normalised tile ``(I, Y, X)``, from a net that tells it by the style."""
        return self._folded.diameter(self._in_memory(self._maps, tile[None]).style[0])

    def style(self, tiles: np.ndarray) -> np.ndarray:
        """Unit vectors float32 ``(N, S)`` of normalised tiles ``(N, I, Y, X)``: how each looks as a whole."""
        return np.concatenate([self._in_memory(self._maps, tile[None]).style.float().cpu() for tile in tiles])

    def _maps(self, tiles: np.ndarray) -> Maps:
        import torch

        batch = torch.from_numpy(np.ascontiguousarray(tiles, np.float32)).to(self.device)
        batch = batch.contiguous(memory_format=torch.channels_last)
        halved = torch.autocast(self.device, self._half, enabled=self._half is not None)
        with torch.inference_mode(), halved:
            return self._folded.maps(batch)


def _out_of_memory(error: RuntimeError | MemoryError) -> bool:
    """Only CUDA and numpy have an exception of their own for it; torch on CPU and MPS says it in words."""
    if isinstance(error, MemoryError):
        return True
    words = str(error).lower()
    return "out of memory" in words or "can't allocate memory" in words or "not enough memory" in words


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

    A path leads to a model package or to a model that Cellpose 1 to 3 saved, whatever its suffix.

    Raises:
        UserError: there is no such model, its file is damaged, or it is of a kind that is not known.
    """
    network, card = read_model(find_model(name))
    return Model(network, card, device)
