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
    from audit.library import Audit, Report, compare, load, open  # noqa: A004 - reads as audit.open

__all__ = ["Audit", "AuditError", "DemoResult", "Report", "compare", "load", "open", "run_demo"]

_HOMES = {"AuditError": "audit.errors", "DemoResult": "audit.demo", "run_demo": "audit.demo"}
"""Where a public name lives, if not in `audit.library`."""


def __getattr__(name: str) -> object:
    """Fetch a public name when it is first used (PEP 562)."""
    if name in __all__:
        return getattr(import_module(_HOMES.get(name, "audit.library")), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
