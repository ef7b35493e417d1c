"""`audit monitor`: what moving has saved, to the digit, and what it finds of everything that was planted."""

import json
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import audit
from audit.report.html import render_monitor
from audit.report.monitor_document import Monitor
from tests.browser import PHONE, Browser, needs_browser, opened
from tests.exports import Row, spend_log, write_jsonl
from tests.logged import BIG, SMALL
from tests.monitored import RULES, called, line, look, state
from tests.rollouts import FIRST, TODAY, export, pairs, plan, plan_file, traffic


@dataclass(frozen=True)
class Healthy:
    """A stage in which nothing is wrong, with half of its checks made."""

    folder: Path
    rows: list[Row]
    document: Monitor


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Healthy:
    folder = tmp_path_factory.mktemp("healthy")
    rows = traffic(planted={"failed": 0.02})
    return Healthy(folder, rows, look(folder, rows, outcomes=pairs(folder, rows, lost=0.04)))


# USD per million tokens: input, cached input, output; from OpenAI's price list.
PRICES = {BIG: ("2.50", "1.25", "10.00"), SMALL: ("0.15", "0.075", "0.60")}


def cost(row: Row, model: str) -> Decimal:
    full, cached, output = (Decimal(price) for price in PRICES[model])
    tokens = [int(str(row[f"usage_{name}_tokens"])) for name in ("input", "cache_read_input", "output")]
    return ((tokens[0] - tokens[1]) * full + tokens[1] * cached + tokens[2] * output) / 1_000_000


def saved_by_hand(rows: list[Row], rule: str) -> tuple[Decimal, Decimal, int, int]:
    """Counterfactual and actual cost, requests moved and escalated: row by row."""
    again = {str(row["request_id"]).removesuffix("-again") for row in rows if str(row["request_id"]).endswith("-again")}
    moved = [
        row
        for row in rows
        if row["response_model"] == SMALL and not row["is_failed"] and str(row["request_id"]).startswith(f"{rule}-")
    ]
    sent_on = [row for row in moved if row["request_id"] in again]
    instead = sum((cost(row, BIG) for row in moved if row["request_id"] not in again), Decimal(0))
    return instead, sum((cost(row, SMALL) for row in moved), Decimal(0)), len(moved), len(sent_on)


@pytest.mark.parametrize("rule", ["chat", "short", "long"])
def test_what_was_saved_is_what_a_row_by_row_sum_says(healthy: Healthy, rule: str) -> None:
    saving = line(healthy.document, rule)["saving"]
    instead, actual, moved, escalated = saved_by_hand(healthy.rows, rule)
    assert saving["counterfactual_cost"] == float(instead)
    assert saving["actual_cost"] == float(actual)
    assert saving["realised"] == float(instead - actual)
    assert (saving["moved_requests"], saving["escalated_requests"]) == (moved, escalated)
    assert escalated > 0


def test_the_whole_is_the_sum_of_the_rules(healthy: Healthy) -> None:
    sums = [saved_by_hand(healthy.rows, rule) for rule in ("chat", "short", "long")]
    whole = healthy.document["saving"]
    assert whole["realised"] == float(sum((instead - actual for instead, actual, _, _ in sums), Decimal(0)))
    assert whole["moved_requests"] == sum(moved for _, _, moved, _ in sums)


def test_what_costs_more_on_the_candidate_is_a_negative_saving_and_stops(tmp_path: Path) -> None:
    """Every answer is sent on: the candidate's are paid on top of the incumbent's."""
    rows = [row for row in traffic(1) if row["response_model"] == SMALL and "again" not in str(row["request_id"])]
    again = [row | {"request_id": f"{row['request_id']}-again", "response_model": BIG} for row in rows]
    found = look(tmp_path, rows + again)
    assert found["saving"]["realised"] == -float(sum((cost(row, SMALL) for row in rows), Decimal(0)))
    assert found["stopped"] is not None
    assert {"1-saving-None", "1-escalation_rate-w-short"} <= set(found["stopped"]["rule_ids"])
    # A handful of requests is no evidence against a plan.
    few = look(tmp_path, [*rows[:20], *again[:20]])
    assert few["saving"]["realised"] < 0
    assert state(few, "saving")["fired_on"] is None


def test_answers_whose_price_on_the_incumbent_is_not_known_are_in_no_saving(tmp_path: Path) -> None:
    """An image is a different number of tokens to each model."""
    rows = [row | {"image_count": int(number % 4 == 0)} for number, row in enumerate(traffic(1, per_day=40))]
    found = look(tmp_path, rows)
    again = {str(row["request_id"]).removesuffix("-again") for row in rows if str(row["request_id"]).endswith("-again")}
    moved = [row for row in rows if row["response_model"] == SMALL]
    alone = [row for row in moved if row["request_id"] not in again]
    counted = [row for row in alone if not row["image_count"]]
    saving = found["saving"]
    assert saving["uncounted_requests"] == len(alone) - len(counted) > 0
    assert saving["counterfactual_cost"] == float(sum((cost(row, BIG) for row in counted), Decimal(0)))
    paid = [*counted, *(row for row in moved if row["request_id"] in again)]
    assert saving["actual_cost"] == float(sum((cost(row, SMALL) for row in paid), Decimal(0)))
    assert any("of the candidate in no saving" in note for note in found["notes"])


def test_a_request_at_the_edge_of_two_rules_meets_the_longer_one(tmp_path: Path) -> None:
    rows = [
        row | {"usage_input_tokens": 1999 + number % 2, "usage_cache_read_input_tokens": 0}
        for number, row in enumerate(traffic(1, per_day=10, share=0.0))
        if row["endpoint"] == "docs"
    ]
    found = look(tmp_path, rows)
    assert [line(found, rule)["incumbent"]["requests"] for rule in ("short", "long")] == [10, 10]


def test_logs_of_a_litellm_proxy_are_placed_by_what_was_asked_for(tmp_path: Path) -> None:
    """Its rows name the group that was asked for and the model that answered, and what failed has no tokens."""
    begun = datetime(2026, 9, 3, tzinfo=UTC)
    rows = [
        spend_log(
            number,
            start=begun + timedelta(minutes=number),
            tag="chat",
            model=SMALL if number % 4 == 0 else BIG,
            model_group="gpt-4o",
            status="failure" if number % 10 == 0 else "success",
        )
        for number in range(200)
    ]
    file = write_jsonl(tmp_path / "spend.jsonl", rows)
    found = line(audit.monitor(file, plan=plan_file(tmp_path, plan(*RULES)), today=TODAY), "chat")
    assert (found["candidate"]["requests"], found["incumbent"]["requests"]) == (40, 140)
    errors = found["candidate"]["error_rate"]
    assert errors is not None
    assert (errors["events"], errors["trials"]) == (10, 50)


def test_a_healthy_stage_goes_on_and_says_what_is_missing(healthy: Healthy) -> None:
    found = healthy.document
    assert (found["decision"], found["stopped"]) == ("go_on", None)
    checks = sum(
        row["response_model"] == SMALL and not row["is_failed"] and "chat" in str(row["request_id"])
        for row in healthy.rows
    )
    assert f"{checks} of 400 checks of chat requests" in found["words"]
    assert line(found, "chat")["checks"] == checks


def test_rates_are_those_of_the_rows(healthy: Healthy) -> None:
    docs = [row for row in healthy.rows if row["endpoint"] == "docs" and row["response_model"] == SMALL]
    errors = line(healthy.document, "short")["candidate"]["error_rate"]
    assert errors is not None
    assert (errors["events"], errors["trials"]) == (sum(bool(row["is_failed"]) for row in docs), len(docs))
    assert errors["low"] < errors["point"] < errors["high"]
    latency = line(healthy.document, "long")["candidate"]["latency_ms"]
    times = sorted(
        int(str(row["duration_ms"]))
        for row in docs
        if not row["is_failed"] and str(row["request_id"]).startswith("long")
    )
    assert latency is not None
    assert latency["count"] == len(times)
    assert abs(latency["p50"]["point"] - times[len(times) // 2]) <= 10
    assert latency["p50"]["low"] < latency["p50"]["point"] < latency["p50"]["high"] <= latency["p95"]["point"]


def test_once_enough_was_seen_the_next_stage_may_begin(tmp_path: Path) -> None:
    rows = traffic(3, per_day=60)
    found = look(tmp_path, rows, planned=plan(*RULES, checks=80), outcomes=[
        pairs(tmp_path, rows, lost=0.0, rule=rule) for rule in ("chat", "short", "long")
    ])  # fmt: skip
    assert (found["decision"], found["words"]) == (
        "widen",
        "Wide enough for stage 2 (100 %): 3 of 3 days, no stop rule fired.",
    )
    last = look(tmp_path, rows, planned=plan(*RULES, checks=80), stage=2, outcomes=[])
    assert last["decision"] == "go_on"


@pytest.mark.parametrize(
    ("metric", "planted"),
    [("error_rate", {"failed": 0.2}), ("truncation_rate", {"cut": 0.2}), ("retry_rate", {"retried": 0.2})],
)
def test_a_planted_rate_stops_the_stage_and_nothing_else_does(
    tmp_path: Path, metric: str, planted: dict[str, float]
) -> None:
    found = look(tmp_path, traffic(2, planted=planted))
    assert found["stopped"] is not None
    assert found["stopped"]["rule_ids"] == [f"1-{metric}-{state(found, metric)['workload_id']}"]
    assert found["decision"] == "stop"


def test_a_second_look_says_the_same_and_a_database_takes_new_exports_in(tmp_path: Path) -> None:
    rows = traffic(3, per_day=60)
    first = [row for row in rows if str(row["start_time"])[:10] == FIRST.isoformat()]
    made, db = plan_file(tmp_path, plan(*RULES)), tmp_path / "usage.duckdb"
    once = export(tmp_path, first, "first.csv")
    rest = export(tmp_path, [row for row in rows if row not in first], "rest.csv")
    options: dict[str, Any] = {"plan": made, "db": db, "today": TODAY}
    audit.monitor(once, outcomes=pairs(tmp_path, rows[:60], lost=0.04), **options)
    grown = audit.monitor(rest, **options)
    assert audit.monitor([once, rest], **options) == grown == audit.monitor(**options)
    assert grown["saving"]["moved_requests"] == sum(saved_by_hand(rows, rule)[2] for rule in ("chat", "short", "long"))
    assert line(grown, "chat")["checks"] == 30


def test_planted_drift_is_measured_and_the_routing_itself_is_none(tmp_path: Path, healthy: Healthy) -> None:
    assert healthy.document["drift"]["total_variation"] < 0.002
    assert healthy.document["drift"]["requests_per_day"] == pytest.approx(600 * 0.99, rel=0.02)
    chat, docs = ([row for row in traffic(3) if row["endpoint"] == name] for name in ("chat", "docs"))
    found = look(tmp_path, chat + docs[: len(docs) // 8])["drift"]
    now = len(chat) / (len(chat) + len(docs) // 8)
    assert found["total_variation"] == pytest.approx(now - 1 / 3, abs=0.02)
    assert found["exceeded"]
    assert found["shares"][0]["now"] == pytest.approx(now, abs=0.02) or found["shares"][0]["id"] == "docs"


def test_more_or_less_on_the_candidate_than_planned_is_said(tmp_path: Path) -> None:
    found = look(tmp_path, traffic(2, share=0.9), planned=plan(*RULES, share=0.1))
    assert any(
        "90.0% of the requests were answered by the candidate, the stage gives it 10.0%" in note
        for note in found["notes"]
    )


def test_a_stage_is_not_wide_enough_while_the_router_leaves_a_rule_alone(tmp_path: Path) -> None:
    planned = plan(*RULES, days=1)
    for each in planned["stages"][0]["workloads"]:
        each["days_to_decide"] = None
    rows = traffic(2)
    wide = look(tmp_path, rows, planned=planned)
    assert (wide["decision"], "Quality was not watched: no answers were compared" in wide["words"]) == ("widen", True)
    found = look(
        tmp_path,
        [row | {"response_model": BIG} if str(row["request_id"]).startswith("short") else row for row in rows],
        planned=planned,
    )
    assert found["decision"] == "go_on"
    assert found["words"].endswith("still to come: the first answer of the candidate to short requests.")


def test_a_stop_is_exit_code_3_with_its_reason_on_both_channels(tmp_path: Path) -> None:
    made, file = plan_file(tmp_path, plan(*RULES)), export(tmp_path, traffic(1, planted={"failed": 0.5}))
    done = called(file, "--plan", made, "--json", "--html", tmp_path / "page.html")
    assert done.exit_code == 3
    document = json.loads(done.stdout)
    assert document["stopped"]["rule_id"] == "1-error_rate-w-chat"
    assert document["stopped"]["reason"] in done.stderr
    assert "Stop: send the traffic back" in (tmp_path / "page.html").read_text(encoding="utf-8")
    schema = json.loads(files("audit").joinpath("data/schemas/monitor.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)


def test_the_document_has_the_form_of_its_schema(healthy: Healthy) -> None:
    schema = json.loads(files("audit").joinpath("data/schemas/monitor.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(json.dumps(healthy.document, allow_nan=False)), schema)


def test_the_terminal_shows_the_decision_first_and_fits(healthy: Healthy) -> None:
    made = healthy.folder / "plan.json"
    done = called(healthy.folder / "new.csv", "--plan", made)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "Stage 1 of 2 (50 %), gpt-4o to gpt-4o-mini"
    assert lines[1].startswith("Go on with stage 1 (50 %): no stop rule fired")
    assert max(map(len, lines)) <= 80


def test_names_from_a_log_stay_text_on_the_page(healthy: Healthy) -> None:
    hostile = "<script>alert(1)</script>\u202e"
    document = deepcopy(healthy.document)
    document["workloads"][0]["name"] = document["stop_rules"][0]["words"] = document["drift"]["shares"][0]["name"] = (
        hostile
    )
    document["words"] = document["notes"][0] = hostile
    page = render_monitor(document)
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "https://" not in page


@needs_browser
def test_the_page_opens_without_a_word_or_a_request_and_fits_a_phone(
    healthy: Healthy, tmp_path: Path, chromium: Browser
) -> None:
    file = tmp_path / "page.html"
    file.write_text(render_monitor(healthy.document), encoding="utf-8")
    with opened(chromium, file, size=PHONE, scheme="dark") as held:
        assert held.page.locator("h1").inner_text() == "Go on with this stage"
        assert held.page.locator("#chart-realised .main-svg").count() > 0
        assert held.page.locator("#chart-evidence .main-svg").count() > 0
        assert held.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        assert (held.said, held.requests) == ([], [])
