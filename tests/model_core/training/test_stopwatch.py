"""Time that counts: not that of a pause, nor that of a laptop that slept."""

import threading
import time

import pytest

from model_core.errors import Cancelled
from model_core.training import stopwatch
from model_core.training.stopwatch import Stopwatch


def test_a_laptop_that_slept_has_not_trained_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(stopwatch.time, "monotonic", lambda: now[0])
    watch = Stopwatch(seconds=5.0)
    now[0] += 12
    assert watch.seconds == 17
    now[0] += 8 * 3600  # shut for the night
    assert watch.seconds == 17 + 30  # a step may take as long
    now[0] += 1
    watch.go_on()
    assert watch.seconds == 17 + 31


def test_several_threads_wait_together_and_none_of_it_counts() -> None:
    paused = threading.Event()
    paused.set()
    watch = Stopwatch(pause=paused.is_set)
    threads = [threading.Thread(target=watch.go_on) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    assert all(thread.is_alive() for thread in threads)
    paused.clear()
    for thread in threads:
        thread.join(5)
    assert not any(thread.is_alive() for thread in threads)
    assert watch.seconds < 0.2


def test_stopping_counts_more_than_a_pause() -> None:
    watch = Stopwatch(cancel=lambda: True, pause=lambda: True)
    assert watch.stopping()
    with pytest.raises(Cancelled):
        watch.go_on()
