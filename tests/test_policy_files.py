"""A policy file that is wrong gives one error: the file, the place, the value, and what was probably meant."""

import json
from pathlib import Path
from typing import Any

import pytest

from audit.errors import InputError
from audit.policy.reading import read_policy

HAND: dict[str, Any] = {
    "schema": "traffic-audit/policy/1",
    "incumbent": "gpt-4o",
    "candidate": "gpt-4o-mini",
    "rules": [{"when": {"input_tokens": {"at_least": 0, "below": 2000}}, "to": "candidate"}],
}
CHECK = {
    "sensitivity": 0.9,
    "false_alarm_rate": 0.02,
    "expected_rate": 0.03,
    "usd_per_check": 0.0,
    "basis": "assumed",
}


def written(folder: Path, document: object) -> Path:
    path = folder / "policy.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def rule(**changes: object) -> dict[str, Any]:
    return {**HAND, "rules": [{**HAND["rules"][0], **changes}]}


def test_by_hand_two_models_and_the_rules_are_enough(tmp_path: Path) -> None:
    policy = read_policy(written(tmp_path, HAND))
    assert policy["default"] == {"to": "incumbent"}
    (only,) = policy["rules"]
    assert (only["id"], only["share"], only["workload_ids"]) == ("rule-1", 1.0, [])


def test_an_empty_policy_and_a_written_default_are_read(tmp_path: Path) -> None:
    assert read_policy(written(tmp_path, {**HAND, "rules": [], "default": {"to": "incumbent"}}))["rules"] == []


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "line 1: no JSON"),
        ("[]", "$ is []; a policy is an object with schema 'traffic-audit/policy/1'"),
        ({}, "$.schema is null; this version reads 'traffic-audit/policy/1'"),
        ({**HAND, "schema": "traffic-audit/policy/2"}, '$.schema is "traffic-audit/policy/2"'),
        ({**HAND, "rule": []}, "$ has an unknown key 'rule'; nearest: rules"),
        ({key: value for key, value in HAND.items() if key != "candidate"}, "$ has no 'candidate'"),
        ({**HAND, "rules": {}}, "$.rules is {}; give a list"),
        ({**HAND, "rules": [3]}, "$.rules[0] is 3; give an object"),
        ({**HAND, "default": {"to": "candidate"}}, "$.default.to is 'candidate'; it must be 'incumbent'"),
        (rule(when={"endpiont": "a"}), "$.rules[0].when has an unknown key 'endpiont'; nearest: endpoint"),
        (rule(when={"endpoint": 7}), "$.rules[0].when.endpoint is 7; give a text"),
        (rule(when={"has_tools": "no"}), '$.rules[0].when.has_tools is "no"; give true or false'),
        (rule(when={"input_tokens": {"at_least": 0}}), "$.rules[0].when.input_tokens has no 'below'"),
        (rule(when={"input_tokens": {"at_least": 9, "below": 9}}), "$.rules[0].when.input_tokens is {"),
        (rule(when={"input_tokens": {"at_least": 1.5, "below": 9}}), "at_least is 1.5; give a whole number"),
        (rule(when={"request_model": "gpt-4o"}), '$.rules[0].when.request_model is "gpt-4o"; give a list'),
        (rule(when={"input_tokens": {"at_least": 0, "below": 0}}), "$.rules[0].when.input_tokens is {"),
        (rule(when={"request_model": []}), "$.rules[0].when.request_model is []; name a model, or leave it out"),
        (rule(escalation=CHECK | {"usd_per_check": -1.0}), "$.rules[0].escalation.usd_per_check is -1.0; give USD"),
        (rule(escalation=CHECK | {"usd_per_check": float("nan")}), "$.rules[0].escalation.usd_per_check is nan"),
        (rule(to="mini"), "$.rules[0].to is \"mini\"; choose one of 'incumbent', 'candidate'"),
        (rule(share=1.2), "$.rules[0].share is 1.2; give a share from 0 to 1"),
        (rule(share=True), "$.rules[0].share is true; give a number"),
        (rule(share=None), "$.rules[0].share is null; give a number"),
        ({**HAND, "rules": HAND["rules"] * 2 + [{"id": "rule-1", "to": "candidate"}]}, "$.rules[2].id is 'rule-1'"),
        (
            {**HAND, "stages": [{"name": "1 %", "shares": {"rule-2": 0.01}}]},
            "$.stages[0].shares names 'rule-2', which no rule has; nearest: rule-1",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, document: object, said: str) -> None:
    path = written(tmp_path, document)
    with pytest.raises(InputError) as raised:
        read_policy(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert said in str(raised.value)


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read .*; name a policy file, ours, none or all"):
        read_policy(tmp_path / "nothing.json")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is no UTF-8 text"):
        read_policy(tmp_path / "binary.json")
