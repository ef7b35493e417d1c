"""The SQL behind every figure: each number of the page can be asked for again, in one query over the same database.

The queries lie in `audit/data/report/figures.sql`. Each computes what its figure shows from the relations of `audit
sql`. Bounds that are simulated cannot come out of SQL: there the query gives the points, and the page says so.
"""

import re
from datetime import date
from functools import cache
from importlib.resources import files
from shlex import join, quote
from typing import NamedTuple
from xml.etree.ElementTree import Element

from audit import sql
from audit.report import words
from audit.report.document import Pair, Question, ReportDocument
from audit.report.markup import el
from audit.report.tables import part

USUAL_PAIR = {"incumbent": "gpt-4o", "candidate": "gpt-4o-mini"}
"""What every command asks about unless told otherwise."""

_FIGURE = re.compile(r"^-- figure: ([a-z-]+)(, simulated)?\n(.*?)\s*(?=^-- figure: |\Z)", re.MULTILINE | re.DOTALL)
_OPTIONS = {"incumbent": "--from", "candidate": "--to", "sources": "--source"}


class Figure(NamedTuple):
    """A query, and whether bounds that its figure also shows are simulated."""

    query: str
    is_simulated: bool


@cache
def figures() -> dict[str, Figure]:
    """Name of a figure, a table or a number of the page -> the query that gives it."""
    text = files("audit").joinpath("data/report/figures.sql").read_text(encoding="utf-8")
    found = {name: Figure(query, bool(simulated)) for name, simulated, query in _FIGURE.findall(text)}
    counts = [f"select '{check.name}' as name, count(*) as failing_rows\nfrom {check.name}" for check in _checks()]
    return found | {"checks": Figure("\nunion all\n".join(counts), is_simulated=False)}


def disclosure(document: ReportDocument, name: str) -> Element:
    """The query of a figure, folded; a click on its text selects all of it."""
    figure = figures()[name]
    bounds = f"Points only: {simulation(document)}. " if figure.is_simulated else None
    return el(
        "details",
        el("summary", "SQL"),
        el("pre", el("code", figure.query)),
        el("p", bounds, el("a", "How to ask", href="#asking"), class_="small muted"),
        class_="sql",
    )


def asking(document: ReportDocument) -> Element:
    """How the queries of the page are put to the database, in a terminal and in Python."""
    query = "select * from savings_by_level"
    spoken = "".join(
        f", {name}={_spoken(name, value)}" for name, value in _arguments(document["pair"], document.get("question"))
    )
    command = f"audit query {quote(query)} --db usage.duckdb{options(document['pair'], document.get('question'))}"
    settings = ("Add ", el("code", "--config FILE"), " where the report was made with an audit.toml in another folder.")
    return part(
        "asking",
        "Ask the database yourself",
        "Behind every figure and table stands the SQL that gives it: one SELECT, to be put to the database this report "
        "was made from. It is opened read-only, and nothing leaves the machine.",
        el(
            "ul",
            el("li", "In a terminal: ", el("code", command), ", as a table, or with --csv or --json. ", settings),
            el(
                "li",
                "In Python: ",
                el("code", f'audit.open("usage.duckdb").sql("{query}"{spoken})'),
                ", a Polars frame.",
            ),
            el("li", "What a relation is made of: ", el("code", "audit sql savings_by_level"), "."),
            el("li", f"What SQL cannot give: {simulation(document)}."),
            class_="points",
        ),
    )


def options(pair: Pair, question: Question | None, *, is_scaled: bool = True) -> str:
    """What must be said to a command so that it asks about the same pair and traffic, each word quoted.

    `is_scaled` is for commands that know --monthly-requests.
    """
    given: list[str] = []
    for name, value in _arguments(pair, question):
        for each in value if isinstance(value, list) else [value]:
            if is_scaled or name != "monthly_requests":
                given += [_OPTIONS.get(name, f"--{name.replace('_', '-')}"), str(each)]
    return f" {join(given)}" if given else ""


def simulation(document: ReportDocument) -> str:
    """Where the bounds come from, as the assumptions have it."""
    for row in document["assumptions"]:
        if row["name"] == "simulated_worlds":
            drawn = words.count(row["value"]) if isinstance(row["value"], int) else words.clean(row["value"])
            return f"intervals of savings come from {drawn} simulated worlds, {words.clean(row['source'])}"
    return "intervals of savings are simulated"


def _checks() -> list[sql.Query]:
    return sorted(sql.in_folders("5_"), key=lambda check: check.name)


def _arguments(pair: Pair, question: Question | None) -> list[tuple[str, str | int | list[str]]]:
    sides = (("incumbent", pair["incumbent"]), ("candidate", pair["candidate"]))
    found: list[tuple[str, str | int | list[str]]] = [
        (side, words.clean(model)) for side, model in sides if model != USUAL_PAIR[side]
    ]
    if question is not None:
        days = (("since", question["since"]), ("until", question["until"]))
        found += [(name, day) for name, day in days if day is not None]
        if question["monthly_requests"] is not None:
            found.append(("monthly_requests", question["monthly_requests"]))
        if question["sources"]:
            found.append(("sources", [words.clean(source) for source in question["sources"]]))
    return found


def _spoken(name: str, value: str | int | list[str]) -> str:
    return repr(date.fromisoformat(str(value)) if name in ("since", "until") else value)
