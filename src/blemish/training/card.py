"""The card of a model, written from the facts in its bundle."""

import shlex
from collections.abc import Mapping
from typing import Any

from blemish.runtime.bundle import Bundle
from blemish.training.recipes import RECIPES


def write_card(bundle: Bundle) -> str:
    """Give the README.md of a bundle."""
    training = bundle.training
    parts = [
        f"# {bundle.name}\n\nA model for [blemish](https://pypi.org/project/blemish/): it finds "
        f"{', '.join(bundle.classes)} in inspection images.\n\n"
        f"```sh\nblemish find PICTURES --model {_folder(bundle)} --out DIR\n```",
        _model(bundle),
        _data(training["settings"]),
        _training(_folder(bundle), training),
        _quality(bundle),
        _engines(bundle),
        _limits(bundle),
    ]
    return "\n\n".join(parts) + "\n"


def _folder(bundle: Bundle) -> str:
    """Give the folder as a command line takes it: the name may be any words."""
    return shlex.quote(bundle.path.absolute().name)


def _model(bundle: Bundle) -> str:
    parameters = bundle.training.get("parameters", 0)
    return (
        "## Model\n\n"
        f"{_architecture(bundle.net)}, {parameters:,} parameters. `model.onnx` takes uint8 RGB "
        f"windows with sides that are multiples of {bundle.stride} and gives the {bundle.top_k} "
        "best candidates of each; `weights.safetensors` is for training on."
    )


def _architecture(net: Mapping[str, Any]) -> str:
    if net["kind"] == "retinanet":
        return (
            f"A RetinaNet on {net['backbone']} (levels {net['levels']}, anchors of "
            f"{net['shapes']} cells, pyramid {net['pyramid']}, depth {net['depth']})"
        )
    return (
        f"A centre-point net at stride 4 (widths {net['widths']}, blocks {net['blocks']}, pyramid "
        f"{net['pyramid']}, head {net['head']})"
    )


def _data(settings: Mapping[str, Any]) -> str:
    if settings.get("data"):
        return f"## Data\n\nLabelled pictures (`{settings['data']}`), {_held(settings)}."
    return (
        f"## Data\n\n{settings['count']} wafers drawn by `blemish synth` with seed "
        f"{settings['seed']}; no photograph."
    )


def _held(settings: Mapping[str, Any]) -> str:
    if settings.get("folds"):
        return f"fold {settings['fold'] + 1} of {settings['folds']} held out"
    share = f"{settings['held_share']:.0%} of them held out"
    return share + ("" if settings.get("group") else ", or the part that they name for validation")


def _training(folder: str, training: Mapping[str, Any]) -> str:
    settings = training["settings"]
    what = "DATA" if settings.get("data") else f"--synth --count {settings['count']}"
    if settings["net"]["kind"] == "retinanet":
        what += f" --net retinanet --backbone {settings['net']['backbone']}"
    if settings.get("recipe", "own") != "own":
        what += f" --recipe {settings['recipe']}"
    if settings.get("group"):
        what += f" --group '{settings['group']}'"
    long = settings["loop"]
    length = f"--steps {long['steps']}" if long["steps"] else f"--minutes {long['minutes']:g}"
    if long["rate"] != RECIPES[settings.get("recipe", "own")].loop.rate:
        length += f" --rate {long['rate']:g}"
    start = f" --from {shlex.quote(str(settings['start']))}" if settings.get("start") else ""
    rows = "".join(
        f"| {row['step']} | {row['seconds'] / 60:.0f} | {row['ap50']:.3f} | "
        f"{row['ap50_clear']:.3f} |\n"
        for row in training["validations"]
    )
    table = "| step | minutes | AP@0.5 | AP@0.5, clear marks |\n|---|---|---|---|\n" + rows
    return (
        f"## Training\n\n{training['steps']} steps in {training['minutes']:g} minutes; "
        f"the {training['weights']} averaged weights.\n\n"
        f"```sh\nblemish train {what} --seed {settings['seed']} {length}{start} --out RUN\n"
        f"blemish export RUN --weights {training['weights']} --out {folder}\n```\n\n"
        f"{table}".rstrip()
    )


def _quality(bundle: Bundle) -> str:
    scores = bundle.training["scores"]
    chosen = (
        "the lowest with at most 0.1 false finds a picture"
        if bundle.training["threshold"] == "measured"
        else f"chosen by hand; the measured one is {scores['threshold']:g}"
    )
    rows = [
        ("false finds a picture", "false_per_picture"),
        ("share of labels whose centre is hit", "recall"),
        ("AP@0.5, all labels", "ap50"),
        ("AP@0.5, clear marks, fainter ones ignored", "ap50_clear"),
    ]
    table = "\n".join(f"| {words} | {scores[name]:.3f} |" for words, name in rows if name in scores)
    return (
        f"## Scores\n\nOn {scores['pictures']} pictures with {scores['labels']} labels that "
        f"training never saw; recall and false finds are those at the threshold "
        f"{scores['threshold']:g}. The default is {bundle.threshold:g}: {chosen}.\n\n"
        f"| | |\n|---|---|\n{table}"
    )


def _engines(bundle: Bundle) -> str:
    lines = [
        f"| {engine} | {precision} | {'yes' if precision in bundle.precisions[engine] else 'no'} "
        f"| {numbers['score']:g} | {numbers['box']:g} |"
        for engine, found in bundle.parity.items()
        for precision, numbers in found.items()
    ]
    head = "| engine | precision | allowed | score | box, px |\n|---|---|---|---|---|\n"
    return (
        "## Engines\n\nLargest difference from the net itself, after suppression:\n\n"
        + head
        + "\n".join(lines)
    )


def _limits(bundle: Bundle) -> str:
    return (
        f"## Limits\n\n{_scale(bundle)} Marks smaller than about 4 px or fainter than five times "
        "the noise around them are not to be expected. What looks unlike the training data may be "
        "missed or wrongly found: look at the pictures before you trust the numbers."
    )


def _scale(bundle: Bundle) -> str:
    if bundle.long_side:
        return f"Every picture is looked at with its longer side brought to {bundle.long_side} px."
    if bundle.wafer_range and bundle.wafer_diameter:
        return (
            f"Wafers of {bundle.wafer_range[0]:g} to {bundle.wafer_range[1]:g} px are looked at as "
            f"they are, others brought to {bundle.wafer_diameter:g} px."
        )
    return "Pictures are looked at in their own scale: it should be that of the training data."
