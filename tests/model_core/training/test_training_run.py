"""A training from folders to a model file, and requests that cannot be met."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from folders import four_discs, write_pair

from model_core.errors import UserError
from model_core.formats.pairs import find_pairs
from model_core.models.package import read_card
from model_core.networks.flow_net import FlowNet, FlowNetOptions
from model_core.training import batches, training_run
from model_core.training.dataset import load_planes, sampling_weights
from model_core.training.training_run import TrainingRequest, train_model


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "SIDES", (64, 96))
    monkeypatch.setattr(
        training_run, "FlowNet", lambda _: FlowNet(FlowNetOptions(widths=(8, 8), depths=(1, 1)))
    )


@pytest.fixture
def request_(tmp_path: Path) -> TrainingRequest:
    write_pair(tmp_path / "discs" / "train", "one", four_discs())
    write_pair(tmp_path / "discs" / "train", "two", four_discs()[:, ::-1])
    return TrainingRequest([tmp_path / "discs"], tmp_path / "m.safetensors", epochs=4)


def test_train_and_resume(request_: TrainingRequest) -> None:
    said: list[str] = []
    card = train_model(request_, said.append)
    stored = read_card(request_.target)
    assert stored.data == card.data
    assert stored.data[0]["name"] == "discs" and stored.data[0]["objects"] == 8
    assert stored.recipe["steps"] == 1 and any("2 labelled images" in line for line in said)
    train_model(replace(request_, resume=True), said.append)
    assert read_card(request_.target).recipe["steps"] == 2


def test_start_from_a_model(request_: TrainingRequest, tiny_model_file: Path) -> None:
    train_model(replace(request_, start=str(tiny_model_file)))
    card = read_card(request_.target)
    assert card.parent == "tiny" and card.options["widths"] == [8, 8, 8] and card.name == "m"


def test_requests_that_cannot_be_met(request_: TrainingRequest, tmp_path: Path) -> None:
    taken = tmp_path / "taken.safetensors"
    taken.write_bytes(b"precious")
    for change, words in (
        ({"target": taken}, "exists already"),
        ({"target": tmp_path / "m.pth"}, "must end in"),
        ({"minutes": 1.0}, "either"),
        ({"epochs": None}, "either"),
        ({"rendered": 2.0}, "between 0 and 1"),
        ({"data": [tmp_path / "nothing"]}, "not a folder"),
        ({"split": "val"}, "no pairs"),
        ({"start": "nobody"}, "no model called"),
        ({"resume": True}, "no training to resume"),
    ):
        with pytest.raises(UserError, match=words):
            train_model(replace(request_, **change))
    assert taken.read_bytes() == b"precious" and not request_.target.exists()


def test_images_without_objects_or_of_another_size(tmp_path: Path) -> None:
    request = TrainingRequest([tmp_path / "d"], tmp_path / "m.safetensors", epochs=1)
    write_pair(tmp_path / "d", "empty", np.zeros((50, 50)), np.ones((50, 50), np.uint8))
    with pytest.raises(UserError, match="nothing to learn from"):
        train_model(request)
    write_pair(tmp_path / "d", "odd", four_discs(), np.zeros((60, 70), np.uint8))
    with pytest.raises(UserError, match=r"odd_img.*differ in size"):
        train_model(request)


def test_interrupted_training_is_saved(request_: TrainingRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(training_run.Trainer, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_model(request_)
    assert read_card(request_.target).name == "m"


def test_planes_of_volumes_and_their_weights(tmp_path: Path) -> None:
    volume = np.zeros((20, 40, 50), np.int32)
    volume[5:15, 10:30, 10:30] = 7
    write_pair(tmp_path / "deep", "v", volume)
    write_pair(tmp_path / "flat", "a", four_discs())
    write_pair(tmp_path / "flat", "b", four_discs())
    planes = load_planes(find_pairs(tmp_path / "deep") + find_pairs(tmp_path / "flat"))
    deep = [plane for plane in planes if plane.dataset == "deep"]
    assert {plane.labels.shape for plane in deep} == {(40, 50), (20, 50), (20, 40)}
    assert deep[0].diameter == pytest.approx(2 * np.sqrt(400 / np.pi), rel=0.01)
    for plane in planes:
        assert plane.pixels.shape[1:] == plane.labels.shape
        assert (plane.pixels[0] > 500).sum() == (plane.labels > 0).sum()
    weights = sampling_weights(planes)
    assert weights.sum() == pytest.approx(1) and weights.min() > 0
    assert weights[-1] == pytest.approx(weights[-2])


def test_wild_numbers_in_masks(tmp_path: Path) -> None:
    import tifffile

    labels = four_discs().astype(np.uint32)
    labels[labels == 3] = 4_294_967_295
    write_pair(tmp_path / "d", "a", four_discs())
    tifffile.imwrite(tmp_path / "d" / "a_masks.tif", labels)
    (plane,) = load_planes(find_pairs(tmp_path / "d"))
    assert np.count_nonzero(plane.areas[1:]) == 4 and len(plane.areas) < 10


def test_sets_weigh_as_the_catalogue_says(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_pair(tmp_path / name, "x", four_discs())
    planes = load_planes(find_pairs(tmp_path))
    assert sampling_weights(planes, {"a": 2.0, "b": 0.0}) == pytest.approx([2 / 3, 0, 1 / 3])
    with pytest.raises(UserError, match="weight 0"):
        sampling_weights(planes, dict.fromkeys("abc", 0.0))
