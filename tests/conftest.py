"""What all tests share."""

import atexit
import os


@atexit.register
def _let_the_summary_be_the_last_thing_printed() -> None:  # pyright: ignore[reportUnusedFunction]
    """Keep DuckDB's binding quiet while the interpreter goes down.

    A Polars frame made from a DuckDB relation keeps the binding from unloading cleanly, which it says in forty lines.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
