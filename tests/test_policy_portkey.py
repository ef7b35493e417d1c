"""A config for Portkey moves what the policy moves, and nothing else, by the verdict of Portkey's own gateway."""

import json
from collections.abc import Generator

import pytest
from portkey_gateway import SECRET, Gateway, running
from routed import (
    HOSTILE_NAMES,
    by_rules,
    demo_policy,
    expected,
    hostile_policy,
    labels_said,
    moved_by,
    policy_of,
    requests_of,
)

import audit
from audit.policy.document import Policy
from audit.policy.targets import cannot_express, render


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Generator[Gateway, None, None]:
    with running(tmp_path_factory.mktemp("portkey")) as started:
        yield started


def rendered(policy: Policy) -> tuple[str, dict[str, str]]:
    """The config of a policy, and the label of each rule."""
    text = render(policy, "portkey")
    return text, labels_said(policy, json.loads(text)["notes"])


def metadata(label: str) -> str:
    return json.dumps({"audit_label": label, "team": "search"})


def assert_decides_alike(gateway: Gateway, policy: Policy, endpoints: tuple[str, ...] = ()) -> None:
    """What callers can tell apart is asked once: with the label of its rule, or with none at all."""
    text, labels = rendered(policy)
    config = gateway.config(text)
    asked: dict[tuple[str | None, str], str] = {}
    for request in requests_of(policy, endpoints):
        rule = moved_by(policy, request)
        label = None if rule is None else labels[rule["id"]]
        wanted = asked.setdefault((label, request.request_model), expected(policy, request))
        assert wanted == expected(policy, request)
    for (label, model), wanted in asked.items():
        assert gateway.ask(config, model, None if label is None else metadata(label)) == (200, wanted)
    assert policy["candidate"] in asked.values() or not policy["rules"]


def test_every_request_of_the_grid_goes_where_the_policy_wants_it(gateway: Gateway) -> None:
    assert_decides_alike(gateway, policy_of())
    assert_decides_alike(gateway, by_rules())


def test_every_endpoint_of_the_demo_goes_where_its_policy_wants_it(gateway: Gateway, demo: audit.DemoResult) -> None:
    policy, endpoints = demo_policy(demo.directory)
    assert_decides_alike(gateway, policy, endpoints)


def test_hostile_names_move_what_they_name_and_nothing_that_is_like_them(gateway: Gateway) -> None:
    policy = hostile_policy()
    assert_decides_alike(gateway, policy, HOSTILE_NAMES)
    config = gateway.config(render(policy, "portkey"))
    for name in HOSTILE_NAMES[1::2]:
        assert gateway.ask(config, "gpt-4o", metadata(f"endpoint:{name}")) == (200, "gpt-4o")


def test_a_config_of_many_rules_fits_into_a_header(gateway: Gateway) -> None:
    many = by_rules(*({"id": f"r-{number}", "when": {"endpoint": f"endpoint {number}"}} for number in range(300)))
    text, labels = rendered(many)
    assert gateway.ask(gateway.config(text), "gpt-4o", metadata(labels["r-299"])) == (200, "gpt-4o-mini")


@pytest.mark.parametrize("sent", [None, "", "null", "[]", "no JSON", '{"audit_label": null}', '{"audit_label": ["x"]}'])
def test_metadata_that_names_no_rule_changes_nothing(gateway: Gateway, sent: str | None) -> None:
    config = gateway.config(render(policy_of(), "portkey"))
    assert gateway.ask(config, "gpt-4o", sent) == (200, "gpt-4o")


def test_a_label_does_not_move_a_model_that_its_rule_is_not_about(gateway: Gateway) -> None:
    text, labels = rendered(policy_of())
    config, label = gateway.config(text), metadata(labels["r-odd"])
    assert gateway.ask(config, "gpt-4o", label) == (200, "gpt-4o-mini")
    assert gateway.ask(config, "gpt-4o-2024-08-06", label) == (200, "gpt-4o-2024-08-06")
    assert gateway.ask(config, "gpt-4.1", label) == (200, "gpt-4.1")


def test_a_canary_moves_its_share_and_the_rest_keeps_the_name_it_asked_for(gateway: Gateway) -> None:
    text, labels = rendered(policy_of(share=0.5))
    config, label = gateway.config(text), metadata(labels["r-sort"])
    answers = [gateway.ask(config, "gpt-4o-2024-08-06", label) for _ in range(200)]
    assert set(answers) == {(200, "gpt-4o-mini"), (200, "gpt-4o-2024-08-06")}
    assert 55 <= answers.count((200, "gpt-4o-mini")) <= 145  # one run in 10^10 is outside


@pytest.mark.parametrize("share", [1e-7, 0.0001, 0.055, 0.9996, 1 / 3])
def test_weights_are_the_share_itself(share: float) -> None:
    (_, *targets) = json.loads(render(policy_of(share=share), "portkey"))["targets"]
    for target in targets:
        moved, kept = target["targets"]
        assert moved["weight"] / (moved["weight"] + kept["weight"]) == share
        assert (moved["override_params"], "override_params" in kept) == ({"model": "gpt-4o-mini"}, False)


def test_a_rule_without_a_share_moves_nothing(gateway: Gateway) -> None:
    text, labels = rendered(policy_of(share=0.0))
    assert gateway.ask(gateway.config(text), "gpt-4o", metadata(labels["r-sort"])) == (200, "gpt-4o")


@pytest.mark.parametrize(
    ("part", "broken", "said"),
    [
        (f', "api_key": "{SECRET}"', "", "Invalid configuration"),
        ('"mode": "conditional"', '"mode": "conditionl"', "Invalid 'mode' value"),
        ('"provider": "openai"', '"provider": "opneai"', "Invalid 'provider' value"),
        ('"then": "move-1"', '"than": "move-1"', "then"),
    ],
)
def test_the_gateway_refuses_what_is_broken_and_takes_our_notes(
    gateway: Gateway, part: str, broken: str, said: str
) -> None:
    text = render(policy_of(), "portkey")
    config = {"notes": json.loads(text)["notes"][:1], **gateway.config(text)}
    assert gateway.ask(config, "gpt-4o") == (200, "gpt-4o")
    whole = json.dumps(config)
    assert part in whole
    status, answer = gateway.ask(json.loads(whole.replace(part, broken)), "gpt-4o")
    assert status == 400
    assert said in answer


def test_the_file_is_ascii_names_every_target_once_and_holds_no_key() -> None:
    for policy in (policy_of(), hostile_policy(share=0.3), by_rules()):
        text = render(policy, "portkey")
        assert text.isascii()
        config = json.loads(text)
        names = [target["name"] for target in config["targets"]]
        conditions = config["strategy"]["conditions"]
        assert sorted(names) == sorted([config["strategy"]["default"], *(each["then"] for each in conditions)])
        assert text.count('"api_key"') == text.count('"api_key": "${OPENAI_API_KEY}"') > 0


def test_what_the_gateway_cannot_see_is_said_and_promised() -> None:
    notes = json.loads(render(policy_of(), "portkey"))["notes"]
    (line,) = cannot_express(policy_of(), "portkey")
    assert line in notes
    assert line.startswith("Portkey cannot see the length of the input, images or audio: the label of a rule promises")
    assert (
        'Send "endpoint:sort#r-long" only if the endpoint is "sort", the request has no images or audio, its input '
        "has at least 9,000 tokens, and no rule above holds; Portkey cannot check it."
    ) in notes
    assert cannot_express(by_rules(), "portkey") == []
