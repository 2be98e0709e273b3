"""A retraining whose every step the test allows, and results as the engine gives them."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from model_core.errors import Cancelled
from model_core.models.model import Model, load_model
from model_core.models.registry import find_model
from model_core.training.comparing import CellChange, Change, Comparison, ImageChange
from model_core.training.learning_curve import LearningCurve
from model_core.training.retraining import (
    Moment,
    Phase,
    RetrainProgress,
    RetrainRequest,
    RetrainResult,
    Stopped,
)

CURVE = LearningCurve(
    [(0, 0.6), (50, 0.75), (100, 0.8)], [(0, 0.6), (150, 0.83)], 50, 0.03, "Go on a little."
)


def progress(seconds: float, ap: float | None = None) -> RetrainProgress:
    history = [Moment(float(s), s / 10, 1 / (1 + s), 0.6 + s / 100) for s in range(int(seconds) + 1)]
    return RetrainProgress(Phase.LEARNING, 0.5, 42.0, "cpu", 1.5, 0.25, 0.6, ap, 80, 20, history)


def result_of(request: RetrainRequest, after: float = 0.8, stopped: Stopped = Stopped.ENDED) -> RetrainResult:
    """What the engine would offer for the first image of a request, whose cells are all fixed or broken."""
    image = request.images[0]
    labels = image.labels[0]
    ids = [int(id_) for id_ in np.unique(labels) if id_]
    cells = []
    for number, id_ in enumerate(ids):
        rows, cols = np.nonzero(labels == id_)
        box = (int(rows.min()), int(rows.max()) + 1, int(cols.min()), int(cols.max()) + 1)
        change = Change.BROKEN if number == 0 else Change.FIXED
        cells.append(CellChange(image.path, id_, 0, box, 0.4, 0.7, change))
    whole = (0, labels.shape[0], 0, labels.shape[1])
    seen = ImageChange(image.path, 0, whole, 0.6, after, 1, 0, cells, labels, labels, labels)
    parent: Model = load_model(request.start)
    card = replace(parent.card, name=request.name, parent=parent.card.name, rounds=[{"cells": 9}])
    model = Model(parent.network, card)
    return RetrainResult(
        model, Comparison(0.6, after, after > 0.6, [seen]), CURVE, stopped, 12.0, request.work
    )


class FakeRetraining:
    """Takes the place of `retrain`: goes on until `finish` is set; stopping offers what there is."""

    def __init__(self) -> None:
        self.started, self.finish = threading.Event(), threading.Event()
        self.requests: list[RetrainRequest] = []
        self.after = 0.8
        self.best: float | None = None
        self.error: Exception | None = None
        self.paused_seen = threading.Event()

    def __call__(
        self,
        request: RetrainRequest,
        report: Callable[[RetrainProgress], None],
        cancel: Callable[[], bool],
        pause: Callable[[], bool],
    ) -> RetrainResult:
        self.requests.append(request)
        self.started.set()
        seconds = 0.0
        while not self.finish.is_set():
            if cancel():
                if self.best is None:
                    raise Cancelled
                return result_of(request, self.best, Stopped.CANCELLED)
            if pause():
                self.paused_seen.set()
            else:
                seconds += 1
                report(progress(seconds, self.best))
            time.sleep(0.01)
        if self.error is not None:
            raise self.error
        return result_of(request, self.after)


def copy_generalist(name: str, tmp_path: Path) -> Path:
    """A model file under another name."""
    path = tmp_path / f"{name}.safetensors"
    shutil.copy(find_model(), path)
    return path
