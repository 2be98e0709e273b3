"""Large images: seconds and peak memory of one `segment`, in a process of its own; prints them as JSON.

    python tests/benchmarks/large.py SIDE [--threads 2] [--free-net]

With --free-net the fields come from the slopes of the image, which cost next to nothing: for memory alone.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

PERIOD = 1024  # px
SPACING = 32  # px from cell to cell


def domes() -> np.ndarray:
    """uint16 (PERIOD, PERIOD): touching cells, brightest in the middle, that go on when it is repeated."""
    rng = np.random.default_rng(0)
    bright = np.zeros((PERIOD, PERIOD), np.float32)
    dy, dx = np.mgrid[-20:21, -20:21]
    for row in range(0, PERIOD, SPACING):
        for column in range(0, PERIOD, SPACING):
            y, x = (np.array([row, column]) + rng.integers(-4, 5, 2)).tolist()
            turn, stretch = rng.uniform(0, np.pi), rng.uniform(0.85, 1.2)
            along, across = dy * np.cos(turn) + dx * np.sin(turn), dx * np.cos(turn) - dy * np.sin(turn)
            dome = 1 - np.square(np.hypot(along * stretch, across / stretch) / 15)
            rows, columns = (y + dy[:, :1]) % PERIOD, (x + dx[:1]) % PERIOD
            bright[rows, columns] = np.maximum(bright[rows, columns], rng.uniform(0.7, 1) * dome)
    return (200 + 8000 * bright).astype(np.uint16)


def scene(side: int) -> np.ndarray:
    """uint16 (side, side); side is a multiple of PERIOD."""
    return np.tile(domes(), (side // PERIOD, side // PERIOD))


def slopes(tiles: np.ndarray) -> np.ndarray:
    """Maps as `Model.predict` gives them, of a scene: uphill is the way to the centre."""
    bright = tiles[:, 0]
    flows = np.stack(np.gradient(bright, axis=(1, 2)), 1)
    flows /= np.sqrt(np.square(flows).sum(1, keepdims=True)) + 1e-3
    return np.concatenate([flows, 20 * (bright[:, None] - 0.1), 0 * bright[:, None]], 1)


def peak_gib() -> float:
    """Of this process so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def main() -> None:
    parser = argparse.ArgumentParser(description="Seconds and peak memory of one large image")
    parser.add_argument("side", type=int)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--free-net", action="store_true")
    options = parser.parse_args()

    import torch

    from model_core import load_model, segment

    torch.set_num_threads(options.threads)
    model = load_model(device="cpu")
    given = None
    if options.free_net:
        model.predict = slopes  # type: ignore[method-assign]
        given = model.diameter
    segment(scene(PERIOD)[:512, :512], model, diameter=30)  # compiled loops and the allocator
    image = scene(options.side)
    shown: list[float] = []
    started, processor = time.perf_counter(), time.process_time()
    result = segment(
        image, model, diameter=given, finished=lambda box, labels: shown.append(time.perf_counter() - started)
    )
    seconds = time.perf_counter() - started
    figures = {
        "seconds": seconds,
        "processor": time.process_time() - processor,
        "first": shown[0],
        "peak": peak_gib(),
        "cells": int(result.labels.max()),
        "diameter": result.diameter,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
