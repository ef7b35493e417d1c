"""Routes for Envoy AI Gateway are what Kubernetes takes, and Gateway API's precedence decides as the policy does."""

import random

import jsonschema
import pytest
from gateway_api import Route, backends, complaints, http_routes, routes_of
from hypothesis import given, settings
from hypothesis import strategies as st
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
from audit.policy.matching import public_names
from audit.policy.targets import cannot_express, render

LABEL, MODEL = "X-Audit-Label", "x-ai-eg-model"


def large_policy(rules: int = 50) -> Policy:
    return by_rules(*({"id": f"r-{number}", "when": {"endpoint": f"job {number}"}} for number in range(rules)))


def rendered(policy: Policy) -> tuple[list[Route], dict[str, str]]:
    """The routes of a policy, and the label of each rule."""
    text = render(policy, "envoy")
    return routes_of(text), labels_said(policy, text.splitlines())


def models(routes: list[Route], model: str, label: str | None = None) -> list[tuple[str, int]] | None:
    """Names that the provider is asked for, with weights; None where no route is about the request."""
    found = backends(routes, {MODEL: model, "user-agent": "x"} | ({} if label is None else {LABEL: label}))
    return None if found is None else [(each.get("modelNameOverride", model), each.get("weight", 1)) for each in found]


def assert_decides_alike(policy: Policy, endpoints: tuple[str, ...] = ()) -> None:
    routes, labels = rendered(policy)
    for request in requests_of(policy, endpoints):
        rule, model = moved_by(policy, request), request.request_model
        label = None if rule is None else labels[rule["id"]]
        is_ours = model in public_names(policy)
        assert models(routes, model, label) == ([(expected(policy, request), 1)] if is_ours else None)
        assert models(routes, model, "unknown") == ([(model, 1)] if is_ours else None)


def test_every_request_of_the_grid_goes_where_the_policy_wants_it() -> None:
    assert_decides_alike(policy_of())
    assert_decides_alike(by_rules())
    assert_decides_alike(large_policy())


def test_every_endpoint_of_the_demo_goes_where_its_policy_wants_it(demo: audit.DemoResult) -> None:
    assert_decides_alike(*demo_policy(demo.directory))


def test_hostile_names_move_what_they_name_and_nothing_that_is_like_them() -> None:
    policy = hostile_policy()
    assert_decides_alike(policy, HOSTILE_NAMES)
    routes = routes_of(render(policy, "envoy"))
    for name in HOSTILE_NAMES[1::2]:
        assert models(routes, "gpt-4o", f"endpoint:{name}") == [("gpt-4o", 1)]


@settings(max_examples=40)
@given(st.lists(st.text(st.characters(), max_size=12), min_size=1, max_size=4, unique=True))
def test_any_endpoints_are_routed_as_the_policy_wants_it(names: list[str]) -> None:
    assert_decides_alike(by_rules(*({"name": name, "when": {"endpoint": name}} for name in names[1:])), tuple(names))


def test_a_label_does_not_move_a_model_that_its_rule_is_not_about() -> None:
    policy = policy_of()
    routes, labels = rendered(policy)
    label = labels["r-odd"]
    assert models(routes, "gpt-4o", label) == [("gpt-4o-mini", 1)]
    assert models(routes, "gpt-4o-2024-08-06", label) == [("gpt-4o-2024-08-06", 1)]
    assert models(routes, "gpt-4.1", label) is None


def test_the_order_in_which_routes_are_made_changes_no_decision() -> None:
    routes, labels = rendered(large_policy())
    assert len(routes) > 3
    shuffled = random.Random(5).sample(routes, len(routes))
    for label in labels.values():
        assert models(shuffled, "gpt-4o", label) == models(routes, "gpt-4o", label) == [("gpt-4o-mini", 1)]
    assert models(shuffled, "gpt-4o") == [("gpt-4o", 1)]


@pytest.mark.parametrize("share", [0.0001, 0.01, 0.055, 0.9996])
def test_weights_are_the_share_itself_and_the_rest_keeps_the_name_it_asked_for(share: float) -> None:
    policy = policy_of(share=share)
    routes, labels = rendered(policy)
    drawn = dict(models(routes, "gpt-4o-2024-08-06", labels["r-sort"]) or [])
    assert drawn.keys() == {"gpt-4o-mini", "gpt-4o-2024-08-06"}
    assert drawn["gpt-4o-mini"] / sum(drawn.values()) == share
    assert not any("weights" in line for line in cannot_express(policy, "envoy"))


@pytest.mark.parametrize(("share", "weight"), [(1 / 3, 333_333), (1.9e-6, 1), (0.99999999, 999_999)])
def test_a_share_finer_than_the_weights_is_rounded_down_and_said(share: float, weight: int) -> None:
    policy = policy_of(share=share)
    routes, labels = rendered(policy)
    drawn = models(routes, "gpt-4o", labels["r-sort"])
    assert drawn == [("gpt-4o-mini", weight), ("gpt-4o", 1_000_000 - weight)]
    said = f"r-sort moves {weight:,} of so many requests, which is less than its share {share!r}"
    assert any(said in line for line in cannot_express(policy, "envoy"))


@pytest.mark.parametrize("share", [0.0, 1e-7])
def test_a_share_too_small_for_a_weight_moves_nothing(share: float) -> None:
    routes, labels = rendered(policy_of(share=share))
    assert models(routes, "gpt-4o", labels["r-sort"]) == [("gpt-4o", 1)]


def test_names_of_models_that_no_header_carries_are_left_out_and_said() -> None:
    names = ["", "é", "a\nb", "a  b", "x" * 5000, "azure/prod-4o"]
    policy = by_rules({"when": {"endpoint": "a", "request_model": names}})
    routes, labels = rendered(policy)
    (label,) = labels.values()
    assert models(routes, "azure/prod-4o", label) == [("gpt-4o-mini", 1)]
    assert all(models(routes, name, label) is None for name in names[:-1])
    (said,) = cannot_express(policy, "envoy")
    assert said.startswith('No header carries the name "", "\\u00e9", "a\\nb", "a  b" or "xxx')


def test_the_http_routes_that_the_controller_makes_pass_gateway_apis_own_validation(demo: audit.DemoResult) -> None:
    many = by_rules(*({"when": {"endpoint": "a", "request_model": [f"m-{number}" for number in range(200)]}},))
    policies = [policy_of(share=0.01), large_policy(), hostile_policy(share=1 / 3), many, by_rules()]
    policies.append(demo_policy(demo.directory)[0])
    specs = [spec for policy in policies for spec in http_routes(routes_of(render(policy, "envoy")))]
    assert len(specs) > 10
    broken = http_routes(routes_of(render(policy_of(share=0.5), "envoy")))[0]
    broken["rules"][1]["backendRefs"][0]["weight"] = 1_000_001
    broken["rules"][1]["matches"][0]["headers"][0]["name"] = "no header"
    *found, wrong = complaints([*specs, broken])
    assert found == [[]] * len(specs)
    assert {each["keyword"] for each in wrong} == {"maximum", "pattern"}


def test_a_key_that_the_definition_does_not_have_is_found() -> None:
    text = render(policy_of(), "envoy")
    with pytest.raises(jsonschema.ValidationError, match="modelnameoverride"):
        routes_of(text.replace("modelNameOverride", "modelnameoverride"))


def test_what_the_gateway_cannot_see_is_promised_in_the_head() -> None:
    lines = render(policy_of(), "envoy").splitlines()
    (said,) = cannot_express(policy_of(), "envoy")
    assert f"# {said}" in lines
    assert "# Callers send their label in the header x-audit-label, once." in lines
    assert any(
        line.startswith('# Send "endpoint:sort#r-sort" only if the endpoint is "sort", the request has no images')
        for line in lines
    )
