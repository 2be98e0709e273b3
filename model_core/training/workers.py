"""Batches made by other processes, for a GPU that one thread could not keep busy."""

from __future__ import annotations

import os
from collections.abc import Iterator

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from model_core.flows.threads import cores
from model_core.training.batches import Batch, CropSource, make_batch

_AHEAD = 3  # batches that each process has ready


def workers_for(device: str) -> int:
    """Processes that should make the batches: one a core for a GPU, none where the net needs the cores.

    A source of crops cannot be sent to another process, only inherited, which Linux alone does safely.
    """
    if device != "cuda" or not hasattr(os, "sched_getaffinity"):
        return 0
    return max(1, cores() - 1)


class WorkerStream:
    """An endless iterator of batches, made by ``workers`` processes; use it in a `with`."""

    def __init__(self, source: CropSource, crops: int, seed: int, workers: int) -> None:
        loader = DataLoader(
            _Batches(source, crops, seed),
            batch_size=None,
            num_workers=workers,
            prefetch_factor=_AHEAD,
            pin_memory=torch.cuda.is_available(),
            multiprocessing_context="fork",
        )
        threads = cv2.getNumThreads()
        # A fork does not take OpenCV's threads along, but would wait for them: they end before it.
        cv2.setNumThreads(1)
        self._batches: Iterator[Batch] | None = iter(loader)
        cv2.setNumThreads(threads)

    def __next__(self) -> Batch:
        assert self._batches is not None, "the stream is closed"
        return next(self._batches)

    def __iter__(self) -> WorkerStream:
        return self

    def close(self) -> None:
        self._batches = None  # ends the processes

    def __enter__(self) -> WorkerStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Batches(IterableDataset[Batch]):
    def __init__(self, source: CropSource, crops: int, seed: int) -> None:
        self._source, self._crops, self._seed = source, crops, seed

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        number = worker.id if worker else 0
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[number % len(allowed)]})  # so that compiled loops do not spread
        rng = np.random.default_rng([self._seed, number])
        while True:
            yield make_batch(self._source, rng, self._crops).compact()
