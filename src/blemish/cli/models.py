"""The verbs that make a model and score it: train, export, evaluate."""

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli.faults import plain_errors
from blemish.cli.options import (
    Debug,
    Engine,
    Group,
    Lang,
    MinScore,
    OneClass,
    Overwrite,
    Part,
    Precision,
    Range,
    Region,
    Scale,
    Seed,
    Share,
    Threads,
    read_range,
)
from blemish.data.held import HELD_SHARE, SEED
from blemish.errors import UsageError


def train(
    data: Annotated[
        Path | None, typer.Argument(help="Labelled pictures: a folder, a .csv or a .json.")
    ] = None,
    *,
    drawn: Annotated[
        bool, typer.Option("--synth", help="Train on wafers that are drawn on the way.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder for the run.")],
    net: Annotated[
        str, typer.Option(metavar="centernet|retinanet", help="Kind of net.")
    ] = "centernet",
    backbone: Annotated[
        str | None,
        typer.Option(metavar="resnet18|34|50|101|152", help="RetinaNet's body (18, classic 50)."),
    ] = None,
    recipe: Annotated[
        str, typer.Option(metavar="own|classic", help="Classic: all as keras-retinanet does it.")
    ] = "own",
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Length in passes over DATA.", show_default="from the data"),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0.1, help="Length in minutes instead.", show_default="60 with --synth"),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Length in steps instead.")] = None,
    val: Annotated[
        float, typer.Option(min=0, max=1, help="Share of DATA that is validated on.")
    ] = HELD_SHARE,
    group: Group = None,
    folds: Annotated[
        int,
        typer.Option(min=0, help="Train once for each of so many parts of DATA, held out in turn."),
    ] = 0,
    rate: Annotated[
        float | None,
        typer.Option(min=1e-8, max=1, help="Highest learning rate.", show_default="the recipe's"),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(min=1, help="End after so many validations without a better AP."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in the folder.")
    ] = False,
    count: Annotated[int, typer.Option(min=1, help="Drawn pictures to learn from.")] = 3000,
    surfaces: Annotated[
        float, typer.Option(min=0, max=1, help="Share of these that are no wafers.")
    ] = 0.0,
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder of decoded and drawn pictures.", show_default="in the run"),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="default|imagenet|nothing|PATH",
            help="default, default-wafers, default-surfaces, imagenet, nothing, "
            "or a bundle, run or file of weights.",
            show_default="default for a centernet on DATA, else nothing",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides weights, pictures and crops.")] = SEED,
    threads: Threads = 0,
    batch: Annotated[
        int, typer.Option(min=0, help="Crops a step.", show_default="from the data")
    ] = 0,
    crop: Annotated[
        int, typer.Option(min=0, help="Side of a crop in pixels.", show_default="from the data")
    ] = 0,
    debug: Debug = False,
) -> None:
    """Train a model on labelled pictures or drawn wafers."""
    with plain_errors(needs="train"):
        if (data is not None) == drawn and not resume:
            raise UsageError("name what to train on: either a data set or --synth")
        from blemish.jobs.folds import train_folds
        from blemish.jobs.settings import TrainSettings
        from blemish.jobs.train import train_run
        from blemish.report.terminal import watching_share
        from blemish.training.recipes import follow
        from blemish.training.start import net_of, start_of

        if drawn and minutes is None and steps is None and not resume:
            minutes = 60.0
        chosen = start or start_of(net, drawn)
        settings = TrainSettings(
            *(out, data),
            count=count,
            surfaces=surfaces,
            cache=cache,
            net=net_of(net, backbone, recipe, chosen),
            start=chosen,
            epochs=epochs,
            held_share=val,
            group=group,
            folds=folds,
            resume=resume,
            seed=seed,
            threads=threads,
            **follow(
                *(recipe, crop, batch), steps=steps, minutes=minutes, patience=patience, rate=rate
            ),
        )
        with watching_share("training") as show:
            if folds:
                spreads = train_folds(settings, show, typer.echo)
                words = ", ".join(f"{name} {spread}" for name, spread in spreads.items())
                typer.echo(f"{folds} folds, each on pictures it did not learn from: {words}")
                return
            run = train_run(settings, show, typer.echo)
        typer.echo(f"Trained: {run}. Next: blemish export {run} --out BUNDLE")


def export(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="RUN|BUNDLE", help="A training run, or a bundle (or `default`) to add to."
        ),
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the bundle.")],
    weights: Annotated[
        str, typer.Option(metavar="last|best", help="Those of the end or the best validation.")
    ] = "last",
    threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Lowest score of a find.", show_default="measured"),
    ] = None,
    pictures: Annotated[
        Path | None,
        typer.Option(help="Pictures to compare the engines on.", show_default="held out"),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the model.", show_default="the folder's")
    ] = None,
    looked: Annotated[
        int, typer.Option(min=1, help="Held-out pictures to measure the threshold on.")
    ] = 100,
    int8: Annotated[
        bool, typer.Option("--int8", help="Add a graph in eight bits, if it finds as well.")
    ] = False,
    calibrate: Annotated[
        Path | None,
        typer.Option(
            metavar="DATA", help="Labelled pictures that the eight bits are fitted and measured on."
        ),
    ] = None,
    meant: Annotated[
        str | None,
        typer.Option(
            metavar="float32|bfloat16|int8",
            help="The precision that `find` takes by itself.",
            show_default="bfloat16 if that passes",
        ),
    ] = None,
    threads: Threads = 0,
    debug: Debug = False,
) -> None:
    """Turn a training run into a model bundle for `find --model`, or add to a bundle."""
    with plain_errors(needs="train"):
        from blemish.jobs.export import ExportSettings, export_bundle
        from blemish.jobs.quantize import describe, export_more
        from blemish.report.terminal import say, watching_share
        from blemish.runtime.bundle import default_bundle, is_bundle

        if int8 != (calibrate is not None):
            raise UsageError("--int8 and --calibrate DATA go together: give both or none")
        if source == Path("default") and not source.exists():
            source = default_bundle()
        settings = ExportSettings(weights, threshold, pictures, name, looked, threads)
        with watching_share("exporting") as show:
            if int8 or meant or is_bundle(source):
                outcome = export_more(source, calibrate, out, settings, meant, show)
                for line in describe(outcome, out):
                    say(line)
                return
            bundle = export_bundle(source, out, settings, show)
        typer.echo(
            f"Exported: {out}, threshold {bundle.threshold:g}. "
            f"Next: blemish find PICTURES --model {out} --out DIR"
        )


def evaluate(
    model: Annotated[
        str, typer.Argument(metavar="BUNDLE", help="Folder of a model bundle, or `default`.")
    ],
    data: Annotated[Path, typer.Argument(help="Labelled pictures: a folder, a .csv or a .json.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the result.")],
    part: Part = "val",
    share: Share = None,
    seed: Seed = None,
    group: Group = None,
    one_class: OneClass = False,
    min_score: MinScore = None,
    region: Region = "auto",
    scale: Scale = "auto",
    engine: Engine = "auto",
    precision: Precision = "auto",
    threads: Threads = 0,
    pictures: Annotated[
        str,
        typer.Option(
            metavar="all|wrong|none",
            help="Draw labels and finds on copies of all pictures, of those with a miss or a "
            "false find, or of none.",
        ),
    ] = "all",
    value_range: Range = None,
    overwrite: Overwrite = False,
    lang: Lang = "en",
    debug: Debug = False,
) -> None:
    """Score a model on labelled pictures; write the numbers and drawn copies."""
    with plain_errors():
        from blemish.jobs.evaluate import EvaluateSettings, describe, evaluate_run, places
        from blemish.report.details import SIZE_HEADINGS, size_table
        from blemish.report.scores import HEADINGS, table
        from blemish.report.terminal import print_table, say, watching_pictures

        settings = EvaluateSettings(
            *(None if model == "default" else Path(model), data, out),
            part=part,
            share=share,
            seed=seed,
            group=group,
            one_class=one_class,
            min_score=min_score,
            region=region,
            scale=scale,
            engine=engine,
            precision=precision,
            threads=threads,
            pictures=pictures,
            value_range=read_range(value_range),
            overwrite=overwrite,
            lang=lang,
        )
        with watching_pictures() as watch:
            report = evaluate_run(settings, watch, watch.page)
        for line in describe(report):
            say(line)
        print_table(HEADINGS, table(report.scores), numbers=True)
        if rows := size_table(report.scores.details):
            print_table(SIZE_HEADINGS, rows, numbers=True)
        for line in places(report):
            say(line)
        raise typer.Exit(report.exit_code())
