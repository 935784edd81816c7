"""Which precisions a bundle may offer, by what each finds on held-out pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from blemish.errors import ParityError, UsageError
from blemish.jobs.precisions import REFERENCE, Quality
from blemish.runtime.bundle import Bundle
from blemish.runtime.bundle_checks import PRECISIONS
from blemish.training.parity import INT8, Difference, rounded

LOSS = 0.005  # of AP@0.5: a precision that loses more is not offered


@dataclass(frozen=True)
class EightBits:
    """A graph in eight bits.

    Attributes:
        kept: the layers in float.
        layers: how many there are.
        agreed: how the finds of each other engine differ from those of `REFERENCE`.
        reached: AP@0.5 with those engines.
    """

    kept: list[str]
    layers: int
    agreed: Mapping[str, Difference]
    reached: Mapping[str, float]


def judge(
    bundle: Bundle, quality: Mapping[str, Quality], eight: EightBits
) -> tuple[Bundle, list[str]]:
    """Give the bundle with what it may offer, and a line for each precision that it may not."""
    least = quality["float32"]["ap50"] - LOSS
    worse = [name for name, one in quality.items() if round(least - one["ap50"], 9) > 0]
    refused = [_refusal(name, quality, eight) for name in worse]
    able: list[str] = []
    if "int8" not in worse:
        agree = {
            name: difference.within(INT8) and round(least - eight.reached[name], 9) <= 0
            for name, difference in eight.agreed.items()
        }
        able = [REFERENCE, *(name for name, fine in agree.items() if fine)]
        refused += [
            f"int8 is not offered with {name}, which finds something else than {REFERENCE}: AP@0.5 "
            f"{eight.reached[name]:.4f}; {eight.agreed[name]}"
            for name, fine in agree.items()
            if not fine
        ]
    offered: dict[str, tuple[str, ...]] = {}
    for engine, before in bundle.precisions.items():
        may = {name for name in before if name != "int8" and name not in worse}
        may |= {"int8"} if engine in able else set()
        offered[engine] = tuple(name for name in PRECISIONS if name in may)
    parity = {name: dict(numbers) for name, numbers in bundle.parity.items()}
    for name, difference in eight.agreed.items():
        parity.setdefault(name, {})["int8"] = {
            "passed": name in able,
            "ap50": eight.reached[name],
            **rounded(difference),
        }
    numbers = {name: quality[name] for name in PRECISIONS if name in quality}
    return replace(bundle, precisions=offered, quality=numbers, parity=parity, meant=None), refused


def _refusal(name: str, quality: Mapping[str, Quality], eight: EightBits) -> str:
    kept = f" with {len(eight.kept)} of {eight.layers} layers in float" if name == "int8" else ""
    numbers = quality[name]
    return (
        f"{name} is not offered: AP@0.5 {numbers['ap50']:.4f}{kept} instead of "
        f"{quality['float32']['ap50']:.4f} on {numbers['pictures']:g} pictures with "
        f"{numbers['labels']:g} labels, more than {LOSS:g} less"
    )


def choose_meant(after: Bundle, before: Bundle, wished: str | None, refused: Sequence[str]) -> str:
    """Give what the bundle is meant for: what is wished, else what it was as far as it can be."""
    if wished is None:
        return before.precision if before.precision in after.offered else "float32"
    if wished not in PRECISIONS:
        raise UsageError(f"--meant {wished!r} is not one of {', '.join(PRECISIONS)}")
    if wished not in after.offered:
        why = "; ".join(refused) or f"it offers {' and '.join(after.offered)}"
        raise ParityError(f"the model cannot be meant for {wished}: {why}; nothing was written")
    return wished
