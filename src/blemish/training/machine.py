"""Where a net learns: on a graphics card where torch finds one, otherwise on the processor."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

CPU = torch.device("cpu")
AMPERE = (8, 0)  # from this capability on a card multiplies bfloat16 at speed


def choose_device(place: int = 0) -> torch.device:
    """Give the card for the process at this place on its machine, or the processor."""
    if not torch.cuda.is_available():
        return CPU
    return torch.device("cuda", place % torch.cuda.device_count())


def device_of(net: nn.Module) -> torch.device:
    """Give the device that a net's weights are on."""
    return next(net.parameters()).device


def has_bfloat16(device: torch.device) -> bool:
    """Say whether a device multiplies bfloat16 at speed."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= AMPERE
    able: Mapping[str, Any] = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_tile") or able.get("amx_bf16"))
