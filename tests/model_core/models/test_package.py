"""Model packages: the card comes back, and no file can do harm."""

import errno
import json
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from model_core.errors import UserError
from model_core.models.package import Card, read_card, read_network, save_package
from model_core.networks.flow_net import FlowNet, FlowNetOptions

OPTIONS = FlowNetOptions(widths=(8, 8), depths=(1, 1))


def with_header(path: Path, header: object) -> Path:
    """A safetensors file with any header and no weights."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    return path


def with_card(path: Path, **card: object) -> Path:
    return with_header(path, {"__metadata__": {"card": json.dumps({"name": "x"} | card)}})


def test_card_and_weights_come_back(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = FlowNet(OPTIONS)
    card = Card(
        "Zellkerne 核",
        options=OPTIONS.as_dict(),
        diameter=17.5,
        data=[{"name": "a", "objects": 3}],
        scores={"mean": {"ap50": 0.8}},
        calibration=[[0.0, 0.0], [0.6, 0.5], [1.0, 0.97]],
        parent="generalist",
        date="2024-05-06",
    )
    path = tmp_path / "my model.safetensors"
    save_package(path, network, card)
    assert read_card(path).data == card.data and read_card(path).name == card.name
    assert read_card(path).calibration == card.calibration
    again, card_again = read_network(path)
    assert not again.training and card_again.diameter == 17.5
    assert again.options == OPTIONS
    for (name, a), b in zip(network.state_dict().items(), again.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, rtol=2e-3, atol=1e-4, msg=name)
        assert b.dtype == a.dtype and b.device.type == "cpu"


def test_a_full_disk_leaves_the_old_package(
    tmp_path: Path, tiny_model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(tiny_model_file.read_bytes())

    def fill_disk(tensors: object, target: Path, metadata: object) -> None:
        Path(target).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", fill_disk)
    with pytest.raises(UserError, match="disk is full"):
        save_package(path, FlowNet(OPTIONS), Card("x"))
    assert path.read_bytes() == tiny_model_file.read_bytes()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"abc",
        b"just some text that is no model at all",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 10**15) + b"{}" * 100,
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 6) + b"[1, 2]",
        struct.pack("<Q", 200_000) + b"[" * 200_000,
    ],
    ids=["empty", "short", "text", "endless", "huge", "no card", "list", "nested"],
)
def test_what_is_no_package_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    for read in (read_card, read_network):
        with pytest.raises(UserError, match=r"bad\.safetensors.*not a model package"):
            read(path)


def test_cards_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.safetensors"
    for header in ({"__metadata__": {"card": "[1]"}}, {"__metadata__": {"card": "{}"}}, {"__metadata__": 3}):
        with pytest.raises(UserError, match="bad"):
            read_card(with_header(path, header))
    for wrong in (
        {"diameter": 0},
        {"diameter": "30"},
        {"diameter": float("nan")},
        {"diameter": -5},
        {"name": 7},
        {"data": "all"},
        {"options": []},
        {"calibration": 3},
        {"calibration": [[0, 0], [1]]},
        {"calibration": [[0, 0], ["1", 1]]},
        {"calibration": [[0, 0], [1, 1.5]]},
        {"calibration": [[0, 0], [float("nan"), 1]]},
        {"calibration": [[0, 0.5], [1, 0.2]]},
        {"calibration": [[0.5, 0], [0.5, 1]]},
        {"calibration": [[n / 1000, 0] for n in range(1000)]},
    ):
        with pytest.raises(UserError, match="bad"):
            read_card(with_card(path, **wrong))


def test_packages_without_a_calibration_are_read(tmp_path: Path) -> None:
    assert read_card(with_card(tmp_path / "m.safetensors")).calibration == []


def test_fields_of_a_later_version_are_left_aside(tmp_path: Path) -> None:
    assert read_card(with_card(tmp_path / "m.safetensors", colour="green")).name == "x"


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.999])
def test_truncated_package(tmp_path: Path, tiny_model_file: Path, keep: float) -> None:
    whole = tiny_model_file.read_bytes()
    path = tmp_path / "cut.safetensors"
    path.write_bytes(whole[: int(keep * len(whole))])
    with pytest.raises(UserError, match=r"cut\.safetensors"):
        read_network(path)


def test_other_architectures_and_weights_that_do_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_package(path, FlowNet(OPTIONS), Card("x", architecture="transformer-9", options=OPTIONS.as_dict()))
    with pytest.raises(UserError, match="transformer-9"):
        read_network(path)
    wider = FlowNetOptions(widths=(8, 16), depths=(1, 1))
    save_package(path, FlowNet(OPTIONS), Card("x", options=wider.as_dict()))
    with pytest.raises(UserError, match="do not fit"):
        read_network(path)
    save_package(path, FlowNet(OPTIONS), Card("x", options={"widths": [8, 8], "depths": [1, 10**9]}))
    with pytest.raises(UserError, match="do not fit"):
        read_network(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        read_card(tmp_path / "no.safetensors")
    with pytest.raises(UserError, match="cannot be read"):
        read_card(tmp_path)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    """A file of torch.save can run code; it must not even be tried."""
    path = tmp_path / "evil.safetensors"
    torch.save({"weights": np.zeros(3)}, path)
    with pytest.raises(UserError, match="not a model package"):
        read_network(path)


def test_variances_larger_than_float16_are_kept(tmp_path: Path) -> None:
    network = FlowNet(FlowNetOptions(widths=(8, 8), depths=(1, 1)))
    network.state_dict()["stem.1.running_var"][0] = 1e6
    save_package(tmp_path / "m.safetensors", network, Card("m", options=network.options.as_dict()))
    stored, _ = read_network(tmp_path / "m.safetensors")
    assert stored.state_dict()["stem.1.running_var"][0] == 1e6
