"""What is built on a report leaves the rest of many endpoints where it is: policy, plan, sample, page."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import audit
from tests.exports import write_csv
from tests.loads import loaded
from tests.logged import TODAY, calls, outcomes_file

REST = "(other endpoints)"
ASKED: dict[str, Any] = {"today": TODAY, "assumptions": {"endpoints_kept": 3}}


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An endpoint that routes, one that is to be measured, and thirty slugs that cost more than both in sum."""
    folder = tmp_path_factory.mktemp("slugs")
    rows = [*calls("tag", 300), *calls("tag", 20, day=date(2026, 9, 9)), *calls("chat", 200, usage_input_tokens=1500)]
    for number in range(30):
        rows += calls(f"slug-{number}", 40 + number, usage_output_tokens=50 + number)
    path = folder / "usage.duckdb"
    loaded(path, write_csv(folder / "log.csv", rows))
    outcomes_file(path, [(None, 1, 1)] * 1600)
    return path


def test_a_policy_has_no_rule_for_the_rest_even_with_pilots_and_says_why(db: Path) -> None:
    policy = audit.open(db).policy(with_pilots=True, **ASKED).document
    assert {rule["when"].get("endpoint") for rule in policy["rules"]} == {"tag", "chat", "slug-29"}
    (left,) = [each for each in policy["not_moved"] if each["name"].startswith(REST)]
    assert (left["reasons"][0], left.get("requests")) == ("folded", sum(40 + number for number in range(29)))


def test_a_plan_measures_and_moves_kept_endpoints_alone(db: Path) -> None:
    plan = audit.open(db).plan(**ASKED).document
    (never,) = [each for each in plan["never"] if each["name"].startswith(REST)]
    assert never["reasons"][0] == "folded"
    (pace,) = [each["requests_per_day"] for each in plan["baseline"].values() if each.get("is_folded")]
    assert pace * plan["window"]["days"] == pytest.approx(1566)
    assert never["workload_id"] not in json.dumps([plan["stages"], plan["policy_stages"]])


def test_other_slugs_in_the_rest_are_no_drift_and_more_of_them_are(db: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(audit.open(db).plan(**ASKED).document))
    day = date(2026, 9, 20)
    usual = [*calls("tag", 320, day=day), *calls("chat", 200, day=day, usage_input_tokens=1500)]
    usual += calls("slug-29", 69, day=day, usage_output_tokens=79)
    found: list[float] = []
    for name, count in (("alike", 1566), ("more", 4 * 1566)):
        slugs = [row for number in range(count // 6) for row in calls(f"new-{number}", 6, day=day)]
        log = write_csv(tmp_path / f"{name}.csv", [*usual, *slugs])
        own = tmp_path / f"{name}.duckdb"
        own.write_bytes(db.read_bytes())
        for where in (own, None):
            seen = audit.monitor(log, plan=plan, db=where, since=day, today=date(2026, 10, 2))["drift"]
            shown = {each["id"]: each["now"] for each in seen["shares"]}
            assert len(shown) == 4
            assert shown[REST] == pytest.approx(count / (count + 589))
            found.append(seen["total_variation"])
    assert max(found[:2]) < 0.01
    assert found[2] == found[3] == pytest.approx(4 * 1566 / (4 * 1566 + 589) - 1566 / 2155)


def test_a_sample_leaves_the_rest_out_and_says_why(db: Path) -> None:
    sample = audit.open(db).sample(**ASKED)
    (left,) = [each for each in sample["left_out"] if each["endpoint"] == REST]
    assert left["reason"].startswith("Many endpoints with little cost each")
    assert {each["endpoint"] for each in sample["workloads"]} == {"chat", "slug-29"}


def test_the_report_says_in_every_form_how_much_is_in_the_rest(db: Path) -> None:
    report = audit.open(db).report(**ASKED)
    rest = report.document["rest"]  # pyright: ignore[reportTypedDictNotRequiredAccess]
    assert rest is not None
    said = "29 of 32 endpoints"
    assert (rest["endpoints"], rest["requests"]) == (29, 1566)
    assert said in " ".join(report.document["warnings"])  # pyright: ignore[reportTypedDictNotRequiredAccess]
    assert REST in report.workloads["endpoint"]
