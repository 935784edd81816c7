"""The verbs of the server: serve, and who may come in."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from blemish.cli.faults import plain_errors
from blemish.cli.options import (
    Debug,
    Engine,
    Precision,
    Range,
    Threads,
    WaferDiameter,
    WaferFile,
    read_range,
)

NEEDS = "web"
Data = Annotated[Path, typer.Option(help="Folder for pictures and database.")]
Db = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Another database.", show_default="SQLite in the folder"),
]
Role = Annotated[str, typer.Option(metavar="viewer|reviewer|admin", help="What is allowed.")]
DATA = Path("blemish-data")

user = typer.Typer(help="Who may log in to the server.", no_args_is_help=True)
token = typer.Typer(help="Keys with which programs reach the server.", no_args_is_help=True)


def serve(
    *,
    data: Data = DATA,
    model: Annotated[
        Path | None, typer.Option(help="Folder of another model bundle.", show_default="built in")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any free one.")] = 8321,
    db: Db = None,
    watch: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Take new pictures from this folder.")
    ] = None,
    wafer_diameter: WaferDiameter = None,
    wafer: WaferFile = None,
    value_range: Range = None,
    engine: Engine = "auto",
    precision: Precision = "auto",
    threads: Threads = 0,
    max_upload: Annotated[int, typer.Option(min=1, metavar="MB", help="Largest file.")] = 2000,
    max_pixels: Annotated[
        int, typer.Option(min=1, metavar="MP", help="Largest picture that is read whole.")
    ] = 100,
    queue: Annotated[
        int, typer.Option(min=1, help="Requests that may wait for finds at once.")
    ] = 64,
    debug: Debug = False,
) -> None:
    """Serve pages and an API: look at pictures, review the finds, keep labels."""
    with plain_errors(NEEDS):
        from blemish.web.server import ServeSettings
        from blemish.web.serving import serve as run

        settings = ServeSettings(
            *(data, model, host, port, db, watch, wafer_diameter, wafer),
            *(engine, precision, threads),
            *(max_upload * 1_000_000, max_pixels * 1_000_000, queue),
            value_range=read_range(value_range),
        )
        run(settings, lambda where: typer.echo(f"Serving on {where} (Ctrl-C ends it)"))


@user.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="Name to log in with.")],
    *,
    role: Role = "reviewer",
    data: Data = DATA,
    db: Db = None,
    debug: Debug = False,
) -> None:
    """Add a user; the password is asked for, or read from standard input."""
    with plain_errors(NEEDS):
        from blemish.web.accounts import add_user as add
        from blemish.web.server import THE_SERVER, changing_store

        password = _ask_password()
        with changing_store(data, db) as session:
            add(session, name, password, role, THE_SERVER)
        typer.echo(f"Added: {name} ({role})")


@user.command("list")
def list_users(*, data: Data = DATA, db: Db = None, debug: Debug = False) -> None:
    """List the users."""
    with plain_errors(NEEDS):
        from blemish.web.accounts import users_of
        from blemish.web.server import changing_store

        with changing_store(data, db) as session:
            for one in users_of(session):
                typer.echo(f"{one.role:8} {one.name}")


@user.command("remove")
def remove_user(
    name: Annotated[str, typer.Argument(help="Whom to let in no more.")],
    *,
    data: Data = DATA,
    db: Db = None,
    debug: Debug = False,
) -> None:
    """Let a user in no more; what it did stays."""
    with plain_errors(NEEDS):
        from blemish.web.accounts import remove_user as remove
        from blemish.web.server import THE_SERVER, changing_store

        with changing_store(data, db) as session:
            remove(session, name, THE_SERVER)
        typer.echo(f"Removed: {name}")


@token.command("add")
def add_token(
    name: Annotated[str, typer.Argument(help="What the token is for.")],
    *,
    role: Role = "viewer",
    data: Data = DATA,
    db: Db = None,
    debug: Debug = False,
) -> None:
    """Add a token and print it; it cannot be shown again."""
    with plain_errors(NEEDS):
        from blemish.web.accounts import add_token as add
        from blemish.web.server import THE_SERVER, changing_store

        with changing_store(data, db) as session:
            value = add(session, name, role, THE_SERVER)
        typer.echo(value)


@token.command("list")
def list_tokens(*, data: Data = DATA, db: Db = None, debug: Debug = False) -> None:
    """List the tokens' names."""
    with plain_errors(NEEDS):
        from blemish.web.accounts import tokens_of
        from blemish.web.server import changing_store

        with changing_store(data, db) as session:
            for one in tokens_of(session):
                typer.echo(f"{one.role:8} {one.name}")


@token.command("remove")
def remove_token(
    name: Annotated[str, typer.Argument(help="The token's name.")],
    *,
    data: Data = DATA,
    db: Db = None,
    debug: Debug = False,
) -> None:
    """Let a token in no more."""
    with plain_errors(NEEDS):
        from blemish.web.accounts import remove_token as remove
        from blemish.web.server import THE_SERVER, changing_store

        with changing_store(data, db) as session:
            remove(session, name, THE_SERVER)
        typer.echo(f"Removed: {name}")


def _ask_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
