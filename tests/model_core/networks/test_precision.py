"""Half the bits where the processor multiplies them itself, and nowhere else."""

from pathlib import Path

import numpy as np
import pytest
import torch

from model_core.models.model import load_model
from model_core.networks.cpnet import CPnet, CPnetOptions
from model_core.networks.flow_net import FlowNet, FlowNetOptions
from model_core.networks.precision import bfloat16_pays, predicting_dtype


@pytest.mark.parametrize("pays", [True, False])
def test_only_nets_that_allow_it_predict_with_half_the_bits(
    monkeypatch: pytest.MonkeyPatch, pays: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: pays, raising=False)
    small = FlowNet(FlowNetOptions(widths=(4, 4), depths=(1, 1)))
    assert predicting_dtype(small, "cpu") == (torch.bfloat16 if pays else None)
    assert predicting_dtype(small, "cuda") == torch.float16
    assert predicting_dtype(small, "mps") is None
    for device in ("cpu", "cuda", "mps"):  # as Cellpose computes them, to the last digits
        assert predicting_dtype(CPnet(CPnetOptions(widths=(4, 4))), device) is None


def test_a_torch_that_does_not_tell_computes_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported", raising=False)
    assert not bfloat16_pays("cpu") and not bfloat16_pays("mps")


def test_half_the_bits_say_nearly_the_same(tiny_model_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiles = np.random.default_rng(0).normal(size=(2, 3, 64, 96)).astype(np.float32)
    maps = {}
    for pays in (True, False):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda pays=pays: pays, raising=False)
        model = load_model(tiny_model_file, "cpu")
        maps[pays] = model.predict(tiles)
        kernels = {p.dtype for p in model._folded.parameters()}
        assert kernels == {torch.bfloat16 if pays else torch.float32}
        assert all(p.dtype == torch.float32 for p in model.network.parameters()), "the stored net is whole"
    assert maps[True].dtype == np.float32
    difference = np.abs(maps[True] - maps[False]).max()
    assert 0 < difference < 0.03 * np.abs(maps[False]).max()
