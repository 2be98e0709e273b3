"""One training step spread over the processor's cores: a copy of the net on each."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch

from model_core.networks.cores import on_cores
from model_core.networks.net import Net
from model_core.training.batches import Batch

_LEAST = 4  # crops, for the statistics of batch normalisation
_LEAST_FROZEN = 1  # where these do not change
Losses = Callable[[Net, Batch], dict[str, torch.Tensor]]


class Replicas:
    """Copies of a net that share its weights, each computing the gradients of a part of the batch.

    Each normalises its own part; the running statistics of the first one are kept.
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

    def gradients(self, batch: Batch, losses: Losses) -> dict[str, float]:
        """Fills the gradients of the net with the mean over the parts of the batch.

        Args:
            batch: on the device of the net; where it has fewer crops than there are copies, some rest.
            losses: the parts of the loss of a net on a batch; called in other threads.

        Returns:
            The parts of the loss, the mean over the copies.
        """
        parts = batch.split(len(self.nets))

        def work(pair: tuple[Net, Batch]) -> dict[str, float]:
            net, part = pair
            found = losses(net, part)
            net.zero_grad(set_to_none=True)
            torch.stack(list(found.values())).sum().backward()
            return {name: loss.item() for name, loss in found.items()}

        found = on_cores(work, list(zip(self.nets, parts, strict=False)))
        used = self.nets[: len(parts)]
        mine, *others = ([p.grad for p in net.parameters() if p.grad is not None] for net in used)
        for theirs in others:
            torch._foreach_add_(mine, theirs)
        torch._foreach_div_(mine, len(used))
        return {name: sum(part[name] for part in found) / len(found) for name in found[0]}
