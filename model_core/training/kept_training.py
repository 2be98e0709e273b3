"""A training as it is kept on disk while it goes on, so that a crash or a power cut loses nothing."""

from __future__ import annotations

import copy
import time
from dataclasses import replace
from datetime import datetime, timezone

from model_core.errors import UserError
from model_core.models.model import Model
from model_core.models.package import Card, read_network, save_package
from model_core.networks.net import Net
from model_core.training.comparing import average_precision_of, quality
from model_core.training.fine_tuning import Best, FineTuning, copy_of, looks_at
from model_core.training.retrain_progress import ProgressTeller
from model_core.training.retrain_request import RetrainRequest
from model_core.training.retraining_state import BEST, LAST, Interrupted, discard, interrupted, note
from model_core.training.stopwatch import Stopwatch

_STORE_EVERY = 60.0  # s


class KeptTraining:
    """What lies in a work folder of one training, and of the one before if that was interrupted.

    A disk that refuses ends no training: it is said once, in ``problems``.

    Attributes:
        earlier: the training that is gone on with; None where one begins.
        problems: sentences to show.
    """

    def __init__(self, request: RetrainRequest, minutes: float, teller: ProgressTeller) -> None:
        """``minutes``: that the training may take. ``teller`` knows how good it is."""
        self.earlier = interrupted(request.work) if request.resume else None
        if self.earlier is None:
            discard(request.work)
        self.problems: list[str] = []
        self._request, self._minutes, self._teller = request, minutes, teller
        self._work = request.work
        self._stored = 0.0

    def begin(self) -> None:
        """From now on there is a training to go on with."""
        if self.earlier is None:
            self.note(0.0)

    def note(self, seconds: float) -> None:
        """Notes how long it was active, and how good it is."""
        name, start = self._request.name, str(self._request.start or "")
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        aps = self._teller.ap_before, self._teller.ap_best
        try:
            note(self._work, Interrupted(name, start, now, self._minutes, seconds, *aps))
        except UserError as error:
            self._complain(error)

    def take_up(self, tuning: FineTuning, watch: Stopwatch) -> float:
        """Goes on where the earlier training was interrupted; the active seconds that it had."""
        if self.earlier is None or not (self._work / LAST).exists():
            return 0.0
        try:
            tuning.trainer.resume(self._work / LAST)
            if (self._work / BEST).exists():
                network, _ = read_network(self._work / BEST)
                looks = looks_at(Model(network, tuning.card, tuning.device), tuning.views, watch)
                if quality(looks) > quality(tuning.best.looks):
                    tuning.best = Best(0, looks, copy_of(network))
                    self._teller.ap_best = average_precision_of(looks)
        except UserError as error:
            self.problems.append(f"The interrupted training could not be taken up, so it began anew. {error}")
            return 0.0
        return self.earlier.seconds

    def store(self, tuning: FineTuning, seconds: float) -> None:
        """The best weights when they are new, all that resuming needs every minute."""
        new_best = tuning.best.step == tuning.trainer.progress.step and tuning.best.better
        often = time.monotonic() - self._stored < _STORE_EVERY
        if often and not new_best:
            return
        try:
            if new_best:
                network = copy.deepcopy(tuning.trainer.average)
                network.load_state_dict(tuning.best.weights)
                save_package(self._work / BEST, network, tuning.card)
            tuning.trainer.save(self._work / LAST, replace(tuning.card))
            self.note(seconds)
            self._stored = time.monotonic()
        except UserError as error:
            self._complain(error)

    def store_result(self, network: Net, card: Card) -> None:
        """The model that is offered, until somebody has decided about it."""
        try:
            save_package(self._work / BEST, network, card)
            self.note(60 * self._minutes)
        except UserError as error:
            self._complain(error)

    def _complain(self, error: UserError) -> None:
        words = f"The training could not be stored on the way, so after a crash it is lost: {error}"
        if words not in self.problems:
            self.problems.append(words)
