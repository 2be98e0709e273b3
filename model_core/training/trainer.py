"""Trains a net for a given time or number of steps, resumable at any moment."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from model_core.errors import Cancelled, UserError
from model_core.formats.atomic import write_atomically
from model_core.models.package import Card, save_package
from model_core.networks.net import FLOW_SCALE, Maps, Net
from model_core.networks.precision import bfloat16_pays
from model_core.training.batches import Batch, BatchStream, CropSource
from model_core.training.interruptible import ask_between_layers
from model_core.training.replicas import Replicas
from model_core.training.workers import WorkerStream

_LARGEST_VARIANCE = 1e12  # such a channel says nothing, as one of infinite variance does


class NotANumberError(UserError):
    """The loss is NaN or infinite."""


@dataclass(frozen=True)
class TrainingOptions:
    """How to train.

    minutes or steps: when to stop, whichever is given; the learning rate falls over the last part of it.
    crops: of 224 px in a batch. learning_rate: of AdamW, at its plateau. ema: memory of the averaged weights.
    frozen_statistics: batch normalisation goes by the means and variances that the net came with, for a net
    that learns a little more. background: see `losses`. save_every: seconds between checkpoints. workers:
    processes that make the batches; 0 is a thread here.
    """

    minutes: float | None = None
    steps: int | None = None
    crops: int = 8
    learning_rate: float = 1.5e-3
    weight_decay: float = 1e-2
    warmup: int = 200
    decay: float = 0.3
    ema: float = 0.9995
    seed: int = 0
    frozen_statistics: bool = False
    background: float = 1.0
    save_every: float = 180.0
    workers: int = 0


@dataclass
class Progress:
    """Where a training run stands; `fraction` is of this run's time or steps, the counts are of all runs."""

    step: int = 0
    crops: int = 0
    minutes: float = 0.0
    fraction: float = 0.0
    loss: float = math.nan
    parts: dict[str, float] = field(default_factory=dict)
    waiting: float = 0.0  # share of the time spent waiting for data
    crops_a_second: float = 0.0


def losses(maps: Maps, batch: Batch, background: float = 1.0) -> dict[str, torch.Tensor]:
    """The parts of the loss, each a mean over pixels that count.

    Flows: squared error of unit vectors times `FLOW_SCALE`, objects counted twice; 0 is wanted on background.
    Cell probability: cross entropy; in a crop with less background than objects the background counts as much
    as these, up to ``background`` times. Size: absolute error of log2, on objects.
    """
    valid, objects = batch.valid, batch.objects
    on_objects, on_background = ((valid * part).sum((1, 2), keepdim=True) for part in (objects, 1 - objects))
    times = (on_objects / on_background.clamp(min=1)).clamp(1, background)
    balanced = valid * (objects + (1 - objects) * times)
    weight = valid * (1 + objects)
    error = ((maps.flows - batch.flows) * FLOW_SCALE).square().mean(1)
    entropy = F.binary_cross_entropy_with_logits(maps.cellprob, objects, reduction="none")
    parts = {
        "flows": (error * weight).sum() / weight.sum().clamp(min=1) * 0.5,
        "cellprob": (entropy * balanced).sum() / balanced.sum().clamp(min=1),
    }
    if maps.size is not None:
        known = valid * objects
        size = F.smooth_l1_loss(maps.size, batch.size, reduction="none", beta=0.2)
        parts["size"] = (size * known).sum() / known.sum().clamp(min=1) * 0.3
    return parts


class Trainer:
    """A net in training: the weights, their running average, the optimiser and how far it came.

    ``average`` holds the weights that are saved and used; they are the exponential moving average.
    """

    def __init__(
        self,
        network: Net,
        options: TrainingOptions,
        device: str = "cpu",
        ask: Callable[[], None] | None = None,
    ) -> None:
        """``ask``: called often within a step, in several threads; it may wait, or raise to end the step."""
        self.options = options
        self.device = torch.device(device)
        self.network = network.to(self.device).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        for module in self.network.modules():
            if isinstance(module, nn.BatchNorm2d) and module.running_var is not None:
                # infinite where a package stored more than float16 holds; their mean would be NaN
                module.running_var.clamp_(max=_LARGEST_VARIANCE)
                module.train(not options.frozen_statistics)
        self.average = copy.deepcopy(self.network).eval().requires_grad_(False)
        self.optimiser = torch.optim.AdamW(
            _decayed_and_not(self.network, options.weight_decay), lr=options.learning_rate
        )
        self.progress = Progress()
        self._replicas = Replicas(self.network, options.crops, options.frozen_statistics)
        if ask:
            for net in self._replicas.nets:
                ask_between_layers(net, ask)
        self._bfloat16 = bfloat16_pays(self.device.type)
        if self.device.type == "cuda":
            torch.backends.cudnn.benchmark = (
                True  # crops come in few sizes: the fastest kernels are worth a search
            )

    def run(
        self,
        source: CropSource,
        report: Callable[[Progress], None] | None = None,
        checkpoint: Callable[[], None] | None = None,
        cancel: Callable[[], bool] | None = None,
    ) -> None:
        """Trains until the options' time or steps are over.

        Args:
            source: draws the crops.
            report: called about once a second.
            checkpoint: called every ``save_every`` seconds and at the end.
            cancel: asked after every step; True ends the run.

        Raises:
            Cancelled: ``cancel`` said so; weights and progress stay usable.
            UserError: the loss became NaN.
        """
        options, progress = self.options, self.progress
        started = saved = reported = time.monotonic()
        first, minutes_before, waited = progress.step, progress.minutes, 0.0
        recent: dict[str, float] = {}
        # every run draws other crops, also one that resumes
        with self._stream(source, options.seed + progress.step) as batches:
            while True:
                elapsed = time.monotonic() - started
                progress.fraction = self._fraction(elapsed, progress.step - first)
                if progress.fraction >= 1:
                    break
                before = time.monotonic()
                batch = next(batches)
                waited += time.monotonic() - before
                parts = self.step(batch)
                progress.step += 1
                progress.crops += len(batch.pixels)
                for name, value in parts.items():
                    recent[name] = 0.98 * recent.get(name, value) + 0.02 * value
                now = time.monotonic()
                progress.minutes = minutes_before + (now - started) / 60
                if report and now - reported > 1:
                    reported = now
                    progress.parts, progress.loss = dict(recent), sum(recent.values())
                    progress.waiting = waited / (now - started)
                    progress.crops_a_second = (progress.step - first) * options.crops / (now - started)
                    report(progress)
                if checkpoint and now - saved > options.save_every:
                    saved = now
                    checkpoint()
                if cancel and cancel():
                    raise Cancelled
        if checkpoint:
            checkpoint()

    def _stream(self, source: CropSource, seed: int) -> BatchStream | WorkerStream:
        options = self.options
        if options.workers:
            return WorkerStream(source, options.crops, seed, options.workers)
        return BatchStream(source, options.crops, seed)

    def _fraction(self, elapsed: float, steps: int) -> float:
        if self.options.minutes is not None:
            return elapsed / (60 * self.options.minutes)
        return steps / max(1, self.options.steps or 0)

    def step(self, batch: Batch) -> dict[str, float]:
        """One step at the learning rate that `progress` asks for; the parts of the loss.

        Raises:
            NotANumberError: the loss became NaN; the weights are still those before the step.
        """
        options, step = self.options, self.progress.step
        falling = min(1.0, (1 - self.progress.fraction) / options.decay)
        rate = options.learning_rate * min(1.0, (step + 1) / options.warmup) * max(0.02, falling)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        parts = self._replicas.gradients(batch.to(self.device), self._losses)
        if not math.isfinite(sum(parts.values())):
            raise NotANumberError(
                "Training stopped: the loss is not a number any more. A lower learning rate may help."
            )
        nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self.optimiser.step()
        self._update_average(min(options.ema, (step + 1) / (step + 20)))
        return parts

    def _losses(self, network: Net, batch: Batch) -> dict[str, torch.Tensor]:
        pixels = batch.pixels.contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._bfloat16):
            maps = network.maps(pixels)
        return losses(maps, batch, self.options.background)

    @torch.no_grad()
    def _update_average(self, memory: float) -> None:
        average, current = self.average.state_dict(), self.network.state_dict()
        floats = [key for key, value in current.items() if value.is_floating_point()]
        torch._foreach_lerp_([average[k] for k in floats], [current[k] for k in floats], 1 - memory)

    def save(self, path: Path, card: Card) -> None:
        """Writes the package (averaged weights) to ``path`` and, beside it, what resuming needs.

        Raises:
            UserError: the disk is full or the folder cannot be written to.
        """
        card.architecture = self.network.architecture
        card.options = self.network.options.as_dict()
        card.recipe = card.recipe | _recipe(self.options, self.progress)
        card.date = datetime.now(timezone.utc).isoformat(timespec="seconds")
        save_package(path, self.average, card)
        state: dict[str, Any] = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "progress": {k: getattr(self.progress, k) for k in ("step", "crops", "minutes")},
        }
        with write_atomically(resume_path(path)) as temporary:
            torch.save(state, temporary)

    def resume(self, path: Path) -> None:
        """Goes on where `save` left off.

        Raises:
            UserError: there is nothing to resume from, or it belongs to another net.
        """
        try:
            state = torch.load(resume_path(path), map_location=self.device, weights_only=True)
            self.network.load_state_dict(state["network"])
            self.average.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.progress = Progress(**state["progress"])
        except FileNotFoundError:
            raise UserError(
                f"There is no training to resume: “{resume_path(path)}” does not exist."
            ) from None
        except Exception as error:  # whatever a damaged file makes torch raise
            raise UserError(f"“{resume_path(path)}” is damaged or belongs to another net: {error}") from error


def resume_path(path: Path) -> Path:
    """Where the state of the training that writes the package ``path`` is kept."""
    return path.with_suffix(".resume")


def _decayed_and_not(network: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Weight decay for the kernels only: norms and biases have nothing to gain from it."""
    kernels = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    return [{"params": kernels, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


def _recipe(options: TrainingOptions, progress: Progress) -> dict[str, Any]:
    return {
        "steps": progress.step,
        "crops": progress.crops,
        "minutes": round(progress.minutes, 1),
        "crops_a_batch": options.crops,
        "learning_rate": options.learning_rate,
        "optimiser": "AdamW",
        "loss": round(progress.loss, 4) if math.isfinite(progress.loss) else None,
    }
