"""The tables of a report as CSV, each with what its columns mean: `audit report --csv TABLE`.

Money is in `spend.currency` (USD), shares are 0..1, counts are requests unless a column says otherwise, a loss is in
points of 100. Nothing is rounded; an empty cell is a value that does not exist or that nobody knows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from audit.errors import UnknownNameError
from audit.report.document import LEVELS, ReportDocument
from audit.report.figures import by_cost
from audit.report.spreadsheet import csv_text

Rows = Iterable[Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: what one row is, what each column means, and where the rows come from."""

    about: str
    columns: Mapping[str, str]
    rows: Callable[[ReportDocument], Rows]


def csv_table(document: ReportDocument, name: str) -> str:
    """One table of the report as CSV text; UnknownNameError lists the names."""
    if name not in TABLES:
        raise UnknownNameError("table", name, TABLES, f"The tables: {', '.join(TABLES)}")
    table = TABLES[name]
    found = ({**_flat(row), **row} for row in table.rows(document))
    return csv_text(list(table.columns), ([row.get(column) for column in table.columns] for row in found))


def _flat(row: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Nested objects by the names of their keys joined with `_`."""
    leaves: dict[str, object] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            leaves |= _flat(cast("Mapping[str, object]", value), f"{prefix}{name}_")
        else:
            leaves[prefix + name] = value
    return leaves


def _range(name: str, meaning: str) -> dict[str, str]:
    """The three columns of an interval."""
    return {
        f"{name}_low": f"{meaning}: lower bound",
        f"{name}_point": meaning,
        f"{name}_high": f"{meaning}: upper bound",
    }


def _workloads(document: ReportDocument) -> Rows:
    for each in by_cost(document):
        confidence, ratio = each["task_confidence"], each["output_ratio"]
        yield {
            **each,
            "reasons": " ".join(each["reasons"]),
            "task_confidence": confidence,
            **({} if isinstance(ratio, dict) else {"output_ratio_point": ratio}),
        }


def _levels(document: ReportDocument) -> Rows:
    for level in LEVELS:
        saved = document["savings"][level]
        yield {
            "level": level,
            **document["routable"][level],
            "saving_window": saved["window"],
            "saving_monthly": saved["monthly"],
            "share_of_spend": saved["share_of_spend"],
        }


def _blended(document: ReportDocument) -> Rows:
    for unit, costs in (("1000 requests", "per_1k_requests"), ("1000000 tokens", "per_1m_tokens")):
        values = cast("Mapping[str, object]", document["blended"][costs])
        points = {
            level: cast("Mapping[str, object]", value)["point"] if isinstance(value, Mapping) else value
            for level, value in values.items()
        }
        yield {"unit": unit, **points}


def _reasons(document: ReportDocument) -> Rows:
    texts = document.get("reason_texts", {})
    for each in by_cost(document):
        for code in each["reasons"]:
            yield {"workload_id": each["id"], "workload": each["name"], "code": code, "text": texts.get(code)}


def _columns(_document: ReportDocument) -> Rows:
    for name, table in TABLES.items():
        for column, meaning in table.columns.items():
            yield {"table": name, "row": table.about, "column": column, "meaning": meaning}


def _listed(key: str) -> Callable[[ReportDocument], Rows]:
    """The rows of a list of the document, none where an older one lacks it."""
    return lambda document: cast("Sequence[Mapping[str, object]]", document.get(key, []))


_COST = "list cost in the window, USD"
_LEFT_OUT = {
    "unpriced_requests": "requests that list_cost leaves out for want of a price",
    "unknown_usage_requests": "requests that list_cost leaves out because nobody logged their tokens",
}

TABLES: dict[str, Table] = {
    "workloads": Table(
        "one workload, most cost first",
        {
            "id": "the workload's id, the same in every report on this database",
            "name": "endpoint, guessed task and rule",
            "endpoint": "what a router can see",
            "incumbent": "the model that serves it",
            "verdict": "route, pilot or keep",
            "reasons": "codes with spaces between; the table `reasons` explains them",
            "risk": "0 to 4",
            "requests": "requests in the window",
            "request_share": "of all requests",
            "cost": _COST,
            "cost_share": "of all list cost",
            "tokens_input_p50": "input tokens of the median request",
            "tokens_input_p95": "input tokens, 95th percentile",
            "tokens_output_p50": "output tokens of the median request",
            "tokens_output_p95": "output tokens, 95th percentile",
            "tokens_cache_read_share": "input tokens read from the provider's cache, of all input tokens",
            "task_type": "confirmed in audit.toml, else guessed",
            "task_confidence": "1 where confirmed, else how sure the guess is",
            "evidence": "measured, prior or none",
            "pairs": "paired outcomes that count",
            "pairs_needed": "further pairs until a decision",
            **_range("quality_loss", "loss on the candidate, points of 100"),
            "quality_loss_margin": "the largest loss accepted, points of 100",
            "p_value": "of pairs this good if the loss were at the margin",
            "quality_loss_adjusted_p": "the same with all decided workloads counted (Holm)",
            **_range("output_ratio", "output tokens of the candidate per token of the incumbent"),
            "break_even_escalation": "share of requests that may be sent back before nothing is saved",
            **_range("savings", "saving if it moved, in the window, USD"),
            "shape_in_words": "its token shape",
            "rule_in_words": "the rule that cuts it out of its endpoint",
        },
        _workloads,
    ),
    "savings": Table(
        "one evidence level; each includes the one before it",
        {
            "level": "measured, expected or ceiling",
            **_range("requests", "requests that could move, in the window"),
            **_range("request_share", "of all requests"),
            **_range("cost", "list cost that could move, in the window, USD"),
            **_range("cost_share", "of all list cost"),
            **_range("saving_window", "projected saving in the window, USD"),
            **_range("saving_monthly", "projected saving a month, USD; empty for less than a day of logs"),
            **_range("share_of_spend", "saving, of all list cost"),
        },
        _levels,
    ),
    "blended": Table(
        "one unit of all traffic, moved or not",
        {
            "unit": "what the cost is of",
            "now": "today's list cost of it, USD",
            "measured": "the same once everything measured has moved",
            "expected": "the same with what is expected to pass",
            "ceiling": "the same with everything eligible",
        },
        _blended,
    ),
    "accounting": Table(
        "what happens to requests; the rows add up to all traffic",
        {"bucket": "each request is in one", "requests": "in the window", "list_cost": _COST},
        _listed("accounting"),
    ),
    "models": Table(
        "one model of the traffic",
        {
            "provider_name": "who serves it",
            "model": "after aliases are resolved",
            "requests": "in the window",
            "list_cost": f"{_COST}; empty where no request has a known one",
            "priced": "whether every billed request of it has a price",
            **_LEFT_OUT,
        },
        _listed("models"),
    ),
    "daily": Table(
        "one day of one model",
        {
            "date": "UTC",
            "model": "after aliases are resolved",
            "requests": "that day",
            "list_cost": "that day, USD; empty where no request has a known one",
            **_LEFT_OUT,
        },
        _listed("daily"),
    ),
    "shape_map": Table(
        "one cell of the token-shape map",
        {
            "input_bin": "half octave b of input tokens: 2^(b/2) - 16 and more, below the next",
            "output_bin": "half octave b of output tokens: 2^(b/2) - 8 and more, below the next",
            "requests": "in the window",
            "list_cost": _COST,
        },
        _listed("shape_map"),
    ),
    "reasons": Table(
        "one reason of one workload's verdict",
        {"workload_id": "its id", "workload": "its name", "code": "the reason", "text": "what it means"},
        _reasons,
    ),
    "assumptions": Table(
        "one value the numbers rest on",
        {"name": "which", "value": "several values as JSON", "source": "where it comes from"},
        _listed("assumptions"),
    ),
    "checks": Table(
        "one check that ran with the report",
        {"name": "its query in queries/5_checks", "ok": "false: do not quote the figures", "detail": "what it checks"},
        _listed("checks"),
    ),
    "files": Table(
        "one loaded file; read = loaded + duplicate + rejected",
        {
            "path": "as it was given",
            "format": "recognised as",
            **dict.fromkeys(("read", "loaded", "duplicate", "rejected"), "records"),
            "seconds": "that the load took",
        },
        _listed("files"),
    ),
    "retirements": Table(
        "one model that is switched off",
        {"model": "which", "date": "first day without it", "source": "who says so"},
        _listed("retirements"),
    ),
    "columns": Table(
        "one column of these tables",
        {"table": "--csv TABLE", "row": "what one row of it is", "column": "its name", "meaning": "with its unit"},
        _columns,
    ),
}
"""Every table by the name that `--csv` takes."""
