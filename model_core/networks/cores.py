"""Several nets, or one net on several tiles, each on its share of the processor's cores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

_Item = TypeVar("_Item")
_Found = TypeVar("_Found")


def on_cores(work: Callable[[_Item], _Found], items: Sequence[_Item]) -> list[_Found]:
    """``work`` on each of the items, in their order; as many at once as torch may use threads.

    A net spread over several cores waits at every layer for the slowest of them, which on a computer that is
    also used for something else is most of the time; nets that work side by side wait once. On two free
    cores tiles of 544 px take 0.84 us a pixel so, 1.06 one after the other and 1.51 in one batch.
    """
    cores = torch.get_num_threads()
    count = min(cores, len(items))
    if count <= 1:
        return [work(item) for item in items]
    torch.set_num_threads(cores // count)  # threads ask for it when they begin, and again in `backward`
    try:
        with ThreadPoolExecutor(count, thread_name_prefix="net") as pool:
            return list(pool.map(work, items))
    finally:
        torch.set_num_threads(cores)
