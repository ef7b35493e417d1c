"""Very many endpoints: what a report keeps, what it folds, and that no total depends on it."""

import random
import re
import tempfile
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.assumptions import Assumptions, assumptions_from
from audit.config import Config, read_config
from audit.errors import ConfigError
from audit.intake.loading import load
from audit.intake.resolve import rebuild
from audit.pipeline import Result, run_report
from audit.scope import Question
from audit.warehouse import Warehouse
from tests.exports import Row, write_csv
from tests.loads import loaded, query
from tests.logged import BIG, SMALL, TODAY, calls, outcomes_file

REST = "(other endpoints)"
MODELS = (BIG, BIG, BIG, SMALL, "gpt-4.1-2025-04-14", "house-model-9", "text-embedding-3-small")
"""The last has no price for output: one token of it makes a sum unpriced, and shares a bin with none."""
INPUTS = (20, 900, 4_000, 60_000, 127_000)


def reported(db: Path, kept: int, config: Config | None = None, **asked: Any) -> Result:
    with Warehouse.read(db) as warehouse:
        question = Question(today=TODAY, **asked)
        return run_report(warehouse, question, config or Config(), Assumptions(endpoints_kept=kept))


def mixed_log(seed: int, endpoints: int, size: int) -> list[Row]:
    """Calls of few to many endpoints: unpriced, cached at no known price, long, with images, failed, other models."""
    chance = random.Random(seed)
    rows: list[Row] = []
    for number in range(size):
        endpoint = f"slug-{int(endpoints * chance.random() ** 2)}"
        day = date(2026, 9, 1) + timedelta(days=chance.randrange(12))
        (row,) = calls(endpoint, 1, day=day, model=chance.choice(MODELS))
        tokens = chance.choice(INPUTS)
        image = chance.random() < 0.1
        row |= {
            "request_id": f"call-{number}",
            "usage_input_tokens": tokens,
            "usage_output_tokens": chance.choice((0, 1, 80, 700)),
            "usage_cache_read_input_tokens": tokens // 2 if chance.random() < 0.3 else 0,
            "usage_cache_creation_input_tokens": tokens // 4 if chance.random() < 0.2 else 0,
            "service_tier": chance.choice(("default", "batch", "flex")),
            "has_images": image,
            "image_count": int(image),
            "is_failed": chance.random() < 0.05,
            "customer_id": f"customer-{number % 3}",
        }
        rows.append(row)
    return rows


def totals(result: Result) -> Mapping[str, object]:
    """What a report says of all traffic."""
    report: dict[str, Any] = dict(result.document)
    gated = {
        row["bucket"]: row for row in report["accounting"] if row["bucket"] not in ("route", "pilot", "keep_eligible")
    }
    said = {name: report[name] for name in ("window", "rows", "requests", "spend", "models", "daily", "shape_map")}
    cost = sum(result.workloads["list_cost"], Decimal(0))
    return said | {"gated": gated, "incumbent": (result.workloads["request_count"].sum(), cost)}


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32), endpoints=st.integers(3, 25), size=st.integers(30, 250), data=st.data())
def test_every_total_is_the_same_to_the_last_digit_however_many_endpoints_are_kept(
    seed: int, endpoints: int, size: int, data: st.DataObject
) -> None:
    kept = data.draw(st.integers(1, endpoints - 1))
    rows = mixed_log(seed, endpoints, size)
    count = len({row["endpoint"] for row in rows})
    with tempfile.TemporaryDirectory() as name:
        db = Path(name) / "usage.duckdb"
        loaded(db, write_csv(Path(name) / "log.csv", rows))
        whole, folded = reported(db, endpoints), reported(db, kept)
    rest = folded.document.get("rest")
    assert totals(folded) == totals(whole)
    assert folded.document["checks"] == whole.document["checks"]
    assert whole.document.get("rest") is None
    assert (rest is None) == (count <= kept)
    if rest is not None:
        shown = {str(each["endpoint"]) for each in folded.document["workloads"]}
        assert (rest["endpoints"], rest["endpoints_kept"]) == (count - kept, kept)
        assert len({each for each in shown if not each.startswith("(other endpoints")}) <= kept


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32), kept=st.integers(1, 6))
def test_the_endpoints_that_cost_most_are_kept_and_the_rest_is_what_they_leave(seed: int, kept: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        db = Path(name) / "usage.duckdb"
        loaded(db, write_csv(Path(name) / "log.csv", mixed_log(seed, 12, 200)))
        with Warehouse.read(db) as warehouse:
            run_report(warehouse, Question(today=TODAY), Config(), Assumptions())
            exact = warehouse.rows(
                "select endpoint, sum(request_count), coalesce(sum(list_cost), 0), "
                "coalesce(sum(list_cost) filter (where cell_disposition in ('eligible', 'gated')), 0) "
                "from cell_costs group by endpoint"
            )
        folded = reported(db, kept).document
    rest = folded.get("rest")
    assert rest is not None
    own = {str(each["endpoint"]) for each in folded.get("traffic", []) if not str(each["endpoint"]).startswith("(")}
    left = [row for row in exact if row[0] not in own]
    assert len(own) == kept
    assert rest["requests"] == sum(int(str(row[1])) for row in left)
    assert rest["list_cost"] == float(sum(Decimal(str(row[2])) for row in left))
    assert min(Decimal(str(row[3])) for row in exact if row[0] in own) >= max(Decimal(str(row[3])) for row in left)


@pytest.fixture(scope="module")
def slugs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two large endpoints, one of little cost that was measured, and thirty slugs, five of them with long inputs."""
    folder = tmp_path_factory.mktemp("slugs")
    rows = [*calls("chat", 300), *calls("search", 200, usage_input_tokens=3000), *calls("tag", 6)]
    for number in range(25):
        rows += calls(f"slug-{number}", 3, usage_output_tokens=50 + number)
    for number in range(5):
        rows += calls(f"long-{number}", 2, usage_input_tokens=60_000, usage_output_tokens=1)
    db = folder / "usage.duckdb"
    loaded(db, write_csv(folder / "log.csv", rows))
    outcomes_file(db, [(None, 1, 1)] * 500)
    return db


def test_the_rest_is_kept_for_a_reason_of_its_own_and_counts_in_the_ceiling_alone(slugs: Path) -> None:
    whole, folded = reported(slugs, 33), reported(slugs, 8)
    (rest,) = [each for each in folded.document["workloads"] if each["endpoint"] == REST]
    assert (rest["verdict"], rest["reasons"][0], rest["evidence"], rest["pairs_needed"]) == (
        "keep",
        "folded",
        "none",
        None,
    )
    assert (rest["requests"], rest["name"]) == (75, f"{REST}: many endpoints in sum")
    for level in ("measured", "ceiling"):
        assert (
            folded.document["savings"][level]["window"]["point"] == whole.document["savings"][level]["window"]["point"]
        )
    assert (
        0
        < folded.document["savings"]["expected"]["window"]["point"]
        < (whole.document["savings"]["expected"]["window"]["point"])
    )


def endpoints(result: Result) -> dict[str, str]:
    """The verdicts by endpoint."""
    return {each["endpoint"]: each["verdict"] for each in result.document["workloads"]}


def test_an_endpoint_with_outcomes_is_kept_however_little_it_costs_and_its_verdict_stays(slugs: Path) -> None:
    whole, folded = (endpoints(reported(slugs, kept)) for kept in (33, 1))
    assert folded["tag"] == whole["tag"]
    assert folded[REST] == "keep"


def test_endpoints_that_somebody_named_are_kept_even_where_they_are_more_than_are_kept(slugs: Path) -> None:
    config = Config(stakes={"slug-1": "low", "slug-2": "core", "chat": "normal"})
    assert {"slug-1", "slug-2", "tag"} <= endpoints(reported(slugs, 1, config)).keys()


def test_steady_costs_that_may_not_move_do_not_narrow_the_ceiling_of_what_may(tmp_path: Path) -> None:
    rows: list[Row] = []
    for number in range(12):
        day = date(2026, 9, 1) + timedelta(days=number)
        for other in range(15):
            rows += calls(f"image-{other}", 3, day=day, has_images=True, image_count=1)
        rows += calls("chat", 20, day=day)
    for number in range(15):
        rows += calls(f"slug-{number}", 20, day=date(2026, 9, 4))
    loaded(tmp_path / "usage.duckdb", write_csv(tmp_path / "log.csv", rows))
    whole, folded = (
        reported(tmp_path / "usage.duckdb", kept).document["savings"]["ceiling"]["monthly"] for kept in (40, 1)
    )
    assert folded == pytest.approx(whole, rel=0.02)


def test_long_inputs_that_were_gated_are_gated_in_the_rest_too(slugs: Path) -> None:
    folded = reported(slugs, 3).document
    gated = {each["endpoint"]: each["requests"] for each in folded["workloads"] if "long_input" in each["reasons"]}
    assert gated == {"(other endpoints, long input)": 10}


def test_the_rest_takes_another_name_where_an_endpoint_has_it(tmp_path: Path) -> None:
    rows = [*calls(REST, 40), *calls("chat", 30), *calls("a", 2), *calls("b", 2)]
    loaded(tmp_path / "usage.duckdb", write_csv(tmp_path / "log.csv", rows))
    folded = reported(tmp_path / "usage.duckdb", 2).document
    found = {each["endpoint"]: each["requests"] for each in folded["workloads"]}
    assert found == {REST: 40, "chat": 30, "((other endpoints))": 4}


def test_a_folded_report_leaves_the_database_as_it_was(slugs: Path) -> None:
    before = slugs.read_bytes()
    first, folded, again = reported(slugs, 33), reported(slugs, 2), reported(slugs, 33)
    assert slugs.read_bytes() == before
    assert folded.document["workloads"] != first.document["workloads"] == again.document["workloads"]


def test_customers_add_up_to_the_bill_with_endpoints_folded(tmp_path: Path) -> None:
    db = tmp_path / "usage.duckdb"
    loaded(db, write_csv(tmp_path / "log.csv", mixed_log(5, 20, 300)))
    sums = "customer_id, disposition, sum(request_count), sum(list_cost) from customer_costs group by all order by all"
    found: list[list[tuple[object, ...]]] = []
    for kept in (20, 3):
        with Warehouse.read(db) as warehouse:
            run_report(warehouse, Question(today=TODAY), Config(), Assumptions(endpoints_kept=kept))
            found.append(warehouse.rows(f"select {sums}"))
    assert found[0] == found[1]


def test_cells_without_requests_fold_as_those_with_them_do(tmp_path: Path) -> None:
    log = str(write_csv(tmp_path / "log.csv", mixed_log(11, 15, 250)))
    with_rows, without = tmp_path / "rows.duckdb", tmp_path / "cells.duckdb"
    assert load([log], with_rows).failed_checks == load([log], without, keep="cells").failed_checks == ()
    found = [reported(db, 4) for db in (with_rows, without)]
    assert totals(found[0]) == totals(found[1])
    assert found[0].document.get("rest") == found[1].document.get("rest")


def test_days_that_are_asked_for_fold_as_all_days_do(tmp_path: Path) -> None:
    db = tmp_path / "usage.duckdb"
    loaded(db, write_csv(tmp_path / "log.csv", mixed_log(9, 15, 250)))
    asked: dict[str, Any] = {"since": date(2026, 9, 3), "until": date(2026, 9, 9)}
    assert totals(reported(db, 2, **asked)) == totals(reported(db, 15, **asked))


def test_rules_are_stored_for_the_busiest_endpoints_and_found_again_for_the_others(tmp_path: Path) -> None:
    rows = [row for number in range(1_040) for row in calls(f"slug-{number:04}", 1 + number % 2)]
    loaded(tmp_path / "usage.duckdb", write_csv(tmp_path / "log.csv", rows))
    stored = query(tmp_path / "usage.duckdb", "select count(distinct endpoint) from workload_rules")
    result = reported(tmp_path / "usage.duckdb", 2_000)
    assert stored == [(1_000,)]
    later = [row for number in range(50) for row in calls(f"later-{number}", 1, day=date(2026, 9, 20))]
    loaded(tmp_path / "usage.duckdb", write_csv(tmp_path / "later.csv", later))
    few = reported(tmp_path / "usage.duckdb", 500, since=date(2026, 9, 20))
    assert few.workloads["request_count"].sum() == 50
    assert (result.workloads.height, result.workloads["list_cost"].null_count()) == (1_040, 0)
    assert [check for check in result.document["checks"] if not check["ok"]] == []


def test_a_load_of_too_many_endpoints_says_who_named_them_and_a_pattern_that_works(tmp_path: Path) -> None:
    rows = [row for number in range(600) for row in calls(f"customer-{number * 7919:08x}/chat", 1)]
    db = tmp_path / "usage.duckdb"
    (said,) = loaded(db, write_csv(tmp_path / "log.csv", rows)).warnings
    assert said.startswith("600 endpoints, most of them named by the route ('customer-00000000/chat' to ")
    pattern, left = re.findall(r"pattern = '(.+?)'.*which leaves (\d+)", said)[0]
    (tmp_path / "audit.toml").write_text(f"[endpoint]\nrewrite = [{{ pattern = '{pattern}', replacement = '{{id}}' }}]")
    rebuild(db, read_config(tmp_path / "audit.toml"))
    assert (left, query(db, "select distinct endpoint from traffic_cells")) == ("1", [("customer-{id}/chat",)])


def test_a_load_of_few_endpoints_has_no_advice_on_them(tmp_path: Path) -> None:
    rows = [row for number in range(500) for row in calls(f"customer-{number}", 1)]
    assert loaded(tmp_path / "usage.duckdb", write_csv(tmp_path / "log.csv", rows)).warnings == ()


@pytest.mark.parametrize("value", [0, -3, 2.5, "many"])
def test_a_number_of_endpoints_that_cannot_be_kept_is_refused_with_the_value(value: object) -> None:
    with pytest.raises(ConfigError, match="endpoints_kept") as caught:
        assumptions_from({"endpoints_kept": value})
    assert str(value) in str(caught.value)
