"""The half of engine.py that runs in an interpreter with Cellpose 3; prints its seconds as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from cellpose import core, dynamics
from cellpose.resnet_torch import CPnet

folder, threads = Path(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
device = torch.device("cpu")
net = CPnet([2, 32, 64, 128, 256], 3, 3).eval()


def timed(work: Callable[..., object], *arguments: np.ndarray) -> float:
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


def run_net(pixels: np.ndarray) -> object:
    with torch.no_grad():
        return core.run_net(net, pixels.transpose(1, 2, 0)[None], bsize=224)


def flows_of(labels: np.ndarray) -> object:
    return dynamics.labels_to_flows([labels], device=device)


def masks_of(flows: np.ndarray, cellprob: np.ndarray) -> object:
    return dynamics.resize_and_compute_masks(5 * flows, cellprob, niter=200, min_size=15, device=device)


def load(name: str) -> np.ndarray:
    return np.load(folder / f"{name}.npy")


# one warm-up each: compiled loops and the allocator
run_net(load("pixels_512"))
flows_of(load("labels_250"))
masks_of(load("flows_250"), load("cellprob_250"))

rows = {}
for path in folder.glob("pixels_*.npy"):
    side = path.stem.removeprefix("pixels_")
    rows[f"network {side}"] = timed(run_net, load(path.stem))
for path in folder.glob("labels_*.npy"):
    count = path.stem.removeprefix("labels_")
    rows[f"labels to flows {count}"] = timed(flows_of, load(path.stem))
    rows[f"flows to masks {count}"] = timed(masks_of, load(f"flows_{count}"), load(f"cellprob_{count}"))
look, outline = rows["network 1024"], rows["flows to masks 1000"]
rows["whole 1024"] = look + outline
# SizeModel.eval: a pass for the style, one with masks at the diameter that it tells; then the one that counts
rows["whole 1024, no diameter"] = 3 * look + 2 * outline
print(json.dumps(rows))
