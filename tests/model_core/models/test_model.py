"""Models by name, devices, and what happens when memory runs out."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from model_core.errors import UserError
from model_core.models import registry
from model_core.models.model import Model, choose_device, load_model


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A folder of bundled models and one of the user, both empty."""
    bundled, mine = tmp_path / "bundled", tmp_path / "mine"
    bundled.mkdir()
    mine.mkdir()
    monkeypatch.setattr(registry, "bundled_folder", lambda: bundled)
    monkeypatch.setattr(registry, "user_folder", lambda: mine)
    return bundled, mine


def test_names_and_places(folders: tuple[Path, Path], tiny_model_file: Path) -> None:
    bundled, mine = folders
    for folder, name in ((bundled, "generalist"), (bundled, "algae"), (mine, "my cells"), (mine, "algae")):
        shutil.copy(tiny_model_file, folder / f"{name}.safetensors")
    assert registry.model_names() == ["generalist", "algae", "my cells"]
    assert registry.find_model() == bundled / "generalist.safetensors"
    assert registry.find_model("algae") == mine / "algae.safetensors"  # one's own comes first
    assert registry.find_model(tiny_model_file) == tiny_model_file
    assert load_model("my cells").card.name == "tiny"


def test_unknown_models(folders: tuple[Path, Path], tiny_model_file: Path, tmp_path: Path) -> None:
    shutil.copy(tiny_model_file, folders[0] / "algae.safetensors")
    with pytest.raises(UserError, match=r"“yeast”.*algae"):
        registry.find_model("yeast")
    with pytest.raises(UserError, match="does not exist"):
        registry.find_model(tmp_path / "no.safetensors")
    shutil.rmtree(folders[0])
    assert registry.model_names() == []
    with pytest.raises(UserError, match="none"):
        load_model()


def test_devices() -> None:
    assert choose_device("cpu") == "cpu"
    assert choose_device() in ("cpu", "cuda", "mps")
    with pytest.raises(UserError, match="no device “abacus”"):
        choose_device("abacus")


def test_predict_gives_four_maps(tiny_model_file: Path) -> None:
    model = load_model(tiny_model_file, "cpu")
    tiles = np.random.default_rng(0).normal(size=(3, 3, 64, 32)).astype(np.float32)
    maps = model.predict(tiles)
    assert maps.shape == (3, 4, 64, 32) and maps.dtype == np.float32
    np.testing.assert_allclose(model.predict(tiles[1:2])[0], maps[1], atol=1e-4)
    assert model.id == "tiny 2020-01-01" and model.diameter == 30


@pytest.mark.parametrize(
    "error",
    [
        torch.cuda.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_smaller_batches_when_memory_runs_out(
    tiny_model_file: Path, monkeypatch: pytest.MonkeyPatch, error: RuntimeError
) -> None:
    model = load_model(tiny_model_file, "cpu")
    tiles = np.zeros((5, 3, 32, 32), np.float32)
    wanted = model.predict(tiles)
    whole = model._predict

    def short_of_memory(batch: np.ndarray) -> np.ndarray:
        if len(batch) > 2:
            raise error
        return whole(batch)

    monkeypatch.setattr(model, "_predict", short_of_memory)
    np.testing.assert_allclose(model.predict(tiles), wanted, atol=1e-5)


def failing(error: Exception) -> Model:
    model = Model.__new__(Model)
    model.device = "cpu"

    def fail(_: np.ndarray) -> np.ndarray:
        raise error

    model._predict = fail  # type: ignore[method-assign]
    return model


def test_no_memory_at_all_and_other_errors() -> None:
    with pytest.raises(MemoryError):
        failing(RuntimeError("out of memory")).predict(np.zeros((2, 3, 32, 32), np.float32))
    with pytest.raises(RuntimeError, match="size mismatch"):
        failing(RuntimeError("size mismatch")).predict(np.zeros((2, 3, 32, 32), np.float32))
