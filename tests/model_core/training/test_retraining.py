"""A retraining from corrected cells to a model that is offered, and all that can go wrong on the way."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from drawings import crowd

from model_core.errors import Cancelled, UserError
from model_core.models.model import load_model
from model_core.models.package import read_card
from model_core.training import batches, fine_tuning, retraining, retraining_state
from model_core.training.comparing import Change, Look
from model_core.training.retraining import (
    Phase,
    RetrainOptions,
    RetrainProgress,
    RetrainRequest,
    Stopped,
    chosen_options,
    discard,
    interrupted,
    retrain,
)
from model_core.training.reviewed import ReviewedImage

Making = Callable[..., RetrainRequest]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fine_tuning, "_SIDES", (64,))


@pytest.fixture
def better_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look finds more than the one before: a net of a few steps would not."""
    seen: dict[int, int] = {}

    def look(model: object, view: retraining.View, diameter: float, cancel: object = None) -> Look:
        seen[id(view)] = seen.get(id(view), -1) + 1
        cells = np.unique(view.cells[view.cells > 0]).tolist()
        right = frozenset(cells[: seen[id(view)]])
        return Look(view.cells, {cell: float(cell in right) for cell in cells}, right, 0)

    looking_each_step(monkeypatch, look)


def looking_each_step(monkeypatch: pytest.MonkeyPatch, look: Callable[..., Look]) -> None:
    monkeypatch.setattr(fine_tuning, "look", look)
    monkeypatch.setattr(fine_tuning, "_BETWEEN_LOOKS", 0.0)
    monkeypatch.setattr(fine_tuning, "_SHARE_OF_LOOKS", 0)


@pytest.fixture
def making(tmp_path: Path, tiny_model_file: Path) -> Making:
    def make(counts: tuple[int, ...] = (16, 16), epochs: float = 0.1, **changes: object) -> RetrainRequest:
        images = [drawn(tmp_path / f"image {n}.tif", count, seed=n) for n, count in enumerate(counts)]
        options = RetrainOptions(minutes=5, epochs=epochs, crops=1, replay=0.0, device="cpu")
        request = RetrainRequest(images, "new", tmp_path / "work", tiny_model_file, options)
        return replace(request, **changes)  # type: ignore[arg-type]

    return make


def drawn(path: Path, count: int, seed: int = 0, shape: tuple[int, int] = (96, 96)) -> ReviewedImage:
    """An image in which all cells are trusted, and nothing else."""
    labels = crowd(seed, shape, count, 9)[None].astype(np.uint32)
    tifffile.imwrite(path, (100 + 900 * (labels[0] > 0)).astype(np.uint16))
    return ReviewedImage(path, labels, labels > 0, np.zeros(labels.shape, bool))


def test_it_says_what_it_does_and_offers_a_model(making: Making, tmp_path: Path) -> None:
    told: list[RetrainProgress] = []
    request = making((40, 40))
    result = retrain(request, told.append)
    assert [p.phase for p in told][:3] == [Phase.READING, Phase.BEFORE, Phase.LEARNING]
    assert told[-1].phase is Phase.SAVING and told[-1].fraction == 1
    last = told[-2]
    assert last.held_out >= 10 and last.cells + last.held_out == sum(i.cells for i in request.images)
    assert last.epoch > 0 and last.loss is not None and last.device == "cpu"
    assert last.ap_before is not None and last.history[-1].ap is not None
    assert len(result.comparison.cells) == last.held_out and not result.comparison.cross_validated
    assert interrupted(request.work) is not None  # until somebody decides
    result.save(tmp_path / "new.safetensors")
    assert interrupted(request.work) is None
    card = read_card(tmp_path / "new.safetensors")
    assert (card.name, card.parent, len(card.rounds)) == ("new", "tiny", 1)
    assert card.data[-1]["files"] == ["image 0.tif", "image 1.tif"]
    assert load_model(tmp_path / "new.safetensors").card.rounds[0]["held_out"] == last.held_out


def test_the_best_moment_is_kept(making: Making, better_each_time: None) -> None:
    result = retrain(making((40, 40)))
    comparison = result.comparison
    assert comparison.better and comparison.ap_after > comparison.ap_before == 0
    fixed = comparison.count(Change.FIXED)
    assert fixed > 0 and comparison.count(Change.BROKEN) == 0
    assert fixed + comparison.count(Change.STILL_WRONG) == len(comparison.cells)
    assert result.curve.points[0] == (0, 0.0) and result.curve.points[1][1] == comparison.ap_after


def test_a_model_that_became_no_better_is_not_offered_as_better(
    making: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(model: object, view: retraining.View, diameter: float, cancel: object = None) -> Look:
        cells = np.unique(view.cells[view.cells > 0]).tolist()
        return Look(view.cells, dict.fromkeys(cells, 0.0), frozenset(), 0)

    looking_each_step(monkeypatch, look)
    monkeypatch.setattr(fine_tuning, "_PATIENCE", 2)
    result = retrain(making((40, 40), epochs=10))
    assert not result.comparison.better and result.stopped is Stopped.CONVERGED


def test_few_cells_are_held_back_in_turn(making: Making, better_each_time: None) -> None:
    told: list[RetrainProgress] = []
    request = making((5, 4), epochs=0.5)
    result = retrain(request, told.append)
    assert result.comparison.cross_validated and result.comparison.better
    rising = [moment.ap for moment in told[-1].history if moment.ap is not None]
    assert len(rising) == 3 and rising == sorted(rising), "after each of the three trainings"
    assert rising[-1] == result.comparison.ap_after and told[-1].in_turn
    assert len(result.comparison.cells) == sum(image.cells for image in request.images)
    assert result.card.recipe["steps"] >= 1


def test_one_cell_and_none(making: Making) -> None:
    request = making((1,), epochs=3)
    assert request.images[0].cells == 1
    result = retrain(request)
    assert not result.comparison.held_out and "single cell" in result.notes[0]
    nothing = replace(request.images[0], labels=np.zeros_like(request.images[0].labels))
    for images in ([], [nothing]):
        with pytest.raises(UserError, match="no cell to learn from"):
            retrain(replace(request, images=images))


def test_images_of_other_channels_and_sizes(making: Making, tmp_path: Path) -> None:
    colour, stack = tmp_path / "colour.tif", tmp_path / "stack.tif"
    wide = drawn(colour, 30, shape=(64, 150))
    tifffile.imwrite(colour, np.repeat(tifffile.imread(colour)[..., None] // 5, 3, axis=2).astype(np.uint8))
    labels = np.stack([crowd(3, (64, 64), 12, 9)] * 3).astype(np.uint32)
    tifffile.imwrite(stack, (labels > 0).astype(np.float32), metadata={"axes": "ZYX"})
    deep = ReviewedImage(stack, labels, labels > 0, np.zeros(labels.shape, bool))
    request = making((30,))
    result = retrain(replace(request, images=[*request.images, wide, deep]))
    assert {image.path.name for image in result.comparison.images} >= {"image 0.tif", "colour.tif"}
    assert not result.notes


def test_labels_whose_image_is_gone_or_other(making: Making, tmp_path: Path) -> None:
    request = making((40, 40, 40, 40))
    request.images[2].path.unlink()
    tifffile.imwrite(request.images[3].path, np.zeros((50, 60), np.uint8))
    result = retrain(request)
    assert len(result.notes) == 2 and all("Left out" in words for words in result.notes)
    assert "differ in size" in result.notes[1]


def test_an_image_deleted_while_it_trains(making: Making, better_each_time: None) -> None:
    request = making((40, 40), epochs=0.5)

    def report(progress: RetrainProgress) -> None:
        if progress.phase is Phase.LEARNING:
            request.images[0].path.unlink(missing_ok=True)

    result = retrain(request, report)
    assert not request.images[0].path.exists() and not result.notes


def test_cancel_keeps_the_best_so_far(making: Making, better_each_time: None) -> None:
    better = threading.Event()

    def report(progress: RetrainProgress) -> None:
        if progress.usable:
            better.set()

    result = retrain(making((40, 40), epochs=20), report, cancel=better.is_set)
    assert result.stopped is Stopped.CANCELLED and result.comparison.better


def test_cancel_in_turn_keeps_what_came_to_its_end(making: Making, better_each_time: None) -> None:
    told: list[RetrainProgress] = []
    result = retrain(making((5, 4), epochs=2), told.append, cancel=lambda: bool(told) and told[-1].usable)
    assert result.stopped is Stopped.CANCELLED and result.comparison.better
    assert 0 < len(result.comparison.cells) < 9, "only those that were tested on"
    assert sum(moment.ap is not None for moment in told[-1].history) < 3


def test_cancel_before_there_is_anything(making: Making) -> None:
    begun = threading.Event()

    def report(progress: RetrainProgress) -> None:
        if progress.phase is Phase.LEARNING:
            begun.set()

    request = making((40, 40), epochs=20)
    with pytest.raises(Cancelled):
        retrain(request, report, cancel=begun.is_set)
    assert interrupted(request.work) is None


def test_a_pause_does_not_count(making: Making, better_each_time: None) -> None:
    asked = iter([False] * 20 + [True] * 30)  # 1.5 s
    phases: list[Phase] = []
    result = retrain(
        making((40, 40), epochs=0.5),
        lambda progress: phases.append(progress.phase),
        pause=lambda: next(asked, False),
    )
    assert Phase.PAUSED in phases and phases[-1] is Phase.SAVING
    assert result.comparison.better


def test_interrupted_training_goes_on(making: Making, better_each_time: None) -> None:
    class Killed(BaseException):
        pass

    def report(progress: RetrainProgress) -> None:
        stored = interrupted(request.work)
        if progress.usable and stored and stored.seconds > 0:
            raise Killed

    request = making((40, 40), epochs=0.2)
    with pytest.raises(Killed):
        retrain(request, report)
    waiting = interrupted(request.work)
    assert waiting is not None and waiting.name == "new" and waiting.start == str(request.start)
    assert waiting.seconds > 0 and waiting.ap_best is not None
    result = retrain(replace(request, name="other", start=None, resume=True))
    assert result.card.name == "new" and not result.notes
    assert result.card.recipe["steps"] > 1
    discard(request.work)
    assert interrupted(request.work) is None


def test_a_training_of_few_cells_begins_anew_after_a_crash(making: Making, better_each_time: None) -> None:
    class Killed(BaseException):
        pass

    def report(progress: RetrainProgress) -> None:
        if progress.epoch > 0:
            raise Killed

    request = making((5, 4), epochs=0.5)
    with pytest.raises(Killed):
        retrain(request, report)
    assert interrupted(request.work) is not None
    assert retrain(replace(request, resume=True)).comparison.cross_validated


def test_a_damaged_state_is_begun_anew(making: Making, better_each_time: None) -> None:
    request = making((40, 40))
    retrain(request)
    (request.work / "last.resume").write_bytes(b"nonsense")
    result = retrain(replace(request, resume=True))
    assert any("began anew" in words for words in result.notes)
    (request.work / "retraining.json").write_text('{"name": 3}')
    assert interrupted(request.work) is None


def test_two_at_once(making: Making) -> None:
    request = making()
    with retraining_state.alone(request.work), pytest.raises(UserError, match="running already"):
        retrain(request)


def test_a_full_disk_on_the_way_and_at_the_end(
    making: Making, better_each_time: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    @contextmanager
    def full(path: Path) -> Iterator[Path]:
        raise UserError(f"{path} could not be written: the disk is full.")
        yield path

    target = tmp_path / "new.safetensors"
    with monkeypatch.context() as patch:
        for module in ("models.package", "training.trainer", "training.retraining_state"):
            patch.setattr(f"model_core.{module}.write_atomically", full)
        result = retrain(making((40, 40)))
        assert result.comparison.better and any("disk is full" in words for words in result.notes)
        with pytest.raises(UserError, match="disk is full"):
            result.save(target)
    result.save(target)
    assert read_card(target).name == "new"


def nan_from(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real, steps = fine_tuning.Trainer.step, iter(range(1000))

    def failing(self: fine_tuning.Trainer, batch: batches.Batch) -> dict[str, float]:
        if next(steps) >= step:
            raise fine_tuning.NotANumberError("Training stopped: the loss is not a number any more.")
        return real(self, batch)

    monkeypatch.setattr(fine_tuning.Trainer, "step", failing)


def test_a_loss_that_is_not_a_number(
    making: Making, better_each_time: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        nan_from(3, patch)
        result = retrain(making((40, 40), epochs=0.5))
    assert result.stopped is Stopped.NOT_A_NUMBER and result.comparison.better
    assert all(torch.isfinite(v).all() for v in result.model.network.state_dict().values())
    nan_from(0, monkeypatch)
    with pytest.raises(UserError, match="not a number"):
        retrain(making((40, 40)))


def test_options_follow_from_the_data(making: Making) -> None:
    few, many = making((3,)).images, making((60, 60, 60, 60)).images
    device = RetrainOptions(device="cpu")
    crops = []
    for images in (few, many):
        chosen, cells = chosen_options(images, device), sum(image.cells for image in images)
        assert chosen.minutes == 10 and chosen.epochs is not None
        crops.append(chosen.epochs * cells)
    assert 100 < crops[0] < crops[1] <= 1200
    chosen = chosen_options(few, RetrainOptions(minutes=3, learning_rate=1e-5, device="cpu"))
    assert (chosen.minutes, chosen.epochs, chosen.learning_rate) == (3, None, 1e-5)
    assert chosen_options(few, RetrainOptions(minutes=3, epochs=2, device="cpu")).epochs == 2
    with pytest.raises(UserError, match="no device"):
        chosen_options(few, RetrainOptions(device="abacus"))
