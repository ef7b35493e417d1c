"""The SQL files keep their form: one SELECT, a grain, a purpose, one direction, and only what runs on both engines."""

import re

import pytest
import sqlglot
from sqlglot import exp

from audit import sql
from audit.schema import TABLES

QUERIES = sorted(sql.all_queries().values(), key=lambda query: (query.folder, query.name))
NAMES = [query.name for query in QUERIES]
PARAMETERS = {"report_sources", "report_pairs", "length_bands"}
"""Tables that vary: the pair and sources of a report, and seeds."""
BANNED = {"hash", "quantile_cont", "percentile_cont", "generate_series", "epoch"}
"""Each means something else on Spark, or fails there; see the portable subset in CONTRIBUTING.md."""
LOCAL_ONLY = {"loaded_facts"}
"""Reads DuckDB's row ids; on another engine its place is taken by whatever numbers the records there."""


@pytest.fixture(params=QUERIES, ids=NAMES)
def query(request: pytest.FixtureRequest) -> sql.Query:
    found: sql.Query = request.param
    return found


def test_a_file_states_its_grain_and_its_purpose(query: sql.Query) -> None:
    assert query.text.startswith("-- grain: ")
    assert query.grain
    assert query.purpose.endswith("."), f"{query.name}: {query.purpose!r} is not a sentence"


def test_a_file_is_one_select_without_placeholders(query: sql.Query) -> None:
    statements = sqlglot.parse(query.select, read="duckdb")
    assert len(statements) == 1
    assert isinstance(statements[0], exp.Select)
    assert not re.search(r"\{\{|\{%|\$\d|\$[a-z]|\?(?!\()", re.sub(r"'[^']*'", "''", query.select))


def test_a_relation_reads_only_what_lies_before_it(query: sql.Query) -> None:
    known = sql.all_queries()
    for source in sql.reads(query):
        if source in known and known[source].name != query.name:
            assert known[source].folder <= query.folder, f"{query.name} reads {source} of a later folder"


def test_staging_neither_joins_nor_aggregates(query: sql.Query) -> None:
    if query.folder == "1_staging":
        tree = sqlglot.parse_one(query.select, read="duckdb")
        assert not list(tree.find_all(exp.Join, exp.Group, exp.AggFunc))
        assert all(name.startswith("raw_") for name in sql.reads(query))


def test_only_functions_that_mean_the_same_on_both_engines_are_used(query: sql.Query) -> None:
    tree = sqlglot.parse_one(query.select, read="duckdb")
    calls = [call for call in tree.find_all(exp.Func) if not isinstance(call, exp.Log)]
    used = {call.name.lower() if isinstance(call, exp.Anonymous) else call.sql_name().lower() for call in calls}
    assert not used & BANNED
    assert all(call.expression is not None for call in tree.find_all(exp.Log)), "log() without a base"
    assert not list(tree.find_all(exp.PercentileCont, exp.PercentileDisc))
    for replace in tree.find_all(exp.RegexpReplace):
        assert "g" in replace.sql(dialect="duckdb"), f"{query.name}: regexp_replace without 'g'"


def test_groups_are_named_and_never_numbered(query: sql.Query) -> None:
    tree = sqlglot.parse_one(query.select, read="duckdb")
    for group in tree.find_all(exp.Group):
        assert not any(isinstance(each, exp.Literal) for each in group.expressions)
        assert not group.args.get("all")


def test_every_query_can_be_written_for_spark(query: sql.Query) -> None:
    if query.name not in LOCAL_ONLY:
        text = sql.transpile(query, "spark")
        assert sqlglot.parse_one(text, read="spark")
        assert "REGEXP_MATCHES" not in text.upper()


def test_a_check_says_when_it_runs(query: sql.Query) -> None:
    if query.folder == "5_checks":
        assert query.name.startswith("chk_")
        assert query.when in ("load", "report")
    else:
        assert query.when == ""


def test_every_stored_relation_is_built_from_a_query_or_by_the_load() -> None:
    built = set(NAMES) & set(TABLES)
    assert built == {"traffic_cells", "daily_usage", "endpoint_templates"}


def test_a_report_reads_requests_again_only_to_look_at_both_models_as_logged() -> None:
    """Which MOST_READ_AGAIN and MOST_PASSED_OVER bound; all else costs the same however many requests were summed."""
    marts = {name for name in NAMES if sql.find(name).folder == "4_marts"}
    reading = {name for name in marts if sql.reads(sql.find(name)) & {"requests", "loaded_facts", "request_facts"}}
    assert reading == {"observational_models", "endpoint_speed"}


def test_the_first_element_of_an_empty_list_is_null_on_spark_too() -> None:
    text = sql.transpile(sql.find("requests"), "spark")
    assert "TRY_ELEMENT_AT(FILTER(" in text


def test_the_order_of_the_files_is_that_of_their_syntax_trees() -> None:
    ordered = [found.name for found in sql.in_folders("1_", "2_", "3_", "4_", "5_", "6_")]
    for place, name in enumerate(ordered):
        assert sql.reads(sql.find(name)) & set(ordered) <= set(ordered[:place]) | {name}
