"""Compiled loops spread over the processor's cores."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise

_CHUNKS_A_CORE = 4


def cores() -> int:
    """Processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


@cache
def _pool(process: int) -> ThreadPoolExecutor:
    """Of a process: a fork inherits the pool but not its threads."""
    return ThreadPoolExecutor(cores(), thread_name_prefix="loops")


def in_threads(work: Callable[[int, int], None], count: int) -> None:
    """Calls ``work(first, last)`` on chunks of ``range(count)``, at once on all cores.

    The work must release the GIL (numba's ``nogil``). Numba's own parallel loops are not used: some of
    its thread layers abort the process when two threads enter them, as a run and a training would.
    """
    available = cores()
    chunks = min(count, available * _CHUNKS_A_CORE)
    if chunks <= 1 or available == 1:
        if count:
            work(0, count)
        return
    edges = [count * n // chunks for n in range(chunks + 1)]
    for done in [_pool(os.getpid()).submit(work, a, b) for a, b in pairwise(edges)]:
        done.result()
