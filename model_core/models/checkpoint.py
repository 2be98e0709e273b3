"""Models that Cellpose 1 to 3 saved: torch state dicts of CPnet, without a card."""

from __future__ import annotations

import math
import zipfile
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model_core.errors import UserError
from model_core.formats.atomic import plain_reason
from model_core.models.package import Card
from model_core.models.size_file import find_size_file, read_size_file

if TYPE_CHECKING:
    import torch

    from model_core.networks.cpnet import CPnet, CPnetOptions

# The two layouts of `torch.save`, since version 1.6 and before. The oldest one, a tar file, is left out on
# purpose: versions of torch before 2.6 could be made to run code from it.
_ZIP = b"PK\x03\x04"
_STREAM = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
CHECKPOINT_SUFFIXES = (".pth", ".pt", ".torch")  # of other suffixes, as in “cells_v1.2”, nobody knows
_FIRST = "downsample.down.res_down_{}.conv.conv_0.2.weight"
_DIAMETERS = ("diam_mean", "diam_labels")
_NUCLEI_DIAMETER, _DIAMETER = 17.0, 30.0  # px, of models that do not say; as Cellpose takes them


def is_checkpoint(path: Path) -> bool:
    """Whether `torch.save` wrote the file, by its first bytes.

    Raises:
        UserError: it does not exist or cannot be read.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(_STREAM))
    except FileNotFoundError:
        raise UserError(f"The model file “{path}” does not exist.") from None
    except OSError as error:
        raise UserError(f"The model file “{path}” cannot be read: {plain_reason(error)}.") from error
    return start.startswith((_ZIP, _STREAM))


def read_checkpoint(path: Path) -> tuple[CPnet, Card]:
    """The net (float32, on the CPU, training mode off) and a card made of what file and name tell.

    The size model is read from beside the file, if it is there. No code from a file is run.

    Raises:
        UserError: damaged, not of Cellpose 1 to 3, or a bad size model.
    """
    import torch

    from model_core.networks.cpnet import CPnet

    weights = {key.removeprefix("module."): value for key, value in _tensors(path).items()}
    options = _options(path, weights)
    with torch.device("meta"):
        network = CPnet(options)
    default = _NUCLEI_DIAMETER if "nuclei" in path.name else _DIAMETER
    weights.setdefault("diam_mean", torch.tensor([default]))
    weights.setdefault("diam_labels", weights["diam_mean"])
    for key, wanted in network.state_dict().items():
        if key.endswith("num_batches_tracked"):
            weights[key] = torch.tensor(0)
        elif key in _DIAMETERS:
            weights[key] = _diameter(path, key, weights[key])
        elif key not in weights:
            raise _refusal(path, f"the weights “{key}” are missing")
        elif weights[key].shape != wanted.shape:
            shapes = f"{tuple(weights[key].shape)} instead of {tuple(wanted.shape)}"
            raise _refusal(path, f"the weights “{key}” have the shape {shapes}")
        # a copy of its own: in files, tensors may share their numbers, which packages do not allow
        weights[key] = weights[key].to(wanted.dtype).clone(memory_format=torch.contiguous_format)
        if not torch.isfinite(weights[key]).all():
            raise _refusal(path, f"the weights “{key}” hold values that are not numbers")
    unknown = [key for key in weights if key not in network.state_dict()]
    if unknown:
        raise _refusal(path, f"that net has no weights “{unknown[0]}”")
    network.load_state_dict(weights, assign=True)
    if size_file := find_size_file(path):
        network.add_size_model(*read_size_file(size_file, options.widths[-1]))
    return network.eval(), _card(path, network)


def _card(path: Path, network: CPnet) -> Card:
    name = path.stem if path.suffix.lower() in CHECKPOINT_SUFFIXES else path.name
    saved = datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
    return Card(
        name=name,
        architecture=network.architecture,
        options=network.options.as_dict(),
        diameter=network.diam_mean.item(),
        date=saved.isoformat(timespec="seconds"),
        licence="unknown",
        notes=f"A Cellpose model, read from “{path.name}”. It looks at the first channel and, as a "
        "help, at the nuclei in the second.",
    )


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    """The table of weights in the file, no larger in memory than on disk."""
    import torch

    size = path.stat().st_size
    try:
        if zipfile.is_zipfile(path):  # torch never compresses; a small file must not become a huge one
            with zipfile.ZipFile(path) as archive:
                if sum(entry.file_size for entry in archive.infolist()) > size:
                    raise ValueError("compressed entries")
        with path.open("rb") as file:  # given a path, torch would go by its suffix
            state: Any = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged or hostile file makes torch raise
        raise UserError(
            f"“{path.name}” is damaged, or it holds more than weights; code in model files is never run."
        ) from error
    if not isinstance(state, dict) or not state:
        raise _refusal(path, "it holds no table of weights")
    total = 0
    for key, value in state.items():
        plain = (
            isinstance(value, torch.Tensor) and value.layout == torch.strided and value.device.type == "cpu"
        )
        if not isinstance(key, str) or not plain or value.is_quantized or value.is_complex():
            raise _refusal(path, f"“{key}” is not a table of numbers")
        total += value.numel() * value.element_size()
    if total > size:  # tensors can be views that repeat a few numbers without end
        raise _refusal(path, "it claims to hold more weights than the file has room for")
    return state


def _options(path: Path, weights: dict[str, torch.Tensor]) -> CPnetOptions:
    """The shape of the net, told by the shapes of the weights."""
    from model_core.networks.cpnet import CPnetOptions

    if "W2" in weights or any(key.startswith("encoder.") for key in weights):
        raise UserError(
            f"“{path.name}” is a model of Cellpose 4 (Cellpose-SAM); "
            "only those of Cellpose 1 to 3 can be used."
        )
    output = weights.get("output.2.weight")
    if _FIRST.format(0) not in weights or output is None or output.ndim == 0:
        raise _refusal(path, f"its weights belong to another net (“{min(weights)}”)")
    if len(output) != 3:
        raise _refusal(
            path, f"it makes {len(output)} maps instead of 3, as nets for image restoration or of Omnipose do"
        )
    kernels: list[torch.Tensor] = []
    while (kernel := weights.get(_FIRST.format(len(kernels)))) is not None:
        if kernel.ndim != 4:
            raise _refusal(path, "it is not a net for planes (3D convolutions)")
        kernels.append(kernel)
    values = {"channels": kernels[0].shape[1], "widths": [len(kernel) for kernel in kernels]}
    try:
        return CPnetOptions.from_dict(values)
    except ValueError:
        raise _refusal(path, f"a net of {values['widths']} features at its levels cannot be") from None


def _diameter(path: Path, key: str, value: torch.Tensor) -> torch.Tensor:
    if value.numel() != 1 or not math.isfinite(value.item()) or not 1 <= value.item() <= 10_000:
        raise _refusal(path, f"its “{key}” is not a possible diameter")
    return value.reshape(1)


def _refusal(path: Path, reason: str) -> UserError:
    return UserError(f"“{path.name}” is not a model of Cellpose 1 to 3: {reason}.")
