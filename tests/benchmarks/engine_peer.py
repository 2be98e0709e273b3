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


def timed(work: Callable[[], object]) -> float:
    """Once, after a warm-up on the smallest input elsewhere: the peer takes seconds, noise is small beside."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def run_net(pixels: np.ndarray) -> object:
    with torch.no_grad():
        return core.run_net(net, pixels.transpose(1, 2, 0)[None], bsize=224)


def masks(flows: np.ndarray, cellprob: np.ndarray) -> object:
    return dynamics.resize_and_compute_masks(5 * flows, cellprob, niter=200, min_size=15, device=device)


rows = {}
first = np.load(folder / "labels_250.npy")
run_net(np.load(folder / "pixels_512.npy"))
dynamics.labels_to_flows([first], device=device)
masks(np.load(folder / "flows_250.npy"), np.load(folder / "cellprob_250.npy"))
for path in sorted(folder.glob("pixels_*.npy")):
    rows[f"network {path.stem.split('_')[1]}"] = timed(lambda p=np.load(path): run_net(p))
for path in sorted(folder.glob("labels_*.npy")):
    count = path.stem.split("_")[1]
    flows, cellprob = np.load(folder / f"flows_{count}.npy"), np.load(folder / f"cellprob_{count}.npy")
    rows[f"labels to flows {count}"] = timed(lambda x=np.load(path): dynamics.labels_to_flows([x], device=device))
    rows[f"flows to masks {count}"] = timed(lambda f=flows, c=cellprob: masks(f, c))
rows["whole 1024"] = rows["network 1024"] + rows["flows to masks 1000"]
print(json.dumps(rows))
