"""The half of volumes.py that runs in an interpreter with Cellpose 3; writes labels, prints its seconds."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from cellpose import dynamics

folder, threads = Path(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
seconds = {}
for path in sorted(folder.glob("*_fields.npz")):
    fields = np.load(path)
    # its fields are the sum of two looks, each five times a unit vector
    flows, cellprob = 10 * fields["flows"], fields["cellprob"]
    name = path.name.removesuffix("_fields.npz")
    for kind, along_z in (("same", 1.0), ("own", float(fields["anisotropy"]))):
        scaled = flows * np.array([along_z, 1, 1], np.float32)[:, None, None, None]
        started = time.perf_counter()
        labels = dynamics.resize_and_compute_masks(
            scaled, cellprob, niter=200, do_3D=True, min_size=15, device=torch.device("cpu")
        )
        seconds[f"{name} {kind}"] = time.perf_counter() - started
        np.save(folder / f"{name}_{kind}.npy", labels.astype(np.int32))
print(json.dumps(seconds))
