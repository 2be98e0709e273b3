"""A model learns from what a person corrected: one call, in a worker, while the person goes on.

    collected = collect_reviewed(folder)                       # collecting.py: which images, which cells
    request = RetrainRequest(collected.images, name="my cells", work=work_folder(folder))
    result = retrain(request, report, cancel, pause)           # RetrainResult; minutes
    result.comparison                                          # comparing.py: fixed, broken, AP before, after
    result.save(path)                                          # a model package; nothing has changed before

`learning_curve.py` says whether more cells would help, `next_to_label.py` which ones.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import torch

from model_core.errors import Cancelled, UserError
from model_core.models.imports import read_model
from model_core.models.model import Model
from model_core.models.package import Card
from model_core.models.registry import find_model
from model_core.networks.net import Net
from model_core.training.batches import mixed
from model_core.training.comparing import (
    Comparison,
    Look,
    View,
    average_precision_of,
    clearly_better,
    compare,
)
from model_core.training.dataset import LabelledPlane
from model_core.training.fine_tuning import FineTuning, Plan, copy_of, looks_at, mean_of
from model_core.training.held_out import HeldOut, splits
from model_core.training.kept_training import KeptTraining
from model_core.training.learning_curve import Round, learning_curve, rounds_of
from model_core.training.next_to_label import spread_styles, style_of
from model_core.training.rendered_crops import rendered_crops
from model_core.training.retrain_progress import Moment, Phase, ProgressTeller, RetrainProgress
from model_core.training.retrain_request import (
    ChosenOptions,
    RetrainOptions,
    RetrainRequest,
    chosen_options,
)
from model_core.training.retrain_result import RetrainResult, Stopped
from model_core.training.retraining_state import (
    Interrupted,
    alone,
    discard,
    interrupted,
    work_folder,
)
from model_core.training.stopwatch import Stopwatch
from model_core.training.trainer import NotANumberError
from model_core.training.trusted_planes import (
    TrustedImage,
    crops_of_trusted,
    planes_to_learn,
    read_trusted,
    views_of,
    within_reason,
)

__all__ = [
    "ChosenOptions",
    "Interrupted",
    "Moment",
    "Phase",
    "RetrainOptions",
    "RetrainProgress",
    "RetrainRequest",
    "RetrainResult",
    "Stopped",
    "chosen_options",
    "discard",
    "interrupted",
    "retrain",
    "work_folder",
]

Report = Callable[[RetrainProgress], None]
_MOST_FILES = 1000  # names of images that a card holds
_MOST_STYLES = 200  # images whose style is told


def retrain(
    request: RetrainRequest,
    report: Report | None = None,
    cancel: Callable[[], bool] | None = None,
    pause: Callable[[], bool] | None = None,
) -> RetrainResult:
    """Fine-tunes a model on trusted cells and compares it with the model it started from.

    Some cells are held back, always the same ones of a document, and never learned from; where there are
    few, all are held back in turn (cross-validation). The result is the model at the best moment of the run.
    What it learned so far is stored in the ``work`` folder every minute. After a crash, or with a result that
    nobody has decided about, it stays there until the result is saved, `discard` is called or another
    retraining begins.

    Args:
        report: called about twice a second, in this thread. cancel, pause: asked several times a second (a
            step of the net apart); while ``pause`` says True nothing is computed. Cancelling keeps the best
            so far.

    Raises:
        Cancelled: before there was anything to keep.
        UserError: no trusted cells, no such model, another retraining in the same ``work`` folder is
            running, or the loss is not a number from the first steps on.
    """
    with alone(request.work):
        try:
            return _Retraining(request, report, cancel, pause).run()
        except (Cancelled, NotANumberError):  # nothing to go on with
            discard(request.work)
            raise


@dataclass(frozen=True, eq=False)
class _Way:
    """One way to hold cells back: what is judged, what the start model finds there, what is learned from."""

    views: Sequence[View]
    before: Sequence[Look]
    planes: Sequence[LabelledPlane]


class _Retraining:
    """The way from a request to its result."""

    def __init__(
        self,
        request: RetrainRequest,
        report: Report | None,
        cancel: Callable[[], bool] | None,
        pause: Callable[[], bool] | None,
    ) -> None:
        self._options = chosen_options(request.images, request.options)
        if request.resume and (earlier := interrupted(request.work)):
            request = replace(request, name=earlier.name, start=earlier.start or None)
            if earlier.minutes != self._options.minutes:  # somebody said how long
                wished = replace(request.options, minutes=earlier.minutes)
                self._options = chosen_options(request.images, wished)
        self._request = request
        self._teller = ProgressTeller(report, self._options.device)
        self._kept = KeptTraining(request, self._options.minutes, self._teller)
        self._watch = Stopwatch(cancel, pause, paused=lambda: self._teller.now_and_then(Phase.PAUSED))
        self._notes: list[str] = []

    def run(self) -> RetrainResult:
        self._teller.begin(Phase.READING)
        images = self._read()
        network, parent = read_model(find_model(self._request.start))
        start = Model(network, parent, self._options.device)
        sizes = [image.diameter for image in images if image.diameter]
        usual = float(np.median(sizes))
        images = [image if image.diameter else replace(image, diameter=usual) for image in images]
        network = copy.deepcopy(network)
        network.prepare_for(usual)
        self._card = self._new_card(parent, images, sizes)
        self._teller.begin(Phase.BEFORE)
        self._card.styles = self._styles(start, images)
        found = splits([image.reviewed for image in images])
        held_out = bool(found)
        if not held_out:
            self._notes.append("With a single cell none can be held back: the comparison is on that cell.")
            everything = (image.reviewed for image in images)
            found = [[HeldOut(image, image.labels, image.trusted) for image in everything]]
        diameters: dict[Path, float] = {}  # an image is measured once
        ways = [self._way(start, parts, images, diameters) for parts in found]
        looks = [look for way in ways for look in way.before]
        learned = [part.learned for part in found[0]] if len(found) == 1 else [im.reviewed for im in images]
        self._teller.held_out = sum(len(look.iou) for look in looks)
        self._teller.in_turn = len(ways) > 1
        self._teller.cells = sum(image.cells for image in learned)
        self._teller.ap_before = average_precision_of(looks)
        self._teller.begin(Phase.LEARNING)
        self._kept.begin()
        if len(ways) == 1:
            return self._with_held_out(network, ways[0], held_out)
        return self._in_turn(network, ways)

    def _read(self) -> list[TrustedImage]:
        images = []
        for reviewed in self._request.images:
            self._watch.go_on()
            try:
                images.append(read_trusted(reviewed))
            except UserError as error:
                self._notes.append(f"Left out: {error}")
        if not any(image.diameter for image in images):
            words = "There is no cell to learn from: accept, draw or correct some first."
            raise UserError(" ".join([words, *self._notes]))
        return images

    def _styles(self, start: Model, images: Sequence[TrustedImage]) -> list[list[float]]:
        """How the images look as a whole, to know later which ones look different."""
        styles = []
        for image in images[:_MOST_STYLES]:
            self._watch.go_on()
            styles.append(style_of(start, image.pixels, image.diameter))
        return spread_styles(styles)

    def _way(
        self,
        start: Model,
        parts: Sequence[HeldOut],
        images: Sequence[TrustedImage],
        diameters: dict[Path, float],
    ) -> _Way:
        seen = start.diameter * start.network.magnified
        both = list(zip(parts, images, strict=True))
        views = within_reason([views_of(part, im.scaled, im.diameter, seen) for part, im in both], seen)
        planes = [p for part, im in both for p in planes_to_learn(part.learned, im.pixels, im.diameter)]
        return _Way(views, looks_at(start, views, self._watch, diameters), planes)

    def _new_card(self, parent: Card, images: Sequence[TrustedImage], sizes: list[float]) -> Card:
        entry = {
            "name": self._request.name,
            "images": len(images),
            "objects": sum(image.reviewed.cells for image in images),
            "diameter": [round(float(v), 1) for v in np.percentile(sizes, (5, 50, 95))],
            "files": [image.reviewed.path.name for image in images[:_MOST_FILES]],
        }
        recipe = {"replay": self._options.replay, "learning_rate": self._options.learning_rate}
        data = [*parent.data, entry]
        name = self._request.name
        return replace(
            parent, name=name, parent=parent.name, data=data, recipe=recipe, scores={}, notes="", date=""
        )

    def _plan(self, ways: int = 1) -> Plan:
        """For each of several trainings that share the time."""
        options, steps = self._options, None
        if options.epochs is not None:
            steps = max(1, round(options.epochs * self._teller.cells / options.crops / ways))
        seconds = 60 * options.minutes / ways
        return Plan(seconds, steps, options.learning_rate, options.crops, options.seed)

    def _tuning(self, network: Net, way: _Way, plan: Plan) -> FineTuning:
        size, share = self._card.diameter, self._options.replay
        source = crops_of_trusted(way.planes, size, network.arrange, network.magnified)
        if share:
            arrange = None if network.any_channel_order else network.arrange
            source = mixed([source, rendered_crops(size, arrange)], [1 - share, share])
        return FineTuning(network, self._card, source, way.views, way.before, plan, self._options.device)

    def _with_held_out(self, network: Net, way: _Way, held_out: bool) -> RetrainResult:
        """One training, with the held-out cells to choose its best moment by."""
        tuning = self._tuning(network, way, self._plan())
        begun = self._watch.seconds - self._kept.take_up(tuning, self._watch)

        def looked() -> None:
            self._teller.ap_best = average_precision_of(tuning.best.looks)
            self._teller.usable = tuning.best.better
            self._teller.measured(average_precision_of(tuning.looked[-1][1]))
            self._kept.store(tuning, self._watch.seconds - begun)

        stopped = Stopped.ENDED
        try:
            seconds = self._since(begun)
            tuning.run(self._watch, seconds, lambda: self._stepped(tuning, seconds()), looked)
        except Cancelled:
            if not tuning.best.better:
                raise
            stopped = Stopped.CANCELLED
        if tuning.failed:
            stopped = Stopped.NOT_A_NUMBER
        elif tuning.converged:
            stopped = Stopped.CONVERGED
        tuning.trainer.average.load_state_dict(tuning.best.weights)
        comparison = compare(way.views, way.before, tuning.best.looks, held_out=held_out)
        return self._result(tuning, comparison, stopped)

    def _in_turn(self, network: Net, ways: Sequence[_Way]) -> RetrainResult:
        """A training for each part of the cells without it. The model is the mean of their weights.

        Nets that were tuned from the same start can be averaged, and the mean does as well as the best of
        them or better (Wortsman et al., Model soups, 2022); and it has learned from every cell. Cancelled in
        the midst, it is that of the trainings that came to their end.
        """
        seconds, stopped = self._since(self._watch.seconds), Stopped.ENDED
        after: list[Look] = []
        nets: list[dict[str, torch.Tensor]] = []
        plan = replace(self._plan(len(ways)), looks=False)
        for turn, way in enumerate(ways):
            tuning = self._tuning(network, way, plan)

            def stepped(tuning: FineTuning = tuning, turn: int = turn) -> None:
                self._stepped(tuning, seconds(), turn, len(ways))

            try:
                tuning.run(self._watch, self._since(self._watch.seconds), stepped, lambda: None)
            except Cancelled:
                if not self._teller.usable:
                    raise
                stopped = Stopped.CANCELLED
                break
            after += tuning.looked[-1][1]
            nets.append(copy_of(tuning.trainer.average))
            before = [look for done in ways[: turn + 1] for look in done.before]
            not_yet = [look for later in ways[turn + 1 :] for look in later.before]
            self._teller.ap_best = average_precision_of([*after, *not_yet])
            self._teller.usable = clearly_better(before, after)
            self._teller.measured(self._teller.ap_best)
        tuning.trainer.average.load_state_dict(mean_of(nets))
        self._teller.held_out = sum(len(look.iou) for look in after)
        views = [view for done in ways[: len(nets)] for view in done.views]
        return self._result(tuning, compare(views, before, after, cross_validated=True), stopped)

    def _since(self, begun: float) -> Callable[[], float]:
        return lambda: self._watch.seconds - begun

    def _stepped(self, tuning: FineTuning, seconds: float, turn: int = 0, turns: int = 1) -> None:
        teller, progress = self._teller, tuning.trainer.progress
        teller.seconds, teller.fraction = seconds, (turn + progress.fraction) / turns
        teller.epoch = progress.crops / max(1, teller.cells)
        teller.loss = tuning.loss
        teller.now_and_then()

    def _result(self, tuning: FineTuning, comparison: Comparison, stopped: Stopped) -> RetrainResult:
        self._teller.begin(Phase.SAVING)
        progress, card, teller = tuning.trainer.progress, self._card, self._teller
        card.date = datetime.now(timezone.utc).isoformat(timespec="seconds")
        card.recipe |= {
            "steps": progress.step,
            "crops": progress.crops,
            "minutes": round(self._watch.seconds / 60, 1),
            "optimiser": "AdamW",
        }
        aps = comparison.ap_before, comparison.ap_after
        card.rounds = [*card.rounds, asdict(Round(teller.cells, teller.held_out, *aps, card.date))]
        card.scores = {"held-out cells": {"ap50_before": aps[0], "ap50": aps[1], "objects": teller.held_out}}
        model = Model(tuning.trainer.average, card, self._options.device)
        self._kept.store_result(model.network, card)
        curve = learning_curve(rounds_of(card))
        notes = (*self._notes, *self._kept.problems)
        return RetrainResult(
            model, comparison, curve, stopped, self._watch.seconds, self._request.work, notes
        )
