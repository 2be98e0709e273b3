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

import numpy as np

from model_core.errors import Cancelled, UserError
from model_core.formats.numbering import consecutive
from model_core.models.imports import read_model
from model_core.models.model import Model
from model_core.models.package import Card
from model_core.models.registry import find_model
from model_core.networks.net import Net
from model_core.segmentation.sizes import median_diameter
from model_core.training.batches import CropSource, mixed
from model_core.training.comparing import Comparison, Look, View, average_precision_of, compare, quality
from model_core.training.dataset import LabelledPlane
from model_core.training.fine_tuning import FineTuning, Plan, looks_at
from model_core.training.held_out import HeldOut, splits, with_ring
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
from model_core.training.reviewed import ReviewedImage
from model_core.training.stopwatch import Stopwatch
from model_core.training.trainer import NotANumberError
from model_core.training.trusted_planes import (
    crops_of_trusted,
    planes_to_learn,
    read_pixels,
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
            self._options = replace(self._options, minutes=earlier.minutes)
        self._request = request
        self._limit = 60 * self._options.minutes
        self._teller = ProgressTeller(report, self._limit, self._options.device)
        self._kept = KeptTraining(request, self._options.minutes, self._teller)
        self._watch = Stopwatch(cancel, pause, paused=lambda: self._teller.now_and_then(Phase.PAUSED))
        self._notes: list[str] = []

    def run(self) -> RetrainResult:
        self._teller.begin(Phase.READING)
        pairs = self._read()
        network, parent = read_model(find_model(self._request.start))
        start = Model(network, parent, self._options.device)
        diameters = [median_diameter(consecutive(image.labels)) for image, _ in pairs]
        sizes = [size for size in diameters if size]
        usual = float(np.median(sizes))
        seen = zip(pairs, diameters, strict=True)
        self._seen = [(pixels, size or usual) for (_, pixels), size in seen][:_MOST_STYLES]
        network = copy.deepcopy(network)
        network.prepare_for(usual)
        self._card = self._new_card(parent, pairs, sizes)
        self._teller.begin(Phase.BEFORE)
        found = splits([image for image, _ in pairs])
        held_out = bool(found)
        if not held_out:
            self._notes.append("With a single cell none can be held back: the comparison is on that cell.")
            found = [[HeldOut(image, image.labels, image.trusted) for image, _ in pairs]]
        ways = [self._way(start, parts, [pixels for _, pixels in pairs], usual) for parts in found]
        looks = [look for way in ways for look in way.before]
        cells, judged = sum(image.cells for image, _ in pairs), sum(len(look.iou) for look in looks)
        self._teller.held_out = judged
        self._teller.cells = cells - (judged if held_out and len(ways) == 1 else 0)
        self._teller.ap_before = average_precision_of(looks)
        self._teller.begin(Phase.LEARNING)
        self._kept.begin()
        if len(ways) == 1:
            return self._with_held_out(network, ways[0], held_out)
        everything = [plane for image, pixels in pairs for plane in planes_to_learn(image, pixels, usual)]
        return self._in_turn(network, ways, everything)

    def _read(self) -> list[tuple[ReviewedImage, np.ndarray]]:
        pairs = []
        for image in self._request.images:
            self._watch.go_on()
            try:
                pairs.append((with_ring(image), read_pixels(image)))
            except UserError as error:
                self._notes.append(f"Left out: {error}")
        if not any(image.cells for image, _ in pairs):
            words = "There is no cell to learn from: accept, draw or correct some first."
            raise UserError(" ".join([words, *self._notes]))
        return pairs

    def _way(
        self, start: Model, parts: Sequence[HeldOut], pixels: Sequence[np.ndarray], usual: float
    ) -> _Way:
        both = list(zip(parts, pixels, strict=True))
        views = within_reason([view for part, image in both for view in views_of(part, image)])
        planes = [plane for part, image in both for plane in planes_to_learn(part.learned, image, usual)]
        return _Way(views, looks_at(start, views, self._watch), planes)

    def _new_card(
        self, parent: Card, pairs: Sequence[tuple[ReviewedImage, np.ndarray]], sizes: list[float]
    ) -> Card:
        entry = {
            "name": self._request.name,
            "images": len(pairs),
            "objects": sum(image.cells for image, _ in pairs),
            "diameter": [round(float(v), 1) for v in np.percentile(sizes, (5, 50, 95))],
            "files": [image.path.name for image, _ in pairs[:_MOST_FILES]],
        }
        recipe = {"replay": self._options.replay, "learning_rate": self._options.learning_rate}
        data = [*parent.data, entry]
        name = self._request.name
        return replace(
            parent, name=name, parent=parent.name, data=data, recipe=recipe, scores={}, notes="", date=""
        )

    def _plan(self, seconds: float, steps: int | None = None) -> Plan:
        options = self._options
        if steps is None and options.epochs is not None:
            steps = max(1, round(options.epochs * self._teller.cells / options.crops))
        return Plan(seconds, steps, options.learning_rate, options.crops, options.seed)

    def _tuning(self, network: Net, way: _Way, plan: Plan) -> FineTuning:
        arrange = None if network.any_channel_order else network.arrange
        source: CropSource = crops_of_trusted(way.planes, self._card.diameter, arrange)
        share = self._options.replay
        if share:
            source = mixed([source, rendered_crops(self._card.diameter, arrange)], [1 - share, share])
        return FineTuning(network, self._card, source, way.views, way.before, plan, self._options.device)

    def _with_held_out(self, network: Net, way: _Way, held_out: bool) -> RetrainResult:
        """One training, with the held-out cells to choose its best moment by."""
        tuning = self._tuning(network, way, self._plan(self._limit))
        begun = self._watch.seconds - self._kept.take_up(tuning, self._watch)

        def looked() -> None:
            self._teller.ap_best = average_precision_of(tuning.best.looks)
            self._teller.measured(average_precision_of(tuning.looked[-1][1]))
            self._kept.store(tuning, self._watch.seconds - begun)

        stopped = Stopped.TIME
        try:
            tuning.run(self._watch, self._since(begun), self._stepped(tuning, begun), looked)
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

    def _in_turn(self, network: Net, ways: Sequence[_Way], everything: list[LabelledPlane]) -> RetrainResult:
        """A training for each part of the cells without it, then one with all for as long as was best."""
        begun = self._watch.seconds
        share = self._limit / (len(ways) + 1)
        looked = []
        for turn, way in enumerate(ways):
            tuning = self._tuning(network, way, self._plan(share))
            since = self._since(begun + turn * share)
            tuning.run(self._watch, since, self._stepped(tuning, begun), lambda: None)
            looked.append(tuning.looked)
        together = [[look for _, part in at for look in part] for at in zip(*looked, strict=False)]
        best = int(np.argmax([quality(looks) for looks in together]))
        self._teller.ap_best = average_precision_of(together[best])
        self._teller.measured(self._teller.ap_best)
        steps = round(float(np.mean([of_way[best][0] for of_way in looked])))
        final = self._tuning(network, _Way([], [], everything), self._plan(share, max(1, steps)))
        if steps:
            final.run(self._watch, lambda: 0.0, self._stepped(final, begun), lambda: None)
        comparison = compare(
            [view for way in ways for view in way.views], together[0], together[best], cross_validated=True
        )
        return self._result(final, comparison, Stopped.TIME)

    def _since(self, begun: float) -> Callable[[], float]:
        return lambda: self._watch.seconds - begun

    def _stepped(self, tuning: FineTuning, begun: float) -> Callable[[], None]:
        def tell() -> None:
            teller = self._teller
            teller.seconds = self._watch.seconds - begun
            teller.epoch = tuning.trainer.progress.crops / max(1, teller.cells)
            teller.loss = tuning.loss
            teller.now_and_then()

        return tell

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
        card.styles = spread_styles([style_of(model, image, size) for image, size in self._seen])
        self._kept.store_result(model.network, card)
        curve = learning_curve(rounds_of(card))
        notes = (*self._notes, *self._kept.problems)
        return RetrainResult(
            model, comparison, curve, stopped, self._watch.seconds, self._request.work, notes
        )
