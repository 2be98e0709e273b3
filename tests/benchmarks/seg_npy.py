"""Does Cellpose open our ``_seg.npy`` files, and does it see the same cells?

python tests/benchmarks/seg_npy.py --peer PYTHON   (a Python in which Cellpose 3 is installed)
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from model_core.formats.labelling import Labelling
from model_core.formats.seg_npy import write_seg_npy


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", required=True, help="Python in which Cellpose is installed")
    peer = parser.parse_args().peer
    rng = np.random.default_rng(0)
    labels = np.kron(rng.permutation(400).reshape(1, 20, 20), np.ones((1, 8, 8), int)).astype(np.uint32) * 7
    flows = rng.normal(size=(2, *labels.shape)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{name}_seg.npy" for name in ("plain", "with_flows")]
        write_seg_npy(files[0], Labelling(labels))
        write_seg_npy(files[1], Labelling(labels, flows=flows, cellprob=flows[0]))
        for file in files:
            np.save(file.with_suffix(".labels.npy"), labels)
        script = Path(__file__).with_name("seg_npy_peer.py")
        done = subprocess.run([peer, str(script), *map(str, files)], capture_output=True, text=True)
    results = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    print("\n".join(results) or done.stderr)
    return 0 if len(results) == 2 and all("the same" in line for line in results) else 1


if __name__ == "__main__":
    sys.exit(main())
