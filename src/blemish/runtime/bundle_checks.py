"""What the facts of a bundle must be, so that nothing later stumbles over them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blemish.runtime.bundle import Bundle

EIGHT_BITS = "model.int8.onnx"
PRECISIONS = ("float32", "bfloat16", "int8")
REGIONS = ("auto", "whole")
MAX_DIAMETER = 100_000

_NUMBER = (int, float)
_KINDS: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("name", "blemish", "region"), (str,)),
    **dict.fromkeys(("net", "precisions", "files", "parity", "training", "calibration"), (dict,)),
    **dict.fromkeys(("quality", "thresholds"), (dict,)),
    "meant": (str, type(None)),
    **dict.fromkeys(("stride", "window", "overlap", "top_k"), (int,)),
    **dict.fromkeys(("threshold", "nms_iou"), _NUMBER),
    "classes": (list, tuple),
    "wafer_diameter": (*_NUMBER, type(None)),
    "long_side": (int, type(None)),
    "wafer_range": (list, tuple, type(None)),
}


def check_kinds(facts: Mapping[str, Any]) -> None:
    """Refuse facts of another type than theirs.

    Raises:
        TypeError: one is.
    """
    for name, kind in _KINDS.items():
        if not isinstance(facts[name], kind) or isinstance(facts[name], bool):
            raise TypeError(f"{name} is {facts[name]!r}")


def check_values(bundle: "Bundle") -> None:
    """Refuse values that cannot be.

    Raises:
        ValueError: one cannot.
    """
    if not bundle.classes:
        raise ValueError("no classes")
    for name in ("threshold", "nms_iou"):
        if not 0 <= getattr(bundle, name) <= 1:
            raise ValueError(f"{name} {getattr(bundle, name)} is outside 0 to 1")
    for name, threshold in bundle.thresholds.items():
        if not _is_number(threshold) or not 0 <= threshold <= 1:
            raise ValueError(f"the threshold in {name!r} is {threshold!r}, not from 0 to 1")
    if bundle.region not in REGIONS:
        raise ValueError(f"region {bundle.region!r} is not one of {', '.join(REGIONS)}")
    if bundle.stride < 1 or bundle.window < bundle.stride or bundle.window % bundle.stride:
        raise ValueError(f"window {bundle.window} is no multiple of stride {bundle.stride}")
    if not 0 <= bundle.overlap < bundle.window:
        raise ValueError(f"overlap {bundle.overlap} does not fit window {bundle.window}")
    for name in ("wafer_diameter", "long_side"):
        size = getattr(bundle, name)
        if size is not None and not 1 <= size <= MAX_DIAMETER:
            raise ValueError(f"{name} {size} is no size in pixels")
    if not all(isinstance(file, str) for file in bundle.files.values()):
        raise ValueError("files without a SHA-256")
    _check_precisions(bundle)


def _check_precisions(bundle: "Bundle") -> None:
    if bundle.meant is not None and bundle.meant not in bundle.offered:
        raise ValueError(f"meant for {bundle.meant!r}, which is not among its precisions")
    if "int8" in bundle.offered and EIGHT_BITS not in bundle.files:
        raise ValueError(f"may run in int8 and lists no {EIGHT_BITS}")
    for name, measured in bundle.quality.items():
        numbers = list(measured.values()) if isinstance(measured, dict) else [None]
        if not all(map(_is_number, numbers)):
            raise ValueError(f"the quality in {name!r} is {measured!r}, not numbers by name")


def _is_number(value: Any) -> bool:
    return isinstance(value, _NUMBER) and not isinstance(value, bool)
