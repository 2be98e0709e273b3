"""CPnet beside that of Cellpose 3: the same weights, the same input, the largest difference of what they say.

    python tests/benchmarks/cpnet_parity.py --peer /path/to/python-with-cellpose

Weights and statistics are by chance. The file that Cellpose saved is loaded here as it is and once more
from the package that it was imported into; the file that is saved here is loaded by Cellpose. The size
model is compared as well, and nets of one, two and three inputs with the channels of an image chosen in
Cellpose's way. The exit code is 1 where maps or style differ by more than 1e-4.

All that is about normalised input with the same borders. `segment` normalises in a way of its own, and
mirrors images at their borders where Cellpose adds zeros.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from model_core.images.channels import choose_channels
from model_core.images.image import image_from_array
from model_core.models import imports, registry
from model_core.models.imports import import_model
from model_core.models.model import Model, load_model
from model_core.networks.cpnet import CPnet, CPnetOptions
from model_core.segmentation.tiling import predict_fields

ALLOWED = 1e-4
BORDER = 16  # px of zeros that Cellpose adds, half of it on either side, to an image of these sizes
PEER = """
import sys
import numpy as np, torch
from cellpose.models import CellposeModel, SizeModel
from cellpose.transforms import convert_image
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
found = dict(maps=maps, style=style, diameters=size._size_estimation(style.numpy()))
image = np.load(folder + "/image.npy")
for inputs, channels in ((1, None), (2, None), (2, [2, 3]), (2, [3, 1]), (2, [2, 0]), (2, [0, 0]), (3, None)):
    model = CellposeModel(pretrained_model=folder + f"/ours_{inputs}", nchan=inputs)
    model.net.eval()
    key = f"{inputs} {channels}"
    shown = convert_image(image, channels, nchan=inputs)
    with torch.no_grad():
        found["maps " + key] = model.net(torch.from_numpy(shown.transpose(2, 0, 1)[None].copy()))[0][0]
    flows = model.eval(image, channels=channels, normalize=False, diameter=30, compute_masks=False)[1]
    found["whole " + key] = np.concatenate([flows[1], flows[2][None]])
np.savez(folder + "/peer.npz", **found)
"""
CHANNELS: dict[str, tuple[int, ...] | None] = {  # as they are keyed in what Cellpose says
    "1 None": None,
    "2 None": None,
    "2 [2, 3]": (2, 3),
    "2 [3, 1]": (3, 1),
    "2 [2, 0]": (2, 0),
    "2 [0, 0]": (0, 0),
    "3 None": None,
}


def random_net(seed: int, inputs: int = 2) -> CPnet:
    """Weights by chance and, disturbed, the statistics they lead to; maps as large as of a trained net."""
    torch.manual_seed(seed)
    network = CPnet(CPnetOptions(channels=inputs))
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    for norm in norms:
        norm.momentum = 1.0
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        torch.nn.init.normal_(norm.bias, 0, 0.3)
    with torch.no_grad():
        network.train()(torch.rand(2, inputs, 128, 128))
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
    np.save(
        folder / "image.npy",
        np.random.default_rng(1).random((192 - BORDER, 224 - BORDER, 3)).astype(np.float32),
    )
    torch.save(random_net(0).state_dict(), folder / "ours")
    for inputs in (1, 2, 3):
        torch.save(random_net(inputs, inputs).state_dict(), folder / f"ours_{inputs}")
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
    return fits & compare_channels(folder, theirs)


def compare_channels(folder: Path, theirs: Mapping[str, np.ndarray]) -> bool:
    """The maps of an image by nets of different inputs, its channels chosen."""
    image = image_from_array(np.load(folder / "image.npy"), "YXC")
    fits = True
    for key, channels in CHANNELS.items():
        model = load_model(folder / f"ours_{key[0]}", "cpu")
        shown, inputs = image, model.network.options.channels
        if channels is not None:
            shown, _ = choose_channels(image, channels, inputs)
        pixels = model.network.arrange(shown.pixels[:, 0])
        apart = np.abs(predicted_maps(model, pixels[None])[0] - theirs[f"maps {key}"]).max()
        half = BORDER // 2
        bordered = np.pad(pixels, ((0, 0), (half, half), (half, half)))
        whole = predict_fields(model, bordered)
        maps = np.concatenate([5 * whole.flows, whole.cellprob[None]])[:, half:-half, half:-half]
        beyond = np.abs(maps - theirs[f"whole {key}"]).max()
        print(f"inputs and channels {key:9} maps {apart:.1e}  by eval without normalisation {beyond:.1e}")
        fits &= bool(max(apart, beyond) <= ALLOWED)
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
