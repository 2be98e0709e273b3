"""The half of learning.py that runs in an interpreter with Cellpose 3: AP after training its net, as JSON.

    python learning_peer.py MINUTES TRAIN_PAIRS VAL_PAIRS

The two files are JSON lists of pairs of paths, image and masks. The net begins with random weights, as those
that Cellpose was trained to have must be downloaded. It is given every label of the training images, since it
takes what has none for background.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
from cellpose import io, metrics, models, train

BATCH = 8


def read(file: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
    pairs = json.loads(Path(file).read_text())
    images = [np.asarray(io.imread(image), np.float32) for image, _ in pairs]
    masks = [np.asarray(io.imread(masks)).astype(np.int32) for _, masks in pairs]
    return images, masks


def trained(model: models.CellposeModel, data: tuple, epochs: int) -> float:
    """The seconds that so many steps took."""
    began = time.monotonic()
    train.train_seg(
        model.net,
        train_data=data[0],
        train_labels=data[1],
        channels=[0, 0],
        n_epochs=epochs,
        nimg_per_epoch=BATCH,
        batch_size=BATCH,
        min_train_masks=1,
        save_path="/tmp",
        model_name="peer",
    )
    return time.monotonic() - began


minutes, data, (images, masks) = float(sys.argv[1]), read(sys.argv[2]), read(sys.argv[3])
first = trained(models.CellposeModel(pretrained_model=False), data, 1)  # with the flows of the labels
second = trained(models.CellposeModel(pretrained_model=False), data, 2)
steps = max(1, int((60 * minutes - first) / max(second - first, 1e-3)))
model = models.CellposeModel(pretrained_model=False)
seconds = trained(model, data, steps)
diameters = [2 * np.sqrt(np.median(np.bincount(m.ravel())[1:]) / np.pi) for m in data[1] if m.any()]
found = model.eval(images, channels=[0, 0], diameter=float(np.median(diameters)))[0]
ap = metrics.average_precision(masks, list(found), threshold=[0.5])[0]
print(json.dumps({"ap": float(np.mean(ap)), "steps": steps, "seconds": seconds}))
