"""Where half the bits are enough, and faster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from model_core.networks.net import Net


def bfloat16_pays(device: str) -> bool:
    """Whether training in bfloat16 is faster: only where the processor multiplies such numbers itself."""
    if device == "cuda":
        return torch.cuda.is_bf16_supported()
    # private, and the only place where torch tells it; a version without it computes in float32
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return device == "cpu" and bool(supported())


def predicting_dtype(network: Net, device: str) -> torch.dtype | None:
    """float16 or bfloat16 if the net predicts faster and as well with it on this device, else None."""
    if not network.half_precision:
        return None
    if device == "cuda":
        return torch.float16
    return torch.bfloat16 if device == "cpu" and bfloat16_pays(device) else None
