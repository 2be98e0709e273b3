"""Masks of volumes beside Cellpose 3: the same fields, the same number of threads, one run.

    python tests/benchmarks/volumes.py --peer /path/to/python-with-cellpose [--data FOLDER] [--threads 2]

Rendered volumes of touching ellipsoids at three anisotropies, and with --data the labelled volumes in that
folder; fields are those of a perfect net, and of the bundled model with --predict. "same": Cellpose's
masks step is fed with the flows that ours is fed with; "own": with flows along z as its own volumes have
them, which it does not divide by the anisotropy.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

RENDERED = {1.0: (64, 128, 128), 2.0: (40, 128, 128), 5.0: (20, 160, 160)}  # anisotropy: Z, Y, X
DIAMETER = 22.0


def perfect(labels: np.ndarray, anisotropy: float) -> tuple[np.ndarray, np.ndarray]:
    """Fields of a net that sees every plane perfectly."""
    from model_core.flows.sections import section_flows

    flows = section_flows(labels, anisotropy)
    flows[0] /= anisotropy
    return flows, np.where(labels > 0, 6, -6).astype(np.float32)


def volumes(
    data: Path | None, predict: bool
) -> Iterator[tuple[str, np.ndarray, float, np.ndarray, np.ndarray]]:
    """Name, labels, anisotropy, flows and cellprob of each volume."""
    from model_core.training.rendered.volume import render_volume

    for anisotropy, shape in RENDERED.items():
        drawn = render_volume(np.random.default_rng(0), shape, anisotropy, DIAMETER)
        yield (
            f"rendered, anisotropy {anisotropy:g}",
            drawn.labels,
            anisotropy,
            *perfect(drawn.labels, anisotropy),
        )
    if data is None:
        return
    from model_core import load_model, segment
    from model_core.formats.pairs import find_pairs
    from model_core.training.dataset import load_pair

    model = load_model(device="cpu") if predict else None
    for pair in find_pairs(data):
        image, labels = load_pair(pair)
        if labels.shape[0] == 1 or (pair.dataset == "bbbc050_3d" and pair.image.parent.name != "val"):
            continue
        anisotropy = image.anisotropy or 1.0
        yield f"{pair.dataset}, true", labels, anisotropy, *perfect(labels, anisotropy)
        if model:
            result = segment(image, model)
            yield f"{pair.dataset}, predicted", labels, anisotropy, result.flows, result.cellprob


def main() -> int:
    parser = argparse.ArgumentParser(description="Masks of volumes beside Cellpose 3")
    parser.add_argument("--peer", required=True, help="Python interpreter that has Cellpose 3")
    parser.add_argument("--data", type=Path, help="folder of data sets with labelled volumes")
    parser.add_argument("--predict", action="store_true", help="fields of the bundled model too")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    threads = str(options.threads)
    os.environ |= {"OMP_NUM_THREADS": threads, "NUMBA_NUM_THREADS": threads}
    import torch

    from model_core.annotation.matching import average_precision
    from model_core.segmentation.options import Options
    from model_core.segmentation.outline import outline

    torch.set_num_threads(options.threads)
    truth: list[tuple[str, np.ndarray]] = []
    rows: dict[str, list[list[float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, labels, anisotropy, flows, cellprob in volumes(options.data, options.predict):
            settings = Options(do_3D=True, anisotropy=anisotropy)
            if not truth:
                outline(flows, cellprob, settings)  # compiled
            started = time.perf_counter()
            found, _ = outline(flows, cellprob, settings)
            seconds = time.perf_counter() - started
            np.savez(
                folder / f"{len(truth):03}_fields.npz", flows=flows, cellprob=cellprob, anisotropy=anisotropy
            )
            rows.setdefault(kind, []).append([_ap(labels, found, average_precision), seconds])
            truth.append((kind, labels))
        answer = subprocess.run(
            [options.peer, str(HERE / "volumes_peer.py"), name, threads],
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode:
            print(answer.stderr, file=sys.stderr)
            return 2
        theirs = json.loads(answer.stdout.splitlines()[-1])
        seen: dict[str, int] = {}
        for number, (kind, labels) in enumerate(truth):
            row = rows[kind][seen.get(kind, 0)]
            seen[kind] = seen.get(kind, 0) + 1
            for fed in ("same", "own"):
                found = np.load(folder / f"{number:03}_{fed}.npy")
                row += [_ap(labels, found, average_precision), theirs[f"{number:03} {fed}"]]
    print(
        f"{'':<28}{'volumes':>8}{'ours':>8}{'s':>7}{'same':>8}{'s':>7}{'own':>8}{'s':>7}   AP at 0.5, seconds"
    )
    for kind, values in rows.items():
        mean = np.mean(values, axis=0)
        print(f"{kind:<28}{len(values):>8}" + "".join(f"{ap:>8.3f}{s:>7.2f}" for ap, s in mean.reshape(3, 2)))
    return 0


def _ap(labels: np.ndarray, found: np.ndarray, average_precision) -> float:  # type: ignore[no-untyped-def]
    return float(average_precision(labels, found, (0.5,))[0][0])


if __name__ == "__main__":
    sys.exit(main())
