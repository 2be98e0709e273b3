"""How a net does on kinds of image that it has never seen, and what rendered cells give it there.

    python tests/benchmarks/leave_out.py DATA OUT.safetensors --without A,B --crops 21000 [--rendered 0.5]
    cellpose-engine evaluate DATA --split val --model OUT.safetensors

Trains a small net on every data set in DATA but those named, for so many crops; what OUT holds is resumed.
Figures of such nets lie in ``resources/models/experiments.md``.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from model_core.networks.flow_net import FlowNetOptions
from model_core.training.trainer import Progress
from model_core.training.training_run import TrainingRequest, train_model

SMALL = FlowNetOptions(widths=(16, 32, 64, 128, 192), depths=(1, 1, 2, 2, 2))
CROPS = 8  # a batch
SAY_EVERY = 20  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--without", default="", help="names of data sets, with commas")
    parser.add_argument("--rendered", type=float, default=0.5, help="share of rendered cells")
    parser.add_argument("--crops", type=int, default=21_000)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    sets = {folder.name: folder for folder in sorted(options.data.iterdir()) if (folder / "train").is_dir()}
    without = set(options.without.split(",")) - {""}
    if unknown := without - set(sets):
        sys.exit(f"There is no data set {', '.join(sorted(unknown))} in {options.data}.")
    request = TrainingRequest(
        data=[folder for name, folder in sets.items() if name not in without],
        target=options.out,
        network=SMALL,
        steps=options.crops // CROPS,
        crops=CROPS,
        learning_rate=2e-3,
        rendered=options.rendered,
        threads=options.threads,
        resume=options.out.exists(),
    )
    said = time.monotonic()

    def report(progress: Progress) -> None:
        nonlocal said
        if time.monotonic() - said > SAY_EVERY:
            said = time.monotonic()
            print(
                f"{progress.crops:,} crops, {progress.crops_a_second:.1f}/s, loss {progress.loss:.3f}",
                flush=True,
            )

    train_model(request, print, report)


if __name__ == "__main__":
    main()
