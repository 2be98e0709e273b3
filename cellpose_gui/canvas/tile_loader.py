"""Tiles read in threads, the ones wanted last first, and kept as long as there is room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from PyQt6.QtCore import QObject, QThreadPool, pyqtSignal

from model_core.errors import UserError

_THREADS = 2
_MOST_WANTED = 1024  # what was asked for before them is out of view by now


class Tile(NamedTuple):
    """Which square of which level of which plane; `row` and `col` count squares."""

    plane: int
    level: int
    channel: int
    row: int
    col: int


class TileLoader(QObject):
    """Makes tiles by `make(tile, parts)` from those tiles that `parts_of(tile)` names, which come first.

    A tile that can't be read is told once by `failed` and is whatever `blank(tile)` gives.
    """

    arrived = pyqtSignal(object)  # Tile
    failed = pyqtSignal(object)  # UserError

    def __init__(
        self,
        make: Callable[[Tile, list[np.ndarray]], np.ndarray],
        parts_of: Callable[[Tile], list[Tile]],
        blank: Callable[[Tile], np.ndarray],
        room: int,
    ) -> None:
        """`room`: bytes of pixels that are kept; tiles in view must fit, or each would push out another."""
        super().__init__()
        self._room = room
        self._make, self._parts_of, self._blank = make, parts_of, blank
        self._kept: OrderedDict[Tile, np.ndarray] = OrderedDict()  # the one used last is the last
        self._bytes = 0
        self._wanted: OrderedDict[Tile, None] = OrderedDict()  # the next is the last
        self._busy: set[Tile] = set()
        self._threads = 0
        self._told = False
        self._lock = threading.Lock()
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(_THREADS)

    def get(self, tile: Tile) -> np.ndarray | None:
        """The pixels, if they are there."""
        with self._lock:
            pixels = self._kept.get(tile)
            if pixels is not None:
                self._kept.move_to_end(tile)
            return pixels

    def want(self, tiles: Iterable[Tile]) -> None:
        """Read these before all others, the last one first."""
        with self._lock:
            for tile in tiles:
                if tile not in self._kept and tile not in self._busy:
                    self._wanted[tile] = None
                    self._wanted.move_to_end(tile)
            while len(self._wanted) > _MOST_WANTED:
                self._wanted.popitem(last=False)
            more = min(_THREADS, len(self._wanted)) - self._threads
            self._threads += max(0, more)
        for _ in range(more):
            self._pool.start(self._work)

    def forget_wanted(self) -> None:
        """Nobody looks any more at what has not been read yet."""
        with self._lock:
            self._wanted.clear()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            tile, parts = job
            error: UserError | None = None
            try:
                pixels = self._make(tile, parts)
            except UserError as caught:
                error, pixels = caught, self._blank(tile)
            with self._lock:
                self._busy.discard(tile)
                self._keep(tile, pixels)
                tell, self._told = error is not None and not self._told, self._told or error is not None
            if tell:
                self.failed.emit(error)
            self.arrived.emit(tile)

    def _next(self) -> tuple[Tile, list[np.ndarray]] | None:
        """The tile to make now and the parts it is made of; None ends the thread."""
        with self._lock:
            waiting: list[Tile] = []
            job = None
            while job is None and self._wanted:
                tile, _ = self._wanted.popitem()
                if tile in self._kept or tile in self._busy:
                    continue
                parts = [(part, self._kept.get(part)) for part in self._parts_of(tile)]
                missing = [part for part, pixels in parts if pixels is None]
                if not missing:
                    self._busy.add(tile)
                    job = tile, [pixels for _, pixels in parts if pixels is not None]
                elif free := [part for part in missing if part not in self._busy and part not in waiting]:
                    self._wanted[tile] = None
                    self._wanted.update(dict.fromkeys(free))
                    for part in free:
                        self._wanted.move_to_end(part)
                else:  # another thread makes the last parts; it goes on with this tile after that
                    waiting.append(tile)
            for tile in reversed(waiting):
                self._wanted[tile] = None
            if job is None:
                self._threads -= 1
            return job

    def _keep(self, tile: Tile, pixels: np.ndarray) -> None:
        self._kept[tile] = pixels
        self._bytes += pixels.nbytes
        while self._bytes > self._room and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.nbytes
