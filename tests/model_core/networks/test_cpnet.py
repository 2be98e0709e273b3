"""CPnet: weights under Cellpose's names, what it says, and its diameter."""

import math

import numpy as np
import pytest
import torch

from model_core.models.package import ARCHITECTURE
from model_core.networks.cpnet import CPnet, CPnetOptions
from model_core.networks.flow_net import FlowNet

SMALL = CPnetOptions(widths=(4, 6, 8))


@pytest.fixture
def net() -> CPnet:
    torch.manual_seed(0)
    return CPnet(SMALL).eval()


def expected_keys(levels: int) -> set[str]:
    """The layout of a Cellpose checkpoint, spelt out."""
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    keys = {"diam_mean", "diam_labels"}

    def add(prefix: str, convolution: int) -> None:
        keys.update(f"{prefix}.0.{n}" for n in norm)
        keys.update(f"{prefix}.{convolution}.{n}" for n in ("weight", "bias"))

    for level in range(levels):
        down, up = f"downsample.down.res_down_{level}", f"upsample.up.res_up_{level}"
        add(f"{down}.proj", 1)
        add(f"{up}.proj", 1)
        for n in range(4):
            add(f"{down}.conv.conv_{n}", 2)
            add(f"{up}.conv.conv_{n}" + (".conv" if n else ""), 2)
            if n:
                keys.update(f"{up}.conv.conv_{n}.full.{k}" for k in ("weight", "bias"))
    add("output", 2)
    return keys


def test_standard_net_has_the_weights_of_cellpose() -> None:
    with torch.device("meta"):
        net = CPnet()
    state = net.state_dict()
    assert state.keys() == expected_keys(4)
    # Cellpose counts its two diameters among the parameters
    assert sum(p.numel() for p in net.parameters()) + 2 == 6_600_845
    assert state["downsample.down.res_down_3.conv.conv_0.2.weight"].shape == (256, 128, 3, 3)
    assert state["upsample.up.res_up_0.conv.conv_0.2.weight"].shape == (32, 64, 3, 3)
    assert state["upsample.up.res_up_3.conv.conv_1.full.weight"].shape == (256, 256)
    assert state["output.2.weight"].shape == (3, 32, 1, 1)


def test_maps_and_style(net: CPnet) -> None:
    with torch.no_grad():
        maps, style = net(torch.randn(2, 2, 32, 64))
        seen = net.maps(torch.zeros(1, 2, 32, 32))
    assert maps.shape == (2, 3, 32, 64) and style.shape == (2, 8)
    torch.testing.assert_close(style.norm(dim=1), torch.ones(2))
    assert seen.size is None and seen.cellprob.shape == (1, 32, 32)


def test_flows_are_a_fifth_of_the_first_two_maps(net: CPnet) -> None:
    tiles = torch.randn(1, 2, 32, 32)
    with torch.no_grad():
        (maps, style), seen = net(tiles), net.maps(tiles)
    torch.testing.assert_close(seen.flows * 5, maps[:, :2])
    torch.testing.assert_close(seen.cellprob, maps[:, 2])
    torch.testing.assert_close(seen.style, style)


def test_net_for_prediction_says_the_same_and_is_another(net: CPnet) -> None:
    tiles = torch.randn(2, 2, 32, 48)
    fast = net.folded()
    with torch.no_grad():
        for a, b in zip(net(tiles), fast(tiles.contiguous(memory_format=torch.channels_last)), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
    assert not {p.data_ptr() for p in net.parameters()} & {p.data_ptr() for p in fast.parameters()}


def test_every_weight_learns(net: CPnet) -> None:
    maps, _ = net.train()(torch.randn(2, 2, 32, 32))
    maps.square().sum().backward()
    assert [name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


@pytest.mark.parametrize(
    ("given", "inputs", "wanted"),
    [(1, 2, [1, 0]), (2, 2, [1, 2]), (5, 2, [1, 2]), (3, 1, [1]), (2, 4, [1, 2, 0, 0])],
)
def test_channels_keep_their_order(given: int, inputs: int, wanted: list[int]) -> None:
    with torch.device("meta"):
        net = CPnet(CPnetOptions(channels=inputs, widths=(4, 4)))
    pixels = np.arange(1, given + 1, dtype=np.float32).reshape(-1, 1, 1) * np.ones((1, 3, 4), np.float32)
    assert net.arrange(pixels)[:, 0, 0].tolist() == wanted and net.arrange(pixels).dtype == np.float32


def test_diameter_by_the_style(net: CPnet) -> None:
    style = torch.zeros(8)
    style[0] = 1
    net.diam_labels.fill_(22)
    assert net.diameter(style) == 22
    slope, mean = np.linspace(1, 2, 8), np.full(8, 0.1)
    net.add_size_model(slope, mean, 30.0, 0.2)
    assert net.diameter(style) == pytest.approx(
        math.exp(slope @ (style.numpy() - mean) + math.log(30) + 0.2), 1e-5
    )
    net.add_size_model(-10 * slope, mean, 30.0, 0.2)
    assert net.diameter(style) >= 5  # never less, as in Cellpose
    assert net.diameter(torch.full((8,), 1e30)) == 5
    assert net.diameter(style * math.nan) == 22
    assert CPnet(net.options).state_dict().keys() == net.state_dict().keys()
    net.prepare_for(40)
    assert net.diameter(style) == 40 and net.options == SMALL


@pytest.mark.parametrize(
    "stored",
    [
        {"widths": [4, 10**9]},
        {"widths": [4]},
        {"widths": [4] * 7},
        {"widths": [4, -4]},
        {"widths": 4},
        {"channels": 0},
        {"size_model": "yes"},
        {"depth": 3},
    ],
)
def test_impossible_options_are_refused(stored: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        CPnet.from_options(stored)


def test_each_architecture_has_a_name_of_its_own() -> None:
    assert FlowNet.architecture == ARCHITECTURE != CPnet.architecture == "cpnet"
