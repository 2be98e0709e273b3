"""One net that learns from trusted cells, and is looked at on held-out ones again and again."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from model_core.models.model import Model
from model_core.models.package import Card
from model_core.networks.net import Net
from model_core.training.batches import Batch, BatchStream, CropSource
from model_core.training.comparing import Look, View, clearly_better, diameter_in, look, quality
from model_core.training.stopwatch import Stopwatch
from model_core.training.trainer import NotANumberError, Trainer, TrainingOptions

_SIDES = (128, 160, 192)  # px of the crops
_WARM_UP = 10  # steps
_DECAY = 0.5  # of the time, in which the learning rate falls
_MEMORY = 0.9  # of the averaged weights: the longer memory of a long training would hide all that is learned
# Cells and a ring around them are nearly all that is trusted: a net that sees little background takes all for
# cells. 100 cells of stained tissue, worst first: AP 0.445 -> 0.422 without, -> 0.496 with this.
_BACKGROUND = 8.0
# Of the way from the start to the best moment. Half of it, 100 cells of epithelium: AP 0.542 -> 0.626 instead
# of 0.635, and 0.015 lost on other images instead of 0.029.
_SHARES = (0.5, 0.75)
_COSTS_NOTHING = 0.005  # of `quality`
_BETWEEN_LOOKS = 30.0  # s between looks, at least
_SHARE_OF_LOOKS = 4  # between two looks so many times what one takes
_PATIENCE = 6  # looks without an improvement
_SMOOTH = 0.95  # of what is told of the loss, the share of earlier steps
_FEWEST_STEPS = 4.0
_RETRIES = 3  # after a loss that is not a number, each at a third of the learning rate


@dataclass(frozen=True)
class Plan:
    """seconds: of activity at most. steps: at most; None: no limit.

    learning_rate: the highest. crops: of 224 px a step. looks: also before the end, to find the best moment.
    """

    seconds: float
    steps: int | None
    learning_rate: float
    crops: int
    seed: int = 0
    looks: bool = True


@dataclass
class Best:
    """The best moment so far: at which step, what the net found then, its weights; better than the start?"""

    step: int
    looks: Sequence[Look]
    weights: dict[str, torch.Tensor]
    better: bool = True


class FineTuning:
    """A copy of a net in training.

    Attributes:
        best: the best moment so far, whether or not it is better than the start; at first the start.
        looked: (step, looks) of every look so far.
        converged: whether it stopped because nothing improved any more; failed: because of NaN.
    """

    def __init__(
        self,
        start: Net,
        card: Card,
        source: CropSource,
        views: Sequence[View],
        before: Sequence[Look],
        plan: Plan,
        device: str,
    ) -> None:
        """``before``: what the start model finds in the ``views``."""
        self.plan, self.views, self.card, self.device = plan, views, card, device
        self._watch: Stopwatch | None = None
        self.trainer = self._trainer(start, plan.learning_rate)
        self._start = copy_of(self.trainer.average)
        self.best = Best(0, before, self._start, better=False)
        self.looked: list[tuple[int, Sequence[Look]]] = [(0, before)]
        self.converged = self.failed = False
        self._losses = self._steps = 0.0  # sums that forget
        self._source = source
        self._since_best = 0

    @property
    def loss(self) -> float | None:
        """The mean over the last steps; None before there are some: single ones differ widely."""
        return self._losses / self._steps if self._steps >= _FEWEST_STEPS else None

    def _trainer(self, start: Net, rate: float) -> Trainer:
        """Of a copy of the net."""
        plan, network = self.plan, copy.deepcopy(start)
        network.requires_grad_(True)
        for part in network.general():
            part.requires_grad_(False)
        options = TrainingOptions(
            steps=plan.steps,
            crops=plan.crops,
            learning_rate=rate,
            warmup=_WARM_UP,
            decay=_DECAY,
            ema=_MEMORY,
            frozen_statistics=True,
            background=_BACKGROUND,
            seed=plan.seed,
        )
        return Trainer(network, options, self.device, self._ask)

    def run(
        self,
        watch: Stopwatch,
        seconds: Callable[[], float],
        after_step: Callable[[], None],
        after_look: Callable[[], None],
    ) -> None:
        """Until time or steps are over, or nothing improves any more. Goes on where it was left.

        Args:
            watch: says when to pause or stop. seconds: active ones so far, of this plan.
            after_step, after_look: called then.

        Raises:
            Cancelled: ``watch`` said so; ``best`` counts.
            NotANumberError: the loss became NaN before anything was better than the start.
        """
        self._watch, progress = watch, self.trainer.progress
        retries, taken, looked_at = 0, 0.0, seconds()
        with BatchStream(self._source, self.plan.crops, self.plan.seed + progress.step, _SIDES) as batches:
            while (fraction := self._fraction(seconds())) < 1:
                watch.go_on()
                progress.fraction = fraction
                try:
                    self._step(next(batches))
                except NotANumberError:
                    retries += 1
                    if retries > _RETRIES:
                        if not self.best.better:
                            raise
                        self.failed = True
                        return
                    self._go_back()
                    continue
                after_step()
                if self._time_to_look(seconds() - looked_at, taken):
                    taken = self._look(watch)
                    looked_at = seconds()
                    after_look()
                    if self._since_best >= _PATIENCE:
                        self.converged = True
                        return
        if self.views and self.looked[-1][0] != progress.step:
            self._look(watch)
            after_look()
        if self.plan.looks:
            self._go_back_a_little(watch)
            after_look()

    def _go_back_a_little(self, watch: Stopwatch) -> None:
        """Towards the start, as far as that costs nothing on the held-out cells: weights that lie between
        forget less (Wortsman et al., Robust fine-tuning of zero-shot models, 2022)."""
        network, best = copy.deepcopy(self.trainer.average), self.best
        for share in _SHARES:
            weights = between(self._start, best.weights, share)
            network.load_state_dict(weights)
            looks = looks_at(Model(network, self.card, self.device), self.views, watch)
            if quality(looks) >= quality(best.looks) - _COSTS_NOTHING:
                self._keep(best.step, looks, weights)
                return

    def _ask(self) -> None:
        if self._watch is not None:
            self._watch.go_on()

    def _time_to_look(self, since: float, taken: float) -> bool:
        wait = max(_BETWEEN_LOOKS, _SHARE_OF_LOOKS * taken)
        return bool(self.views) and self.plan.looks and since > wait

    def _fraction(self, seconds: float) -> float:
        of_time = seconds / self.plan.seconds
        of_steps = self.trainer.progress.step / self.plan.steps if self.plan.steps else 0.0
        return max(of_time, of_steps)

    def _step(self, batch: Batch) -> None:
        loss = sum(self.trainer.step(batch).values())
        self._losses = self._losses * _SMOOTH + loss
        self._steps = self._steps * _SMOOTH + 1
        self.trainer.progress.step += 1
        self.trainer.progress.crops += self.plan.crops

    def _look(self, watch: Stopwatch) -> float:
        """Looks at the held-out cells; the seconds that took."""
        started = time.monotonic()
        looks = looks_at(self.now(), self.views, watch)
        step = self.trainer.progress.step
        self.looked.append((step, looks))
        self._since_best += 1
        if self.best.weights is self._start or quality(looks) > quality(self.best.looks):
            self._keep(step, looks, copy_of(self.trainer.average))
            self._since_best = 0
        return time.monotonic() - started

    def _keep(self, step: int, looks: Sequence[Look], weights: dict[str, torch.Tensor]) -> None:
        """As the best so far."""
        _, before = self.looked[0]
        self.best = Best(step, looks, weights, clearly_better(before, looks))

    def _go_back(self) -> None:
        """To the best weights (or the start), with a fresh optimiser and a third of the learning rate."""
        old = self.trainer
        start = copy.deepcopy(old.average)
        start.load_state_dict(self.best.weights)
        self.trainer = self._trainer(start, old.options.learning_rate / 3)
        self.trainer.progress = old.progress

    def now(self) -> Model:
        """The model as it is at this moment."""
        return Model(self.trainer.average, self.card, self.device)


def looks_at(
    model: Model, views: Sequence[View], watch: Stopwatch, diameters: dict[Path, float] | None = None
) -> list[Look]:
    """What a model finds in each view. Cancelled: ``watch`` said so.

    diameters: px, what it measured in images before; those that it measures now are added.
    """
    looks = []
    diameters = {} if diameters is None else diameters
    for view in views:
        watch.go_on()
        if view.path not in diameters:
            diameters[view.path] = diameter_in(model, view, watch.stopping)
        looks.append(look(model, view, diameters[view.path], watch.stopping))
    return looks


def copy_of(network: Net) -> dict[str, torch.Tensor]:
    """The weights of a net as they are now."""
    return {key: value.detach().clone() for key, value in network.state_dict().items()}


def mean_of(weights: Sequence[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The mean of the weights of nets of the same shape; of whole numbers those of the first."""
    mean = weights[0]
    for count, others in enumerate(weights[1:], 2):
        mean = between(mean, others, 1 / count)
    return mean


def between(
    start: dict[str, torch.Tensor], end: dict[str, torch.Tensor], share: float
) -> dict[str, torch.Tensor]:
    """Weights on the straight way from one net to another, after a share of it; whole numbers stay."""
    return {
        key: value.lerp(end[key].to(value.dtype), share) if value.is_floating_point() else value
        for key, value in start.items()
    }
