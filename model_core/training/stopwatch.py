"""How long something has worked, without the pauses; and whether it should pause or stop now."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from model_core.errors import Cancelled

_LONGEST_STEP = 30.0  # s; a longer one is a computer that slept
_NAP = 0.05


class Stopwatch:
    """Counts active seconds from ``seconds`` on."""

    def __init__(
        self,
        cancel: Callable[[], bool] | None = None,
        pause: Callable[[], bool] | None = None,
        seconds: float = 0.0,
        paused: Callable[[], None] | None = None,
    ) -> None:
        """``paused`` is called again and again while a pause lasts."""
        self._cancel, self._pause, self._paused = cancel, pause, paused
        self._seconds = seconds
        self._last = time.monotonic()
        self._asking = threading.Lock()

    @property
    def seconds(self) -> float:
        now = time.monotonic()
        self._seconds += min(now - self._last, _LONGEST_STEP)
        self._last = now
        return self._seconds

    def go_on(self) -> None:
        """Returns when there is no pause any more; any thread may ask. Cancelled: it was asked for."""
        with self._asking:
            counted = self.seconds
            while True:
                if self._cancel and self._cancel():
                    raise Cancelled
                if not (self._pause and self._pause()):
                    break
                if self._paused:
                    self._paused()
                time.sleep(_NAP)
                self._seconds, self._last = counted, time.monotonic()

    def stopping(self) -> bool:
        """Whether to stop, after any pause: for those who ask by a `Cancel`."""
        try:
            self.go_on()
        except Cancelled:
            return True
        return False
