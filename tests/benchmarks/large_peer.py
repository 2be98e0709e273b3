"""The half of large.py that runs in an interpreter with Cellpose 3: peak memory of its steps, as JSON.

    python large_peer.py SIDE MINUTES

Its net is replaced by one that costs nothing, as only memory counts; the masks step gets fields that cells
of the scene have. What is not done after so many minutes is stopped: the peak is then that of what was done,
a lower bound, and "stopped" is true.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

import numpy as np
import torch
from cellpose import core, dynamics, transforms

sys.path.insert(0, str(Path(__file__).parent))
from large import PERIOD, domes, peak_gib, scene, slopes

side, minutes = int(sys.argv[1]), float(sys.argv[2])
times = side // PERIOD


def tell(stopped: bool) -> None:
    print(json.dumps({"peak": peak_gib(), "stopped": stopped}), flush=True)


def stop() -> None:
    tell(stopped=True)
    os._exit(0)  # the compiled loops of the other thread cannot be asked to end


limit = threading.Timer(60 * minutes, stop)
limit.daemon = True
limit.start()


class FreeNet(torch.nn.Module):
    """Says nothing, in tiles of the right shape."""

    def __init__(self) -> None:
        super().__init__()
        self.device, self.nout, self.mkldnn = torch.device("cpu"), 3, False

    def forward(self, tiles: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.zeros(len(tiles), 3, *tiles.shape[2:]), torch.zeros(len(tiles), 256)


image = transforms.convert_image(scene(side), channels=[0, 0])
image = transforms.normalize_img(image)
with torch.no_grad():
    maps, _ = core.run_net(FreeNet(), image[None], bsize=224)
bright = (domes().astype(np.float32) - 200) / 8000
tile = slopes(bright[None, None])[0]
maps[0] = np.tile(tile[:3].transpose(1, 2, 0), (times, times, 1)) * (5, 5, 1)
flows, cellprob = maps[0, :, :, :2].transpose(2, 0, 1), maps[0, :, :, 2]
dynamics.resize_and_compute_masks(flows, cellprob, niter=200, device=torch.device("cpu"))
limit.cancel()
tell(stopped=False)
