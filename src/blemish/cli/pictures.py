"""The verbs that find in pictures or draw them: find, demo, synth."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from blemish.cli.faults import plain_errors
from blemish.cli.options import (
    Cores,
    Debug,
    Engine,
    Lang,
    MinScore,
    Overwrite,
    Precision,
    Range,
    Region,
    Scale,
    Threads,
    WaferDiameter,
    WaferFile,
    read_range,
)
from blemish.errors import UsageError

if TYPE_CHECKING:
    from blemish.jobs.find import FindReport, FindSettings


def find(
    # Not Path: it would make s3:/ of s3://.
    paths: Annotated[list[str], typer.Argument(help="Pictures, folders or globs.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the result.")],
    model: Annotated[
        Path | None, typer.Option(help="Folder of another model bundle.", show_default="built in")
    ] = None,
    min_score: MinScore = None,
    region: Region = "auto",
    scale: Scale = "auto",
    engine: Engine = "auto",
    precision: Precision = "auto",
    threads: Threads = 0,
    cores: Cores = None,
    pictures: Annotated[
        str | None,
        typer.Option(
            metavar="all|found|none",
            help="Draw the finds on copies of all pictures, of those with finds, or of none.",
            show_default="all; none with --ray",
        ),
    ] = None,
    value_range: Range = None,
    overwrite: Overwrite = False,
    wafer_diameter: WaferDiameter = None,
    wafer: WaferFile = None,
    grid: Annotated[
        bool, typer.Option("--grid", help="Draw rim, mm or dies, and excluded places as well.")
    ] = False,
    write: Annotated[
        list[str] | None,
        typer.Option(
            metavar="voc|yolo|coco|klarf|klarf-images",
            help="Also write labels to correct, or KLARF; several with commas.",
            show_default="none",
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS|local",
            help="Look at many pictures on a Ray cluster, or on this machine's cores.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes of --ray; 0 for as many as there are cores for.")
    ] = 0,
    shard: Annotated[int, typer.Option(min=1, help="Pictures a part of the result of --ray.")] = 64,
    parts: Annotated[
        str, typer.Option(metavar="csv|parquet", help="Kind of the tables of --ray.")
    ] = "csv",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON instead of a table.")
    ] = False,
    fail_on_find: Annotated[
        bool, typer.Option("--fail-on-find", help="Exit with 10 when something was found.")
    ] = False,
    lang: Lang = "en",
    debug: Debug = False,
) -> None:
    """Find the defects in pictures; write tables and drawn copies."""
    with plain_errors():
        from blemish.jobs.find import FindSettings, find_run
        from blemish.report.terminal import watching_pictures

        settings = FindSettings(
            *(tuple(map(Path, paths)), out, model, min_score, region, scale, engine, precision),
            *(threads, pictures or "all", read_range(value_range), overwrite),
            *(wafer_diameter, wafer),
            tuple(write or ()),
            grid,
            lang,
        )
        if ray is not None:
            if pictures not in {None, "none"}:
                raise UsageError("--pictures: copies are not drawn with --ray; leave it out")
            _find_many(settings, tuple(paths), (ray, workers, shard, parts), as_json, fail_on_find)
        with watching_pictures() as watch:
            report = find_run(settings, watch, watch.windows, watch.page)
        _show(report, as_json)
        raise typer.Exit(report.exit_code(fail_on_find))


def _find_many(
    settings: "FindSettings",
    places: tuple[str, ...],
    wishes: tuple[str, int, int, str],
    as_json: bool,
    fail_on_find: bool,
) -> NoReturn:
    """Find on a Ray cluster and end with the exit code; the wishes are address to parts."""
    from functools import partial

    from blemish.jobs.batch import deal_on_ray
    from blemish.jobs.many import ManySettings, describe_many, find_many
    from blemish.report.terminal import say, watching_share

    address, workers, shard, parts = wishes
    deal = partial(deal_on_ray, address=address, num_workers=workers)
    with watching_share("finding") as show:
        report = find_many(
            ManySettings(settings, places, shard, parts),
            deal,
            lambda done, of: show(done / of, f"{done} of {of}"),
        )
    if as_json:
        import json

        typer.echo(json.dumps(report.facts, ensure_ascii=False, indent=1))
    else:
        for line in describe_many(report):
            say(line)
    raise typer.Exit(report.exit_code(fail_on_find))


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the result.")] = Path("blemish-demo"),
    debug: Debug = False,
) -> None:
    """Find the defects in six drawn wafers that come with blemish."""
    with plain_errors():
        from blemish.jobs.demo import demo_run
        from blemish.report.terminal import watching_pictures

        with watching_pictures() as watch:
            report = demo_run(out, watch)
        _show(report)
        raise typer.Exit(report.exit_code())


def synth(
    *,
    count: Annotated[int, typer.Option(min=1, help="How many pictures.")],
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")],
    seed: Annotated[int, typer.Option(min=0, help="Which series of pictures.")] = 0,
    labels: Annotated[str, typer.Option(metavar="voc|csv|coco", help="Kind of labels.")] = "voc",
    held_back: Annotated[
        bool, typer.Option("--held-back", help="Draw what training never sees.")
    ] = False,
    marks: Annotated[
        float | None,
        typer.Option(help="Marks or groups on a wafer that is not clean, in the mean; about 5."),
    ] = None,
    least: Annotated[
        float, typer.Option(min=0, help="Strength of a mark from which on it is a label.")
    ] = 5.0,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 for one a core.")] = 0,
    debug: Debug = False,
) -> None:
    """Draw wafers with known defects and write their labels."""
    with plain_errors():
        from blemish.jobs.synth import SynthSettings, write_drawn
        from blemish.report.terminal import watching_share

        settings = SynthSettings(out, count, seed, labels, held_back, marks, least, workers)
        with watching_share("drawing") as show:
            write_drawn(settings, lambda done, of: show(done / of, f"{done} of {of}"))
        typer.echo(f"Drawn: {count} pictures with labels in {out}")


def _show(report: "FindReport", as_json: bool = False) -> None:
    """Print the result: a table and where the files are, or all of it as JSON."""
    if as_json:
        import json

        typer.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
        return
    from blemish.jobs.find import describe
    from blemish.report.terminal import print_rows, say

    print_rows(report.rows)
    for line in describe(report):
        say(line)
