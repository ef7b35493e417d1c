"""Margins and exports of a database: what `Audit.margin` and `Audit.export` do."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from audit.errors import ConfigError
from audit.ledger.export import FOCUS, Form, form_of, select, write
from audit.ledger.margin import run_margin
from audit.library.asking import Settled
from audit.library.relations import grain_of, make_relations
from audit.output_files import new_file, page_file, written_whole
from audit.progress import shown
from audit.report.margin_document import Margins
from audit.warehouse import Warehouse


def margins(
    db: Path,
    revenue: Path,
    asked: Settled,
    *,
    units: Sequence[str],
    rates: Mapping[str, float] | None,
    html: Path | None,
    progress: bool,
) -> Margins:
    """The document, and the page where one is asked for."""
    page = None if html is None else page_file(html)
    exact = {currency.upper(): _rate(currency, rate) for currency, rate in (rates or {}).items()}
    with Warehouse.read(db) as warehouse, shown(not progress) as telling:
        found, report = run_margin(
            warehouse,
            revenue,
            asked.question,
            asked.config,
            asked.assumptions,
            units=units,
            rates=exact,
            progress=telling,
        )
    if page is not None:
        from audit.report.html import render_html

        with written_whole(page) as partial:
            partial.write_text(render_html(report, margin=found), encoding="utf-8")
    return found


def exported(
    db: Path, relation: str, out: Path, asked: Settled, *, form: Form | None, force: bool, progress: bool
) -> Path:
    """The path of the file that the relation was written to."""
    path, kind = new_file(out, force=force), form_of(out, form)
    name = "focus_charges" if relation == FOCUS else relation
    grain = grain_of(name)
    with Warehouse.read(db) as warehouse, shown(not progress) as telling, telling(f"export {relation}"):
        make_relations(warehouse, name, asked)
        with written_whole(path) as partial:
            write(warehouse, select(warehouse, relation, grain), partial, kind)
    return path


def _rate(currency: str, rate: float) -> Decimal:
    number = Decimal(repr(rate))
    if not number.is_finite() or number <= 0:
        raise ConfigError(f"the rate of {currency} is {rate}; give the USD of one unit, a number above 0")
    return number
