"""Does Cellpose see the same cells in our ``_seg.npy`` files, and we in those that it writes?

python tests/benchmarks/seg_npy.py --peer PYTHON   (a Python in which Cellpose 3 or 4 is installed)
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from model_core.formats.labelling import Labelling
from model_core.formats.seg_npy import read_seg_npy, write_seg_npy


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
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
        for name, wants_flows in (("window", False), ("line", True)):
            if (Path(folder) / f"{name}_seg.npy").exists():
                results.append(theirs(Path(folder) / f"{name}_seg.npy", labels, wants_flows))
    print("\n".join(results) or done.stderr)
    return 0 if len(results) == 4 and all("the same" in line for line in results) else 1


def theirs(path: Path, labels: np.ndarray, wants_flows: bool) -> str:
    """What we see in a file of Cellpose."""
    found = read_seg_npy(path)
    pairs = np.unique(np.stack([found.labels.ravel(), labels.ravel()]), axis=1)
    count = len(np.unique(found.labels)) - 1
    same = count == len(np.unique(labels)) - 1 == pairs.shape[1] - 1
    same &= not wants_flows or (found.flows is not None and found.cellprob is not None)
    return f"RESULT theirs, {path.name}: {count} cells, {'the same' if same else 'OTHERS'}"


if __name__ == "__main__":
    sys.exit(main())
