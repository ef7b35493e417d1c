"""The public API: light to import, read-only, and the same numbers as the command line."""

import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

import audit
from audit.errors import ConfigError, DatabaseError, UnknownNameError

TODAY = date(2026, 11, 22)
HEAVY = ("duckdb", "polars", "plotly", "sqlglot", "numpy", "scipy", "rich", "typer", "genai_prices")


@pytest.fixture(scope="module")
def report(demo: audit.DemoResult, traffic: audit.Audit) -> audit.Report:
    return traffic.report(config=demo.directory / "audit.toml", today=TODAY)


def python(code: str) -> str:
    """What a fresh interpreter prints on standard output; on the other one DuckDB's binding counts its leftovers."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_import_audit_loads_nothing_heavy() -> None:
    assert python(f"import audit, sys; print([name for name in {HEAVY} if name in sys.modules])") == "[]"


def test_the_error_is_caught_without_loading_anything_heavy() -> None:
    code = f"import audit, sys; audit.AuditError; print([name for name in {HEAVY} if name in sys.modules])"
    assert python(code) == "[]"


def test_public_names_are_sorted_documented_and_all_there() -> None:
    assert audit.__all__ == sorted(audit.__all__)
    assert dir(audit) == audit.__all__
    for name in audit.__all__:
        assert getattr(audit, name).__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'savings_of_tomorrow'"):
        _ = audit.savings_of_tomorrow  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType, reportUnknownMemberType]


def test_a_database_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=r"none\.duckdb: no such database"):
        audit.open(tmp_path / "none.duckdb")


def test_loading_through_the_library_is_idempotent(demo: audit.DemoResult, tmp_path: Path) -> None:
    source, db = demo.directory / "spend_logs.jsonl.gz", tmp_path / "usage.duckdb"
    first, second = audit.load(source, db=db), audit.load([source], db=str(db))
    assert first.total("loaded") == second.total("duplicate") == demo.document["rows"]["loaded"]
    assert second.total("loaded") == 0


def test_sql_gives_marts_with_exact_money(demo: audit.DemoResult, traffic: audit.Audit) -> None:
    cost = traffic.sql("select sum(list_cost) as cost from spend_by_endpoint")["cost"].item()
    assert isinstance(cost, Decimal)
    assert float(cost) == pytest.approx(float(demo.document["spend"]["list_cost"]), abs=1e-12)


def test_every_listed_relation_can_be_asked(traffic: audit.Audit) -> None:
    relations = traffic.relations()
    assert {"requests", "traffic_cells", "spend_by_day", "verdicts", "task_priors"} < set(relations["relation"])
    assert relations["relation"].is_unique().all()
    query = " union all ".join(f"select count(*) as n from {name}" for name in relations["relation"])
    assert traffic.sql(query, today=TODAY).height == relations.height


@pytest.mark.parametrize("relation", ["Verdicts", "CELL_COSTS", "CHK_Daily_Usage_Equals_Cells", "REPORT_TOTALS"])
def test_a_relation_is_found_in_capitals_too_as_sql_has_it(traffic: audit.Audit, relation: str) -> None:
    found, same = (traffic.sql(f"select * from {name}", today=TODAY) for name in (relation, relation.lower()))
    assert (found.schema, found.height) == (same.schema, same.height)


def test_verdicts_in_sql_are_those_of_the_report(
    demo: audit.DemoResult, traffic: audit.Audit, report: audit.Report
) -> None:
    rows = traffic.sql("select workload_id, verdict from verdicts", config=demo.directory / "audit.toml", today=TODAY)
    assert dict(rows.iter_rows()) == dict(report.workloads.select("id", "verdict").iter_rows())


def test_a_mart_follows_the_pair_that_is_named(traffic: audit.Audit) -> None:
    candidates = traffic.sql("select distinct candidate_model from workload_totals", candidate="gpt-4.1-nano")
    assert candidates["candidate_model"].to_list() == ["gpt-4.1-nano-2025-04-14"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("drop table files", "not one SELECT"),
        ("select 1; select 2", "not one SELECT"),
        ("copy files to 'files.csv'", "not one SELECT"),
        ("select * from nothing_of_the_kind", "nothing_of_the_kind does not exist"),
        ("selct 1", "syntax error"),
        ("select cast(path as integer) from files", "Could not convert"),
    ],
)
def test_a_query_that_is_none_is_refused_with_its_text(traffic: audit.Audit, query: str, message: str) -> None:
    with pytest.raises(audit.AuditError, match=message) as caught:
        traffic.sql(query)
    assert query.split()[-1].rstrip("'") in str(caught.value)


def test_an_open_audit_blocks_nobody(demo: audit.DemoResult, tmp_path: Path) -> None:
    db = tmp_path / "usage.duckdb"
    audit.load(demo.directory / "spend_logs.jsonl.gz", db=db)
    traffic = audit.open(db)
    before = traffic.sql("select * from files").height
    audit.load(demo.directory / "spend_logs.jsonl.gz", db=db)
    assert traffic.sql("select * from files").height == before + 1


def test_a_report_through_the_library_is_the_demos(demo: audit.DemoResult, report: audit.Report) -> None:
    added = {"warnings"}
    assert {key: value for key, value in report.document.items() if key not in added} == {
        key: value for key, value in demo.document.items() if key not in added
    }


def test_report_frames_hold_the_documents_numbers(report: audit.Report) -> None:
    gsm = report.workloads.filter(pl.col("endpoint") == "gsm").row(0, named=True)
    document = next(row for row in report.document["workloads"] if row["endpoint"] == "gsm")
    assert document["quality_loss"] is not None
    assert gsm["quality_loss_high"] == document["quality_loss"]["high"]
    assert gsm["savings_low"] == document["savings"]["low"]
    assert gsm["tokens_input_p95"] == document["tokens"]["input"]["p95"]
    assert report.savings["level"].to_list() == ["measured", "expected", "ceiling"]
    assert report.savings["window_point"].to_list() == [
        saved["window"]["point"] for saved in report.document["savings"].values()
    ]


def test_the_columns_of_the_frames_do_not_depend_on_the_evidence(traffic: audit.Audit, report: audit.Report) -> None:
    unmeasured = traffic.report(candidate="gpt-4.1-nano", since=date(2026, 9, 7), until=date(2026, 9, 8), today=TODAY)
    assert unmeasured.workloads["quality_loss_high"].null_count() == unmeasured.workloads.height
    assert set(unmeasured.workloads.columns) == set(report.workloads.columns)
    assert unmeasured.savings.columns == report.savings.columns
    assert unmeasured.savings["monthly_point"].null_count() == unmeasured.savings.height


def test_a_report_scales_to_the_month_that_is_given(traffic: audit.Audit, report: audit.Report) -> None:
    total = report.document["requests"]["total"]
    scaled = traffic.report(monthly_requests=10 * total, today=TODAY)
    window = float(scaled.document["spend"]["list_cost"])
    assert scaled.document["spend"]["monthly_list_cost"] == pytest.approx(10 * window)


def test_text_and_page_show_the_same_report(report: audit.Report, tmp_path: Path) -> None:
    text, page = report.text(), report.html(tmp_path / "report.html").read_text(encoding="utf-8")
    assert max(len(line) for line in text.splitlines()) <= 80
    for words in ("gpt-4o-mini", "numersense-v2", "math-l5"):
        assert words in text
        assert words in page


def test_compare_gives_the_published_ratio() -> None:
    document = audit.compare("gpt-4o", "gpt-4o-mini", on=date(2026, 3, 5))
    ratio = document["price_ratio"]
    assert isinstance(ratio, dict)
    assert ratio["input"] == pytest.approx(2.50 / 0.15)


def test_settings_that_are_not_there_are_named(traffic: audit.Audit) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: no such file"):
        traffic.report(config="nowhere.toml", today=TODAY)
    with pytest.raises(UnknownNameError, match="gpt-4o-mini"):
        traffic.report(candidate="gpt-4o-mni", today=TODAY)


def test_a_day_is_a_date_or_its_text(traffic: audit.Audit) -> None:
    windows = [
        traffic.report(since=since, until="2026-09-09", today="2026-11-22").document["window"]
        for since in (date(2026, 9, 8), "2026-09-08", datetime(2026, 9, 8, 13))
    ]
    assert windows[0] == windows[1] == windows[2]
    with pytest.raises(ConfigError, match="since is '8 Sept'; write a day as YYYY-MM-DD"):
        traffic.report(since="8 Sept")


def test_an_argument_that_no_question_has_is_a_type_error(traffic: audit.Audit) -> None:
    with pytest.raises(TypeError, match="candidat"):
        traffic.savings(candidat="gpt-4.1-nano")  # pyright: ignore[reportCallIssue]


def test_assumptions_and_sources_are_those_of_audit_toml_and_come_before_them(
    demo: audit.DemoResult, traffic: audit.Audit
) -> None:
    config = demo.directory / "audit.toml"
    usual, doubled = (
        traffic.savings(config=config, today=TODAY, assumptions=given) for given in (None, {"output_ratio": 2.0})
    )
    assert doubled["window_point"].to_list() < usual["window_point"].to_list()
    with pytest.raises(UnknownNameError, match="unknown assumption 'output_ration'; nearest: output_ratio"):
        traffic.savings(assumptions={"output_ration": 2.0})
    with pytest.raises(ConfigError, match=r"sources is 'otlp'; give a list of formats: \['otlp'\]"):
        traffic.savings(sources="otlp")
    with pytest.raises(ConfigError, match="names 'otlp'; loaded are litellm_spend_logs"):
        traffic.savings(sources=["otlp"])


def test_frames_of_a_question_are_those_of_its_report(demo: audit.DemoResult, traffic: audit.Audit) -> None:
    config = demo.directory / "audit.toml"
    report = traffic.report(config=config, today=TODAY)
    verdicts = traffic.verdicts(config=config, today=TODAY)
    assert dict(verdicts.select("workload_id", "verdict").iter_rows()) == dict(
        report.workloads.select("id", "verdict").iter_rows()
    )
    workloads = traffic.workloads(config=config, today=TODAY)
    assert float(workloads["list_cost"].sum()) == pytest.approx(report.document["routable"]["ceiling"]["cost"]["point"])
    assert traffic.savings(config=config, today=TODAY).equals(report.savings)
    assert traffic.sql("select * from savings", config=config, today=TODAY).equals(report.savings)


def test_the_levels_have_requests_and_cost_side_by_side(report: audit.Report) -> None:
    for row in report.savings.iter_rows(named=True):
        routable = report.document["routable"][row["level"]]
        assert row["request_share_point"] == routable["request_share"]["point"]
        assert row["cost_high"] == routable["cost"]["high"]


def test_the_cells_add_up_to_the_requests(demo: audit.DemoResult, traffic: audit.Audit) -> None:
    assert traffic.cells()["request_count"].sum() == demo.document["requests"]["total"]
