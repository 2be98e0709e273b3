"""One round of a growing model: intake, training from the last release, evaluation, and perhaps a release."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from model_core.community import gate
from model_core.community.intake import Say, intake
from model_core.community.judging import Judge
from model_core.community.known import known_images
from model_core.community.quality import measure_quality
from model_core.community.releases import (
    Release,
    Releases,
    describe,
    fetch,
    new_name,
    publish,
    read_releases,
)
from model_core.community.store import Store
from model_core.community.verify import catalogue_sums, check_data, demand_the_same
from model_core.community.workplace import Decision, Workplace
from model_core.errors import UserError
from model_core.formats.atomic import write_atomically
from model_core.formats.pairs import Pair, find_pairs
from model_core.models.model import Model, load_model
from model_core.models.package import SUFFIX, Card, read_network, save_package
from model_core.models.registry import find_model
from model_core.training.catalogue import Catalogue, bundled_catalogue_file, read_catalogue
from model_core.training.evaluate import Evaluation, evaluate_model
from model_core.training.trainer import Progress, resume_path
from model_core.training.training_run import TrainingRequest, train_model

Train = Callable[[TrainingRequest, Say], Card]
Evaluate = Callable[[Model, list[Pair]], Evaluation]


@dataclass(frozen=True)
class Round:
    """What a round works with.

    data: the data sets of the catalogue, with their splits. work: the folder of the intake. minutes or steps:
    how long to train. start: the model that the first release is trained from, by name or file.
    """

    data: Path
    work: Path
    minutes: float | None = None
    steps: int | None = None
    start: str | None = None
    catalogue: Path | None = None
    threads: int | None = None


@dataclass(frozen=True)
class Outcome:
    """release: what was published, if anything. reasons: why nothing was."""

    release: Release | None
    reasons: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()


class _Round:
    def __init__(self, store: Store, request: Round, say: Say) -> None:
        self.store, self.request, self.say = store, request, say
        self.work = Workplace(request.work)
        path = request.catalogue or bundled_catalogue_file()
        self.base = read_catalogue(path)
        self.base_pairs = find_pairs(request.data)
        say(f"Checking {len(self.base_pairs)} labelled images against the catalogue…")
        demand_the_same(check_data(self.base_pairs, self.base, catalogue_sums(path)))
        self.releases: Releases = read_releases(store)
        self.parent_file = self._fetch_parent()
        self.parent = load_model(self.parent_file)

    def _fetch_parent(self) -> Path:
        if self.releases.current is None:
            return find_model(self.request.start)
        target = self.work.folder / f"parent{SUFFIX}"
        fetch(self.store, self.releases.get(), target)
        return target

    @property
    def catalogue(self) -> Catalogue:
        """With the contributions."""
        return self.base.joined(self.work.catalogue())

    def judge(self) -> Judge:
        known = known_images(self.base_pairs + self.work.pairs(), self.work.folder / "hashes.json")
        kinds = {str(entry.get("kind")) for entry in self.parent.card.data}
        return Judge(
            known, self.catalogue, kinds, lambda image, labels: measure_quality(image, labels, self.parent)
        )

    def new_sets(self) -> list[str]:
        """Contributions that the last release has not learned from."""
        learned = {entry.get("name") for entry in self.parent.card.data}
        trained_on = {pair.dataset for pair in self.work.pairs("train")}
        return [name for name in self.work.catalogue().datasets if name in trained_on - learned]

    def digest(self) -> str:
        """Of all that a training starts from."""
        parts = [self.parent.id, *(f"{e.name} {e.sha256}" for e in self.catalogue.datasets.values())]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def take_in(store: Store, request: Round, say: Say) -> list[Decision]:
    """The intake alone: judges new contributions with the model of the last release.

    Raises:
        UserError: see `run_round`.
    """
    this = _Round(store, request, say)
    return intake(store, this.work, this.judge, say)


def run_round(
    store: Store,
    request: Round,
    say: Say,
    report: Callable[[Progress], None] | None = None,
    train: Train | None = None,
    evaluate: Evaluate = evaluate_model,
) -> Outcome:
    """Takes in what is new, trains, evaluates before and after, and publishes if it is better everywhere.

    The store changes in nothing but a new release. A round that was interrupted in training is resumed.

    Args:
        say: called with a sentence now and then. report: called with the progress of the training.
        train, evaluate: instead of the usual ones.

    Raises:
        UserError: the data are not those of the catalogue, or the store, the disk or the training refuses.
    """
    this = _Round(store, request, say)
    intake(store, this.work, this.judge, say)
    new = this.new_sets()
    if not new:
        return Outcome(None, ("There is nothing new to learn.",))
    digest = this.digest()
    if digest in _refused(this.work):
        return Outcome(None, ("A model of the same data was refused before, and nothing has come since.",))
    demand_the_same(
        check_data(this.work.pairs(), this.work.catalogue(), catalogue_sums(this.work.catalogue_file))
    )
    train = train or (lambda asked, say: train_model(asked, say, report))
    candidate = _train(this, train, digest)
    pairs = [pair for pair in this.base_pairs + this.work.pairs() if pair.image.parent.name == "val"]
    if not pairs:
        raise UserError("None of the data sets has images for the evaluation (a “val” split).")
    say(f"Evaluating the model before and after on {len(pairs)} images…")
    before = gate.by_kind(evaluate(this.parent, pairs).scores, this.catalogue)
    evaluation = evaluate(load_model(candidate), pairs)
    after = gate.by_kind(evaluation.scores, this.catalogue)
    verdict = gate.compare(before, after)
    if verdict.passed:
        release = _publish(this, candidate, evaluation, after, new, verdict.changes)
    else:
        release = None
        candidate.replace(this.work.folder / f"refused{SUFFIX}")
    _note(this.work, digest, verdict, release)
    for path in (candidate, resume_path(candidate), _digest_path(candidate)):
        path.unlink(missing_ok=True)
    return Outcome(release, verdict.reasons, verdict.changes)


def _train(this: _Round, train: Train, digest: str) -> Path:
    candidate = this.work.folder / f"candidate{SUFFIX}"
    begun = _digest_path(candidate)
    resume = begun.exists() and begun.read_text() == digest and resume_path(candidate).exists()
    if not resume:
        candidate.unlink(missing_ok=True)
        begun.write_text(digest)
    contributed = dict.fromkeys(pair.dataset for pair in this.work.pairs("train"))
    request = TrainingRequest(
        data=[this.request.data, *(this.work.data / name for name in contributed)],
        target=candidate,
        start=str(this.parent_file),
        minutes=this.request.minutes,
        steps=this.request.steps,
        resume=resume,
        rendered=this.base.recipe.get("rendered", 0.0),
        threads=this.request.threads,
        catalogue=this.catalogue,
    )
    train(request, this.say)
    return candidate


def _publish(
    this: _Round,
    candidate: Path,
    evaluation: Evaluation,
    after: dict[str, float],
    new: list[str],
    changes: tuple[str, ...],
) -> Release:
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    network, card = read_network(candidate)
    known = this.catalogue.datasets
    card.name = new_name(this.releases, "generalist", now)
    card.scores = {"split": "val", "mean": vars(evaluation.mean)}
    card.scores |= {name: vars(score) for name, score in evaluation.scores.items()}
    card.calibration = evaluation.calibration or card.calibration
    counts = {entry["name"]: entry["images"] for entry in card.data}
    learned = [
        f"{counts.get(name, 0)} images of “{known[name].kind}”, {known[name].source}, {known[name].licence}"
        for name in new
    ]
    package = this.work.folder / f"{card.name}{SUFFIX}"
    save_package(package, network, card)
    release = describe(
        package,
        card.name,
        date=now,
        parent=this.releases.current,
        mean=gate.mean(after),
        scores=after,
        changelog=(*learned, *changes),
    )
    publish(this.store, package, release, this.releases)
    package.unlink()
    return release


def _digest_path(candidate: Path) -> Path:
    return candidate.with_suffix(".digest")


def _rounds_path(work: Workplace) -> Path:
    return work.folder / "rounds.jsonl"


def _refused(work: Workplace) -> set[str]:
    """Digests of the trainings that came to nothing."""
    path = _rounds_path(work)
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {entry["digest"] for entry in map(json.loads, lines) if entry["release"] is None}


def _note(work: Workplace, digest: str, verdict: gate.Verdict, release: Release | None) -> None:
    path = _rounds_path(work)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    entry = {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "digest": digest,
        "release": release.name if release else None,
        "reasons": verdict.reasons,
        "changes": verdict.changes,
    }
    with write_atomically(path) as temporary:
        temporary.write_text(before + json.dumps(entry, ensure_ascii=False) + "\n", encoding="utf-8")
