"""The function for OpenRouter decides as the policy does, and gives fields that OpenRouter's own client knows."""

import random
from collections.abc import Callable
from typing import Any, cast

import pytest
from genai_prices.data import providers
from openrouter.components import ChatRequest
from routed import HOSTILE_NAMES, by_rules, demo_policy, expected, hostile_policy, moved_by, policy_of, requests_of

import audit
from audit.policy.document import Policy
from audit.policy.targets import cannot_express, render

Fields = Callable[..., dict[str, Any]]


def fields_of(policy: Policy) -> Fields:
    space: dict[str, Any] = {}
    exec(compile(render(policy, "openrouter"), "policy.py", "exec"), space)
    return cast("Fields", space["fields"])


def assert_decides_alike(policy: Policy, endpoints: tuple[str, ...] = ()) -> None:
    fields = fields_of(policy)
    for each in requests_of(policy, endpoints):
        name = each.request_model
        asked = f"openai/{name}" if name.startswith("gpt-4o") else name
        seen = {"has_tools": each.has_tools, "has_images": each.has_images}
        found = fields(each.endpoint, each.input_tokens, name, **seen)
        if moved_by(policy, each) is None:
            assert found == {"model": asked}
        else:
            assert (found["model"], found["models"]) == (f"openai/{expected(policy, each)}", [asked])
        assert fields(each.endpoint, each.input_tokens, asked, **seen) == found


def test_every_request_of_the_grid_goes_where_the_policy_wants_it_by_either_name() -> None:
    assert_decides_alike(policy_of())
    assert_decides_alike(by_rules())


def test_every_endpoint_of_the_demo_goes_where_its_policy_wants_it(demo: audit.DemoResult) -> None:
    assert_decides_alike(*demo_policy(demo.directory))


def test_hostile_names_move_what_they_name_and_nothing_that_is_like_them() -> None:
    assert_decides_alike(hostile_policy(), HOSTILE_NAMES)


def test_a_call_without_an_endpoint_or_for_another_model_is_left_alone() -> None:
    fields = fields_of(policy_of())
    assert fields(None, 10) == {"model": "openai/gpt-4o"}
    assert fields("sort", 10, "gpt-4.1") == {"model": "gpt-4.1"}
    assert fields("sort", 10, "azure/prod-4o") == {"model": "azure/prod-4o"}


def test_the_share_of_the_stage_is_drawn_and_the_rest_keeps_the_name_it_asked_for() -> None:
    fields, draw = fields_of(policy_of(share=0.1)), random.Random(3).random
    found = [fields("sort", 10, draw=draw)["model"] for _ in range(10_000)]
    assert found.count("openai/gpt-4o-mini") == pytest.approx(1000, abs=100)
    assert set(found) == {"openai/gpt-4o-mini", "openai/gpt-4o"}


def test_the_fields_are_those_of_openrouters_own_client() -> None:
    fields = fields_of(policy_of())
    for found in (fields("sort", 10), fields("sort", 5000)):
        whole = {**found, "messages": [{"role": "user", "content": "hello"}]}
        assert (
            ChatRequest.model_validate(whole).model_dump(exclude_unset=True) == whole
        )  # it drops what it does not know


def test_models_are_named_as_openrouter_lists_them() -> None:
    (listed,) = [provider for provider in providers if provider.id == "openrouter"]
    found = fields_of(policy_of())("sort", 10, "gpt-4o-2024-08-06")
    for name in (found["model"], *found["models"]):
        assert listed.find_model(name) is not None
    assert listed.find_model("openai/gpt-4o-mimi") is None


def test_models_of_other_makers_are_named_by_theirs_and_unknown_ones_as_they_are() -> None:
    policy = {**policy_of(), "candidate": "mistral-small-latest", "incumbent": "my-alias"}
    fields = fields_of(cast("Policy", policy))
    assert fields("sort", 10)["model"] == "mistralai/mistral-small-latest"
    assert fields("sort", 10)["models"] == ["my-alias"]


def test_only_a_check_of_answers_is_left_to_the_caller() -> None:
    assert cannot_express(policy_of(), "openrouter") == []
    check = {"sensitivity": 0.9, "false_alarm_rate": 0.1, "expected_rate": 0.2, "usd_per_check": 0, "basis": "assumed"}
    policy = by_rules({"id": "r-a", "when": {"endpoint": "a"}, "escalation": check})
    (said,) = cannot_express(policy, "openrouter")
    assert said.startswith("This function checks no answers")
    assert said in render(policy, "openrouter")
