"""Training: it learns, resumes, saves, and stops when it must."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from model_core.errors import Cancelled, UserError
from model_core.models.package import Card, read_card, read_network
from model_core.networks.flow_net import FlowNet, FlowNetOptions
from model_core.networks.net import Maps
from model_core.training import batches
from model_core.training.augment import Crop
from model_core.training.batches import Batch, BatchStream, CropSource, crops_of_planes, make_batch
from model_core.training.dataset import labelled_plane
from model_core.training.rendered import render
from model_core.training.trainer import Trainer, TrainingOptions, losses, resume_path
from model_core.training.workers import WorkerStream

OPTIONS = FlowNetOptions(widths=(8, 16, 16), depths=(1, 1, 1))


@pytest.fixture(autouse=True)
def small_and_repeatable(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    monkeypatch.setattr(batches, "SIDES", (128,))


@pytest.fixture(scope="module")
def source() -> CropSource:
    """Crops of one rendered picture."""
    picture = render("yeast", np.random.default_rng(2), (160, 160), 26.0)
    ranges = [(float(c.min()), float(c.max())) for c in picture.image]
    return crops_of_planes([labelled_plane("s", "n", picture.image, ranges, picture.labels, 26.0)], 30.0)


def trainer(steps: int = 4, **options: object) -> Trainer:
    chosen = {"steps": steps, "crops": 1, "warmup": 5, "learning_rate": 4e-3} | options
    return Trainer(FlowNet(OPTIONS), TrainingOptions(**chosen))  # type: ignore[arg-type]


def loss_of(network: FlowNet, source: CropSource) -> dict[str, float]:
    batch = make_batch(source, np.random.default_rng(99), 4)
    with torch.no_grad():
        return {name: part.item() for name, part in losses(network.eval()(batch.pixels), batch).items()}


def test_a_short_run_learns_one_picture(source: CropSource) -> None:
    run = trainer(steps=140)
    before = loss_of(run.average, source)
    run.run(source)
    after = loss_of(run.average, source)
    assert sum(after.values()) < 0.7 * sum(before.values())
    assert after["cellprob"] < 0.8 * before["cellprob"]
    assert after["flows"] < 0.85 * before["flows"]
    assert run.progress.step == 140 and run.progress.crops == 420


def test_perfect_maps_cost_nothing_and_the_border_counts_for_nothing(source: CropSource) -> None:
    from model_core.networks.flow_net import Maps

    batch = make_batch(source, np.random.default_rng(0), 2)
    perfect = Maps(batch.flows, (batch.objects * 2 - 1) * 30, batch.size, torch.zeros(1))
    assert sum(part.item() for part in losses(perfect, batch).values()) < 1e-6
    outside = batch.valid == 0
    assert outside.any()
    spoilt = Maps(
        torch.where(outside[:, None], 9.0, perfect.flows),
        torch.where(outside, 9.0, perfect.cellprob),
        torch.where(outside, 9.0, perfect.size),
        perfect.style,
    )
    assert sum(part.item() for part in losses(spoilt, batch).values()) < 1e-6


def test_scarce_background_counts_as_much_as_the_objects() -> None:
    objects, valid = torch.zeros(2, 8, 8), torch.ones(2, 8, 8)
    objects[0, 1:], objects[1, :2] = 1, 1  # 56 pixels of objects on 8 of background, 16 on 48
    nothing = torch.zeros(2, 2, 8, 8)
    batch = Batch(nothing, nothing, objects, 0 * objects, valid)
    sure = Maps(nothing, torch.full((2, 8, 8), 3.0), 0 * objects, nothing)  # all is taken for objects
    plain, balanced, at_most = (losses(sure, batch, n)["cellprob"].item() for n in (1.0, 8.0, 2.0))
    right, wrong = F.softplus(torch.tensor([-3.0, 3.0])).tolist()
    assert plain == pytest.approx((72 * right + 56 * wrong) / 128)
    assert balanced == pytest.approx((72 * right + (56 + 48) * wrong) / 176, rel=1e-5)
    assert at_most == pytest.approx((72 * right + (16 + 48) * wrong) / 136, rel=1e-5)


def test_checkpoints_and_resume(source: CropSource, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    saved = []
    run = trainer(steps=3, save_every=0.0)

    def checkpoint() -> None:
        run.save(path, Card("mine"))
        saved.append(run.progress.step)

    run.run(source, checkpoint=checkpoint)
    assert saved[-1] == 3 and len(saved) >= 3
    assert read_card(path).recipe["steps"] == 3 and read_card(path).date
    network, _ = read_network(path)
    for a, b in zip(network.parameters(), run.average.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=2e-3, atol=1e-4)

    later = trainer(steps=2)
    later.resume(path)
    assert later.progress.step == 3
    for a, b in zip(later.network.parameters(), run.network.parameters(), strict=True):
        torch.testing.assert_close(a, b)
    assert later.optimiser.state_dict()["state"].keys() == run.optimiser.state_dict()["state"].keys()
    later.run(source)
    assert later.progress.step == 5 and later.progress.crops > run.progress.crops
    later.save(path, Card("mine"))
    assert read_card(path).recipe["steps"] == 5


def test_nothing_or_the_wrong_thing_to_resume(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    with pytest.raises(UserError, match="no training to resume"):
        trainer().resume(path)
    resume_path(path).write_bytes(b"not a checkpoint")
    with pytest.raises(UserError, match="damaged"):
        trainer().resume(path)
    other = Trainer(FlowNet(FlowNetOptions(widths=(8, 8), depths=(1, 1))), TrainingOptions(steps=1))
    other.save(path, Card("other"))
    with pytest.raises(UserError, match="another net"):
        trainer().resume(path)


def test_a_loss_that_is_no_number_ends_the_run(source: CropSource) -> None:
    def poisoned(rng: np.random.Generator, side: int) -> Crop:
        crop = source(rng, side)
        crop.pixels[0, 3, 3] = math.nan
        return crop

    run = trainer(steps=5)
    before = [p.clone() for p in run.network.parameters()]
    with pytest.raises(UserError, match="not a number"):
        run.run(poisoned)
    for a, b in zip(run.network.parameters(), before, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_cancel_ends_the_run_after_a_step(source: CropSource) -> None:
    run = trainer(steps=1000)
    with pytest.raises(Cancelled):
        run.run(source, cancel=lambda: run.progress.step >= 2)
    assert run.progress.step == 2


def test_minutes_are_kept(source: CropSource) -> None:
    run = trainer(steps=None, minutes=0.5 / 60)  # type: ignore[arg-type]
    run.run(source)
    assert run.progress.step >= 1 and 0.5 <= run.progress.minutes * 60 < 5


def test_learning_rate_rises_and_falls(source: CropSource) -> None:
    run, rates = trainer(steps=20, warmup=4, learning_rate=1e-3), []
    step = run.step

    def watched(batch: batches.Batch) -> dict[str, float]:
        parts = step(batch)
        rates.append(run.optimiser.param_groups[0]["lr"])
        return parts

    run.step = watched  # type: ignore[method-assign]
    run.run(source)
    assert rates[0] == pytest.approx(2.5e-4) and max(rates) == pytest.approx(1e-3)
    assert rates[-1] < 3e-4 and rates == sorted(rates[:10]) + sorted(rates[10:], reverse=True)


def test_errors_of_the_source_reach_the_trainer() -> None:
    def broken(rng: np.random.Generator, side: int) -> Crop:
        raise RuntimeError("no such plane")

    with pytest.raises(RuntimeError, match="no such plane"):
        trainer().run(broken)


def test_streams_close_while_they_wait(source: CropSource) -> None:
    with BatchStream(source, 1, seed=0, ahead=1) as stream:
        first = next(stream)
        assert first.pixels.shape[1] == 3 and first.flows.shape[1] == 2
    assert not stream._thread.is_alive()


@pytest.mark.skipif(sys.platform != "linux", reason="sources of crops are inherited, which takes a fork")
def test_processes_make_the_batches(source: CropSource) -> None:
    with WorkerStream(source, 1, seed=0, workers=2) as stream:
        first, second = next(stream), next(stream)
    assert first.pixels.dtype == torch.float16 and first.valid.dtype == torch.bool
    assert not torch.equal(first.pixels, second.pixels)
    run = trainer(steps=2, workers=1)
    run.run(source)
    assert run.progress.step == 2 and math.isfinite(sum(loss_of(run.average, source).values()))


def test_compact_batches_say_the_same(source: CropSource) -> None:
    batch = make_batch(source, np.random.default_rng(0), 1)
    again = batch.compact().to(torch.device("cpu"))
    assert torch.equal(again.objects, batch.objects) and torch.equal(again.valid, batch.valid)
    for name in ("pixels", "flows", "size"):
        torch.testing.assert_close(getattr(again, name), getattr(batch, name), rtol=1e-3, atol=1e-3)


def test_a_channel_of_infinite_variance_spoils_nothing(source: CropSource) -> None:
    run = trainer(steps=2, frozen_statistics=True)
    kept = run.network.state_dict()["stem.1.running_mean"].clone()
    run.network.state_dict()["stem.1.running_var"][0] = torch.inf  # as packages of float16 could hold
    again = Trainer(run.network, run.options)
    again.run(source)
    assert all(torch.isfinite(v).all() for v in again.average.state_dict().values())
    assert torch.equal(again.average.state_dict()["stem.1.running_mean"], kept)
