"""What a notebook shows of an Audit and of a Report: a few lines of HTML without scripts, for light and dark."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast
from xml.etree.ElementTree import Element

from audit.counting import number_of
from audit.errors import AuditError
from audit.report import words
from audit.report.document import LEVELS, ReportDocument
from audit.report.markup import Content, el, to_html

CELL = "padding:2px 14px 2px 0;text-align:left;vertical-align:top"
NUMBER = "padding:2px 14px 2px 0;text-align:right;vertical-align:top;white-space:nowrap"
MUTED = "opacity:.7"
"""No colours: the notebook's own are right in light and in dark."""

MOST_MODELS = 5
"""Models that a card names; `status()` has all of them."""


def report_card(document: ReportDocument) -> str:
    """The pair, the spend, the window and what each evidence level says could move and be saved."""
    pair, currency = document["pair"], document["spend"]["currency"]
    rows: list[Sequence[Content]] = []
    for level in LEVELS:
        saving, routable = words.saving(document, level), document["routable"][level]
        rows.append(
            (
                el("b", level.capitalize()),
                words.percent(routable["request_share"]["point"]),
                words.percent(routable["cost_share"]["point"]),
                words.money(saving["point"], currency),
                words.span(saving, "money", currency),
                el("span", words.LEVEL_MEANS[level], style=MUTED),
            )
        )
    saves = f"saves {words.per(document)}"
    return to_html(
        el(
            "div",
            el("b", f"{words.clean(pair['incumbent'])} to {words.clean(pair['candidate'])}"),
            f" · {words.window(document)} · list cost {words.money(words.spend(document), currency)} ",
            words.per(document),
            _table(("", "of requests", "of cost", saves, "interval", ""), rows, numbers=range(1, 5)),
            el("small", words.PROJECTION, style=MUTED),
        )
    )


def audit_card(path: Path) -> str:
    """What is in the database; why it cannot be opened, where it cannot."""
    from audit.intake.status import status
    from audit.warehouse import Warehouse

    title = el("b", f"Audit of {words.clean(path, 200)}")
    try:
        with Warehouse.read(path) as warehouse:
            found = status(warehouse)
    except AuditError as error:
        return to_html(el("div", title, el("br"), words.clean(error, 400)))
    models = cast("list[dict[str, object]]", found["models"])
    files = cast("list[object]", found["files"])
    window = cast("dict[str, str | None]", found["window"])
    requests = sum(int(str(model["requests"])) for model in models)
    rows = [
        (words.clean(model["model"] or "(no model)"), words.count(int(str(model["requests"]))), _price(model))
        for model in models[:MOST_MODELS]
    ]
    others = f"{number_of(len(models) - len(rows), 'more model')}; " if len(rows) < len(models) else ""
    return to_html(
        el(
            "div",
            title,
            f" · {_days(window)} · {number_of(requests, 'request')} of {number_of(len(files), 'file')}",
            _table(("model", "requests", ""), rows, numbers=(1,)),
            el("small", others, el("code", ".report()"), " says what could move", style=MUTED),
        )
    )


def _days(window: dict[str, str | None]) -> str:
    start, end = window["start"], window["end"]
    return "no traffic" if start is None or end is None else f"{start[:10]} to {end[:10]}"


def _price(model: dict[str, object]) -> Element | str:
    if model["priced"]:
        return ""
    lacking = f"{words.count(int(str(model['unpriced_requests'])))} without a known price"
    return el(
        "span", "no known price" if model["unpriced_requests"] == model["billed_requests"] else lacking, style=MUTED
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[Content]], *, numbers: Iterable[int]) -> Element:
    styles = [NUMBER if column in set(numbers) else CELL for column in range(len(heads))]
    return el(
        "table",
        el("thead", el("tr", (el("th", head, style=style) for head, style in zip(heads, styles, strict=True)))),
        el(
            "tbody",
            (el("tr", (el("td", cell, style=style) for cell, style in zip(row, styles, strict=True))) for row in rows),
        ),
        style="border-collapse:collapse;margin:6px 0;color:inherit;font-size:inherit",
    )
