"""What all tests share."""

import atexit
import gc
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    import audit

# Tests share the processors with each other: how long an example takes says nothing about the code.
settings.register_profile("shared processors", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared processors")


def pytest_collection_finish() -> None:
    """Thousands of collected tests need not be looked through for garbage again and again: a twentieth of the time."""
    gc.freeze()


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    """One headless Chromium for all tests of the page."""
    from tests.browser import browser

    with browser() as launched:
        yield launched


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> "audit.DemoResult":
    """The demo, run once; whoever changes its database works on a copy."""
    import audit

    return audit.run_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def traffic(demo: "audit.DemoResult") -> "audit.Audit":
    """The demo's database, opened by the library."""
    import audit

    return audit.open(demo.db)


@atexit.register
def _let_the_summary_be_the_last_thing_printed() -> None:  # pyright: ignore[reportUnusedFunction]
    """Keep DuckDB's binding quiet while the interpreter goes down.

    A Polars frame made from a DuckDB relation keeps the binding from unloading cleanly, which it says in forty lines.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
