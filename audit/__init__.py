"""Which of your LLM requests could a cheaper model serve as well? The library behind the `audit` command.

>>> import audit
>>> comparison = audit.compare("gpt-4o", "gpt-4o-mini")  # a document of plain numbers

`audit.load([...], db=...)` reads exports, `audit.open(db)` asks questions of them. Nothing heavy is imported before
one of these names is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.demo import DemoResult, run_demo
    from audit.errors import AuditError
    from audit.library.comparing import compare
    from audit.library.loading import load, merge
    from audit.library.notebooks import notebooks
    from audit.library.opened import Audit, open  # noqa: A004 - reads as audit.open
    from audit.library.reference import column_map, formats, price_template, prices, sql_text
    from audit.library.report import Report
    from audit.library.scripting import warehouse_script
    from audit.library.trials import run_backtest
    from audit.library.watching import monitor

__all__ = [
    "Audit",
    "AuditError",
    "DemoResult",
    "Report",
    "column_map",
    "compare",
    "formats",
    "load",
    "merge",
    "monitor",
    "notebooks",
    "open",
    "price_template",
    "prices",
    "run_backtest",
    "run_demo",
    "sql_text",
    "warehouse_script",
]

_HOMES = {
    "Audit": "audit.library.opened",
    "AuditError": "audit.errors",
    "DemoResult": "audit.demo",
    "Report": "audit.library.report",
    "column_map": "audit.library.reference",
    "compare": "audit.library.comparing",
    "formats": "audit.library.reference",
    "load": "audit.library.loading",
    "merge": "audit.library.loading",
    "monitor": "audit.library.watching",
    "notebooks": "audit.library.notebooks",
    "open": "audit.library.opened",
    "price_template": "audit.library.reference",
    "prices": "audit.library.reference",
    "run_backtest": "audit.library.trials",
    "run_demo": "audit.demo",
    "sql_text": "audit.library.reference",
    "warehouse_script": "audit.library.scripting",
}
"""The module a public name is fetched from."""


def __getattr__(name: str) -> object:
    """Fetch a public name when it is first used (PEP 562)."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
