"""Every figure of the page has one SQL query that gives its numbers: each is run on a database and compared."""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlglot
from sqlglot import exp

import audit
from audit.report.document import LEVELS, ReportDocument
from audit.report.html import render_html
from audit.report.queries import figures
from tests.logged import TODAY as MIXED_ON
from tests.mixed_traffic import mixed_database
from tests.page_figures import COMPARED

TODAY = date(2026, 11, 22)


class Reported(NamedTuple):
    """A database and the report on it."""

    db: Path
    config: Path
    today: date
    document: ReportDocument


@pytest.fixture(scope="module", params=["demo", "mixed"])
def reported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Reported:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "demo":
        demo = audit.run_demo(folder, today=TODAY)
        return Reported(demo.db, folder / "audit.toml", TODAY, demo.document)
    db, config = mixed_database(folder), folder / "audit.toml"
    return Reported(db, config, MIXED_ON, audit.open(db).report(config=config, today=MIXED_ON).document)


def test_every_query_is_compared() -> None:
    assert set(COMPARED) == set(figures())


@pytest.mark.parametrize("name", COMPARED)
def test_a_query_gives_what_its_figure_shows(reported: Reported, name: str) -> None:
    query = figures()[name].query
    rows = audit.open(reported.db).sql(query, config=reported.config, today=reported.today).to_dicts()
    COMPARED[name](reported.document, rows)


def test_the_rows_of_every_query_come_in_one_order(reported: Reported) -> None:
    tied = {name: keys for name, figure in figures().items() if (keys := _keys_of_order(figure.query)) is not None}
    assert len(tied) > 5
    assert (
        _those_with_rows(
            reported, {name: f"select * from ({rows}) group by all having count(*) > 1" for name, rows in tied.items()}
        )
        == set()
    )


def test_both_databases_have_between_them_something_of_every_figure(reported: Reported) -> None:
    empty = figures().keys() - _those_with_rows(reported, {name: each.query for name, each in figures().items()})
    of_the_demo = {"pairs", "strata", "observational", "cascades", "judges"}
    assert empty <= (of_the_demo if reported.config.parent.name.startswith("demo") else {"pairs"})


def _keys_of_order(query: str) -> str | None:
    """The query with what it orders its rows by as its columns; None where it does not."""
    found = sqlglot.parse_one(query, read="duckdb")
    order = found.args.get("order")
    if order is None:
        return None
    assert isinstance(found, exp.Select)
    keys = [f"{each.this.sql('duckdb')} as key_{place}" for place, each in enumerate(order.expressions)]
    return found.select(*keys, append=False, dialect="duckdb").sql("duckdb")


def _those_with_rows(reported: Reported, queries: Mapping[str, str]) -> set[str]:
    """The names of the queries that give rows, asked for at once: every question computes the report anew."""
    asked = (f"select '{name}' as name where exists (select * from ({query}))" for name, query in queries.items())
    rows = audit.open(reported.db).sql("\nunion all\n".join(asked), config=reported.config, today=reported.today)
    return set(rows["name"])


def test_every_figure_and_table_of_the_page_shows_its_query(reported: Reported) -> None:
    page = render_html(reported.document)
    # what is published of both models is in no database, and after it comes how to ask
    end = min(page.find(f'<section class="part" id="{part}"') % len(page) for part in ("comparison", "asking"))
    body = page[page.index("<body>") : end]
    # what the settings of the page make of the numbers is computed in the page
    body = re.sub(r'<section class="part" id="what-if".*?</section>', "", body, flags=re.DOTALL)
    drawn = re.findall(r"<figure.*?</figure>", body, re.DOTALL)
    assert drawn
    assert all('class="sql"' in figure for figure in drawn)
    tables = re.split(r'class="scroll"', re.sub(r"<figure.*?</figure>", "", body, flags=re.DOTALL))[1:]
    assert len(tables) > 6
    assert all('class="sql"' in after for after in tables)
    cards = re.findall(r'<li class="card level.*?</li>', body, re.DOTALL)
    assert len(cards) == len(LEVELS)
    assert all('class="sql"' in card for card in cards)


def test_a_query_without_simulated_bounds_says_that_they_are_and_with_which_seed(reported: Reported) -> None:
    page = render_html(reported.document)
    shown = re.findall(r'<details class="sql">.*?</details>', page, re.DOTALL)
    told = [each for each in shown if "Points only" in each]
    assert all("4,000 simulated worlds, seed 0" in each for each in told)
    assert len(told) >= sum(figure.is_simulated for figure in figures().values()) - 1
