"""Give a bundle its graph in eight bits, if that finds as well; what each precision is worth."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from blemish.data.images import open_picture
from blemish.errors import EngineError, UsageError
from blemish.jobs.calibrate import lowest_raw
from blemish.jobs.export import ExportSettings, check_settings, export_bundle
from blemish.jobs.offering import LOSS, EightBits, choose_meant, judge
from blemish.jobs.part import choose_part, wish_of
from blemish.jobs.precisions import (
    REFERENCE,
    Measured,
    Quality,
    Scale,
    choose_thresholds,
    covering_windows,
    some,
)
from blemish.report.precisions import CARD_HEADING, precision_lines, put_thresholds
from blemish.report.sections import put_section
from blemish.runtime.bundle import Bundle, default_bundle, is_bundle, read_bundle, write_bundle
from blemish.runtime.bundle_checks import EIGHT_BITS
from blemish.training.parity import compare_engines
from blemish.training.quantize import Calibrated, Pixels, observe, quantise
from blemish.training.sensitivity import rank_layers

AIM = LOSS / 2  # what the float layers are added for, so that other pictures keep to `LOSS`
NUM_LOOKED, NUM_HELD, NUM_COMPARED, NUM_RANKED = 400, 200, 8, 4  # pictures, at most
CARD = "README.md"

Watcher = Callable[[float, str], None]


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        bundle: as it was written.
        refused: a line for each precision that is not offered, with its numbers.
        kept: of the layers, those that stay in float; empty if int8 is not offered.
        layers: how many layers the net has.
        account: what of the data is not used as it is.
    """

    bundle: Bundle
    refused: list[str]
    kept: list[str]
    layers: int
    account: list[str]


def quantise_bundle(
    model: Path,
    data: Path,
    out: Path,
    meant: str | None = None,
    threads: int = 0,
    watch: Watcher = lambda share, words: None,
) -> Outcome:
    """Write a bundle with each precision measured on held-out pictures, int8 among them.

    Ranges come from the part of the data that is trained on, the numbers from the part that is
    held out. Layers stay in float, the most sensitive first, until AP@0.5 falls by no more than
    `AIM`, or where nothing reaches that by no more than `LOSS`. What loses more is not offered.
    Each precision gets the threshold that `choose_thresholds` says.

    Raises:
        UsageError, LabelError: the data cannot be used.
        ParityError: the precision that it is to be meant for is not offered.
        BundleError, EngineError: the bundle cannot be read, run or written.
    """
    check_out(out)
    bundle = read_bundle(model)
    wish = wish_of(bundle, None, None, None)
    learned, held = (choose_part(data, name, wish) for name in ("train", "val"))
    held = some(held, NUM_HELD)
    if not any((one.strength > 0).any() for one in held.dataset.samples):
        raise UsageError(f"{data}: the part that is held out has no label; give more pictures")
    with tempfile.TemporaryDirectory(prefix="blemish-int8-") as folder:
        scale = Scale(bundle, held, Path(folder), threads)
        watch(0.0, "measuring float32")
        measured = {"float32": scale.measure("float32")}
        if "bfloat16" in bundle.offered:
            with suppress(EngineError):  # a processor without it: its parity is all that is known
                measured["bfloat16"] = scale.measure("bfloat16", engine="openvino")
        watch(0.1, "choosing pictures")
        windows = covering_windows(bundle, some(learned, NUM_LOOKED))
        watch(0.2, "ranges")
        seen = observe(bundle.graph.read_bytes(), windows, bundle.stride)
        before = measured["float32"].quality
        measured["int8"], graph, kept = grow(scale, seen, windows, before, watch)
        watch(0.95, "comparing the engines")
        pictures = [open_picture(one.path) for one in held.dataset.samples[:NUM_COMPARED]]
        chosen = choose_thresholds(bundle, measured)
        threshold = lowest_raw(bundle.score_map, chosen.get("int8", bundle.threshold))
        eight = replace(scale.with_graph(graph), threshold=threshold)
        agreed = compare_engines(eight, "int8", REFERENCE, pictures, threads)
        reached = {name: scale.measure("int8", graph, name).quality["ap50"] for name in agreed}
    eight_bits = EightBits(kept, len(seen.layers), agreed, reached)
    quality = {name: one.quality for name, one in measured.items()}
    after, refused = judge(bundle, quality, eight_bits)
    chosen = {name: threshold for name, threshold in chosen.items() if name in after.offered}
    meant = choose_meant(after, bundle, meant, refused)
    after = replace(after, path=out, meant=meant, thresholds=chosen)
    facts = {"layers": len(seen.layers), "kept": kept, "data": data.resolve().name}
    written = _write(bundle, after, graph, facts)
    return Outcome(written, refused, kept, len(seen.layers), held.account)


def set_meant(model: Path, out: Path, meant: str | None) -> Bundle:
    """Write a bundle that is meant for another of the precisions it offers.

    Raises:
        ParityError: it does not offer that.
        BundleError: it cannot be read or written.
    """
    check_out(out)
    bundle = read_bundle(model)
    after = replace(bundle, path=out)
    return _write(bundle, replace(after, meant=choose_meant(after, bundle, meant, [])), None, {})


def export_more(
    source: Path,
    data: Path | None,
    out: Path,
    settings: ExportSettings,
    meant: str | None = None,
    watch: Watcher = lambda share, words: None,
) -> Outcome:
    """Write a run or a bundle as a bundle: in eight bits if ``data`` is given, or meant otherwise.

    Raises:
        as `export_bundle`, `quantise_bundle` and `set_meant` do.
    """
    check_settings(out, settings)
    check_out(out)
    with tempfile.TemporaryDirectory(prefix="blemish-export-") as folder:
        model, done = source, 0.0
        if not is_bundle(source):
            model, done = Path(folder) / "bundle", 0.5 if data is not None else 1.0
            named = replace(settings, name=settings.name or out.resolve().name)
            export_bundle(source, model, named, lambda share, words: watch(done * share, words))
        elif settings != ExportSettings(threads=settings.threads):
            raise UsageError(
                f"{source}: is a bundle, whose weights, threshold and name stay; leave out all but "
                "--int8, --calibrate, --meant and --threads"
            )
        elif data is None and meant is None:
            raise UsageError(f"{source}: is a bundle already; add --int8 --calibrate or --meant")
        if data is None:
            return Outcome(set_meant(model, out, meant), [], [], 0, [])
        rest = lambda share, words: watch(done + (1 - done) * share, words)  # noqa: E731
        return quantise_bundle(model, data, out, meant, settings.threads, rest)


def check_out(out: Path) -> None:
    """Refuse to write over the model in the box.

    Raises:
        UsageError: it is that.
    """
    if out.resolve() == default_bundle().resolve():
        raise UsageError(f"{out}: is the model in the box; name another folder")


def grow(
    scale: Scale,
    seen: Calibrated,
    windows: Sequence[Pixels],
    before: Quality,
    watch: Watcher = lambda share, words: None,
) -> tuple[Measured, bytes, list[str]]:
    """Keep ever more layers in float; give the best measured, its graph and the layers kept."""
    ranked = rank_layers(
        *(seen, windows[:NUM_RANKED], scale.bundle.stride),
        lambda share: watch(0.25 + 0.15 * share, "ranking the layers"),
    )
    order = [name for name, _ in ranked]
    tried: list[tuple[float, Measured, bytes, list[str]]] = []
    for number in numbers_kept(len(order)):
        watch(0.4 + 0.5 * number / max(len(order), 1), f"{number} layers in float")
        graph = quantise(seen, order[:number])
        numbers = scale.measure("int8", graph)
        tried.append((before["ap50"] - numbers.quality["ap50"], numbers, graph, order[:number]))
        if tried[-1][0] <= AIM:
            break
    enough = [one for one in tried if one[0] <= AIM] or [one for one in tried if one[0] <= LOSS]
    _, numbers, graph, kept = enough[0] if enough else min(tried, key=lambda one: one[0])
    return numbers, graph, kept


def numbers_kept(layers: int) -> list[int]:
    """Give how many layers to keep, in turn: none to half of them, at first one by one."""
    return sorted(
        {number for number in (0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 17) if number <= layers / 2}
    )


def describe(outcome: Outcome, out: Path) -> list[str]:
    """Give the lines that a reader sees."""
    bundle = outcome.bundle
    table = [
        f"{name}: AP@0.5 {one['ap50']:.4f}, recall {one['recall']:.4f} at "
        f"{one['false_per_picture']:g} false finds a picture; finds count from "
        f"{bundle.threshold_for(name):.4g} on"
        for name, one in bundle.quality.items()
    ]
    if outcome.kept and "int8" in bundle.offered:
        kept = f"{len(outcome.kept)} of {outcome.layers} layers"
        table.append(f"In float within int8: {kept} ({', '.join(outcome.kept)})")
    return [
        *outcome.account,
        *table,
        *outcome.refused,
        f"Exported: {out}, for {', '.join(bundle.offered)}, meant for {bundle.precision}. "
        f"Next: blemish find PICTURES --model {out} --out DIR",
    ]


def _write(before: Bundle, after: Bundle, graph: bytes | None, facts: Mapping[str, Any]) -> Bundle:
    """Write the bundle with the former one's files, and the graph in eight bits if it passed."""
    sources: dict[str, Path | bytes] = {name: before.path / name for name in before.files}
    if graph is not None:
        sources[EIGHT_BITS] = graph
    if "int8" not in after.offered:
        sources.pop(EIGHT_BITS, None)
    if facts:
        former = before.path / CARD
        text = former.read_text(encoding="utf-8") if CARD in before.files else f"# {before.name}\n"
        lines = precision_lines(
            after.quality, after.precisions, {**facts, "meant": after.precision}
        )
        card = put_section(text, CARD_HEADING, lines)
        sources[CARD] = put_thresholds(card, after.thresholds).encode()
    return write_bundle(after, sources)
