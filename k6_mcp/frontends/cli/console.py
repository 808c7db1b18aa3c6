"""The two terminals: stdout for results, stderr for progress."""

import io
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Literal

from pydantic import BaseModel
from pydantic_core import to_json
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from k6_mcp.models.hidden_characters import visible, visible_data

# A file or pipe has no width, and its tables must not be cut to the width of a terminal.
_PIPE_WIDTH = 200


def stdout() -> Console:
    """Return where results go; plain text unless it is a terminal."""
    return _console(stderr=False)


def stderr() -> Console:
    """Return where progress goes."""
    return _console(stderr=True)


def grid(*justify: Literal["left", "right"]) -> Table:
    """Return an empty table without borders, its columns two blanks apart."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for side in justify:
        table.add_column(justify=side, overflow="fold")
    return table


def indented(content: RenderableType) -> Padding:
    """Return `content` indented below its heading, including lines that wrap."""
    return Padding(content, (0, 0, 0, 2), expand=False)


def below(text: str, style: str = "") -> Padding:
    """Return a line of text below its heading."""
    return indented(Text(printable(text), style=style, overflow="fold"))


def printable(text: str) -> str:
    """Return `text` with control characters made visible.

    Texts of scripts and targets must not control the terminal.
    """
    return visible(text)


@contextmanager
def progress_bar(console: Console) -> Generator[Callable[[float | None, str], None]]:
    """Draw a bar that disappears at the end; yield the function that updates it.

    The function takes the percentage (None while it is unknown) and the text next to the bar.
    """
    columns = (TextColumn(" "), BarColumn(bar_width=30), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, refresh_per_second=4) as progress:
        task = progress.add_task("starting k6", total=None)

        def update(percent: float | None, text: str) -> None:
            progress.update(
                task, total=None if percent is None else 100, completed=percent or 0, description=text
            )

        yield update


def write_json(model: BaseModel) -> None:
    """Write `model` to stdout as one line of JSON, without unknown values."""
    data = visible_data(model.model_dump(mode="json", exclude_none=True))
    sys.stdout.write(to_json(data, inf_nan_mode="null").decode() + "\n")


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        # A terminal that cannot draw a mark shows a replacement.
        stream.reconfigure(errors="replace")
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=_PIPE_WIDTH)
    return console
