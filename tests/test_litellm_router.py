"""The configuration for LiteLLM in its own Router: it decides as the policy does, and known doubts are settled."""

import json
import math
import random
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

import audit
from audit.policy.document import Policy
from audit.policy.matching import public_names
from audit.policy.reading import checked
from audit.policy.targets import render
from audit.policy.targets.litellm import tag_of
from tests.exports import spend_log
from tests.litellm_router import chosen, configured, litellm
from tests.loads import jsonl, loaded, query
from tests.logged import BIG, calls, outcomes_file
from tests.routed import Request, first_rule

pytestmark = pytest.mark.filterwarnings("ignore:Item.*`ReadOnly` qualifier:UserWarning")

HOSTILE = [
    'say "no"\n# - {x: y} \\ é',
    "a, b,c",
    "ends in a space ",
    "100% #r-1",
    "!never",
    "&always",
    "$HOME ${HOME}",
    "\u2028\udc80",
    "default",
    "",
    "endpoint:twice",
    "Классификация обращений в службу поддержки клиентов",
]
"""Names that would leave a string, a list of tags or a header, or that mean something to a tag filter."""


def by_hand(*rules: dict[str, Any], **more: object) -> Policy:
    document = {
        "schema": "traffic-audit/policy/1",
        "incumbent": "gpt-4o",
        "candidate": "gpt-4o-mini",
        "rules": [*rules],
    }
    return checked({**document, **more})


@pytest.fixture(scope="module")
def hostile() -> Policy:
    rules: list[dict[str, Any]] = [{"when": {"endpoint": name}, "to": "candidate"} for name in HOSTILE]
    rules += [
        {"id": "long, é", "when": {"endpoint": "sort", "input_tokens": {"at_least": 9000, "below": None}}},
        {"id": "rest", "when": {"endpoint": "sort"}, "to": "incumbent"},
        {"id": "named", "when": {"request_model": ["prod-4o", "azure/prod", "gpt-4o"], "has_tools": True}},
    ]
    return by_hand(*({"to": "candidate", **rule} for rule in rules), incumbent_models=["gpt-4o-2024-08-06"])


def expected(policy: Policy, request: Request) -> str:
    """What the policy says, under the provider and the model that stand for the name."""
    rule = first_rule(policy, request)
    if rule is not None and rule["to"] == "candidate":
        return "openai/gpt-4o-mini"
    return {"prod-4o": "openai/gpt-4o", "azure/prod": "azure/prod"}.get(
        request.request_model, f"openai/{request.request_model}"
    )


def as_the_header_has_it(header: str) -> list[str]:
    """What LiteLLM's proxy makes of x-litellm-tags (litellm_pre_call_utils.py; its imports need the proxy's extra)."""
    return [tag.strip() for tag in header.split(",")]


def test_the_router_decides_as_the_policy_does_on_every_hostile_name(hostile: Policy) -> None:
    router = configured(render(hostile, "litellm"))
    names = public_names(hostile)
    for endpoint, tokens, name, tools in product([*HOSTILE, "sort", "x"], [10, 9000], names, [False, True]):
        request = Request(endpoint=endpoint, input_tokens=tokens, request_model=name, has_tools=tools)
        rule = first_rule(hostile, request)
        tags = [tag_of(rule, hostile)] if rule is not None and rule["to"] == "candidate" else [f"endpoint:{endpoint}?"]
        assert chosen(router, name, tags) == expected(hostile, request), request
        assert chosen(router, name, ["team:x", *tags]) == expected(hostile, request), request


def test_a_tag_is_the_same_in_the_header_and_in_the_body(hostile: Policy) -> None:
    tags = [tag_of(rule, hostile) for rule in hostile["rules"]]
    assert len(set(tags)) == len(tags)
    for tag in tags:
        assert tag.encode("ascii").decode() == tag.strip()
        assert as_the_header_has_it(f"team:x, {tag}") == ["team:x", tag]


def test_what_the_policy_does_not_name_goes_to_the_incumbent(hostile: Policy) -> None:
    router = configured(render(hostile, "litellm"))
    for _ in range(20):
        for tags in (None, [], ["endpoint:never seen"], ["default"], ["team:x", "team:y"]):
            assert chosen(router, "gpt-4o", tags) == "openai/gpt-4o"
            assert chosen(router, "gpt-4o-2024-08-06", tags) == "openai/gpt-4o-2024-08-06"


def test_of_two_tags_any_that_a_rule_has_moves_the_request_so_callers_are_told_to_send_one(hostile: Policy) -> None:
    text = render(hostile, "litellm")
    tag, router = tag_of(hostile["rules"][1], hostile), configured(text)
    assert {chosen(router, "gpt-4o", [tag, "endpoint:stays"]) for _ in range(20)} == {"openai/gpt-4o-mini"}
    assert {chosen(router, "gpt-4o", [tag, "default"]) for _ in range(40)} == {"openai/gpt-4o-mini", "openai/gpt-4o"}
    assert "Callers send one such tag" in text


def test_a_candidate_that_is_out_of_service_leaves_its_requests_to_the_incumbent(hostile: Policy) -> None:
    """A tag that excludes itself leaves no deployment, as a cooldown does; a policy's tag never begins with a mark."""
    text, tag = render(hostile, "litellm"), tag_of(hostile["rules"][1], hostile)
    assert chosen(configured(text), "gpt-4o", [tag, f"!{tag}"]) == "openai/gpt-4o"
    with pytest.raises(ValueError, match="Not allowed to access model"):
        chosen(configured(text.replace('"allow_fail_open": true', "")), "gpt-4o", [tag, f"!{tag}"])
    assert not any(tag_of(rule, hostile).startswith(("!", "&")) for rule in hostile["rules"])


def test_a_log_of_tagged_requests_has_the_endpoints_that_the_policy_names(hostile: Policy, tmp_path: Path) -> None:
    """LiteLLM logs the caller's tags with those of the deployment: untagged calls have its `default` alone."""
    rules = [
        {**rule, "id": f"r-{number:08x}"}
        for number, rule in enumerate(hostile["rules"])
        if rule["when"].get("endpoint") in {*HOSTILE[:7], HOSTILE[-1]}
    ]
    policy = checked({**hostile, "rules": rules})
    tags = [[tag_of(rule, policy)] for rule in policy["rules"]]
    tags += [["User-Agent: curl", "team:x", "endpoint:sort#r-0123abcd"], ["team:x"], []]
    rows = [
        spend_log(number, request_tags=json.dumps([*sent, "default"]), model_group="gpt-4o")
        for number, sent in enumerate(tags)
    ]
    loaded(tmp_path / "usage.duckdb", jsonl(tmp_path / "log.jsonl", *rows))
    found = query(tmp_path / "usage.duckdb", "select endpoint from requests order by cast(request_id[10:] as integer)")
    named = [rule["when"].get("endpoint") for rule in policy["rules"]]
    assert "100% #r-1" in named
    assert [name for (name,) in found] == [*named, "sort", "team:x", f"chat {BIG}"]


@pytest.mark.parametrize("share", [0.02, 0.5])
def test_shares_are_drawn_by_weight(share: float) -> None:
    policy = by_hand({"when": {"endpoint": "sort"}, "to": "candidate", "share": share})
    router, tag, draws = configured(render(policy, "litellm")), tag_of(policy["rules"][0], policy), 1000
    random.seed(20261126)
    moved = sum(chosen(router, "gpt-4o", [tag]) == "openai/gpt-4o-mini" for _ in range(draws))
    assert abs(moved - draws * share) < 4 * math.sqrt(draws * share * (1 - share))


def test_every_key_is_one_that_the_installed_version_knows(hostile: Policy) -> None:
    """LiteLLM takes an unknown parameter of a deployment without a word: `tagz` would make it untagged."""
    types = __import__("litellm.types.router", fromlist=["x"])
    document = yaml.safe_load(render(hostile, "litellm"))
    for each in document["model_list"]:
        assert set(each) <= set(types.Deployment.model_fields)
        assert set(each["litellm_params"]) <= {*types.LiteLLM_Params.model_fields, "weight"}
    with pytest.raises(TypeError, match="enable_tag_filterin"):
        litellm().Router(model_list=document["model_list"], enable_tag_filterin=True)


def test_a_name_of_the_callers_own_is_served_by_the_incumbent_and_the_head_says_so(hostile: Policy) -> None:
    text = render(hostile, "litellm")
    assert "No maker sells a model called prod-4o: requests for it are sent to gpt-4o" in text
    claude = by_hand(incumbent="claude-sonnet-4-5", candidate="gemini-2.5-flash", incumbent_models=["prod"])
    models = [each["litellm_params"] for each in yaml.safe_load(render(claude, "litellm"))["model_list"]]
    assert [(each["model"], each["api_key"]) for each in models] == [
        ("anthropic/claude-sonnet-4-5", "os.environ/ANTHROPIC_API_KEY")
    ] * 2


@pytest.fixture(scope="module")
def hostile_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of hostile endpoints, of which the first two were measured well enough to move."""
    folder = tmp_path_factory.mktemp("hostile")
    names = [name for name in HOSTILE if name and "\udc80" not in name]
    rows = [
        row | {"request_id": f"{place}-{number}"}
        for place, name in enumerate(names)
        for number, row in enumerate(calls(name, 300 if place < 2 else 40))
    ]
    db = folder / "usage.duckdb"
    loaded(db, jsonl(folder / "log.jsonl", *rows))
    for place, name in enumerate(names[:2]):
        outcomes_file(db, [(f"{place}-{number}", 1.0, 1.0) for number in range(300)], endpoint=name)
    stakes = "".join(f'{json.dumps(name)} = "low"\n' for name in names)
    (folder / "audit.toml").write_text(f"[stakes]\n{stakes}", encoding="utf-8")
    return db


@pytest.mark.parametrize("source", ["demo", "hostile"])
def test_the_router_decides_as_the_policy_of_a_log_does_on_every_endpoint_of_it(
    source: str, demo: audit.DemoResult, hostile_log: Path
) -> None:
    db = demo.db if source == "demo" else hostile_log
    opened = audit.open(db)
    made = opened.policy(config=db.parent / "audit.toml", today=None if source == "demo" else "2026-10-01")
    router, policy = configured(made.render("litellm")), made.document
    endpoints = [str(row[0]) for row in query(db, "select distinct endpoint from traffic_cells")]
    assert {rule["when"].get("endpoint") for rule in policy["rules"]} == (
        {"gsm"} if source == "demo" else set(HOSTILE[:2])
    )
    for endpoint, tokens, name in product(endpoints, [100, 5000, 60_000], public_names(policy)):
        request = Request(endpoint=endpoint, input_tokens=tokens, request_model=name)
        rule = first_rule(policy, request)
        tags = None if rule is None else [tag_of(rule, policy)]
        assert chosen(router, name, tags) == expected(policy, request)
