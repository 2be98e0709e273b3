"""Batches made in a thread beside the training, so that the net never waits for data."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from model_core.flows.targets import labels_to_flows
from model_core.training.augment import Arrange, Crop, random_crop
from model_core.training.dataset import LabelledPlane, sampling_weights

SIDES = (160, 192, 224, 256, 320)  # px of the crops; one side a batch, about the same number of pixels each
CropSource = Callable[[np.random.Generator, int], Crop]


@dataclass(frozen=True, eq=False)
class Batch:
    """pixels (N, I, S, S) for I inputs; flows (N, 2, S, S); objects, size, valid (N, S, S), all float32."""

    pixels: torch.Tensor
    flows: torch.Tensor
    objects: torch.Tensor
    size: torch.Tensor
    valid: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        """On this device, as float32."""
        moved = (tensor.to(device, non_blocking=True) for tensor in self._tensors())
        return Batch(*(tensor.float() for tensor in moved))

    def compact(self) -> Batch:
        """With half the bytes or fewer, for the way from one process to another and to the GPU."""
        return Batch(
            self.pixels.half(), self.flows.half(), self.objects.bool(), self.size.half(), self.valid.bool()
        )

    def pin_memory(self) -> Batch:
        """In memory that a GPU reads while the processor goes on; `DataLoader` calls it by this name."""
        return Batch(*(tensor.pin_memory() for tensor in self._tensors()))

    def split(self, parts: int) -> list[Batch]:
        """At most so many batches, each of about the same number of crops."""
        columns = (tensor.tensor_split(min(parts, len(self.pixels))) for tensor in self._tensors())
        return [Batch(*tensors) for tensors in zip(*columns, strict=True)]

    def _tensors(self) -> tuple[torch.Tensor, ...]:
        return self.pixels, self.flows, self.objects, self.size, self.valid


def crops_of_planes(
    planes: Sequence[LabelledPlane],
    diameter: float,
    arrange: Arrange | None = None,
    set_weights: Mapping[str, float] | None = None,
) -> CropSource:
    """Random crops of planes, drawn with their sampling weights."""
    weights = np.cumsum(sampling_weights(list(planes), set_weights))

    def draw(rng: np.random.Generator, side: int) -> Crop:
        plane = planes[min(int(np.searchsorted(weights, rng.random())), len(planes) - 1)]
        return random_crop(plane, rng, side, diameter, arrange)

    return draw


def mixed(sources: Sequence[CropSource], shares: Sequence[float]) -> CropSource:
    """Each crop from one of several sources, with these probabilities."""
    edges = np.cumsum(shares) / np.sum(shares)

    def draw(rng: np.random.Generator, side: int) -> Crop:
        return sources[min(int(np.searchsorted(edges, rng.random())), len(sources) - 1)](rng, side)

    return draw


def make_batch(
    source: CropSource, rng: np.random.Generator, crops: int, sides: Sequence[int] | None = None
) -> Batch:
    """About ``crops`` crops of 224 px, or as many pixels in crops of another of the ``sides`` (`SIDES`)."""
    side = int(rng.choice(sides or SIDES))
    count = max(2, round(crops * 224**2 / side**2))
    drawn = [source(rng, side) for _ in range(count)]
    flows = np.stack([labels_to_flows(crop.labels) for crop in drawn])
    tensors = (
        np.stack([crop.pixels for crop in drawn]),
        flows,
        np.stack([(crop.labels > 0).astype(np.float32) for crop in drawn]),
        np.stack([crop.size for crop in drawn]),
        np.stack([crop.valid for crop in drawn]),
    )
    return Batch(*(torch.from_numpy(t) for t in tensors))


class BatchStream:
    """An endless iterator of batches, a few of them made ahead; close it, or use it in a `with`."""

    def __init__(
        self, source: CropSource, crops: int, seed: int, sides: Sequence[int] | None = None, ahead: int = 4
    ) -> None:
        self._source, self._crops, self._sides = source, crops, sides
        self._rng = np.random.default_rng(seed)
        self._ready: queue.Queue[Batch | BaseException] = queue.Queue(ahead)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._fill, name="batches", daemon=True)
        self._thread.start()

    def _fill(self) -> None:
        item: Batch | BaseException
        while not self._stopped.is_set():
            try:
                item = make_batch(self._source, self._rng, self._crops, self._sides)
            except BaseException as error:  # handed to the consumer, which raises it
                item = error
            while not self._stopped.is_set():
                try:
                    self._ready.put(item, timeout=0.2)
                    break
                except queue.Full:
                    continue
            if isinstance(item, BaseException):
                return

    def __next__(self) -> Batch:
        item = self._ready.get()
        if isinstance(item, BaseException):
            raise item
        return item

    def __iter__(self) -> BatchStream:
        return self

    def close(self) -> None:
        self._stopped.set()
        self._thread.join()

    def __enter__(self) -> BatchStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
