"""How much a model gains from a person's corrections, on images of a kind that it was not trained on.

    python tests/benchmarks/learning.py [--check] --data FOLDER --starts FOLDER [--sets A,B] [--kinds C,D]

Plays a person who corrects the cells of ten images, worst first, from the true labels; retrains after 25, 50,
100 and 200 corrected cells, each time from the model of the round before; and looks at AP at an IoU of 0.5 on
images that nobody corrected. Then the same with cells in random order, and once with all cells of all
training images. Forgetting is what the last model loses on images of data sets that the start model knows.

``--starts`` holds ``without_SET.safetensors``, a model that was not trained on SET, or ``without.json``,
a list of sets, and one ``without.safetensors`` for all of them. ``--kinds`` are kinds of rendered cells that
the bundled model has not seen; they are left out of the replay. With ``--crops-a-second N`` seconds are crops
over N, as on a free processor that makes N a second, so that figures do not depend on what else runs. With
``--peer PYTHON``, an interpreter with Cellpose 3, its net is trained for the minutes of the last round on the
same images.

With ``--check`` the exit code is 1 where 200 cells give less than 95 % of what all cells give, worst-first is
worse than random order, a model forgets 0.02 or more, a round of 200 cells takes over 3 minutes, or its first
better model over one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tifffile

sys.path.insert(0, str(Path(__file__).parents[2]))

from model_core import average_precision, load_model, segment
from model_core.annotation.matching import overlaps
from model_core.formats.pairs import Pair, find_pairs
from model_core.models.model import Model
from model_core.training import rendered_crops
from model_core.training.collecting import everything
from model_core.training.dataset import load_pair
from model_core.training.rendered.kinds import KINDS
from model_core.training.rendered.render import render, render_any
from model_core.training.retraining import (
    RetrainOptions,
    RetrainProgress,
    RetrainRequest,
    chosen_options,
    retrain,
)
from model_core.training.reviewed import ReviewedImage

IMAGES = 10  # that a person works on
RIGHT = 0.5
REPLACED = 3  # an object of which a third and more lies under corrected cells is gone
GOAL, FORGOTTEN, MINUTES, USABLE = 0.95, 0.02, 3.0, 60.0


@dataclass
class Image:
    """A training image: its true labels int32 (Z, Y, X), the cells reviewed so far, trusted background."""

    pair: Pair
    labels: np.ndarray
    reviewed: set[int] = field(default_factory=set)
    background: np.ndarray | None = None
    found: np.ndarray | None = None


class Person:
    """Corrects cells from the true labels, in turn in each image, worst first or in random order."""

    def __init__(self, pairs: Sequence[Pair], worst_first: bool, seed: int = 0) -> None:
        self._rng, self._worst_first = np.random.default_rng(seed), worst_first
        chosen = np.random.default_rng(seed).permutation(len(pairs))[:IMAGES]
        self.images = [Image(pairs[n], load_pair(pairs[n])[1]) for n in chosen]
        self.corrected = 0

    def correct(self, model: Model, total: int) -> list[ReviewedImage]:
        """Goes on until ``total`` cells were corrected, or none is left; what a retraining learns from."""
        to_do = [self._to_do(image, model) for image in self.images]
        while self.corrected < total and any(to_do):
            for items in to_do:
                if items and self.corrected < total:
                    items.pop(0)()
                    self.corrected += 1
        return [reviewed(image) for image in self.images if image.reviewed]

    def _to_do(self, image: Image, model: Model) -> list[Callable[[], None]]:
        image.found = segment(str(image.pair.image), model).labels
        cells, objects, iou = overlaps(image.labels, image.found)
        best = dict.fromkeys(np.unique(image.labels[image.labels > 0]).tolist(), 0.0)
        for cell, value in zip(cells.tolist(), iou.tolist(), strict=True):
            best[cell] = max(best[cell], value)
        items: list[tuple[float, Callable[[], None]]] = [
            (value, lambda cell=cell: image.reviewed.add(cell))
            for cell, value in best.items()
            if cell not in image.reviewed
        ]
        numbers = np.unique(image.found[image.found > 0])
        items += [(0.0, lambda n=n: delete(image, n)) for n in np.setdiff1d(numbers, objects).tolist()]
        order = self._rng.permutation(len(items)).tolist()
        if self._worst_first:
            order.sort(key=lambda n: items[n][0])
        return [items[n][1] for n in order]


def delete(image: Image, number: int) -> None:
    """The person deletes an object that is no cell."""
    background = image.found == number
    image.background = background if image.background is None else image.background | background


def reviewed(image: Image) -> ReviewedImage:
    on_cells = np.isin(image.labels, list(image.reviewed))
    trusted = on_cells if image.background is None else on_cells | (image.background & (image.labels == 0))
    assert image.found is not None
    size = np.bincount(image.found.ravel())
    under = np.bincount(image.found[trusted], minlength=len(size))
    others = ~trusted & (image.found > 0) & (REPLACED * under < size)[image.found]
    cells = np.where(on_cells, image.labels, 0).astype(np.uint32)
    return ReviewedImage(image.pair.image, cells, trusted, others)


@dataclass
class Subject:
    """Images of one kind: to correct, to judge by, and the model that has not seen them."""

    name: str
    train: list[Pair]
    val: list[Pair]
    start: Path | None


def ap(model: Model, pairs: Sequence[Pair]) -> float:
    values = []
    for pair in pairs:
        image, labels = load_pair(pair)
        values.append(average_precision(labels, segment(image, model).labels)[0][0])
    return float(np.mean(values))


def some(pairs: list[Pair], count: int) -> list[Pair]:
    return [pairs[n] for n in np.random.default_rng(1).permutation(len(pairs))[:count]]


def rendered_subject(kind: str, folder: Path) -> Subject:
    """Images of a kind of rendered cells; other kinds are replayed from now on."""
    parts = []
    for split, count in (("train", IMAGES), ("val", 6)):
        rng = np.random.default_rng(len(split))
        (folder / kind / split).mkdir(parents=True)
        for n in range(count):
            picture = render(kind, rng, (384, 384))
            axes = {"axes": "CYX"}
            tifffile.imwrite(folder / kind / split / f"{n}_img.tif", picture.image, metadata=axes)
            tifffile.imwrite(folder / kind / split / f"{n}_masks.tif", picture.labels.astype(np.uint16))
        parts.append(find_pairs(folder / kind / split))
    return Subject(kind, *parts, None)


def without(kinds: Sequence[str]) -> None:
    """Leaves kinds out of the rendered cells that are replayed."""

    def render_other(*arguments: object) -> object:
        kept = {name: KINDS.pop(name) for name in kinds if name in KINDS}
        try:
            return render_any(*arguments)  # type: ignore[arg-type]
        finally:
            KINDS.update(kept)

    rendered_crops.render_any = render_other  # type: ignore[assignment]


def names_without(starts: Path | None) -> list[str]:
    """The sets that the model for all of them has not seen."""
    shared = starts / "without.json" if starts else None
    return json.loads(shared.read_text()) if shared and shared.exists() else []


def subjects(arguments: argparse.Namespace, folder: Path) -> list[Subject]:
    kinds = [name for name in arguments.kinds.split(",") if name]
    without(kinds)
    found = [rendered_subject(kind, folder) for kind in kinds]
    names = names_without(arguments.starts)
    for name in [name for name in arguments.sets.split(",") if name]:
        start = arguments.starts / ("without" if name in names else f"without_{name}")
        start = start.with_suffix(".safetensors")
        if not start.exists():
            print(f"{name}: no model that has not seen it ({start}); left out")
            continue
        train, val = (find_pairs(arguments.data / name, split) for split in ("train", "val"))
        found.append(Subject(name, train, some(val, arguments.val), start))
    return found


def options_for(images: Sequence[ReviewedImage], rate: float | None) -> RetrainOptions:
    if rate is None:
        return RetrainOptions()
    return RetrainOptions(minutes=600, epochs=chosen_options(images).epochs)


@dataclass
class Learned:
    """The better of start and new model, the seconds that took, and those until it beat the start."""

    model: Path | None
    seconds: float
    usable: float | None


def learn(images: Sequence[ReviewedImage], start: Path | None, target: Path, rate: float | None) -> Learned:
    began, usable = time.monotonic(), []

    def report(progress: RetrainProgress) -> None:
        if progress.usable and not usable:
            crops = progress.epoch * progress.cells
            usable.append(crops / rate if rate else time.monotonic() - began)

    work = target.with_suffix(".work")
    options = options_for(images, rate)
    result = retrain(RetrainRequest(images, target.stem, work, start, options), report)
    crops = result.card.recipe["crops"]
    seconds = crops / rate if rate else time.monotonic() - began
    compared = result.comparison
    aps = f"{compared.ap_before:.3f} -> {compared.ap_after:.3f}"
    aps += " (mean IoU {:.3f} -> {:.3f})".format(*compared.ious)
    took = f"{crops:,} crops, {time.monotonic() - began:.0f} s"
    print(f"    held-out cells: {aps}, {took}. {result.stopped.value}", flush=True)
    if not compared.better:
        return Learned(start, seconds, None)
    result.save(target)
    return Learned(target, seconds, usable[0] if usable else seconds)


def measure(subject: Subject, arguments: argparse.Namespace, others: list[Pair], folder: Path) -> dict:
    rate, counts = arguments.crops_a_second, [int(n) for n in arguments.counts.split(",")]
    start = load_model(subject.start)
    figures: dict = {"start": ap(start, subject.val), "images": len(subject.val), "orders": {}}
    print(f"{subject.name}: AP {figures['start']:.3f} at the start on {len(subject.val)} images", flush=True)
    before = ap(start, others) if others else 0.0
    for order in arguments.orders.split(","):
        person, model = Person(subject.train, order == "worst"), subject.start
        row = figures["orders"][order] = []
        for count in counts:
            images = person.correct(load_model(model), count)
            target = folder / f"{subject.name}_{order}_{count}.safetensors"
            done = learn(images, model, target, rate)
            model = done.model
            value = ap(load_model(model), subject.val)
            corrected, cells = person.corrected, sum(image.cells for image in images)
            row.append({"corrected": corrected, "cells": cells, "ap": value, "seconds": done.seconds})
            row[-1]["usable"] = done.usable
            print(f"  {order:>6}, {corrected:4} corrected: AP {value:.3f}", flush=True)
        if others:
            figures[f"forgotten, {order}"] = lost = before - ap(load_model(model), others)
            print(f"  forgotten on {len(others)} images of other sets: {lost:.3f}", flush=True)
    if arguments.peer:
        minutes = row[-1]["seconds"] / 60
        figures["peer"] = of_peer(arguments.peer, minutes, person, subject.val, folder)
        print(f"  Cellpose, {minutes:.1f} minutes: {figures['peer']}", flush=True)
    if arguments.all:
        images = [i for p in subject.train if (i := everything(p.image, load_pair(p)[1]))]
        done = learn(images, subject.start, folder / f"{subject.name}_all.safetensors", rate)
        figures["all"], figures["all cells"] = (
            ap(load_model(done.model), subject.val),
            sum(i.cells for i in images),
        )
        print(f"  all {figures['all cells']:,} cells: AP {figures['all']:.3f}", flush=True)
    return figures


def of_peer(python: Path, minutes: float, person: Person, val: Sequence[Pair], folder: Path) -> dict:
    """Cellpose on the images that the person worked on, with all of their labels."""
    files = folder / "peer_train.json", folder / "peer_val.json"
    for file, pairs in zip(files, ([image.pair for image in person.images], val), strict=True):
        file.write_text(json.dumps([(str(pair.image), str(pair.masks)) for pair in pairs]))
    script = Path(__file__).with_name("learning_peer.py")
    said = subprocess.run(
        [python, script, str(minutes), *files], check=True, capture_output=True, text=True
    ).stdout
    found: dict = json.loads(said.splitlines()[-1])
    return found


def table(results: dict[str, dict]) -> list[str]:
    """AP by corrected cells: a line for each subject and order."""
    lines = []
    for name, figures in results.items():
        for order, row in figures["orders"].items():
            cells = "  ".join(f"{at['corrected']}: {at['ap']:.3f}" for at in row)
            last = row[-1]
            usable = "never" if last["usable"] is None else f"{last['usable']:.0f} s"
            lines.append(
                f"{name}, {order}  0: {figures['start']:.3f}  {cells}"
                + (f"  all {figures['all cells']:,}: {figures['all']:.3f}" if "all" in figures else "")
                + f"  last round {last['seconds']:.0f} s, usable after {usable}"
                + (
                    f"  forgotten {lost:.3f}"
                    if (lost := figures.get(f"forgotten, {order}")) is not None
                    else ""
                )
            )
        if "peer" in figures:
            lines.append(f"{name}, Cellpose from random weights: {figures['peer']['ap']:.3f}")
    return lines


def failures(name: str, figures: dict) -> list[str]:
    """Which goals a subject misses."""
    worst, random = (figures["orders"].get(order, []) for order in ("worst", "random"))
    words = [
        f"{name}: {key} {value:.3f}"
        for key, value in figures.items()
        if "forgot" in key and value >= FORGOTTEN
    ]
    if "all" in figures and worst and worst[-1]["ap"] < GOAL * figures["all"]:
        words.append(
            f"{name}: {worst[-1]['ap']:.3f} with {worst[-1]['corrected']}, {figures['all']:.3f} with all"
        )
    for a, b in zip(worst, random, strict=False):
        if a["ap"] < b["ap"] - 0.005:
            words.append(f"{name}: {a['corrected']} cells, worst first {a['ap']:.3f}, random {b['ap']:.3f}")
    if worst and worst[-1]["seconds"] > 60 * MINUTES:
        words.append(f"{name}: the last round took {worst[-1]['seconds']:.0f} s")
    if worst and (worst[-1]["usable"] or USABLE + 1) > USABLE:
        words.append(f"{name}: the last round had nothing better within {USABLE:.0f} s")
    return words


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--starts", type=Path)
    parser.add_argument("--sets", default="")
    parser.add_argument("--kinds", default="")
    parser.add_argument("--counts", default="25,50,100,200")
    parser.add_argument("--orders", default="worst,random")
    parser.add_argument("--val", type=int, default=20, help="images to judge by, at most")
    parser.add_argument("--others", type=int, default=2, help="images of each other set to see forgetting by")
    parser.add_argument("--crops-a-second", type=float)
    parser.add_argument("--no-all", dest="all", action="store_false")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--peer", type=Path)
    arguments = parser.parse_args()
    unseen = names_without(arguments.starts)
    results = {}
    with tempfile.TemporaryDirectory() as name:
        for subject in subjects(arguments, Path(name)):
            others = []
            for folder in sorted(arguments.data.iterdir()) if arguments.data and arguments.others else []:
                if (
                    (folder / "val").is_dir()
                    and folder.name not in {subject.name, *unseen}
                    and "3d" not in folder.name
                ):
                    others += some(find_pairs(folder, "val"), arguments.others)
            results[subject.name] = measure(subject, arguments, others, Path(name))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))
    print(*table(results), sep="\n")
    missed = [words for name, figures in results.items() for words in failures(name, figures)]
    for words in missed:
        print(f"MISSED  {words}")
    return 1 if arguments.check and (missed or not results) else 0


if __name__ == "__main__":
    sys.exit(main())
