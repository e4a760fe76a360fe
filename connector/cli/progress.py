"""Progress of long commands: one bar with the time that is left, on a terminal. Knows no command.

A service takes `progress: Callable[[int, int | None], None]` and calls it with what is done and the total where it is
known; it never knows who looks. Nothing is drawn for machines: with --json, or where stderr is no terminal.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from connector.cli.session import err
from connector.errors import Text


class Progress(Protocol):
    """Tells how far the work is. Cheap: it may be called for each item, and from any thread."""

    def __call__(self, done: int, total: int | None = None) -> None: ...


@contextmanager
def bar(words: Text, *, total: int | None = None, as_json: bool = False, console: Console = err) -> Iterator[Progress]:
    """A bar for the block; without a total it counts and moves, with one it tells what is left (h:mm:ss)."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[counted]}"),
        TimeElapsedColumn(), TextColumn("剩余 / left"), TimeRemainingColumn(),
    )  # fmt: skip
    known = [total]
    with Bars(*columns, console=console, transient=True, disable=as_json or not console.is_terminal) as bars:
        task = bars.add_task(" / ".join(words), total=total, counted="")

        def tell(done: int, total: int | None = None) -> None:
            known[0] = known[0] if total is None else total
            counted = f"{done:,}" if known[0] is None else f"{done:,}/{known[0]:,}"
            bars.update(task, completed=done, total=known[0], counted=counted)

        yield tell


@contextmanager
def parts(words: Text, *, as_json: bool = False, console: Console = err) -> Iterator[Callable[[str], None]]:
    """Names the part that is being done, for work whose parts cannot be counted."""
    if as_json or not console.is_terminal:
        yield lambda _part: None
        return
    with console.status(" / ".join(words)) as status:
        yield lambda part: status.update(f"{' / '.join(words)}: {part}")
