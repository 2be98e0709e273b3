"""The engine beside Cellpose 3: the same arrays, the same number of threads, one run.

    python tests/benchmarks/engine.py --peer /path/to/python-with-cellpose [--check] [--threads 2] [--large]

Cellpose runs in an interpreter of its own (``pip install "cellpose<4"`` in a virtual environment). Every
figure is the median of several calls after one warm-up; those of large images come from one call in a
process of its own (large.py). The whole is measured with the diameter given to both, and with none given: for
that Cellpose looks three times and outlines twice, since its size model needs two passes. With --check the
exit code is 1 where a ratio falls short of the goal. With --large the memory of an image of 16k x 16k is
measured too, with a net that costs nothing. Cellpose's run over 8k x 8k is stopped after --minutes if it has
not ended.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

GOALS = {"network": 12.0, "labels to flows": 10.0, "flows to masks": 5.0, "whole": 12.0}
CELLS = (250, 1000, 4000)
SIDES = (512, 1024)


def cells(count: int, seed: int = 0) -> np.ndarray:
    """int32 labels of about this many touching ellipses, 30 px wide."""
    side = int(np.sqrt(count)) * 32
    rng = np.random.default_rng(seed)
    labels = np.zeros((side, side), np.int32)
    nearest = np.ones((side, side), np.float32)
    number = 0
    for row in range(16, side, 32):
        for column in range(16, side, 32):
            number += 1
            y, x = row + rng.uniform(-6, 6), column + rng.uniform(-6, 6)
            top, left = max(0, int(y) - 22), max(0, int(x) - 22)
            part = np.s_[top : int(y) + 23, left : int(x) + 23]
            dy, dx = np.indices(labels[part].shape) + np.array([top - y, left - x])[:, None, None]
            turn, stretch = rng.uniform(0, np.pi), rng.uniform(0.8, 1.25)
            along, across = dy * np.cos(turn) + dx * np.sin(turn), dx * np.cos(turn) - dy * np.sin(turn)
            distance = np.hypot(along * stretch, across / stretch) / rng.uniform(14, 17)
            closer = distance < nearest[part]
            nearest[part][closer] = distance[closer]
            labels[part][closer] = number
    return labels


def timed(work: Callable[[], object], repeats: int) -> float:
    work()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def ours(folder: Path, threads: int, repeats: int) -> dict[str, float]:
    import torch

    from model_core import flows_to_labels, labels_to_flows, load_model, segment
    from model_core.segmentation.tiling import predict_fields

    torch.set_num_threads(threads)
    model = load_model(device="cpu")
    rows = {}
    for side in SIDES:
        pixels = np.load(folder / f"pixels_{side}.npy")
        pixels = np.concatenate([pixels, pixels[:1]])
        rows[f"network {side}"] = timed(lambda p=pixels: predict_fields(model, p), repeats)
    for count in CELLS:
        labels = np.load(folder / f"labels_{count}.npy")
        flows, cellprob = np.load(folder / f"flows_{count}.npy"), np.load(folder / f"cellprob_{count}.npy")
        rows[f"labels to flows {count}"] = timed(lambda x=labels: labels_to_flows(x), repeats)
        rows[f"flows to masks {count}"] = timed(lambda f=flows, c=cellprob: flows_to_labels(f, c), repeats)
    image = np.load(folder / "whole.npy")
    rows["whole 1024"] = timed(lambda: segment(image, model, diameter=30.0), repeats)
    rows["whole 1024, no diameter"] = timed(lambda: segment(image, model), repeats)
    return rows


def in_process(python: str, script: str, *arguments: str, environment: dict[str, str]) -> dict[str, float]:
    """What a script beside this one prints as JSON in its last line."""
    answer = subprocess.run(
        [python, str(HERE / script), *arguments], capture_output=True, text=True, env=environment, check=False
    )
    if answer.returncode:
        sys.exit(answer.stderr)
    figures: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return figures


def large_images(peer: str, threads: str, environment: dict[str, str], largest: bool, minutes: float) -> bool:
    """Prints the rows of large images; whether one misses its goal."""

    def our(side: int, *more: str) -> dict[str, float]:
        return in_process(
            sys.executable, "large.py", str(side), "--threads", threads, *more, environment=environment
        )

    small, large = our(1024), our(8192)
    theirs = in_process(peer, "large_peer.py", "8192", str(minutes), environment=environment)
    before, after = small["seconds"], large["seconds"]
    ours, beside, least = large["peak"], theirs["peak"], "> " * bool(theirs["stopped"])
    rows = [
        ("growth 1k to 8k", f"{before:.1f} s, {after:.1f} s", after / before / 64, 1.0),
        ("peak memory 8k", f"{ours:.2f} GiB, Cellpose {least}{beside:.2f} GiB", ours / beside, 0.5),
    ]
    if largest:
        peak = our(16384, "--free-net")["peak"]
        rows.append(("peak memory 16k", f"{peak:.2f} GiB", peak, 6.0))
    print(f"\n{'large images':<20}{'':<34}{'figure':>8}{'at most':>9}")
    for name, text, figure, most in rows:
        print(f"{name:<20}{text:<34}{figure:>8.2f}{most:>9.1f}{'  short' * (figure > most)}")
    if theirs["stopped"]:
        print(f"Cellpose's 8k run was stopped after {minutes:g} minutes; its memory is a lower bound.")
    return any(figure > most for *_, figure, most in rows)


def write_inputs(folder: Path) -> None:
    from model_core import labels_to_flows

    rng = np.random.default_rng(1)
    for side in SIDES:
        np.save(folder / f"pixels_{side}.npy", rng.random((2, side, side), np.float32))
    for count in CELLS:
        labels = cells(count)
        np.save(folder / f"labels_{count}.npy", labels)
        np.save(folder / f"flows_{count}.npy", labels_to_flows(labels))
        np.save(folder / f"cellprob_{count}.npy", np.where(labels > 0, 6, -6).astype(np.float32))
    labels = cells(1024)
    brightness = rng.uniform(120, 200, labels.max() + 1)[labels] * (labels > 0)
    image = brightness + rng.normal(20, 5, labels.shape)
    np.save(folder / "whole.npy", np.clip(image, 0, 255).astype(np.uint8))


def main() -> int:
    parser = argparse.ArgumentParser(description="The engine beside Cellpose 3")
    parser.add_argument("--peer", required=True, help="Python interpreter that has Cellpose 3")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a goal is missed")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--large", action="store_true", help="measure an image of 16k x 16k too")
    parser.add_argument("--minutes", type=float, default=20, help="after which Cellpose's 8k run is stopped")
    parser.add_argument("--no-large", action="store_true", help="leave out the images of 8k x 8k")
    options = parser.parse_args()
    threads = str(options.threads)
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "NUMBA_NUM_THREADS": threads}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(folder)
        mine = ours(folder, options.threads, options.repeats)
        theirs = in_process(options.peer, "engine_peer.py", name, threads, environment=environment)
    missed = False
    print(f"{'work':<26}{'ours s':>9}{'Cellpose s':>12}{'ratio':>8}{'goal':>7}")
    for row, seconds in mine.items():
        goal = next(value for key, value in GOALS.items() if row.startswith(key))
        ratio = theirs[row] / seconds
        missed |= ratio < goal
        mark = "" if ratio >= goal else "  short"
        print(f"{row:<26}{seconds:>9.3f}{theirs[row]:>12.3f}{ratio:>8.1f}{goal:>7.0f}{mark}")
    if not options.no_large:
        missed |= large_images(options.peer, threads, environment, options.large, options.minutes)
    return int(options.check and missed)


if __name__ == "__main__":
    sys.exit(main())
