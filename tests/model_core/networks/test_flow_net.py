"""The net: shapes, folding for prediction, and options that come from a file."""

import pytest
import torch

from model_core.networks.flow_net import STRIDE, FlowNet, FlowNetOptions, folded

SMALL = FlowNetOptions(widths=(8, 12, 16), depths=(1, 2, 1))


@pytest.fixture
def net() -> FlowNet:
    """A small net whose batch normalisation has seen data, as after training."""
    torch.manual_seed(0)
    network = FlowNet(SMALL)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 2)
            torch.nn.init.normal_(module.bias)
            module.running_mean.normal_()
            module.running_var.uniform_(0.3, 3)
    return network.eval()


@pytest.mark.parametrize(("count", "height", "width"), [(1, 32, 32), (2, 64, 96), (3, 32, 160)])
def test_maps_have_the_size_of_the_tiles(net: FlowNet, count: int, height: int, width: int) -> None:
    maps = net(torch.zeros(count, 3, height, width))
    assert maps.flows.shape == (count, 2, height, width)
    assert maps.cellprob.shape == maps.size.shape == (count, height, width)
    torch.testing.assert_close(maps.style.norm(dim=1), torch.ones(count))


def test_default_net_takes_tiles_of_one_stride() -> None:
    assert FlowNet().eval()(torch.zeros(1, 3, STRIDE, STRIDE)).cellprob.shape == (1, STRIDE, STRIDE)


def test_folded_net_says_the_same(net: FlowNet) -> None:
    tiles = torch.randn(2, 3, 64, 96)
    with torch.no_grad():
        plain, fast = net(tiles), folded(net)(tiles.contiguous(memory_format=torch.channels_last))
    for a, b in zip(plain, fast, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


def test_folded_net_is_another_net_in_channels_last(net: FlowNet) -> None:
    before = {key: value.clone() for key, value in net.state_dict().items()}
    fast = folded(net)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in fast.modules())
    kernels = [p for p in fast.parameters() if p.ndim == 4 and p.shape[2] == 3]
    assert kernels and all(k.is_contiguous(memory_format=torch.channels_last) for k in kernels)
    for key, value in net.state_dict().items():
        torch.testing.assert_close(value, before[key], rtol=0, atol=0)


def test_every_weight_learns(net: FlowNet) -> None:
    maps = net.train()(torch.randn(2, 3, 64, 64))
    (maps.flows.square().sum() + maps.cellprob.square().sum() + maps.size.square().sum()).backward()
    idle = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert idle == []


def test_options_survive_a_file() -> None:
    stored = {"channels": 3, "widths": [8, 12, 16], "depths": [1, 2, 1]}
    assert FlowNetOptions.from_dict(stored) == SMALL
    assert FlowNetOptions.from_dict(SMALL.as_dict()) == SMALL


@pytest.mark.parametrize(
    "stored",
    [
        {"widths": [8, 8], "depths": [1, 10**9]},
        {"widths": [8, 10**12], "depths": [1, 1]},
        {"widths": [8, 8, 8], "depths": [1, 1]},
        {"widths": [8] * 50, "depths": [1] * 50},
        {"widths": [8, -1], "depths": [1, 1]},
        {"widths": ["8", 8], "depths": [1, 1]},
        {"widths": 8},
        {"channels": None},
        {"layers": 3},
    ],
)
def test_impossible_options_are_refused(stored: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        FlowNetOptions.from_dict(stored)
