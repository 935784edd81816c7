"""The command line: one short function a verb; what is heavy is imported inside.

Exit codes: 0 all is well, 1 a fault of blemish, 2 it cannot be done as asked, 3 some pictures
failed or are partial, 4 the data is not fit for training, 10 something was found (with
--fail-on-find), 130 interrupted.
"""

import sys
import warnings
from collections.abc import Callable
from typing import Annotated

import typer

from blemish import __version__
from blemish.cli.labels import doctor, prepare
from blemish.cli.machine import bench, engines
from blemish.cli.models import evaluate, export, train
from blemish.cli.pictures import demo, find, synth
from blemish.cli.report import report
from blemish.cli.serve import serve, token, user
from blemish.cli.statistics import calibrate, compare
from blemish.cli.wafers import klarf, repeats

app = typer.Typer(
    help="Finds small defect points in inspection images: offline, before any label exists.",
    # Typer draws help in frames with rich, which takes as long as all the rest of `--help`.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
)
VERBS: tuple[Callable[..., None], ...] = (
    *(find, repeats, klarf, demo, synth, doctor, prepare, train, export),
    *(calibrate, evaluate, compare, report, bench, engines, serve),
)
for verb in VERBS:  # in the order of the help
    app.command()(verb)
app.add_typer(user, name="user")
app.add_typer(token, name="token")


def main() -> None:
    """Run the command line."""
    if not sys.warnoptions:  # they are for developers: python -W shows them
        warnings.simplefilter("ignore")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a name no terminal can show must not end the run
            stream.reconfigure(errors="replace")
    app()


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"blemish {__version__}")
        raise typer.Exit


@app.callback()
def blemish(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Hold the options that belong to no verb."""
