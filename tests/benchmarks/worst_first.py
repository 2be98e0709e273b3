"""What share of the errors is found by looking at as many rows of the queue as a fifth of the objects.

    python tests/benchmarks/worst_first.py DATA [--images 6] [--keep FOLDER]
    python tests/benchmarks/worst_first.py DATA --fit [--images 5] [--keep FOLDER]

`DATA` holds ``DATASET/val/NAME_img.*`` with ``NAME_masks.*``. The bundled model segments at most so many
images of each data set. An object is wrong when it matches no true one at an IoU of 0.5; a true one that none
matches was missed. Rows are ranked over all images of a data set.

The first table asks for wrong objects alone. Beside `doubt` stand the order by the mean cell probability, the
order by the model's confidence, a random order (its expectation), and the most that any order could find;
“advice” is how often the proposal is what would put the object right.

The second table asks for all errors, wrong objects and missed cells, in the order of the queue, in that of
its objects alone, by the mean cell probability, a random one, and the best one. A missed cell is found when
a wrong object that covers it, or lies in it, is looked at, or a candidate of `left_out` that points at it.
“once” counts the errors so that a missed cell under a wrong object is none of its own. “apart” are the missed
cells under no wrong object, and “traces” how many of those a candidate points at, wherever in the queue.

``--fit`` takes train images and prints the coefficients of `doubt.py` and `left_out.py`. ``--keep`` holds
what was segmented.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

sys.path.insert(0, str(Path(__file__).parents[2]))

from model_core import load_model, segment
from model_core.annotation.candidates import Candidate, from_setting, to_setting
from model_core.annotation.doubt import AGAINST, OUTCOMES, Advice, doubts, evidence, probabilities
from model_core.annotation.matching import match, shared_pixels
from model_core.annotation.signs import SIGNS, signs
from model_core.formats.pairs import Pair, find_pairs
from model_core.segmentation.left_out import HIGHEST, likelihood, traces
from model_core.segmentation.left_out import LEAST as LEAST_LIKELY
from model_core.training.dataset import load_pair
from tests.benchmarks.missed_cells import (
    Missed,
    calibration,
    fit_likelihood,
    found_at_random,
    found_errors,
    missed_cells,
    most_errors,
)

SHARE = 0.2
WIDTHS = (8, 7, 9, 7, 9, 7, 8, 7, 7)  # of the columns of the second table
MOST = 0.5  # of an object's pixels: then it lies in the other one
NONE = 0.2  # of an object's pixels on any true object: with fewer there is none
WEIGHT_DECAY = 0.3  # of the outcomes' fit, for each data set's worth of 1
DOUBT_DECAY = 0.03  # of the doubt's fit; the best for data sets that were left out of it, among train images
LEAST = {"ragged": 0.5, "one with neighbour": 0.5, "waist": 1.0}
"""What odd shapes count at least: beside the confidence they say no more, but cells of others have none."""


@dataclass
class Found:
    """Objects of one image: their signs, outcome (a row of OUTCOMES), mean cell probability, confidence; and
    the cells that were missed."""

    dataset: str
    values: np.ndarray
    outcome: np.ndarray
    cellprob: np.ndarray
    confidence: np.ndarray
    missed: Missed

    @property
    def wrong(self) -> np.ndarray:
        """Bool by object."""
        return self.outcome != 0


def outcomes(true: np.ndarray, labels: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """For each object what would put it right."""
    right = np.isin(ids, match(true, labels, 0.5)[1])
    shared = shared_pixels(true, labels)
    code = {advice: number for number, advice in enumerate(OUTCOMES)}
    found = np.full(len(ids), code[Advice.RESHAPE])
    matched = set(match(true, labels, 0.5)[0].tolist())
    for row, id_ in enumerate(ids.tolist()):
        of = shared.b == id_
        pixels, size_true = shared.pixels[of], shared.size_a[of]
        size = shared.size_b[of][0] if of.any() else 1
        if right[row]:
            found[row] = code[Advice.ACCEPT]
        elif not of.any() or pixels.sum() < NONE * size:
            found[row] = code[Advice.DELETE]
        elif (pixels >= MOST * size_true).sum() > 1:
            found[row] = code[Advice.SPLIT]
        else:
            best = int(pixels.argmax())
            parent = int(shared.a[of][best])
            beside = (shared.a == parent) & (shared.pixels >= MOST * shared.size_b)
            if pixels[best] >= MOST * size and beside.sum() > 1 and parent not in matched:
                found[row] = code[Advice.MERGE]
    return found


def some(data: Path, split: str, most: int) -> list[Pair]:
    """At most so many pairs of planes of each data set, spread evenly."""
    sets: dict[str, list[Pair]] = {}
    for pair in find_pairs(data, split):
        if pair.masks.suffix == ".png":  # the others are volumes
            sets.setdefault(pair.dataset, []).append(pair)
    chosen = []
    for pairs in sets.values():
        count = min(most, len(pairs))
        chosen += [pairs[number * len(pairs) // count] for number in range(count)]
    return chosen


def look(pairs: list[Pair], split: str, keep: Path | None) -> Iterator[Found]:
    """Segments, or takes what was kept."""
    model = None
    for pair in pairs:
        stored = None if keep is None else keep / f"{split}__{pair.dataset}__{pair.name}.npz"
        image, true = load_pair(pair)
        if stored is not None and stored.exists():
            with np.load(stored) as file:
                labels, confidence, cellprob = file["labels"], file["confidence"], file["cellprob"]
                seen = from_setting(json.loads(str(file["traces"])))
        else:
            model = model or load_model()
            result = segment(image, model)
            labels, confidence, cellprob = result.labels, result.confidence, result.cellprob
            seen = traces(result)
            if stored is not None:
                stored.parent.mkdir(parents=True, exist_ok=True)
                store(stored, labels, confidence, cellprob, seen)
        found = signs(labels, confidence, np.asarray(image.pixels))
        if not len(found.ids):
            continue
        count = np.bincount(labels.ravel())
        mean = np.bincount(labels.ravel(), cellprob.ravel().astype(np.float64)) / np.maximum(count, 1)
        outcome = outcomes(true, labels, found.ids)
        missed = missed_cells(true.astype(np.int64), labels.astype(np.int64), found.ids, seen)
        yield Found(pair.dataset, found.values, outcome, mean[found.ids], confidence[found.ids], missed)
        print(".", end="", flush=True, file=sys.stderr)
    print(file=sys.stderr)


def store(
    path: Path, labels: np.ndarray, confidence: np.ndarray, cellprob: np.ndarray, seen: list[Candidate]
) -> None:
    np.savez(
        path,
        labels=labels,
        confidence=confidence,
        cellprob=cellprob.astype(np.float16),
        traces=json.dumps(to_setting(seen)),
    )


def caught(doubt: np.ndarray, wrong: np.ndarray) -> float:
    """Share of the wrong ones among the first SHARE of all, in falling order of doubt."""
    worst = np.argsort(-doubt, kind="stable")[: round(SHARE * len(doubt))]
    return float(wrong[worst].sum() / max(1, wrong.sum()))


def left_out(images: list[Found]) -> float:
    """Mean share that is caught of each data set by a doubt that was fitted to the others."""
    shares = []
    for name in sorted({image.dataset for image in images}):
        mine = [image for image in images if image.dataset == name]
        constant, weights = fit_doubt([image for image in images if image.dataset != name])
        score = constant + evidence(np.concatenate([image.values for image in mine])) @ weights
        wrong = np.concatenate([image.outcome for image in mine]) != 0
        if wrong.any():
            shares.append(caught(score, wrong))
    return float(np.mean(shares))


def report(images: list[Found]) -> None:
    print(
        f"looking at {SHARE:.0%}    {'objects':>8}{'wrong':>7}{'missed':>7}{'doubt':>8}{'conf.':>8}"
        f"{'cellprob':>9}{'random':>8}{'best':>7}{'advice':>8}"
    )
    means = mean_of_sets(images, line)
    line("all objects", images)
    print(f"{'mean of sets':38}" + "".join(f"{value:8.2f}" for value in means))


def mean_of_sets(images: list[Found], line: Callable[[str, list[Found]], list[float] | None]) -> np.ndarray:
    """Of what the lines of all data sets say, without those that say nothing."""
    names = sorted({image.dataset for image in images})
    rows = [line(name, [image for image in images if image.dataset == name]) for name in names]
    means: np.ndarray = np.array([row for row in rows if row is not None]).mean(0)
    return means


def line(name: str, images: list[Found]) -> list[float] | None:
    values = np.concatenate([image.values for image in images])
    outcome = np.concatenate([image.outcome for image in images])
    wrong = outcome != 0
    chance = probabilities(values)
    orders = (
        doubts(values),
        -np.concatenate([image.confidence for image in images]),
        -np.concatenate([image.cellprob for image in images]),
    )
    share = [caught(order, wrong) for order in orders]
    best = min(1.0, SHARE * len(wrong) / max(1, wrong.sum()))
    advised = chance[:, 1:].argmax(1) + 1
    agreed = float((advised == outcome)[wrong].mean()) if wrong.any() else np.nan
    missed = sum(image.missed.count for image in images)
    print(
        f"{name:20}{len(wrong):8}{wrong.sum():7}{missed:7}{share[0]:8.2f}{share[1]:8.2f}{share[2]:9.2f}"
        f"{SHARE:8.2f}{best:7.2f}{agreed:8.2f}",
        flush=True,
    )
    return [*share, SHARE, best, agreed] if wrong.any() else None


def report_all_errors(images: list[Found]) -> None:
    print(
        f"\nall errors{'':10}{'wrong':>7}{'missed':>7}{'apart':>7}{'traces':>7}{'queue':>8}{'once':>7}"
        f"{'objects':>9}{'once':>7}{'cellprob':>9}{'once':>7}{'random':>8}{'once':>7}{'best':>7}"
    )
    means = mean_of_sets(images, errors_line)
    errors_line("all", images)
    print(f"{'mean of sets':48}{in_columns(means)}")
    chances = np.concatenate([chances_of(image.missed) for image in images])
    cell = np.concatenate([image.missed.of_traces >= 0 for image in images])
    fits = np.concatenate([image.missed.fits for image in images])
    print(f"likelihood of a missed cell -> how often there was one: {calibration(chances, cell)}")
    print(f"of the traces at which there was one, {fits[cell].mean():.0%} match it at an IoU of 0.5")


def in_columns(shares: Iterable[float]) -> str:
    return "".join(f"{share:{width}.2f}" for share, width in zip(shares, WIDTHS, strict=True))


def chances_of(missed: Missed) -> np.ndarray:
    """Of the traces; -1 for those that nobody is asked about."""
    chances = np.array([likelihood(score) for score in missed.scores])
    return np.where(chances >= LEAST_LIKELY, chances, -1.0)


def errors_line(name: str, images: list[Found]) -> list[float] | None:
    wrong, missed = [image.wrong for image in images], [image.missed for image in images]
    count, free = sum(of.count for of in missed), sum(of.free for of in missed)
    bad = sum(int(each.sum()) for each in wrong)
    doubt = [doubts(image.values) for image in images]
    cellprob = [-image.cellprob for image in images]
    seen = sum(len(np.unique(of.of_traces[of.of_traces >= 0])) for of in missed)
    shares: list[float] = []
    for rows, places in ((doubt, [chances_of(of) for of in missed]), (doubt, None), (cellprob, None)):
        objects, under, apart = found_errors(wrong, missed, rows, places, SHARE)
        shares += [(objects + under + apart) / max(1, bad + count), (objects + apart) / max(1, bad + free)]
    objects_, under_ = found_at_random(wrong, missed, SHARE)
    shares += [(objects_ + under_) / max(1, bad + count), objects_ / max(1, bad + free)]
    shares += [most_errors(wrong, missed, SHARE) / max(1, bad + count)]
    print(f"{name:20}{bad:7}{count:7}{free:7}{seen:7}{in_columns(shares)}", flush=True)
    return shares if bad + count else None


def fit_doubt(images: list[Found]) -> tuple[float, np.ndarray]:
    """Constant and weights of the logistic regression: that of the confidence negative, no other below LEAST.

    The weights of the confidence and of the softness are free, those of the others are drawn towards 0.
    """
    inputs = evidence(np.concatenate([image.values for image in images]))
    wrong = (np.concatenate([image.outcome for image in images]) != 0).astype(float)
    sets = np.array([image.dataset for image in images for _ in image.outcome])
    names, place, count = np.unique(sets, return_inverse=True, return_counts=True)
    weight = 1 / count[place] / len(names)
    centre, scale = inputs.mean(0), np.maximum(inputs.std(0), 1e-6)
    inputs = (inputs - centre) / scale
    decay = np.array([0 if name in ("confidence", "soft") else DOUBT_DECAY for name in AGAINST])

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        score = flat[0] + inputs @ flat[1:]
        chance = 1 / (1 + np.exp(-score))
        value = float(weight @ (np.logaddexp(0, score) - wrong * score) + decay @ flat[1:] ** 2)
        slope = weight * (chance - wrong)
        return value, np.r_[slope.sum(), inputs.T @ slope + 2 * decay * flat[1:]]

    least = np.array([LEAST.get(name, 0.0) for name in AGAINST]) * scale
    bounds = [
        (None, 0.0) if name == "confidence" else (low, None) for name, low in zip(AGAINST, least, strict=True)
    ]
    start = np.r_[0.0, least]
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(None, None), *bounds]).x
    weights = best[1:] / scale
    return float(best[0] - weights @ centre), weights


def fit_outcomes(images: list[Found]) -> np.ndarray:
    """Coefficients of the multinomial regression, those of the first outcome against the others' mean."""
    values = np.concatenate([image.values for image in images])
    outcome = np.concatenate([image.outcome for image in images])
    sets = np.array([image.dataset for image in images for _ in image.outcome])
    names, place, count = np.unique(sets, return_inverse=True, return_counts=True)
    weight = 1 / count[place] / len(names)
    scale = np.maximum(values.std(0), 1e-6)
    inputs = np.concatenate([np.ones((len(values), 1)), values / scale], axis=1)
    truth = np.eye(len(OUTCOMES))[outcome]
    shape = (len(OUTCOMES), inputs.shape[1])

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(shape)
        score = inputs @ weights.T
        score -= score.max(1, keepdims=True)
        log = score - np.log(np.exp(score).sum(1, keepdims=True))
        slack = WEIGHT_DECAY / len(names) * np.square(weights[:, 1:]).sum()
        gradient = (weight[:, None] * (np.exp(log) - truth)).T @ inputs
        gradient[:, 1:] += 2 * WEIGHT_DECAY / len(names) * weights[:, 1:]
        return float(-(weight[:, None] * truth * log).sum() + slack), gradient.ravel()

    best = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 2000})
    weights = best.x.reshape(shape)
    weights[:, 1:] /= scale
    return weights - weights.mean(0)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--images", type=int, default=6)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    split = "train" if options.fit else "val"
    images = list(look(some(options.data, split, options.images), split, options.keep))
    if options.fit:
        print(f"# {len(images)} images, {sum(len(i.outcome) for i in images)} objects; {', '.join(SIGNS)}")
        constant, weights = fit_doubt(images)
        print(f"# of data sets that were left out of the fit it finds {left_out(images):.2f}")
        print(f"_CONSTANT, _WEIGHTS = {constant:.3g}, np.array([{', '.join(f'{w:.3g}' for w in weights)}])")
        for advice, row in zip(OUTCOMES, fit_outcomes(images), strict=True):
            print(f"    ({', '.join(f'{value:.3g}' for value in row)}),  # {advice.value}")
        constant, weight = fit_likelihood([image.missed for image in images], HIGHEST)
        print(f"left_out: _CONSTANT, _WEIGHT = {constant:.3g}, {weight:.3g}")
    report(images)
    report_all_errors(images)


if __name__ == "__main__":
    main()
