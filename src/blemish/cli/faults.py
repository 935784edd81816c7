"""What goes wrong, as one line and an exit code."""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from blemish.errors import BlemishError

FAULT, USAGE, INTERRUPTED = 1, 2, 130


@contextmanager
def plain_errors(needs: str = "") -> Iterator[None]:
    """Turn what goes wrong into one line and an exit code; with --debug show where as well.

    ``needs`` is the extra without which a verb's imports fail.
    """
    try:
        yield
    except (typer.Exit, BrokenPipeError):  # typer ends quietly where the reader, like head, left
        raise
    except KeyboardInterrupt:
        typer.echo("blemish: interrupted", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:
        if logging.getLogger("blemish").isEnabledFor(logging.DEBUG):
            traceback.print_exc()
        code, words = _in_words(error, needs)
        typer.echo(f"blemish: {words}", err=True)
        raise typer.Exit(code) from error


def _in_words(error: Exception, needs: str) -> tuple[int, str]:
    """Give the exit code and the line for an error."""
    if isinstance(error, BlemishError):
        return USAGE, str(error)
    if needs and isinstance(error, ModuleNotFoundError) and not _is_own(error):
        return USAGE, f"this needs {error.name}; install it by: pip install 'blemish[{needs}]'"
    words = " ".join(str(error).split())
    return FAULT, f"a fault ({type(error).__name__}: {words}); add --debug to see where"


def _is_own(error: ModuleNotFoundError) -> bool:
    return (error.name or "").split(".")[0] == "blemish"
