"""CPnet beside that of Cellpose 3: the same weights, the same input, the largest difference of what they say.

    python tests/benchmarks/cpnet_parity.py --peer /path/to/python-with-cellpose

Weights and statistics are by chance. The file that Cellpose saved is loaded here as it is and once more
from the package that it was imported into; the file that is saved here is loaded by Cellpose. The size
model is compared as well. The exit code is 1 where maps or style differ by more than 1e-4.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from model_core.models import imports, registry
from model_core.models.imports import import_model
from model_core.models.model import Model, load_model
from model_core.networks.cpnet import CPnet

ALLOWED = 1e-4
PEER = """
import sys
import numpy as np, torch
from cellpose.models import SizeModel
from cellpose.resnet_torch import CPnet
folder = sys.argv[1]
net = CPnet([2, 32, 64, 128, 256], 3, 3)
net.load_model(folder + "/ours")
net.eval()
net.save_model(folder + "/cells.v1")
with torch.no_grad():
    maps, style, _ = net(torch.from_numpy(np.load(folder + "/tiles.npy")))
rng = np.random.default_rng(1)
params = {"A": rng.normal(0, 0.5, 256).astype("float32"), "smean": rng.random(256).astype("float32") / 16,
          "diam_mean": 30.0, "ymean": np.float32(0.1)}
np.save(folder + "/size_cells.v1.npy", params)
size = SizeModel.__new__(SizeModel)
size.params, size.diam_mean = params, params["diam_mean"]
np.savez(folder + "/peer.npz", maps=maps, style=style, diameters=size._size_estimation(style.numpy()))
"""


def random_net(seed: int) -> CPnet:
    """Weights by chance and, disturbed, the statistics they lead to; maps as large as of a trained net."""
    torch.manual_seed(seed)
    network = CPnet()
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    for norm in norms:
        norm.momentum = 1.0
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        torch.nn.init.normal_(norm.bias, 0, 0.3)
    with torch.no_grad():
        network.train()(torch.rand(2, 2, 128, 128))
    for norm in norms:
        norm.running_mean += 0.3 * torch.randn_like(norm.running_mean) * norm.running_var.sqrt()
        norm.running_var *= torch.empty_like(norm.running_var).uniform_(0.5, 2)
    network.diam_labels.fill_(17.3)
    return network.eval()


def said(network: torch.nn.Module, tiles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    with torch.no_grad():
        maps, style = network(torch.from_numpy(tiles))
    return maps.numpy(), style.numpy()


def compare(folder: Path, peer: str) -> bool:
    tiles = np.random.default_rng(0).random((2, 2, 224, 192)).astype(np.float32)
    np.save(folder / "tiles.npy", tiles)
    torch.save(random_net(0).state_dict(), folder / "ours")
    subprocess.run([peer, "-c", PEER, str(folder)], check=True)
    theirs = np.load(folder / "peer.npz")
    registry.user_folder = imports.user_folder = lambda: folder / "models"
    fits = True
    for title, model in (
        ("file", load_model(folder / "cells.v1", "cpu")),
        ("package", load_model(import_model(folder / "cells.v1"), "cpu")),
    ):
        maps, style = said(model.network, tiles)
        apart = np.abs(maps - theirs["maps"]).max(), np.abs(style - theirs["style"]).max()
        predicted = np.abs(predicted_maps(model, tiles) - theirs["maps"]).max()
        diameters = [model.style_diameter(tile) for tile in tiles]
        print(
            f"{title:8} maps {apart[0]:.1e} (of {np.abs(theirs['maps']).max():.1f})  style {apart[1]:.1e}  "
            f"maps as predicted {predicted:.1e}  "
            f"diameters {np.abs(diameters - theirs['diameters']).max():.1e} px (of {theirs['diameters']})"
        )
        fits &= max(*apart, predicted) <= ALLOWED
    return fits


def predicted_maps(model: Model, tiles: np.ndarray) -> np.ndarray:
    """What segmentation uses, in Cellpose's units."""
    return model.predict(tiles)[:, :3] * np.array([5, 5, 1], np.float32)[:, None, None]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peer", required=True, help="a Python that has Cellpose 3")
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(not compare(Path(folder), parser.parse_args().peer))


if __name__ == "__main__":
    main()
