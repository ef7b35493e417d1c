"""A rendered policy decides as the neutral one does, on every request of a grid and on traffic nobody labelled."""

import json
import random
from collections.abc import Callable
from itertools import product
from typing import Any, cast

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from routed import HOSTILE, Request, by_rules, expected, first_rule, policy_of

from audit.errors import UnknownNameError
from audit.policy.document import Policy
from audit.policy.reading import checked
from audit.policy.targets import TARGETS, render
from audit.policy.targets.labels import RENEWED
from audit.policy.targets.litellm import tag_of

REQUESTS = [
    Request(
        endpoint=endpoint,
        input_tokens=tokens,
        request_model=model,
        has_tools=tools,
        has_images=images,
    )
    for endpoint, tokens, model, tools, images in product(
        [None, "sort", HOSTILE, "never seen"],
        [0, 1999, 2000, 8999, 9000],
        ["gpt-4o", "gpt-4o-2024-08-06"],
        [False, True],
        [False, True],
    )
]


def choose(policy: Policy) -> Callable[..., str]:
    space: dict[str, Any] = {}
    exec(compile(render(policy, "python"), "policy.py", "exec"), space)
    return cast("Callable[..., str]", space["choose"])


def deployments(policy: Policy) -> list[dict[str, Any]]:
    """The model list of the YAML, whose items are JSON; whatever else the file has is asserted."""
    lines = render(policy, "litellm").splitlines()
    body = [line for line in lines if not line.startswith("#")]
    assert body[0] == "model_list:"
    assert body[-2:] == ["router_settings:", "  enable_tag_filtering: true"]
    return [json.loads(line.removeprefix("  - ")) for line in body[1:-2]]


def routed(found: list[dict[str, Any]], name: str, tags: list[str]) -> list[tuple[str, int]]:
    """What LiteLLM's tag filtering leaves: deployments with any of the tags, else the default ones; with weights."""
    named = [each["litellm_params"] for each in found if each["model_name"] == name]
    matching = [each for each in named if set(tags) & set(each["tags"])]
    left = matching or [each for each in named if "default" in each["tags"]]
    return [(each["model"].removeprefix("openai/"), each.get("weight", 1)) for each in left]


def test_every_target_is_there_and_others_are_refused() -> None:
    for target in TARGETS:
        assert "Routing policy of " in render(policy_of(), target)
    with pytest.raises(UnknownNameError, match="unknown target 'litelm'; nearest: litellm"):
        render(policy_of(), "litelm")


def test_the_python_function_decides_as_the_policy_does() -> None:
    policy = policy_of()
    decide = choose(policy)
    for each in REQUESTS:
        flags = {"has_tools": each.has_tools, "has_images": each.has_images}
        assert decide(each.endpoint, each.input_tokens, each.request_model, **flags) == expected(policy, each)
    assert decide("sort", 10, "gpt-4.1") == "gpt-4.1"


def test_the_python_function_moves_the_share_of_the_stage() -> None:
    decide, draw = choose(policy_of(share=0.1)), random.Random(3).random
    moved = sum(decide("sort", 10, draw=draw) == "gpt-4o-mini" for _ in range(10_000))
    assert moved == pytest.approx(1000, abs=100)


def test_litellm_decides_as_the_policy_does_when_callers_send_the_tag_of_their_rule() -> None:
    policy = policy_of()
    found = deployments(policy)
    for each in REQUESTS:
        rule = first_rule(policy, each)
        tags = [tag_of(rule, policy)] if rule is not None and rule["to"] == "candidate" else []
        assert routed(found, each.request_model, [*tags, "team:x"]) == [(expected(policy, each), 1)]
    assert len({tag_of(rule, policy) for rule in policy["rules"]}) == len(policy["rules"])


def test_litellm_has_one_default_for_every_public_name_and_knows_every_key() -> None:
    for share in (0.0, 0.25, 1.0):
        found = deployments(policy_of(share=share))
        for name in ("gpt-4o", "gpt-4o-2024-08-06"):
            assert routed(found, name, []) == routed(found, name, ["unknown"]) == [(name, 1)]
        keys = {key for each in found for key in each["litellm_params"]}
        assert keys <= {"model", "api_key", "tags", "weight"}
        assert {each["litellm_params"]["api_key"] for each in found} == {"os.environ/OPENAI_API_KEY"}


def test_litellm_splits_a_canary_by_weight() -> None:
    policy = policy_of(share=0.01)
    tag = tag_of(policy["rules"][1], policy)
    assert sorted(routed(deployments(policy), "gpt-4o", [tag])) == [("gpt-4o", 990), ("gpt-4o-mini", 10)]


def test_a_name_from_a_log_stays_inside_its_comment_and_its_string() -> None:
    for target in TARGETS:
        assert all(
            not line.startswith("# - {x") and not line.startswith(" - {x")
            for line in render(policy_of(), target).splitlines()
        )
    assert 'only if the endpoint is "say \\"no\\"\\n#' in render(policy_of(), "litellm")


def test_what_callers_promise_is_written_beside_the_tag() -> None:
    text = render(policy_of(), "litellm")
    assert '# Send "endpoint:sort#r-sort" only if the endpoint is "sort"' in text
    assert "its input has fewer than 2,000 tokens" in text


@settings(max_examples=60)
@given(st.lists(st.text(st.characters(), max_size=12), min_size=1, max_size=4, unique=True))
def test_any_names_are_routed_alike_by_the_policy_by_python_and_by_litellm_as_yaml_reads_it(names: list[str]) -> None:
    """`characters()` draws line ends of every standard, control characters and lone surrogates as well."""
    rules = [{"name": name, "when": {"endpoint": name}, "to": "candidate"} for name in [*names[1:], "a\u2028b: #\x85"]]
    policy = checked(
        {"schema": "traffic-audit/policy/1", "incumbent": "gpt-4o", "candidate": "gpt-4o-mini", "rules": rules}
    )
    found, decide = yaml.safe_load(render(policy, "litellm"))["model_list"], choose(policy)
    assert len(found) == 1 + len(rules)
    tags = {rule["when"].get("endpoint"): tag_of(rule, policy) for rule in policy["rules"]}
    for name in [*names, "a\u2028b: #\x85", "a"]:
        request = Request(endpoint=name, input_tokens=1, request_model="gpt-4o")
        assert decide(name, 1) == expected(policy, request)
        sent = [tags.get(name, f"endpoint:{name}")]
        assert routed(found, "gpt-4o", sent) == [(expected(policy, request), 1)]


@pytest.mark.parametrize("share", [1e-7, 0.0001, 0.055, 0.9996, 1 / 3])
def test_litellm_moves_exactly_the_share_of_a_rule(share: float) -> None:
    policy = policy_of(share=share)
    weights = dict(routed(deployments(policy), "gpt-4o", [tag_of(policy["rules"][1], policy)]))
    assert weights["gpt-4o-mini"] / sum(weights.values()) == share
    assert all(isinstance(weight, int) and weight > 0 for weight in weights.values())


def test_an_endpoint_named_like_the_tag_of_another_rule_has_a_tag_of_its_own() -> None:
    policy = policy_of()
    policy["rules"].append({**policy["rules"][3], "id": "r-trap", "when": {"endpoint": "sort#r-sort"}})
    assert len({tag_of(rule, policy) for rule in policy["rules"]}) == len(policy["rules"])


def test_litellm_calls_a_name_that_says_its_provider_by_that_name() -> None:
    policy = policy_of()
    policy["rules"][1]["when"]["request_model"] = ["azure/prod-4o"]
    (default,) = [each for each in deployments(policy) if each["litellm_params"]["tags"] == ["default"]][2:]
    assert (default["model_name"], default["litellm_params"]["model"]) == ("azure/prod-4o", "azure/prod-4o")


@pytest.mark.parametrize("target", ["envoy", "litellm", "model-based", "portkey"])
def test_where_labels_promise_callers_are_told_to_read_the_promises_of_the_next_file(target: str) -> None:
    """A rule that is alone on its endpoint has the same label whatever else it asks."""
    wide, narrow = ({"when": {"endpoint": "a", "input_tokens": {"at_least": 0, "below": end}}} for end in (9000, 500))
    policies = [by_rules(wide), by_rules(narrow)]
    assert len({tag_of(policy["rules"][0], policy) for policy in policies}) == 1
    assert all(RENEWED in render(policy, target) for policy in policies)


def test_ids_of_ones_own_never_make_the_label_of_another_rule() -> None:
    rules = [{"id": "b#c", "when": {"endpoint": "a"}}, {"id": "z", "when": {"endpoint": "a"}}]
    rules += [{"id": "c", "when": {"endpoint": "a#b"}}, {"id": "d", "when": {"endpoint": "a#b"}}]
    policy = by_rules(*rules)
    assert len({tag_of(rule, policy) for rule in policy["rules"]}) == 4
