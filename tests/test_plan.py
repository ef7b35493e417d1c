"""A rollout plan from a database: it adds up to the report, follows the policy, says what it needs and what ends it."""

import json
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import jsonschema
import pytest

import audit
from audit.catalog.facts import seed
from audit.errors import ConfigError
from audit.library.rollouts import RolloutPlan
from audit.planning.document import Plan
from audit.planning.words import headline, tasks
from audit.report.words import money
from tests.policy_traffic import policy_database

TODAY = "2026-10-01"
SWITCHED_OFF = "2027-01-14"
MONTHLY = 300_000


@dataclass(frozen=True)
class Log:
    """The database of these tests, asked as they ask."""

    folder: Path

    @property
    def opened(self) -> audit.Audit:
        return audit.open(self.folder / "usage.duckdb")

    def plan(self, **options: object) -> RolloutPlan:
        asked = {"config": self.folder / "audit.toml", "today": TODAY, "monthly_requests": MONTHLY} | options
        return self.opened.plan(**asked)  # pyright: ignore[reportArgumentType]

    def report(self) -> audit.Report:
        return self.opened.report(config=self.folder / "audit.toml", today=TODAY, monthly_requests=MONTHLY)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    folder = tmp_path_factory.mktemp("plan")
    policy_database(folder)
    return Log(folder)


@pytest.fixture(scope="module")
def plan(log: Log) -> Plan:
    return log.plan(successors=True).document


@pytest.fixture(scope="module")
def report(log: Log) -> audit.Report:
    return log.report()


def a_day(report: audit.Report, level: str) -> float:
    """USD a day of one level of the report."""
    monthly = report.document["savings"][level]["monthly"]  # pyright: ignore[reportArgumentType]
    assert monthly is not None
    return float(monthly["point"]) / 30.4375


def lost(plan: Plan, *verdicts: str, report: audit.Report) -> float:
    kinds = {each["id"]: each["verdict"] for each in report.document["workloads"]}
    return sum(each.get("saving_lost_per_day", 0.0) for each in plan["never"] if kinds[each["workload_id"]] in verdicts)


def test_what_stages_save_and_what_no_router_can_move_add_up_to_the_report(plan: Plan, report: audit.Report) -> None:
    proven = plan["stages"][plan["policy_stages"] - 1]["cumulated"]["point"]
    hidden = {each["id"] for each in report.document["workloads"] if each["endpoint"] == "hidden"}
    lost_while_unmeasured = sum(
        float(each["savings"]["point"])
        for each in report.document["workloads"]
        if each["id"] in hidden and each["verdict"] == "route"
    )
    scale = MONTHLY / report.document["requests"]["total"] / 30.4375
    long = sum(
        each.get("saving_lost_per_day", 0.0)
        for each in plan["never"]
        if plan["baseline"][each["workload_id"]]["endpoint"] == "plain"
    )
    assert proven + long + lost_while_unmeasured * scale == pytest.approx(a_day(report, "measured"))
    last = plan["stages"][-1]["cumulated"]["point"]
    assert last + lost(plan, "route", "pilot", report=report) == pytest.approx(a_day(report, "expected"))


def test_every_stage_adds_to_the_one_before_and_is_the_sum_of_its_workloads(plan: Plan) -> None:
    for bound in ("low", "point", "high"):
        running = 0.0
        for stage in plan["stages"]:
            running += stage["saving_per_day"][bound]
            assert stage["cumulated"][bound] == pytest.approx(running, abs=1e-9)
            parts = sum(each["saving_per_day"][bound] for each in stage["workloads"])
            assert stage["cumulated"][bound] == pytest.approx(parts, abs=1e-9)
    for stage in plan["stages"]:
        for each in (stage["saving_per_day"], stage["cumulated"], stage["saving_in_stage"]):
            assert each["low"] <= each["point"] <= each["high"]


def test_the_stages_are_those_of_the_policy_with_the_same_numbers(log: Log, plan: Plan) -> None:
    policy = log.opened.policy(config=log.folder / "audit.toml", today=TODAY, monthly_requests=MONTHLY).document
    assert plan["policy_stages"] == len(policy["stages"])
    for own, stage in zip(policy["stages"], plan["stages"], strict=False):
        assert own["name"] == stage["name"]
        assert own["shares"] == {each["rule_id"]: each["share"] for each in stage["workloads"]}
    whens = {rule["id"]: rule["when"] for rule in policy["rules"]}
    for stage in plan["stages"][: plan["policy_stages"]]:
        assert all(each["when"] == whens[each["rule_id"]] for each in stage["workloads"])


def test_shares_never_fall_and_days_follow_each_other(plan: Plan) -> None:
    for before, after in pairwise(plan["stages"]):
        shares = {each["rule_id"]: each["share"] for each in before["workloads"]}
        later = {each["rule_id"]: each["share"] for each in after["workloads"]}
        assert all(later[name] >= share for name, share in shares.items())
        assert after["starts_on_day"] == before["starts_on_day"] + before["days"]
        assert after["number"] == before["number"] + 1


def test_nothing_is_saved_from_the_day_a_model_is_switched_off(log: Log, plan: Plan) -> None:
    assert plan["horizon"]["until"] == SWITCHED_OFF
    left = 105  # 1 October to 14 January
    expected = sum(
        stage["cumulated"]["point"] * min(stage["days"], left - stage["starts_on_day"]) for stage in plan["stages"][:-1]
    ) + plan["stages"][-1]["cumulated"]["point"] * (left - plan["stages"][-1]["starts_on_day"])
    assert sum(stage["saving_in_stage"]["point"] for stage in plan["stages"]) == pytest.approx(expected)
    late = log.plan(today="2027-01-10").document
    in_time = [stage for stage in late["stages"] if stage["starts_on_day"] < 4]
    assert 0 < len(in_time) < len(late["stages"])
    for stage in late["stages"]:
        is_late = stage not in in_time
        for saved in (stage["saving_in_stage"], stage["cumulated"], stage["saving_per_day"]):
            assert (saved["high"] == 0) is is_late
        assert not is_late or "a day once all of it moves" not in stage["why"]
        assert not (is_late and stage["measure_first"]), "nothing is replayed for a stage that comes too late"
    assert any("(nothing: a model of it is switched off by then" in stage["why"] for stage in late["stages"])
    assert f"{money(in_time[-1]['cumulated']['point'])} (" in headline(late)
    assert not any("Pilots cannot be replayed" in note for note in late["notes"])
    assert any(f"when the pair is gone, on {SWITCHED_OFF}" in note for note in late["notes"])
    gone = log.plan(today="2027-02-01").document
    assert "nothing is left to save" in gone["horizon"]["why"]
    assert gone["horizon"]["months"] == 0
    assert sum(stage["saving_in_stage"]["high"] for stage in gone["stages"]) == 0
    assert "a day at the end" not in headline(gone)


def test_pilots_wait_for_a_replay_whose_price_is_that_of_the_sample(log: Log, plan: Plan) -> None:
    measures = {each["workload_id"]: each for stage in plan["stages"] for each in stage["measure_first"]}
    assert {plan["baseline"][name]["endpoint"] for name in measures} == {"hidden", "length", "shy"}
    own = plan["policy_stages"]
    assert all(not stage["measure_first"] for stage in plan["stages"][:own])
    sample = log.opened.sample(workloads=list(measures), config=log.folder / "audit.toml", today=TODAY)
    assert {row["workload_id"]: (row["pairs"], row["cost"]) for row in sample["workloads"]} == {
        name: (each["pairs"], each["usd"]) for name, each in measures.items()
    }
    assert f"Measuring comes before stages {own + 1} to {len(plan['stages'])};" in " ".join(plan["notes"])


def test_a_pilot_counts_with_its_odds_and_with_nothing_at_the_low_end(plan: Plan, report: audit.Report) -> None:
    stage = plan["stages"][-1]
    workloads = {each["id"]: each for each in report.document["workloads"]}
    (shy,) = [each for each in stage["workloads"] if each["endpoint"] == "shy"]
    scale = MONTHLY / report.document["requests"]["total"] / 30.4375
    whole = float(workloads[shy["workload_id"]]["savings"]["point"]) * scale
    assert shy["saving_per_day"]["low"] == 0
    assert 0 < shy["saving_per_day"]["point"] < whole < shy["saving_per_day"]["high"]
    assert shy["verdict"] == "pilot"


def test_stop_rules_watch_every_workload_and_share_the_chance_of_a_false_alarm(plan: Plan) -> None:
    for stage in plan["stages"]:
        rules = stage["stop_rules"]
        assert len({rule["id"] for rule in rules}) == len(rules)
        assert sum(rule["alpha"] or 0.0 for rule in rules) == pytest.approx(0.05)
        losses = {rule["workload_id"]: rule["limit"] for rule in rules if rule["metric"] == "quality_loss"}
        assert losses == {each["workload_id"]: each["margin"] for each in stage["workloads"]}
        for rule in rules:
            if rule["metric"] == "error_rate":
                assert rule["workload_id"] is not None
                today = plan["baseline"][rule["workload_id"]]["error_rate"]
                assert today is not None
                assert rule["limit"] == pytest.approx(today + losses[rule["workload_id"]] / 100)
        assert [rule["metric"] for rule in rules if rule["workload_id"] is None] == ["saving"]


def test_no_more_answers_are_checked_than_move_and_than_can_be(log: Log, plan: Plan) -> None:
    for found, most in ((plan, 200), (log.plan(checks_per_day=20).document, 20)):
        for stage in found["stages"]:
            for name in {each["workload_id"] for each in stage["workloads"]}:
                own = [each for each in stage["workloads"] if each["workload_id"] == name]
                moving = sum(each["share"] for each in own) * found["baseline"][name]["requests_per_day"]
                assert sum(each["checks_per_day"] for each in own) <= min(most, moving) + 1e-9
    days = [sum(stage["days"] for stage in found["stages"]) for found in (plan, log.plan(checks_per_day=20).document)]
    assert days[0] < days[1]


def test_what_stays_is_named_with_its_reason(plan: Plan) -> None:
    reasons = {plan["baseline"][each["workload_id"]]["endpoint"]: each["reasons"] for each in plan["never"]}
    assert reasons["photo"][0] == "images"
    assert reasons["told"][0] == "loss_above_margin"
    assert reasons["plain"] == ["long_input"]
    assert reasons["hidden"] == ["not_separable_by_a_router"]


def test_workloads_are_called_as_in_the_report_with_their_endpoints(plan: Plan, report: audit.Report) -> None:
    names = {each["id"]: each["name"] for each in report.document["workloads"]}
    moved = [each for stage in plan["stages"] for each in stage["workloads"]]
    assert {each["workload_id"]: each["name"] for each in (*moved, *plan["never"])}.items() <= names.items()
    assert all(each["name"].startswith(f"{each['endpoint']}: ") for each in moved)


def test_a_plan_is_valid_by_its_schema_and_the_same_every_time(log: Log, plan: Plan) -> None:
    schema = json.loads(files("audit").joinpath("data/schemas/plan.schema.json").read_text(encoding="utf-8"))
    again = log.plan(successors=True)
    jsonschema.validate(json.loads(again.json()), schema, jsonschema.Draft202012Validator)
    assert again.document == plan


def test_successors_are_a_ceiling_and_say_so(plan: Plan) -> None:
    found = plan.get("successors", [])
    assert {(each["incumbent"], each["candidate"]) for each in found} >= {("gpt-4o", "gpt-6-luna")}
    for each in found:
        assert "no outcome of these models is in it" in each["words"]
        assert each["ceiling_per_day"] <= each["spend_per_day"]
        assert each["source"] in each["words"]
        assert each["candidate"] in {row["successor"] for row in seed("successors")}
        assert each["incumbent"] in {"gpt-4o", *(row["successor"] for row in seed("successors"))}
    own = next(each for each in found if each["incumbent"] == "gpt-4o")
    incumbents = {name for name in plan["baseline"] if ":" not in name}
    spend = sum(
        plan["baseline"][name]["requests_per_day"] * plan["baseline"][name]["cost_per_request"] for name in incumbents
    )
    assert own["spend_per_day"] == pytest.approx(spend)


def test_without_a_named_successor_of_the_candidate_only_models_that_follow_the_incumbent_are_shown(log: Log) -> None:
    found = log.plan(candidate="gpt-4.1-nano", successors=True).document.get("successors", [])
    following = {row["successor"] for row in seed("successors") if row["model_family"] == "gpt-4o"}
    assert {each["incumbent"] for each in found} <= {"gpt-4o"} | following
    assert {each["candidate"] for each in found if each["incumbent"] == "gpt-4o"} == following


def test_behind_a_check_the_plan_saves_what_the_policy_simulates_and_stops_where_nothing_is_left(
    log: Log, tmp_path: Path
) -> None:
    config = tmp_path / "audit.toml"
    text = (log.folder / "audit.toml").read_text()
    config.write_text(f"{text}[check]\nsensitivity = 0.9\nfalse_alarm_rate = 0.02\nusd_per_check = 0.0001\n")
    plan = log.plan(config=config).document
    played = log.opened.simulate(config=config, today=TODAY, monthly_requests=MONTHLY)
    last = plan["stages"][plan["policy_stages"] - 1]
    multiplier = played["monthly_multiplier"]
    assert multiplier is not None
    assert last["cumulated"]["point"] == pytest.approx(played["total"]["saving"]["point"] * multiplier / 30.4375)
    told = log.opened.report(config=config, today=TODAY, monthly_requests=MONTHLY).document["workloads"]
    cascades = {each["id"]: each.get("cascade") for each in told}
    (whole,) = [each for each in last["workloads"] if each["endpoint"] == "length"]
    behind = cascades[whole["workload_id"]]
    assert behind is not None
    saving = {bound: float(behind["savings"][bound]) * multiplier / 30.4375 for bound in ("low", "point", "high")}
    assert whole["saving_per_day"] == pytest.approx(saving)
    assert saving["low"] < 0.999 * saving["point"]
    limits = [rule["limit"] for rule in last["stop_rules"] if rule["metric"] == "escalation_rate"]
    assert len(limits) == len(last["workloads"])
    assert all(0.5 < limit < 0.94 for limit in limits)


def test_other_shares_are_said_in_the_command_that_renders_them(log: Log) -> None:
    plan = log.plan(stages=[0.05, 1.0]).document
    assert plan["stages"][0]["name"] == "5 %"
    assert any("`audit policy --target TARGET --stages 0.05,1 --stage N`" in note for note in plan["notes"])
    assert "`audit policy --target TARGET --stages 0.05,1 --stage 2`" in " ".join(tasks(plan["stages"][1], plan))


def test_a_plan_is_followed_by_commands_that_ask_the_same(log: Log, plan: Plan) -> None:
    day = plan["window"]["start"][:10]
    plan = log.plan(candidate="gpt-4.1-mini", since=day).document
    said = [task for stage in plan["stages"] for task in tasks(stage, plan) if "`audit" in task]
    assert said
    assert all(f"`audit sample --to gpt-4.1-mini --since {day} --workload w-" in task for task in said)


def test_a_log_without_the_incumbent_has_no_stage_and_says_so(log: Log) -> None:
    plan = log.plan(incumbent="gpt-4-turbo").document
    assert (plan["stages"], plan["baseline"], plan["never"]) == ([], {}, [])
    assert plan["notes"] == ["The log has no requests of gpt-4-turbo; `audit status` lists the models in use."]


def test_a_log_of_less_than_a_day_needs_to_be_told_its_volume(log: Log) -> None:
    with pytest.raises(ConfigError, match=r"the log spans 0\.\d+ days, too little to plan.*--monthly-requests"):
        log.plan(monthly_requests=None)
    with pytest.raises(ConfigError, match="checks_per_day is 0"):
        log.plan(checks_per_day=0)
