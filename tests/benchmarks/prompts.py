"""How long a prompt takes at 2048 x 2048, and how often it gives the object that was meant.

    python tests/benchmarks/prompts.py [--check] [--data FOLDER] [--images 20]

The times are those of a drawn scene of 4,096 touching cells with its true fields; the box runs the bundled
model. With ``--check`` the exit code is 1 where a prompt takes longer than its goal. ``--data`` holds
``DATASET/val/NAME_img.*`` with ``NAME_masks.*``: there every true object is clicked at its centre, and the
answer counts when it overlaps the object by at least half (IoU), at level 0 and at the best of -3 to 3.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).parents[2]))

from model_core import load_model, read_image, segment
from model_core.flows.targets import labels_to_flows
from model_core.formats.label_image import read_labels
from model_core.formats.pairs import Pair, find_pairs
from model_core.images.image import image_from_array
from model_core.models.model import Model
from model_core.segmentation.mask import Mask
from model_core.segmentation.options import Options
from model_core.segmentation.prompts import object_at
from model_core.segmentation.region import segment_region
from model_core.segmentation.segmentation import Segmentation
from model_core.segmentation.split import split
from tests.benchmarks.engine import cells

GOALS = {"object at a click": 100.0, "the same, level 3": 100.0, "the same, level -3": 100.0,
         "a click on background": 100.0, "split by a stroke": 100.0, "a box of 300 px": 100.0,
         "a box, no run before": 100.0}  # fmt: skip
CLICKS = 60
LEVELS = range(-3, 4)


def scene() -> Segmentation:
    labels = cells(4096)
    inside = labels > 0
    edge = np.clip(ndimage.distance_transform_edt(inside), 0, 5) - np.clip(
        ndimage.distance_transform_edt(~inside), 0, 8
    )
    return Segmentation(
        labels[None].astype(np.uint32),
        labels_to_flows(labels)[:, None].astype(np.float32),
        edge[None].astype(np.float32),
        30.0,
        np.ones(int(labels.max()) + 1),
        Options(),
        "drawn",
    )


def milliseconds(work: Callable[[int], object], calls: int) -> tuple[float, float]:
    """Median and largest of many calls, after a first one that does not count."""
    work(0)
    times = []
    for number in range(calls):
        started = time.perf_counter()
        work(number)
        times.append(1000 * (time.perf_counter() - started))
    return float(np.median(times)), max(times)


def measure_times() -> bool:
    fields = scene()
    labels = fields.labels[0]
    rng = np.random.default_rng(0)
    spots = {
        kind: [(0, int(y), int(x)) for y, x in rng.permutation(np.argwhere(where))[: CLICKS + 1]]
        for kind, where in (("cell", labels > 0), ("background", labels == 0))
    }
    boxes = ndimage.find_objects(labels)

    def divide(number: int) -> object:
        rows, columns = boxes[labels[spots["cell"][number][1:]] - 1]
        mask = Mask(
            (slice(0, 1), rows, columns), (labels[rows, columns] == labels[spots["cell"][number][1:]])[None]
        )
        middle = (columns.start + columns.stop) / 2
        return split(fields, mask, np.array([(rows.start - 3, middle), (rows.stop + 3, middle + 2)]))

    picture = image_from_array((np.clip(fields.cellprob[0], -2, 5) * 30 + 80).astype(np.uint8))
    model = load_model()
    corners = rng.integers(0, 2048 - 300, (CLICKS + 1, 2))

    def region(number: int, run: Segmentation | None = None) -> object:
        y, x = corners[number]
        box = slice(0, 1), slice(y, y + 300), slice(x, x + 300)
        return segment_region(picture, model, box, fields=run)

    works: dict[str, Callable[[int], object]] = {
        "object at a click": lambda n: object_at(fields, spots["cell"][n]),
        "the same, level 3": lambda n: object_at(fields, spots["cell"][n], 3),
        "the same, level -3": lambda n: object_at(fields, spots["cell"][n], -3),
        "a click on background": lambda n: object_at(fields, spots["background"][n]),
        "split by a stroke": divide,
        "a box of 300 px": lambda n: region(n, fields),
        "a box, no run before": region,
    }
    good = True
    for name, work in works.items():
        median, longest = milliseconds(work, 15 if "box" in name else CLICKS)
        good &= median <= GOALS[name]
        verdict = "" if median <= GOALS[name] else "  ABOVE"
        print(
            f"{name:24} median {median:7.1f} ms   longest {longest:7.1f} ms   "
            f"goal {GOALS[name]:4.0f}{verdict}"
        )
    return good


def measure_quality(data: Path, wanted: int) -> None:
    """Clicks at the centres of true objects: how many are answered by the object."""
    model = load_model()
    sets: dict[str, list[Pair]] = {}
    for pair in find_pairs(data, "val"):
        if pair.masks.suffix == ".png":  # the others are volumes
            sets.setdefault(pair.dataset, []).append(pair)
    rows, images = [], 0
    for name, pairs in sets.items():
        some = pairs[:: -(-len(pairs) * len(sets) // wanted)]
        clicks = [row for pair in some for row in clicked(model, pair)]
        report(f"{name} ({len(some)})", clicks)
        rows += clicks
        images += len(some)
    report(f"all ({images} images)", rows)


def clicked(model: Model, pair: Pair) -> list[tuple[float, float, float]]:
    """For each true object of an image the overlap of the run's labels, of level 0, of the best level."""
    true = read_labels(pair.masks).reshape(read_labels(pair.masks).shape[-2:])
    fields = segment(read_image(pair.image), model)
    rows = []
    for number, box in enumerate(ndimage.find_objects(true.astype(np.int32)), 1):
        if box is None:
            continue
        mask = true[box] == number
        depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
        y, x = np.unravel_index(int(depth.argmax()), depth.shape)
        point = (0, int(y) + box[0].start, int(x) + box[1].start)

        def overlap(found: Mask | None, number: int = number, size: int = int(mask.sum())) -> float:
            if found is None:
                return 0.0
            both = int((found.pixels[0] & (true[found.box[1:]] == number)).sum())
            return both / (size + int(found.pixels.sum()) - both)

        label = fields.labels[point]
        everywhere = (slice(0, 1), slice(0, true.shape[0]), slice(0, true.shape[1]))
        run = overlap(Mask(everywhere, fields.labels == label) if label else None)
        levels = [overlap(object_at(fields, point, level)) for level in LEVELS]
        rows.append((run, levels[LEVELS.index(0)], max(levels)))
    return rows


def report(name: str, rows: list[tuple[float, float, float]]) -> None:
    share = (np.array(rows) >= 0.5).mean(0)
    print(
        f"{name:26} {len(rows):5} clicks   labels of the run {share[0]:.3f}   "
        f"level 0 {share[1]:.3f}   best level {share[2]:.3f}",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--images", type=int, default=20)
    options = parser.parse_args()
    good = measure_times()
    if options.data is not None:
        measure_quality(options.data, options.images)
    return int(options.check and not good)


if __name__ == "__main__":
    sys.exit(main())
