"""How long work shows that it goes on: a bar on a terminal, plain lines elsewhere, nothing when asked to be quiet."""

import sys
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from audit.errors import visible

LINE_EVERY = 10
"""Seconds between two lines about the same piece of work, where there is no terminal."""

Advance = Callable[[int], None]
"""Called with how much of the work has been done since the last call."""


class Progress(Protocol):
    """Called with what is being done and how much of it there is (0: nobody knows), held while it is done."""

    def __call__(self, step: str, total: int = 0, /) -> AbstractContextManager[Advance]:
        """Show `step` while the context is held."""
        ...


def silent(_step: str, _total: int = 0, /) -> AbstractContextManager[Advance]:
    """Show nothing."""
    return nullcontext(_ignore)


def _ignore(_amount: int) -> None:
    pass


@contextmanager
def shown(quiet: bool) -> Generator[Progress, None, None]:
    """A Progress for this process's standard error."""
    if quiet:
        yield silent
    elif sys.stderr.isatty():
        with _bar() as progress:
            yield progress
    else:
        yield _lines


@contextmanager
def _lines(step: str, total: int = 0, /) -> Generator[Advance, None, None]:
    step = visible(step)
    print(f"{step} ...", file=sys.stderr, flush=True)
    done, said = 0, time.monotonic()

    def advance(amount: int) -> None:
        nonlocal done, said
        done += amount
        if total and time.monotonic() - said > LINE_EVERY:
            said = time.monotonic()
            print(f"{step}: {min(done / total, 1):.0%}", file=sys.stderr, flush=True)

    yield advance


@contextmanager
def _bar() -> Generator[Progress, None, None]:
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:

        @contextmanager
        def progress(step: str, total: int = 0, /) -> Generator[Advance, None, None]:
            task = bar.add_task(visible(step), total=total or None)
            try:
                yield lambda amount: bar.advance(task, amount)
            finally:
                bar.remove_task(task)

        yield progress
