"""Speed against the peers in one run, and the section of RESULTS.md that says so.

    peer/bin/python benchmarks/peer_export.py --out peer-graphs
    python benchmarks/peers_speed.py --peer peer-graphs

Everything takes turns with the same number of threads: blemish in each engine and precision that
the model in the box offers, its net on one window of 928 px and all that `find` does on six drawn
wafers; YOLO11n and YOLO26n in the best that can be made of them, on such a window; torchvision's
RetinaNet-R50 as it comes, and blemish's on the same body in int8, on the same six. The peers'
graphs are made by `peer_export.py` in an environment of their own. Random weights are fine: they
take the same time. With `--print` RESULTS.md stays as it is.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np
import torch
from speed import SIDE, onnxruntime_peer, openvino_peer
from torchvision.models.detection import retinanet_resnet50_fpn
from turns import COUNTED, Road, take_turns

from blemish.data.images import open_picture
from blemish.jobs.bench import Spread
from blemish.model.deploy import export_graph
from blemish.model.nets import build_net
from blemish.model.retinanet import CLASSIC_RETINANET, DEFAULT_RETINANET
from blemish.runtime.bundle import GRAPH, Bundle, default_bundle, read_bundle, write_bundle
from blemish.runtime.bundle_checks import EIGHT_BITS, PRECISIONS
from blemish.runtime.engines import ENGINES, Candidates, Engine, Windows, open_engine, what_lacks
from blemish.runtime.finder import Finder
from blemish.runtime.processor import processor_name
from blemish.synth.wafers import draw_wafer
from blemish.training.quantize import observe, quantise
from blemish.training.road import draft_bundle

RESULTS = Path(__file__).parent / "RESULTS.md"
BEGIN, END = "<!-- peers_speed.py: begin -->", "<!-- peers_speed.py: end -->"
PEERS = {"yolo11n": "YOLO11n", "yolo26n": "YOLO26n"}
GRAPHS = {"float32": "", "int8": ".int8", "int8 of layers alone": ".int8-layers"}
OURS, EAGER = "blemish", "torchvision RetinaNet-R50"
RETINANETS: Mapping[str, Mapping[str, Any]] = {
    "blemish RetinaNet-R50": dict(DEFAULT_RETINANET, backbone="resnet50"),
    "blemish RetinaNet-R50 classic": CLASSIC_RETINANET,
}
FORWARD, WHOLE = "forward", "pixels to finds"
TARGETS = {FORWARD: 0.35, WHOLE: 0.45}  # at most, to YOLO11n
DRAWN = 6  # wafers that are looked at: where they lie decides how much the net has to see
PICTURE = 900  # px
FASTER = 10.0  # at least, than torchvision's


class Way(NamedTuple):
    """What is timed: a net in an engine and a precision, alone or with all that is around it."""

    net: str
    engine: str
    precision: str
    road: str
    picture: int = 0


def window_of(finder: Finder, pixels: np.ndarray) -> Windows:
    """Give the first window of a picture, as the net is given it."""
    caught: list[Windows] = []

    def catch(windows: Windows) -> Candidates:
        caught.append(windows.copy())
        return finder.engine(windows)

    replace(finder, engine=Engine("none", "float32", catch)).look(pixels)
    return caught[0]


def choose_picture(finder: Finder) -> np.ndarray:
    """Give a drawn wafer of 900 px that fills its picture, so that it is one window of `SIDE`."""
    drawn = (draw_wafer(1, index).pixels for index in count())
    return next(one for one in drawn if window_of(finder, one).shape == (1, SIDE, SIDE, 3))


def our_roads(
    net: str,
    bundle: Bundle,
    filled: np.ndarray,
    pictures: Sequence[np.ndarray],
    threads: int,
    whole: Sequence[str] = PRECISIONS,
) -> dict[Way, Road]:
    """Give a bundle's roads in each engine and precision that it offers and this machine has.

    The forward pass is on the picture that fills its window. Each picture is looked at by an
    engine of its own, as in a folder whose wafers all lie alike, in the precisions ``whole``.
    """
    roads: dict[Way, Road] = {}
    for engine, precision in ways_of(bundle):
        for number, picture in enumerate([filled, *(pictures if precision in whole else ())]):
            opened = open_engine(bundle, engine, precision, threads)
            finder = Finder(bundle, opened, bundle.threshold_for(precision))
            if number:
                way = Way(net, engine, precision, WHOLE, number)
                roads[way] = partial(finder.look, picture)
            else:
                way = Way(net, engine, precision, FORWARD)
                roads[way] = partial(opened, window_of(finder, picture))
    return roads


def mean_over_pictures(times: Mapping[Way, Spread]) -> dict[Way, Spread]:
    """Give each way's mean over the pictures that it was timed on."""
    ways = {way._replace(picture=0) for way in times}
    parts = {
        way: [one for key, one in times.items() if key._replace(picture=0) == way] for way in ways
    }
    return {
        way: Spread(*(fmean(getattr(one, field.name) for one in part) for field in fields(Spread)))
        for way, part in parts.items()
    }


def ways_of(bundle: Bundle) -> Iterator[tuple[str, str]]:
    """Yield engines and precisions."""
    for engine, precisions in bundle.precisions.items():
        yield from ((engine, one) for one in precisions if not what_lacks(engine, one))


def our_retinanet(folder: Path, net: Mapping[str, Any], picture: np.ndarray) -> Bundle:
    """Write a RetinaNet of random weights as a bundle in every precision."""
    torch.manual_seed(0)
    built = build_net(net, 1).eval()
    draft = draft_bundle(built)
    graph = export_graph(built, draft.top_k)
    eight = quantise(observe(graph, [picture], draft.stride))
    free = dict.fromkeys(ENGINES, PRECISIONS)
    facts = replace(draft, path=folder, classes=("defect",), threshold=0.5, precisions=free)
    return write_bundle(facts, {GRAPH: graph, EIGHT_BITS: eight})


def eager_road(threads: int) -> Callable[[np.ndarray], Any]:
    """Give torchvision's RetinaNet-R50 as it comes, on pictures of `PICTURE` px in their size."""
    torch.set_num_threads(threads)
    net = retinanet_resnet50_fpn(
        weights=None, weights_backbone=None, num_classes=1, min_size=PICTURE, max_size=PICTURE
    ).eval()

    @torch.inference_mode()
    def run(picture: np.ndarray) -> Any:
        return net([torch.from_numpy(picture.copy()).permute(2, 0, 1) / 255])

    return run


def peer_roads(folder: Path, threads: int) -> dict[Way, Road]:
    """Give the forward passes of the peers' graphs."""
    roads: dict[Way, Road] = {}
    for file, name in PEERS.items():
        for precision, ending in GRAPHS.items():
            graph = folder / f"{file}{ending}.onnx"
            for engine, road in (
                ("openvino", openvino_peer(graph, "float32", threads)),
                ("onnxruntime", onnxruntime_peer(graph, threads)),
            ):
                roads[Way(name, engine, precision, FORWARD)] = road
            if not what_lacks("openvino", "bfloat16"):  # what is left in float, as in ours
                short = "bfloat16" if precision == "float32" else f"{precision}, bfloat16"
                road = openvino_peer(graph, "bfloat16", threads)
                roads[Way(name, "openvino", short, FORWARD)] = road
    return roads


def least(times: Mapping[Way, Spread], net: str, road: str, precision: str = "") -> float:
    """Give the median ms of a net's fastest engine, and precision unless one is named."""
    return min(
        one.median
        for way, one in times.items()
        if (way.net, way.road) == (net, road) and precision in {"", way.precision}
    )


def compare(times: Mapping[Way, Spread], meant: str) -> list[tuple[str, str, float, bool | None]]:
    """Give rows: what, target, ratio, and whether it is met; None where there is no target."""
    rows: list[tuple[str, str, float, bool | None]] = []
    for peer in PEERS.values():
        for road, most in TARGETS.items():
            ratio = least(times, OURS, road, meant) / least(times, peer, FORWARD)
            words = f"model in the box, {meant}, {road}: ratio to {peer}'s fastest forward pass"
            first = peer == PEERS["yolo11n"]
            rows.append(
                (words, f"≤ {most:g}" if first else "", ratio, ratio <= most if first else None)
            )
    for net in RETINANETS:
        ratio = least(times, EAGER, WHOLE) / least(times, net, WHOLE)
        words = f"{net}, {WHOLE}: times faster than {EAGER}, eager float32"
        rows.append((words, f"≥ {FASTER:g}", ratio, ratio >= FASTER))
    return rows


def section(times: Mapping[Way, Spread], meant: str, facts: Mapping[str, Any]) -> str:
    """Give the section of RESULTS.md, between its markers."""
    told = {True: "yes", False: "no", None: ""}
    ratios = [
        f"| {words} | {target} | {ratio:.2f} | {told[met]} |"
        for words, target, ratio, met in compare(times, meant)
    ]
    rows = [
        f"| {' | '.join(way[:4])} | {one.median:.1f} | {one.low:.1f} to {one.high:.1f} |"
        for way, one in sorted(times.items(), key=lambda row: (row[0].net, row[1].median))
    ]
    return "\n".join(
        [
            BEGIN,
            "## Against the peers",
            "",
            f"{facts['processor']}, {facts['threads']} threads, {facts['date']}: one window of "
            f"{SIDE} px, all in turn, {facts['turns']} turns of up to {COUNTED} runs; from pixels "
            f"to finds the mean of {facts['pictures']} wafers. RetinaNets and peers have random "
            "weights.",
            "",
            "| | target | measured | met |",
            "|---|---|---|---|",
            *ratios,
            "",
            "| net | engine | precision | what | ms | quartiles |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            "```sh",
            "peer/bin/python benchmarks/peer_export.py --out peer-graphs",
            "python benchmarks/peers_speed.py --peer peer-graphs",
            "```",
            END,
        ]
    )


def put_between(text: str, new: str) -> str:
    """Give a page with the section in place of the one between the markers, or at its end."""
    before, begin, rest = text.partition(BEGIN)
    if not begin:
        return f"{text.rstrip()}\n\n{new}\n"
    return before + new + rest.partition(END)[2]


def main() -> None:
    """Measure, print one JSON object and write the section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", type=Path, required=True, help="folder of `peer_export.py`")
    parser.add_argument(
        "--picture", type=Path, nargs="*", default=[], help="of 900 px (default: drawn)"
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--backbone", default="resnet50", help="another one to try the script")
    parser.add_argument("--print", action="store_true", help="leave RESULTS.md as it is")
    asked = parser.parse_args()
    bundle = read_bundle(default_bundle())
    first = Finder(bundle, open_engine(bundle, "onnxruntime", "float32", asked.threads), 0.5)
    filled = choose_picture(first)
    pictures = [open_picture(path) for path in asked.picture]
    pictures = pictures or [draw_wafer(1, index).pixels for index in range(DRAWN)]
    with tempfile.TemporaryDirectory() as folder:
        roads = our_roads(OURS, bundle, filled, pictures, asked.threads)
        roads |= peer_roads(asked.peer, asked.threads)
        for number, (name, known) in enumerate(RETINANETS.items()):
            net = dict(known, backbone=asked.backbone)
            made = our_retinanet(Path(folder) / str(number), net, filled)
            roads |= our_roads(name, made, filled, pictures, asked.threads, ("int8",))
        eager = eager_road(asked.threads)
        for number, picture in enumerate(pictures, 1):
            roads[Way(EAGER, "torch", "float32", WHOLE, number)] = partial(eager, picture)
        times = mean_over_pictures(take_turns(roads, asked.turns))
    facts = {
        "processor": processor_name(),
        "threads": asked.threads,
        "date": datetime.now(UTC).date().isoformat(),
        "turns": asked.turns,
        "pictures": len(pictures),
    }
    has = {way.precision for way in times if way.net == OURS}
    meant = bundle.precision if bundle.precision in has else "float32"
    rows = [way._asdict() | {"ms": one.__dict__} for way, one in times.items()]
    ratios = {row[0]: round(row[2], 3) for row in compare(times, meant)}
    print(json.dumps(facts | {"times": rows, "ratios": ratios}, indent=1))
    if not asked.print:
        page = RESULTS.read_text(encoding="utf-8")
        written = put_between(page, section(times, meant, facts))
        RESULTS.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
