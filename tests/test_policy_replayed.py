"""A policy played over the log gives the report's own figures to the digit, and simply adds up."""

import json
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import jsonschema
import polars as pl
import pytest

import audit
from audit.console.policy import print_simulation
from audit.errors import ConfigError
from audit.policy.simulate import Simulation
from tests.loads import jsonl, loaded
from tests.logged import SMALL, calls
from tests.policy_traffic import by_hand, policy_database

TODAY = "2026-10-01"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("replay")
    policy_database(path)
    return path


def played(folder: Path, policy: object = "ours", **options: Any) -> Simulation:
    opened = audit.open(folder / "usage.duckdb")
    return opened.simulate(cast("str", policy), config=folder / "audit.toml", today=TODAY, **options)


def reported(folder: Path) -> audit.Report:
    return audit.open(folder / "usage.duckdb").report(config=folder / "audit.toml", today=TODAY)


def exactly(figure: Any) -> float:
    assert figure["low"] == figure["point"] == figure["high"]
    return float(figure["point"])


def test_moving_everything_at_the_ceilings_assumptions_is_the_ceiling(folder: Path) -> None:
    total, document = played(folder, "all", at_ceiling=True)["total"], reported(folder).document
    assert exactly(total["saving"]) == document["savings"]["ceiling"]["window"]["point"]
    assert exactly(total["moved_requests"]) == document["routable"]["ceiling"]["requests"]["point"]
    assert exactly(total["moved_list_cost"]) == document["routable"]["ceiling"]["cost"]["point"]


def test_moving_nothing_is_todays_bill(folder: Path) -> None:
    total, document = played(folder, "none")["total"], reported(folder).document
    assert exactly(total["spend"]) == total["list_cost"] == document["spend"]["list_cost"]
    assert total["requests"] == document["requests"]["total"]
    assert exactly(total["saving"]) == exactly(total["moved_requests"]) == exactly(total["escalations"]) == 0
    assert total["quality_loss"]["measured"]["points"] is total["quality_loss"]["unmeasured"]["points"] is None


def test_our_policy_saves_what_is_measured_less_what_no_router_can_tell_apart(folder: Path) -> None:
    total, document = played(folder)["total"], reported(folder).document
    policy = audit.open(folder / "usage.duckdb").policy(config=folder / "audit.toml", today=TODAY).document
    lost = sum(Decimal(str(each["saving_lost"])) for each in policy["not_moved"] if "saving_lost" in each)
    assert lost > 0
    assert Decimal(str(exactly(total["saving"]))) + lost == Decimal(
        str(document["savings"]["measured"]["window"]["point"])
    )
    assert total["quality_loss"]["unmeasured"]["points"] is None, "nothing unmeasured moves"


def test_on_the_demo_all_three_are_the_figures_of_the_report(demo: audit.DemoResult) -> None:
    opened, config = audit.open(demo.db), demo.db.parent / "audit.toml"
    savings = opened.report(config=config).document["savings"]
    ours, everything = opened.simulate(config=config), opened.simulate("all", config=config, at_ceiling=True)
    assert exactly(ours["total"]["saving"]) == savings["measured"]["window"]["point"] > 0
    assert exactly(everything["total"]["saving"]) == savings["ceiling"]["window"]["point"]


def test_endpoints_and_rules_add_up_to_the_total(folder: Path) -> None:
    found = played(folder, "ours")
    for name in ("moved_requests", "moved_list_cost", "saving", "escalations", "beyond_gate"):
        for parts in (found["endpoints"], found["rules"]):
            summed = sum(part[name]["point"] for part in cast("list[dict[str, Any]]", parts))
            assert summed == pytest.approx(found["total"][name]["point"], abs=1e-12), name
    assert sum(each["requests"] for each in found["endpoints"]) == found["total"]["requests"]
    assert sum(each["list_cost"] or 0 for each in found["endpoints"]) == pytest.approx(found["total"]["list_cost"])


def test_a_threshold_inside_a_bin_is_resolved_on_the_requests(folder: Path) -> None:
    """950 splits `plain`, whose inputs lie between 900 and 990, inside one half octave."""
    cut = {"at_least": 0, "below": 950}
    found = played(folder, by_hand({"when": {"endpoint": "plain", "input_tokens": cut}, "to": "candidate"}))["total"]
    rows = audit.open(folder / "usage.duckdb").requests
    short = rows.filter(pl.col("endpoint") == "plain", pl.col("usage_input_tokens") < 950).collect()
    assert 0 < short.height < 400
    assert exactly(found["moved_requests"]) == short.height
    cost = sum(2.5 * row["usage_input_tokens"] + 10 * row["usage_output_tokens"] for row in short.to_dicts()) / 1e6
    assert exactly(found["moved_list_cost"]) == pytest.approx(cost, rel=1e-12)
    mini = sum(0.15 * row["usage_input_tokens"] + 1.05 * 0.6 * row["usage_output_tokens"] for row in short.to_dicts())
    assert exactly(found["saving"]) == pytest.approx(cost - mini / 1e6, rel=1e-12)


def test_the_first_rule_that_holds_decides(folder: Path) -> None:
    stay = {"when": {"endpoint": "plain"}, "to": "incumbent"}
    everything: dict[str, Any] = {"when": {}, "to": "candidate"}
    first, last = played(folder, by_hand(stay, everything)), played(folder, by_hand(everything, stay))
    moved = {each["endpoint"]: each["moved_requests"]["point"] for each in first["endpoints"]}
    assert (moved["plain"], moved["told"]) == (0, 300)
    assert {each["endpoint"]: each["moved_requests"]["point"] for each in last["endpoints"]}["plain"] == 408
    assert last["rules"][1]["moved_requests"]["point"] == 0


def test_what_the_candidate_cannot_take_is_counted_apart_and_saves_nothing(folder: Path) -> None:
    found = played(folder, by_hand({"when": {"endpoint": "photo"}, "to": "candidate"}))
    assert exactly(found["total"]["beyond_gate"]) == 40
    assert exactly(found["total"]["saving"]) == exactly(found["total"]["moved_requests"]) == 0
    assert any("40 requests would go to a candidate that cannot serve them" in note for note in found["notes"])


def test_measured_and_expected_losses_are_never_one_number(folder: Path) -> None:
    total = played(folder, "all")["total"]["quality_loss"]
    measured, expected = total["measured"], total["unmeasured"]
    assert exactly(measured["requests"]) == 408 + 500 + 500 + 300
    assert exactly(expected["requests"]) == 500 + 500 + 300
    lost = 408 * 8 / 1600 + 300 / 3
    assert measured["answers_lost"]["point"] == pytest.approx(lost)
    assert measured["answers_lost"]["low"] < lost < measured["answers_lost"]["high"]
    assert measured["points"] is not None
    assert measured["points"]["point"] == pytest.approx(100 * lost / 1708)


def test_a_check_is_paid_sends_answers_on_and_leaves_less_loss(folder: Path, tmp_path: Path) -> None:
    config = tmp_path / "audit.toml"
    text = (folder / "audit.toml").read_text()
    config.write_text(f"{text}[check]\nsensitivity = 0.9\nfalse_alarm_rate = 0.02\nusd_per_check = 0.0001\n")
    before = played(folder)["total"]
    after = audit.open(folder / "usage.duckdb").simulate(config=config, today=TODAY)["total"]
    sent = after["escalations"]["point"]
    assert 0.02 * 900 < sent < 0.03 * 900
    assert before["saving"]["point"] - 0.0001 * 900 > after["saving"]["point"] > 0
    assert after["quality_loss"]["measured"]["answers_lost"]["point"] == pytest.approx(
        0.1 * before["quality_loss"]["measured"]["answers_lost"]["point"]
    )


def test_the_check_of_a_rule_counts_and_not_a_better_one_that_is_declared(folder: Path, tmp_path: Path) -> None:
    config = tmp_path / "audit.toml"
    text = (folder / "audit.toml").read_text()
    config.write_text(f"{text}[check]\nsensitivity = 0.9\nfalse_alarm_rate = 0.02\nusd_per_check = 0.0001\n")
    rule: dict[str, Any] = {"when": {"endpoint": "plain"}, "to": "candidate"}
    worse = {"sensitivity": 0.2, "false_alarm_rate": 0.02, "expected_rate": 0.03, "usd_per_check": 0.0}
    opened = audit.open(folder / "usage.duckdb")
    without, behind = (
        opened.simulate(by_hand(each), config=config, today=TODAY)["total"]["quality_loss"]["measured"]["answers_lost"]
        for each in (rule, rule | {"escalation": worse | {"basis": "assumed"}})
    )
    assert without["point"] > 0
    assert behind["point"] == pytest.approx(0.8 * without["point"])


def test_a_policy_for_another_pair_is_refused(folder: Path) -> None:
    other = by_hand()
    other.document["candidate"] = "gpt-4.1-mini"
    with pytest.raises(ConfigError, match=r"policy is a policy from gpt-4o to gpt-4\.1-mini, the question one from"):
        played(folder, other)


def test_a_replay_is_valid_by_its_schema(folder: Path) -> None:
    schema = json.loads(files("audit").joinpath("data/schemas/policy-replay.schema.json").read_text(encoding="utf-8"))
    for policy in ("ours", "none", "all"):
        found = json.loads(json.dumps(played(folder, policy, frontier=policy == "all")))
        jsonschema.validate(found, schema, jsonschema.Draft202012Validator)


def test_an_endpoint_whose_requests_are_all_unpriced_costs_nobody_knows_what(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [*calls("paid", 3), *calls("paid", 1, model="house-b"), *calls("free", 2, model="house-a")]
    loaded(tmp_path / "usage.duckdb", jsonl(tmp_path / "log.jsonl", *rows))
    found = audit.open(tmp_path / "usage.duckdb").simulate("none", today=TODAY)
    costs = {each["endpoint"]: (each["requests"], each["list_cost"], each["spend"]) for each in found["endpoints"]}
    whole = found["total"]["list_cost"]
    assert whole == pytest.approx(3 * (1000 * 2.5 + 100 * 10) / 1e6)
    assert costs == {"paid": (4, whole, {"low": whole, "point": whole, "high": whole}), "free": (2, None, None)}
    assert "3 requests without a known price, in no dollar figure." in found["notes"]
    print_simulation(found)
    assert "free 2 0 unpriced" in " ".join(capsys.readouterr().out.split())
    schema = json.loads(files("audit").joinpath("data/schemas/policy-replay.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(json.dumps(found)), schema, jsonschema.Draft202012Validator)


def test_latency_is_told_where_the_log_has_both_models(tmp_path: Path) -> None:
    rows = [
        *calls("both", 100, duration_ms=900),
        *calls("both", 20, model=SMALL, duration_ms=600),
        *calls("one", 100, duration_ms=900),
    ]
    loaded(tmp_path / "usage.duckdb", jsonl(tmp_path / "log.jsonl", *rows))
    total = audit.open(tmp_path / "usage.duckdb").simulate("all", today=TODAY)["total"]
    assert total["latency"] == {"requests": 100.0, "seconds_now": 0.9, "seconds_then": 0.6}
    assert audit.open(tmp_path / "usage.duckdb").simulate("none", today=TODAY)["total"]["latency"] is None
