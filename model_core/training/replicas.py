"""One training step spread over the processor's cores: a copy of the net on each."""

from __future__ import annotations

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch

from model_core.networks.net import Net
from model_core.training.batches import Batch

_LEAST = 4  # crops, for the statistics of batch normalisation
_LEAST_FROZEN = 2  # where these do not change
Losses = Callable[[Net, Batch], dict[str, torch.Tensor]]


class Replicas:
    """Copies of a net that share its weights, each computing the gradients of a part of the batch.

    Each works in a thread of its own, mostly on a single core. A net spread over several cores waits at every
    layer for the slowest of them, which on a computer that is also used for something else is most of
    the time; copies wait once a step.

    Each copy normalises its own part of the batch; the running statistics of the first one are kept.
    """

    def __init__(self, network: Net, crops: int, frozen_statistics: bool = False) -> None:
        """``crops``: in a batch, of which each copy gets some. On a GPU there is one copy only."""
        cores = torch.get_num_threads()
        on_cpu = next(network.parameters()).device.type == "cpu"
        count = max(1, min(cores, crops // (_LEAST_FROZEN if frozen_statistics else _LEAST))) if on_cpu else 1
        self.nets = [network, *(copy.deepcopy(network) for _ in range(count - 1))]
        for net in self.nets[1:]:
            for shared, parameter in zip(network.parameters(), net.parameters(), strict=True):
                parameter.data = shared.data
        self._cores = cores // count
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="replica") if count > 1 else None

    def gradients(self, batch: Batch, losses: Losses) -> dict[str, float]:
        """Fills the gradients of the net with the mean over the parts of the batch.

        Args:
            batch: on the device of the net; where it has fewer crops than there are copies, some rest.
            losses: the parts of the loss of a net on a batch; called in other threads.

        Returns:
            The parts of the loss, the mean over the copies.
        """
        parts = batch.split(len(self.nets))

        def work(net: Net, part: Batch) -> dict[str, float]:
            found = losses(net, part)
            net.zero_grad(set_to_none=True)
            torch.stack(list(found.values())).sum().backward()
            return {name: loss.item() for name, loss in found.items()}

        if self._pool is None:
            return work(self.nets[0], parts[0])
        before = torch.get_num_threads()
        torch.set_num_threads(self._cores)  # threads ask for it when they begin, and again in `backward`
        try:
            found = list(self._pool.map(work, self.nets, parts))
        finally:
            torch.set_num_threads(before)
        used = self.nets[: len(parts)]
        mine, *others = ([p.grad for p in net.parameters() if p.grad is not None] for net in used)
        for theirs in others:
            torch._foreach_add_(mine, theirs)
        torch._foreach_div_(mine, len(used))
        return {name: sum(part[name] for part in found) / len(found) for name in found[0]}
