"""A training step on several cores does what one on a single core does."""

import pytest
import torch

from model_core.networks.flow_net import FlowNet, FlowNetOptions
from model_core.networks.net import Net
from model_core.training.batches import Batch
from model_core.training.replicas import Replicas
from model_core.training.trainer import losses

SMALL = FlowNetOptions(widths=(8, 8, 8), depths=(1, 1, 1))


def batch(crops: int, side: int = 32) -> Batch:
    torch.manual_seed(1)
    objects = (torch.rand(crops, side, side) > 0.5).float()
    return Batch(
        torch.randn(crops, 3, side, side),
        torch.randn(crops, 2, side, side),
        objects,
        torch.zeros(crops, side, side),
        torch.ones(crops, side, side),
    )


def losses_of(net: Net, part: Batch) -> dict[str, torch.Tensor]:
    return losses(net.maps(part.pixels), part)


@pytest.mark.parametrize("threads", [1, 3])
def test_gradients_are_the_mean_over_the_parts(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    torch.manual_seed(0)
    network = FlowNet(SMALL).eval()  # statistics of the batch would differ between whole and parts
    replicas = Replicas(network, crops=12)
    assert len(replicas.nets) == threads
    parts = replicas.gradients(batch(12), losses_of)
    found = [p.grad.clone() for p in network.parameters() if p.grad is not None]
    network.zero_grad()
    expected = [losses_of(network, part) for part in batch(12).split(threads)]
    torch.stack([sum(e.values(), torch.zeros(())) for e in expected]).mean().backward()
    wanted = [p.grad for p in network.parameters() if p.grad is not None]
    assert len(found) == len(wanted) > 0
    for mine, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)
    for name, value in parts.items():
        assert value == pytest.approx(sum(e[name].item() for e in expected) / threads, rel=1e-5)


def test_copies_follow_the_weights_and_rest_when_there_is_little_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    network = FlowNet(SMALL)
    replicas = Replicas(network, crops=16)
    assert len(replicas.nets) == 4
    before = torch.get_num_threads()
    with torch.no_grad():
        next(network.parameters()).add_(1)
    for net in replicas.nets:
        torch.testing.assert_close(next(net.parameters()), next(network.parameters()))
    assert replicas.gradients(batch(2), losses_of)["flows"] > 0
    assert torch.get_num_threads() == before
