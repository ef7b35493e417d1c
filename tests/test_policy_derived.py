"""A policy from verdicts: it moves what a router can tell apart, and says what that leaves behind."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

import audit
from audit.errors import ConfigError
from audit.library.policies import RoutingPolicy
from audit.policy.document import Policy, Rule
from audit.warehouse import Warehouse
from tests.policy_traffic import FEW_LONG, policy_database
from tests.routed import Request, first_rule

TODAY = "2026-10-01"
BIG = "gpt-4o-2024-08-06"


@dataclass(frozen=True)
class Log:
    """The database of these tests, asked as they ask."""

    folder: Path

    @property
    def opened(self) -> audit.Audit:
        return audit.open(self.folder / "usage.duckdb")

    def policy(self, **options: object) -> Policy:
        made = self.opened.policy(config=self.folder / "audit.toml", today=TODAY, **options)  # pyright: ignore
        return made.document

    def report(self) -> audit.Report:
        return self.opened.report(config=self.folder / "audit.toml", today=TODAY)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    folder = tmp_path_factory.mktemp("policy")
    policy_database(folder)
    return Log(folder)


@pytest.fixture(scope="module")
def ours(log: Log) -> Policy:
    return log.policy()


def rule_on(policy: Policy, endpoint: str) -> Rule | None:
    found = [rule for rule in policy["rules"] if rule["when"].get("endpoint") == endpoint]
    assert len(found) <= 1
    return found[0] if found else None


def asked(endpoint: str | None, tokens: int = 1000, **seen: bool) -> Request:
    return Request(endpoint=endpoint, input_tokens=tokens, request_model="gpt-4o", **seen)


def test_only_what_every_possible_workload_allows_is_in_a_rule(ours: Policy) -> None:
    assert {rule["when"].get("endpoint") for rule in ours["rules"]} == {"plain", "length"}
    assert ours["default"] == {"to": "incumbent"}
    assert {rule["to"] for rule in ours["rules"]} == {"candidate"}


def test_workloads_that_input_length_tells_apart_are_told_apart(ours: Policy) -> None:
    rule = rule_on(ours, "length")
    assert rule is not None
    length = rule["when"].get("input_tokens")
    assert length is not None
    assert length["at_least"] == 0
    assert 330 < (length["below"] or 0) <= 9_000


def test_what_only_the_output_tells_apart_stays_and_its_saving_is_reported_as_lost(log: Log, ours: Policy) -> None:
    workloads = {each["id"]: each for each in log.report().document["workloads"]}
    lost = {each["workload_id"]: each for each in ours["not_moved"] if "saving_lost" in each}
    reasons = {workloads[name]["endpoint"]: each["reasons"] for name, each in lost.items()}
    assert reasons == {"hidden": ["not_separable_by_a_router"], "plain": ["long_input"]}
    (hidden,) = [each for name, each in lost.items() if workloads[name]["endpoint"] == "hidden"]
    assert (hidden.get("requests"), hidden.get("saving_lost")) == (
        500,
        workloads[hidden["workload_id"]]["savings"]["point"],
    )
    (long,) = [each for name, each in lost.items() if workloads[name]["endpoint"] == "plain"]
    assert long.get("requests") == FEW_LONG
    stays = {workloads[each["workload_id"]]["endpoint"] for each in ours["not_moved"]}
    assert stays == {"plain", "hidden", "length", "told", "shy", "photo"}


@pytest.mark.parametrize(
    ("request_seen", "moves"),
    [
        (asked("plain"), True),
        (asked("plain", 50_000), True),
        (asked("plain", 50_001), False),
        (asked("plain", has_images=True), False),
        (asked("plain", has_audio=True), False),
        (asked("plain", has_tools=True), False),
        (asked("plain", is_json=True), False),
        (asked("length", 300), True),
        (asked("length", 9_000), False),
        (asked("hidden", 2_000), False),
        (asked("told"), False),
        (asked("never seen"), False),
        (asked(None), False),
        (Request(endpoint="plain", input_tokens=1000, request_model=BIG), True),
        (Request(endpoint="plain", input_tokens=1000, request_model="gpt-4.1"), False),
    ],
)
def test_gates_and_unknown_traffic_stay(ours: Policy, request_seen: Request, moves: bool) -> None:
    assert (first_rule(ours, request_seen) is not None) == moves


def test_a_rule_says_what_it_rests_on(log: Log, ours: Policy) -> None:
    rule = rule_on(ours, "plain")
    assert rule is not None
    (workload,) = [each for each in log.report().document["workloads"] if each["id"] in rule["workload_ids"]]
    evidence = rule.get("evidence")
    assert evidence is not None
    assert (evidence["level"], evidence["pairs"], evidence["margin"]) == ("measured", 1600, 5.0)
    loss = workload["quality_loss"]
    assert loss is not None
    assert evidence["quality_loss"] == {bound: loss[bound] for bound in ("low", "point", "high")}
    assert evidence["incumbent_models"] == [BIG]
    assert rule.get("escalation") is None
    dates = {each["model"]: each["date"] for each in log.report().document.get("retirements", [])}
    assert rule.get("valid_until") == min(dates.values())


def test_stages_raise_the_share_of_every_rule_and_one_rule_begins_alone(log: Log, ours: Policy) -> None:
    names = ["1 %", "10 % and 1 %", "50 % and 10 %", "100 % and 50 %", "100 %"]
    assert [stage["name"] for stage in ours["stages"]] == names
    first, second = (rule_on(ours, endpoint) for endpoint in ("length", "plain"))
    assert first is not None
    assert second is not None
    shares = [tuple(stage["shares"].get(rule["id"], 0.0) for rule in (first, second)) for stage in ours["stages"]]
    assert shares == [(0.01, 0.0), (0.1, 0.01), (0.5, 0.1), (1.0, 0.5), (1.0, 1.0)]
    assert {rule["share"] for rule in ours["rules"]} == {1.0}
    assert [(rule["id"], rule["share"]) for rule in log.policy(stage=1)["rules"]] == [(first["id"], 0.01)]
    assert {rule["id"]: rule["share"] for rule in log.policy(stage=2)["rules"]} == ours["stages"][1]["shares"]
    assert [stage["name"] for stage in log.policy(stages=[0.055, 0.25])["stages"]] == [
        "5.5 %",
        "25 % and 5.5 %",
        "25 %",
    ]
    with pytest.raises(ConfigError, match="stage 6 does not exist; this policy has stages 1 to 5"):
        log.policy(stage=6)
    for wrong in ([], [0.0, 1.0], [0.5, 0.1], [0.1, 1.5]):
        with pytest.raises(ConfigError, match="stages are"):
            log.policy(stages=wrong)


def test_pilots_get_rules_only_when_asked_and_never_more_than_the_first_stage(log: Log, ours: Policy) -> None:
    assert {rule.get("verdict") for rule in ours["rules"]} == {"route"}
    wider = log.policy(with_pilots=True)
    pilots = [rule for rule in wider["rules"] if rule.get("verdict") == "pilot"]
    assert {rule["when"].get("endpoint") for rule in pilots} == {"shy", "length", "hidden"}
    assert {rule["share"] for rule in pilots} == {0.01}
    for stage in wider["stages"]:
        assert {stage["shares"][rule["id"]] for rule in pilots} == {0.01}
    assert [rule for rule in wider["rules"] if rule.get("verdict") == "route"] == ours["rules"]
    rule = first_rule(wider, asked("length", 9_000))
    assert rule is not None
    assert rule.get("verdict") == "pilot"


def test_a_candidate_with_a_smaller_window_gets_no_input_that_leaves_no_room_for_its_answer(log: Log) -> None:
    """gpt-3.5-turbo has 16,385 tokens for input and output together, and writes up to 4,096 of them."""
    rules = log.policy(candidate="gpt-3.5-turbo", with_pilots=True)["rules"]
    lengths = {rule["when"].get("endpoint"): rule["when"].get("input_tokens") for rule in rules}
    assert lengths["shy"] == {"at_least": 0, "below": 16_385 - 4_096 + 1}


def test_a_declared_check_travels_with_the_rule(log: Log, tmp_path: Path) -> None:
    config = tmp_path / "audit.toml"
    text = (log.folder / "audit.toml").read_text()
    config.write_text(f"{text}[check]\nsensitivity = 0.9\nfalse_alarm_rate = 0.02\nusd_per_check = 0.0001\n")
    made = log.opened.policy(config=config, today=TODAY).document
    rule = rule_on(made, "plain")
    assert rule is not None
    escalation = rule.get("escalation")
    assert escalation is not None
    bad = 8 / 1600
    assert escalation["expected_rate"] == pytest.approx(bad * 0.9 + (1 - bad) * 0.02)
    assert (escalation["usd_per_check"], escalation["basis"]) == (0.0001, "assumed")


def test_policies_are_valid_by_their_schema_and_the_same_every_time(log: Log, ours: Policy) -> None:
    schema = json.loads(files("audit").joinpath("data/schemas/policy.schema.json").read_text(encoding="utf-8"))
    for policy in (ours, log.policy(with_pilots=True, stage=1)):
        jsonschema.validate(json.loads(json.dumps(policy)), schema, jsonschema.Draft202012Validator)
    assert RoutingPolicy(document=ours).json() == RoutingPolicy(document=log.policy()).json()


def test_callers_are_told_which_labels_to_send(ours: Policy) -> None:
    assert "Callers must send the endpoint as a label: length, plain." in ours["notes"]


@pytest.fixture
def unlabelled(tmp_path: Path) -> Iterator[Warehouse]:
    from tests.loads import jsonl, loaded
    from tests.logged import calls

    loaded(tmp_path / "usage.duckdb", jsonl(tmp_path / "log.jsonl", *calls("tag", 5)))
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        yield warehouse


def test_without_outcomes_nothing_moves_and_the_policy_says_what_to_do(unlabelled: Warehouse) -> None:
    policy = audit.open(unlabelled.path).policy(today=TODAY).document
    assert policy["rules"] == []
    assert policy["notes"][0].startswith("No workload may move yet")
    assert all(set(stage["shares"]) == set() for stage in policy["stages"])
