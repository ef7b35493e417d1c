"""The end of the page, complete: traffic by model and day, assumptions, data quality, checks, prices, dates."""

from collections.abc import Container, Mapping, Sequence
from typing import cast
from xml.etree.ElementTree import Element

from audit.counting import number_of
from audit.report import left_out, words
from audit.report.daily import daily_table
from audit.report.document import ModelSpend, ReportDocument
from audit.report.markup import Content, el
from audit.report.queries import disclosure
from audit.report.tables import figure, name, part, table


def traffic(document: ReportDocument, drawn: Container[str]) -> Element | None:
    """Spend per model, the unpriced ones included, and per day."""
    currency, models = document["spend"]["currency"], document.get("models", [])
    rows: list[list[Content]] = [
        [
            name(words.clean(model["model"])),
            words.clean(model["provider_name"], 40),
            words.count(model["requests"]),
            _cost(model, currency),
        ]
        for model in sorted(models, key=lambda model: -float(model["list_cost"] or 0))
    ]
    summary = "Days of the window, stacked by model. Unusual days make a monthly figure unusual."
    summary = f"{summary} {left_out.sentence(document.get('daily', []))}".strip()
    asked, is_drawn = disclosure(document, "daily"), "daily" in drawn
    daily = figure("daily", "List cost per day", summary, daily_table(document), drawn=is_drawn, sql=asked)
    if not rows and daily is None:
        return None
    heads, sql = ["Model", "Provider", "Requests", "List cost"], disclosure(document, "models")
    return part(
        "traffic",
        "Spend by model and day",
        "Whether the window is an ordinary one. A model without a known price is listed, never counted as $0.",
        daily,
        table("Models in the traffic", heads, rows, (2, 3), sql=sql) if rows else None,
    )


def _cost(model: ModelSpend, currency: str) -> Content:
    if model["list_cost"] is None and left_out.why(model) == "unpriced":
        return el("span", "no price", class_="failed")
    return left_out.cost(model["list_cost"], model, currency)


def assumptions(document: ReportDocument) -> Element:
    """Every assumption with its value and source, and the horizon."""
    rows: list[list[Content]] = [
        [words.humanised(row["name"]), shown(row["value"]), words.clean(row["source"], 300)]
        for row in document["assumptions"]
    ]
    horizon = document.get("horizon_months")
    return part(
        "assumptions",
        "Assumptions",
        "" if horizon is None else f"Projections run {float(horizon):.1f} months at most.",
        table(
            "What the projections assume",
            ["Assumption", "Value", "Source"],
            rows,
            sql=disclosure(document, "assumptions"),
        ),
    )


def data_quality(document: ReportDocument) -> Element:
    """What was read, what was left out, what is odd, and the checks that ran."""
    rows = document["rows"]
    line: list[Content] = [words.count(rows[key]) for key in ("loaded", "duplicate", "rejected")]
    read: list[list[Content]] = [
        [
            name(words.clean(file["path"], 120)),
            words.clean(file["format"], 30),
            *(words.count(file[key]) for key in ("read", "loaded", "duplicate", "rejected")),
        ]
        for file in document.get("files", [])
    ]
    total: list[Content] = ["All files", "", words.count(rows["read"]), *line]
    quality: list[list[Content]] = [
        [words.humanised(key), shown(value)] for key, value in document.get("data_quality", {}).items()
    ]
    checks: list[list[Content]] = [
        [
            words.clean(check["name"]),
            "ok" if check["ok"] else el("span", "failed", class_="failed"),
            words.clean(check["detail"], 400),
        ]
        for check in document["checks"]
    ]
    heads = ["File", "Format", "Read", "Loaded", "Duplicate", "Rejected"]
    return part(
        "data",
        "Data quality and checks",
        "",
        table(
            "Rows read = loaded + duplicate + rejected",
            heads,
            read,
            range(2, 6),
            total,
            sql=disclosure(document, "files"),
        ),
        table("What else was noticed", ["Measure", "Value"], quality, sql=disclosure(document, "data"))
        if quality
        else None,
        table(
            "Checks that ran with this report",
            ["Check", "Result", "Detail"],
            checks,
            sql=disclosure(document, "checks"),
        ),
    )


def prices(document: ReportDocument) -> Element | None:
    """The catalogue behind the dollars, and the days on which models are switched off."""
    catalogue, retirements = document.get("catalogue"), document.get("retirements", [])
    rows: list[list[Content]] = [
        [name(words.clean(row["model"])), words.clean(row["date"], 30), words.clean(row["source"], 300)]
        for row in retirements
    ]
    if catalogue is None and not rows:
        return None
    intro = ""
    if catalogue is not None:
        intro = (
            f"Prices: {words.clean(catalogue['version'])}, checked on {words.clean(catalogue['checked_on'], 20)}, "
            f"{number_of(catalogue['age_days'], 'day')} before this report."
        )
    return part(
        "prices",
        "Prices and retirement dates",
        intro,
        table(
            "Models that will be switched off",
            ["Model", "Date", "Source"],
            rows,
            sql=disclosure(document, "prices"),
        )
        if rows
        else None,
    )


def shown(value: object) -> str:
    """Any JSON value as one readable line."""
    if value is None:
        return "n/a"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        if isinstance(value, float):
            return f"{value:.4g}" if abs(value) < 1 else f"{value:,.10g}"
        return f"{value:,}"
    if isinstance(value, Mapping):
        pairs = cast(Mapping[object, object], value)
        return ", ".join(f"{words.humanised(str(key))}: {shown(entry)}" for key, entry in pairs.items()) or "none"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(shown(entry) for entry in cast(Sequence[object], value)) or "none"
    return words.clean(value, 300)
