"""Models for tests: one that sees bright shapes perfectly, and a tiny one with weights by chance."""

from pathlib import Path

import pytest
from drawings import SeeingModel


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
