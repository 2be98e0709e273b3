"""A step of a net stops in its midst."""

from pathlib import Path

import numpy as np
import pytest
import torch
from drawings import balls

from model_core.errors import Cancelled
from model_core.flows.targets import labels_to_flows
from model_core.models.package import read_network
from model_core.training.batches import Batch
from model_core.training.trainer import Trainer, TrainingOptions


@pytest.fixture
def batch() -> Batch:
    labels = balls((64, 64), [(20, 20), (40, 44)], 9)
    seen = torch.rand(2, 3, 64, 64)
    flows = torch.from_numpy(np.stack([labels_to_flows(labels)] * 2))
    objects = torch.from_numpy(np.stack([labels > 0] * 2)).float()
    return Batch(seen, flows, objects, 0 * objects, torch.ones_like(objects))


def trainer(path: Path, stop_at: int | None, asked: list[int]) -> Trainer:
    def ask() -> None:
        asked.append(len(asked))
        if len(asked) == stop_at:
            raise Cancelled

    network, _ = read_network(path)
    return Trainer(network, TrainingOptions(steps=1, crops=2), "cpu", ask)


def test_it_is_asked_at_every_layer_there_and_back(tiny_model_file: Path, batch: Batch) -> None:
    asked: list[int] = []
    whole = trainer(tiny_model_file, None, asked)
    whole.step(batch)
    layers = sum(isinstance(module, torch.nn.Conv2d) for module in whole.network.modules())
    assert len(asked) == 2 * layers
    for at in (1, layers + 2):  # on the way there, on the way back
        asked.clear()
        stopped = trainer(tiny_model_file, at, asked)
        before = {key: value.clone() for key, value in stopped.network.state_dict().items()}
        with pytest.raises(Cancelled):
            stopped.step(batch)
        after = stopped.network.named_parameters()
        assert all(torch.equal(before[key], value) for key, value in after)
        stopped.step(batch)  # and goes on afterwards
