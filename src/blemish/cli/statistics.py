"""The verbs that weigh models on labelled pictures: calibrate, compare."""

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli.faults import plain_errors
from blemish.cli.options import (
    Debug,
    Engine,
    Group,
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

Model = Annotated[
    str, typer.Argument(metavar="BUNDLE", help="Folder of a model bundle, or `default`.")
]


def calibrate(
    model: Model,
    data: Annotated[
        Path, typer.Argument(help="Labelled pictures that the model did not learn from.")
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the calibrated bundle.")],
    score_map: Annotated[
        str | None,
        typer.Option(
            "--map",
            metavar="isotonic|platt|none",
            help="Make scores chances by a map.",
            show_default="the model's",
        ),
    ] = None,
    min_recall: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Take the highest threshold with this recall."),
    ] = None,
    max_false: Annotated[
        float | None,
        typer.Option(
            "--max-false-per-image",
            min=0,
            help="Take the lowest threshold with so many false finds a picture at most.",
        ),
    ] = None,
    sure: Annotated[
        bool, typer.Option("--sure", help="Keep the promise with 95 % certainty, not as counted.")
    ] = False,
    part: Part = "val",
    share: Share = None,
    seed: Seed = None,
    group: Group = None,
    one_class: OneClass = False,
    region: Region = "auto",
    scale: Scale = "auto",
    engine: Engine = "auto",
    precision: Precision = "auto",
    threads: Threads = 0,
    value_range: Range = None,
    debug: Debug = False,
) -> None:
    """Choose a model's threshold by what it must keep, and make scores chances."""
    with plain_errors():
        from blemish.jobs.calibrate import CalibrateSettings, calibrate_run, describe, promise_of
        from blemish.jobs.scoring import Chosen, View
        from blemish.report.terminal import say, watching_pictures

        settings = CalibrateSettings(
            *(None if model == "default" else Path(model), data, out, score_map),
            promise_of(min_recall, max_false, sure),
            Chosen(part, share, seed, group, one_class),
            View(region, scale, engine, precision, threads, read_range(value_range)),
        )
        with watching_pictures() as watch:
            report = calibrate_run(settings, watch)
        for line in describe(report, out):
            say(line)
        raise typer.Exit(report.exit_code())


def compare(
    first: Annotated[
        str, typer.Argument(metavar="A", help="Folder of a model bundle, or `default`.")
    ],
    second: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    *,
    data: Annotated[Path, typer.Option(help="Labelled pictures: a folder, a .csv or a .json.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for a table and pictures of what differs.")
    ] = None,
    part: Part = "val",
    share: Share = None,
    seed: Seed = None,
    group: Group = None,
    one_class: OneClass = False,
    region: Region = "auto",
    scale: Scale = "auto",
    engine: Engine = "auto",
    precision: Precision = "auto",
    threads: Threads = 0,
    value_range: Range = None,
    overwrite: Overwrite = False,
    debug: Debug = False,
) -> None:
    """Compare two models on the same labelled pictures."""
    with plain_errors():
        from blemish.jobs.compare import CompareSettings, compare_run
        from blemish.jobs.scoring import Chosen, View
        from blemish.report.compared import (
            DIFFERENCES_HEADER,
            HEADINGS,
            above_table,
            below_table,
            number_table,
        )
        from blemish.report.terminal import print_table, say, watching_pictures

        models = tuple(None if name == "default" else Path(name) for name in (first, second))
        settings = CompareSettings(
            *((models[0], models[1]), data, out),
            Chosen(part, share, seed, group, one_class),
            View(region, scale, engine, precision, threads, read_range(value_range)),
            overwrite,
        )
        with watching_pictures() as watch:
            report = compare_run(settings, watch)
        for line in above_table(report.facts, report.failed):
            say(line)
        print_table(HEADINGS, number_table(report.numbers), numbers=True)
        if report.rows:
            rest = " in differences.csv" if report.out else "; --out writes them all"
            print_table(DIFFERENCES_HEADER, report.rows, rest)
        for line in below_table(report.facts, report.out):
            say(line)
        raise typer.Exit(report.exit_code())
