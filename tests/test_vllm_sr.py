"""The configuration for vLLM Semantic Router: its validator takes it, and its documented decisions are the policy's."""

from dataclasses import replace
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

import audit
from audit.policy.document import Policy
from audit.policy.matching import public_names
from audit.policy.reading import checked
from audit.policy.targets import cannot_express, render
from audit.policy.targets.vllm_sr import VERSION
from tests.routed import Request, first_rule
from tests.vllm_sr_decisions import Asked, expanded, served

ENDPOINTS = ['say "no"\n# - {x: y} \\ é', "a, b,c", "ends in a space ", "$HOME $${HOME} $", "true", "100%", ""]

FLAGS = {"has_images": "image", "has_audio": "audio"}


def by_hand(*rules: dict[str, Any], **more: object) -> Policy:
    models = {"incumbent": "gpt-4o", "candidate": "gpt-4o-mini"}
    return checked({"schema": "traffic-audit/policy/1", **models, "rules": [*rules], **more})


@pytest.fixture(scope="module")
def policy() -> Policy:
    plain: dict[str, Any] = {"has_images": False, "has_audio": False}
    rules: list[dict[str, Any]] = [{"when": {"endpoint": name, **plain}} for name in ENDPOINTS]
    rules += [
        {"id": "tools", "when": {"endpoint": "sort", "has_tools": True}, "to": "incumbent"},
        {"id": "json", "when": {"endpoint": "sort", "is_json": True, "input_tokens": {"at_least": 0, "below": 2000}}},
        {
            "id": "text",
            "when": {"endpoint": "sort", "is_json": False, "input_tokens": {"at_least": 9000, "below": None}},
        },
        {"id": "part", "when": {"endpoint": "part"}, "share": 0.1},
        {"id": "after", "when": {"endpoint": "part"}},
        {"id": "named", "when": {"request_model": ["prod-4o"], "has_audio": True}},
    ]
    return by_hand(*({"to": "candidate", **rule} for rule in rules), incumbent_models=["gpt-4o-2024-08-06"])


def validated(text: str, folder: Path) -> list[Any]:
    """The errors that the router's own parser and validator find; a file it cannot parse raises."""
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    config = import_module("cli.parser").parse_user_config(str(path), log_summary=False)
    return import_module("cli.validator").validate_user_config(config)


def asked(request: Request, draw: int = 0) -> Asked:
    """A request as a caller sends it who does what the file's head says."""
    metadata = {"is_json": "true" if request.is_json else "false", "draw": str(draw)}
    if request.endpoint is not None:
        metadata["endpoint"] = request.endpoint
    if request.request_model != "gpt-4o":
        metadata["request_model"] = request.request_model
    modalities = {"text", *(kind for flag, kind in FLAGS.items() if getattr(request, flag))}
    return Asked(
        metadata=metadata,
        tokens=request.input_tokens,
        has_tools=request.has_tools,
        modalities=frozenset(modalities),
    )


def expected(policy: Policy, request: Request) -> str:
    rule = first_rule(policy, request)
    moves = rule is not None and rule["to"] == "candidate"
    return policy["candidate"] if moves else request.request_model


def test_its_own_validator_finds_no_error_and_would_find_one(policy: Policy, tmp_path: Path) -> None:
    text = render(policy, "vllm-sr")
    assert validated(text, tmp_path) == []
    assert validated(text.replace('{"name": "tokens-1"', '{"name": "tokens-9"'), tmp_path) != []
    assert validated(text.replace('defaults: {"model": "gpt-4o"}', 'defaults: {"model": "gpt-4"}'), tmp_path) != []
    with pytest.raises(Exception, match="predicat"):
        validated(text.replace('"predicate"', '"predicat"'), tmp_path)
    assert import_module("importlib.metadata").version("vllm-sr").startswith(f"{VERSION}.")
    assert f"# For vLLM Semantic Router {VERSION}" in text


def test_its_decisions_are_those_of_the_policy(policy: Policy) -> None:
    document = expanded(yaml.safe_load(render(policy, "vllm-sr")))
    assert [model["name"] for model in document["providers"]["models"]] == [*public_names(policy), "gpt-4o-mini"]
    count = 0
    either = (False, True)
    flags = product(either, either, either, either)
    seen = product(
        [None, *ENDPOINTS, "sort", "part", "never seen"], [0, 1999, 2000, 8999, 9000, 2_000_000], public_names(policy)
    )
    for (endpoint, tokens, name), (tools, is_json, images, audio) in product(seen, flags):
        request = Request(
            endpoint=endpoint,
            input_tokens=tokens,
            request_model=name,
            has_tools=tools,
            is_json=is_json,
            has_images=images,
            has_audio=audio,
        )
        assert served(document, asked(request)) == expected(policy, request), request
        count += expected(policy, request) == "gpt-4o-mini"
    assert count


def test_what_is_not_labelled_or_not_its_own_to_decide_stays_where_it_is(policy: Policy) -> None:
    document = expanded(yaml.safe_load(render(policy, "vllm-sr")))
    assert served(document, Asked()) == "gpt-4o"
    assert served(document, Asked(metadata={"endpoint": "sort"})) == "gpt-4o"
    for name in ("gpt-4o", "gpt-4.1", "gpt-4o-2024-08-06"):
        assert served(document, Asked(model=name, metadata={"endpoint": "a, b,c"})) == name
    labelled = asked(Request(endpoint="part", input_tokens=1, request_model="gpt-4o"))
    undrawn = {key: value for key, value in labelled.metadata.items() if key != "draw"}
    assert served(document, replace(labelled, metadata=undrawn)) == "gpt-4o"


@pytest.mark.parametrize(("share", "moves"), [(0.1, 100), (0.0004, 0), (0.0559, 55), (1.0, 1000), (0.0, 0)])
def test_a_share_moves_as_many_of_a_thousand_draws_and_no_rule_below_sees_the_rest(share: float, moves: int) -> None:
    when = {"endpoint": "part"}
    rules = [{"id": "part", "when": when, "to": "candidate", "share": share}, {"when": when, "to": "candidate"}]
    made = by_hand(*rules)
    document = yaml.safe_load(render(made, "vllm-sr"))
    request = Request(endpoint="part", input_tokens=1, request_model="gpt-4o")
    found = [served(document, asked(request, draw)) for draw in range(1000)]
    assert (found.count("gpt-4o-mini"), found.count("gpt-4o")) == (moves, 1000 - moves)
    said = [
        f"part moves {moves} of so many requests, which is less than its share {share!r}" in line
        for line in cannot_express(made, "vllm-sr")
    ]
    assert any(said) == (moves < 1000 * share)


def test_a_name_that_fits_no_metadata_moves_nothing_and_is_said(tmp_path: Path) -> None:
    made = by_hand({"id": "vast", "when": {"endpoint": "é" * 513}, "to": "candidate"})
    text = render(made, "vllm-sr")
    assert validated(text, tmp_path) == []
    assert all(each["modelRefs"] == [{"model": "gpt-4o"}] for each in yaml.safe_load(text)["routing"]["decisions"])
    assert "Names longer than 1,024 bytes fit no metadata: nothing moves by vast." in cannot_express(made, "vllm-sr")


def test_what_openai_wants_of_metadata_is_said_where_the_router_passes_them_on_to_it() -> None:
    """The router deletes nothing of the body; OpenAI's error: metadata are only allowed when store is enabled."""
    assert any("without `store: true`" in line for line in cannot_express(by_hand(), "vllm-sr"))
    others = checked({**by_hand(), "incumbent": "claude-sonnet-4-5", "candidate": "gemini-2.5-flash"})
    assert cannot_express(others, "vllm-sr") == []


def test_a_check_that_was_measured_is_not_replaced_by_the_routers_own_confidence() -> None:
    check = {"sensitivity": 0.9, "false_alarm_rate": 0.1, "expected_rate": 0.2, "usd_per_check": 0.0}
    rule = {"id": "r-1", "when": {"endpoint": "sort"}, "to": "candidate", "escalation": {**check, "basis": "measured"}}
    made = by_hand(rule)
    assert any("which is not the check that was measured" in line for line in cannot_express(made, "vllm-sr"))
    assert "confidence" not in render(made, "vllm-sr").split("version:")[1]


def test_the_demos_policy_is_valid_and_moves_what_it_says(demo: audit.DemoResult, tmp_path: Path) -> None:
    made = audit.open(demo.db).policy(config=demo.db.parent / "audit.toml")
    text, policy = made.render("vllm-sr"), made.document
    assert validated(text, tmp_path) == []
    document = expanded(yaml.safe_load(text))
    for endpoint, tokens in product(["gsm", "triage", None], [100, 60_000]):
        request = Request(endpoint=endpoint, input_tokens=tokens, request_model="gpt-4o")
        assert served(document, asked(request)) == expected(policy, request)
