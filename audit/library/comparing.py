"""Two models side by side: as published, or beside the traffic of a database."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from audit.errors import ConfigError
from audit.library.asking import Day, settled
from audit.library.writing import written
from audit.warehouse import Warehouse

if TYPE_CHECKING:
    from audit.catalog.comparison import Document


def compare(
    a: str, b: str, *, on: Day | None = None, config: str | Path | None = None, html: str | Path | None = None
) -> "Document":
    """Two models side by side on a day (today): the document of `audit compare A B --json` without a database.

    With `html` it is also written there, as one offline page.

    >>> ratio = compare("gpt-4o", "gpt-4o-mini")["price_ratio"]
    >>> round(ratio["output"], 1)
    16.7
    """
    from audit.comparing.two_models import without_traffic

    asked = settled(incumbent=a, candidate=b, today=on, config=config)
    return _written(without_traffic(asked.question, asked.config), html)


def compare_with_traffic(
    db: Path,
    a: str | None,
    b: str | None,
    *,
    today: Day | None,
    config: str | Path | None,
    sources: Sequence[str],
    html: str | Path | None,
) -> "Document":
    """The same with what a typical request of the log costs; without names, the pairs that are worth a look."""
    from audit.comparing.candidate_pairs import candidate_pairs
    from audit.comparing.two_models import compare as compare_models

    with Warehouse.read(db) as warehouse:
        if a is not None and b is not None:
            asked = settled(incumbent=a, candidate=b, today=today, config=config, sources=sources)
            return _written(compare_models(warehouse, asked.question, asked.config), html)
        if a is not None or b is not None:
            raise ConfigError(f"{a or b!r} is one model; name two, or none to see what is worth comparing")
        if html is not None:
            raise ConfigError(f"html={str(html)!r}: a page needs two models")
        asked = settled(today=today, config=config, sources=sources)
        return candidate_pairs(warehouse, asked.config, asked.question.today)


def _written(document: "Document", path: str | Path | None) -> "Document":
    from audit.report.html import render_comparison

    if path is not None:
        written(path, render_comparison(document))
    return document
