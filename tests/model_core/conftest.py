"""Models for tests: one that sees bright shapes perfectly, and a tiny one with weights by chance."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from drawings import SeeingModel


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small tensors are slower on several threads, above all when the cores are busy."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def seeing_model() -> SeeingModel:
    return SeeingModel()


@pytest.fixture(scope="session")
def tiny_model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole model package of a net that has learned nothing."""
    import torch

    from model_core.models.package import Card, save_package
    from model_core.networks.flow_net import FlowNet, FlowNetOptions

    torch.manual_seed(0)
    options = FlowNetOptions(widths=(8, 8, 8), depths=(1, 1, 1))
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    save_package(path, FlowNet(options), Card("tiny", options=options.as_dict(), date="2020-01-01"))
    return path
