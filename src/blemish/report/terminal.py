"""What a run shows on the terminal: a progress bar, each error once, and a table at the end."""

import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from rich import box
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from blemish.report.tables import ImageRow

MAX_ROWS = 40
SHORTEST = 12  # cells to which a name is shortened at the most
GAP = 3  # cells between two columns


class PictureBar:
    """A bar of pictures, with one below it for the windows of a huge picture."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._pictures = progress.add_task("", total=None)
        self._windows = progress.add_task("windows", total=None, visible=False)
        self._page = progress.add_task("report", total=None, visible=False)
        self._said: set[str] = set()

    def __call__(self, row: ImageRow, num_done: int, num_all: int) -> None:
        """Show that a picture is done; what went wrong is said once."""
        if row.error and row.error not in self._said:
            self._said.add(row.error)
            say(row.error, self._progress.console)
        self._progress.update(self._pictures, completed=num_done, total=num_all)
        self._progress.update(self._windows, visible=False)

    def windows(self, num_done: int, num_all: int) -> None:
        """Show that a window is done."""
        if num_done == 1:
            self._progress.reset(self._windows)
        self._progress.update(self._windows, completed=num_done, total=num_all, visible=True)

    def page(self, num_done: int, num_all: int) -> None:
        """Show that a picture of the report is done."""
        self._progress.update(self._page, completed=num_done, total=num_all, visible=True)


@contextmanager
def watching_pictures() -> Iterator[PictureBar]:
    """Give a watcher that shows a bar, on terminals only, and errors on standard error."""
    columns = (MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with _bar("finding", *columns) as progress:
        yield PictureBar(progress)


@contextmanager
def watching_share(name: str) -> Iterator[Callable[[float, str], None]]:
    """Give a watcher of a share from 0 to 1, with a few words beside the bar."""
    with _bar(name, TimeRemainingColumn(), TextColumn("{task.description}")) as progress:
        task = progress.add_task("", total=1.0)

        def watch(share: float, words: str) -> None:
            progress.update(task, completed=share, description=words)

        yield watch


def print_rows(rows: Sequence[ImageRow]) -> None:
    """Print a table of pictures; of more than fit a screen the clean ones are left out first."""
    shown = rows
    if len(rows) > MAX_ROWS:
        shown = [row for row in rows if row.status != "clean"][:MAX_ROWS]
    console = Console()
    console.print(_table(shown))
    if len(shown) < len(rows):
        say(f"... and {len(rows) - len(shown)} more in images.csv", console)


def print_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], rest: str = "", *, numbers: bool = False
) -> None:
    """Print the first rows of a table of text, and how many are left and where (``rest``).

    With ``numbers`` all columns but the first stand to the right. Numbers keep their line, long
    names are shortened in the middle.
    """
    console, shown = Console(), rows[:MAX_ROWS]
    columns = list(zip(*shown, strict=True)) or [() for _ in headings]
    fixed = [bool(place) if numbers else _are_numbers(cells) for place, cells in enumerate(columns)]
    widths = [
        max(map(cell_len, (*cells, *head.split())), default=0)
        for head, cells in zip(headings, columns, strict=True)
    ]
    left = console.width - sum(width + GAP for width, one in zip(widths, fixed, strict=True) if one)
    most = max(left // max(fixed.count(False), 1) - GAP, SHORTEST)
    fixed = [one and left > SHORTEST for one in fixed]  # what does not fit at all is folded
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=any(headings))
    for place, (heading, width, one) in enumerate(zip(headings, widths, fixed, strict=True)):
        justify: Literal["left", "right"] = "right" if place and numbers else "left"
        title = textwrap.fill(heading, max(width, 1)) if one else heading
        table.add_column(title, overflow="fold", justify=justify, no_wrap=one)
    for row in shown:
        cells = zip(row, fixed, strict=True)
        table.add_row(*(Text(cell if one else _shortened(cell, most)) for cell, one in cells))
    console.print(table)
    if len(rows) > MAX_ROWS:
        say(f"... and {len(rows) - MAX_ROWS} more{rest}", console)


def _are_numbers(cells: Sequence[str]) -> bool:
    return any(cells) and all(re.fullmatch(r"[-+.,:%\d ]*", cell) for cell in cells)


def _shortened(text: str, most: int) -> str:
    """Give a text whose words have at most so many cells: their middle is left out."""

    def shorten(match: re.Match[str]) -> str:
        word = match[0]
        if cell_len(word) <= most:
            return word
        half = (most - 1) // 2
        end = word[::-1]  # the ending tells more than the middle
        return f"{set_cell_size(word, most - 1 - half)}…{set_cell_size(end, half)[::-1]}"

    return re.sub(r"\S+", shorten, text)


def say(line: str, console: Console | None = None) -> None:
    """Print a line as it is: no markup in file names, no wrapping for whoever reads logs."""
    console = console or Console()
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _bar(name: str, *columns: TextColumn | MofNCompleteColumn | TimeRemainingColumn) -> Progress:
    console = Console(stderr=True)
    columns_shown = (TextColumn(name), BarColumn(), *columns)
    return Progress(
        *columns_shown, console=console, transient=True, disable=not console.is_terminal
    )


def _table(rows: Sequence[ImageRow]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("picture", overflow="fold")
    for heading in ("finds", "best score", "status", "ms"):
        table.add_column(heading, justify="left" if heading == "status" else "right")
    for row in rows:
        scores, read = row.defects.scores, row.status != "failed"
        table.add_row(
            Text(row.image),
            str(len(scores)) if read else "",
            f"{scores.max():.2f}" if len(scores) else "",
            row.status,
            f"{row.milliseconds:.0f}" if read else "",
        )
    return table
