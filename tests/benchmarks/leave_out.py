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

import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from model_core.formats.pairs import find_pairs
from model_core.models.package import Card
from model_core.networks.flow_net import FlowNet, FlowNetOptions
from model_core.training.batches import CropSource, crops_of_planes, mixed
from model_core.training.catalogue import bundled_catalogue
from model_core.training.dataset import load_planes
from model_core.training.rendered_crops import rendered_crops
from model_core.training.trainer import Progress, Trainer, TrainingOptions, resume_path
from model_core.training.training_run import describe_data

SMALL = FlowNetOptions(widths=(16, 32, 64, 128, 192), depths=(1, 1, 2, 2, 2))
CROPS = 8  # a batch
SAY_EVERY = 20  # seconds


def train(data: Path, out: Path, without: set[str], rendered: float, crops: int) -> None:
    sets = [folder for folder in sorted(data.iterdir()) if (folder / "train").is_dir()]
    if unknown := without - {folder.name for folder in sets}:
        sys.exit(f"There is no data set {', '.join(sorted(unknown))} in {data}.")
    pairs = [pair for folder in sets if folder.name not in without for pair in find_pairs(folder, "train")]
    planes, known, card = load_planes(pairs), bundled_catalogue(), Card(name=out.stem)
    source: CropSource = crops_of_planes(planes, card.diameter, None, known.weights())
    if rendered:
        source = mixed([source, rendered_crops(card.diameter, None)], [1 - rendered, rendered])
        card.recipe["rendered"] = rendered
    options = TrainingOptions(
        steps=crops // CROPS, crops=CROPS, learning_rate=2e-3, ema=0.998, decay=0.35, save_every=120
    )
    trainer = Trainer(FlowNet(SMALL), options)
    if resume_path(out).exists():
        trainer.resume(out)
    card.data = describe_data(pairs, planes, known)
    said = time.monotonic()

    def say(progress: Progress) -> None:
        nonlocal said
        if time.monotonic() - said > SAY_EVERY:
            said = time.monotonic()
            print(
                f"{progress.crops:,} crops, {progress.crops_a_second:.1f}/s, loss {progress.loss:.3f}",
                flush=True,
            )

    trainer.run(source, report=say, checkpoint=lambda: trainer.save(out, card))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--without", default="", help="names of data sets, with commas")
    parser.add_argument("--rendered", type=float, default=0.5, help="share of rendered cells")
    parser.add_argument("--crops", type=int, default=21_000)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    train(options.data, options.out, set(options.without.split(",")) - {""}, options.rendered, options.crops)


if __name__ == "__main__":
    main()
