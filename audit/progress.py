"""How long work shows that it goes on: a bar on a terminal, plain lines elsewhere, nothing when asked to be quiet."""

import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext

Progress = Callable[[str], AbstractContextManager[None]]
"""Called with what is being done, held while it is done."""


def silent(_: str) -> AbstractContextManager[None]:
    """Show nothing."""
    return nullcontext()


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
def _lines(step: str) -> Generator[None, None, None]:
    print(f"{step} ...", file=sys.stderr, flush=True)
    yield


@contextmanager
def _bar() -> Generator[Progress, None, None]:
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=20), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:

        @contextmanager
        def progress(step: str) -> Generator[None, None, None]:
            task = bar.add_task(step, total=None)
            try:
                yield
            finally:
                bar.remove_task(task)

        yield progress
