"""Policies to render, requests to send them, and where the policy itself wants each of them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, cast

import audit
from audit.policy.document import Policy, Rule, When
from audit.policy.matching import names_of, public_names, reaches, sees, thresholds
from audit.policy.reading import checked
from audit.policy.visible import FLAGS

HOSTILE = 'say "no"\n# - {x: y} \\ é'
"""An endpoint name that would leave a comment, a string or a mapping that is not escaped."""

HOSTILE_NAMES = (
    HOSTILE,
    "",
    " lead and trail ",
    "it's 100 % `sure`",
    "$in",
    "${OPENAI_API_KEY}",
    "a.b.c",
    "metadata.audit_label",
    "__proto__",
    "null",
    "endpoint:null",
    "a%2Fb",
    "a/b",
    "sort#r-sort",
    "Sort",
    "sort",
    "x" * 300,
    "x" * 301,
    "日本語" * 100,
    "\u2028\x85\x00\ud800",
    "😀",
)
"""Names that mean something to JSON, YAML, JavaScript, HTTP, a shell or a template, or that are like another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a router sees of a request before it is answered."""

    endpoint: str | None
    """The label that the caller sends; None without one."""
    input_tokens: int
    request_model: str
    has_tools: bool = False
    is_json: bool = False
    has_images: bool = False
    has_audio: bool = False


def first_rule(policy: Policy, request: Request) -> Rule | None:
    """The rule that decides about `request`; None means that the default does: it stays where it is."""
    return next((rule for rule in policy["rules"] if _holds(rule["when"], request, policy)), None)


def _holds(when: When, request: Request, policy: Policy) -> bool:
    """Whether all of `when` is true of a request; without named models only the incumbent's own are meant."""
    flags = tuple(bool(getattr(request, flag)) for flag in FLAGS)
    is_meant = request.request_model in names_of(when, policy)
    return is_meant and sees(when, request.endpoint, flags) and reaches(when, request.input_tokens)


def policy_of(share: float = 1.0) -> Policy:
    """Rules of every kind: one that stays, one endpoint under two rules, one name that is hostile."""
    plain = {"has_images": False, "has_audio": False}
    short = {"at_least": 0, "below": 2000}
    return by_rules(
        {"id": "r-stay", "when": {"endpoint": "sort", "has_tools": True}, "to": "incumbent"},
        {"id": "r-sort", "when": {"endpoint": "sort", "input_tokens": short, **plain}, "to": "candidate"},
        {"id": "r-long", "when": {"endpoint": "sort", "input_tokens": {"at_least": 9000, "below": None}, **plain}},
        {"id": "r-odd", "when": {"endpoint": HOSTILE, "request_model": ["gpt-4o"]}, "to": "candidate"},
        share=share,
    )


def hostile_policy(share: float = 1.0) -> Policy:
    """A rule for every second of HOSTILE_NAMES, with an id that is no better; the others have none."""
    rules = [
        {"id": f"Route Not Found! {name}", "name": name, "when": {"endpoint": name}} for name in HOSTILE_NAMES[::2]
    ]
    return by_rules(*rules, share=share)


@cache
def demo_policy(folder: Path) -> tuple[Policy, tuple[str, ...]]:
    """The policy of the demo, pilots included and every share 1, and all endpoints of its log."""
    opened = audit.open(folder / "demo.duckdb")
    made = opened.policy(config=folder / "audit.toml", with_pilots=True, progress=False).document
    rules = [cast("Rule", {**rule, "share": 1.0}) for rule in made["rules"]]
    assert len(rules) > 3
    return {**made, "rules": rules}, tuple(opened.cells()["endpoint"].unique(maintain_order=True))


def by_rules(*rules: dict[str, Any], share: float = 1.0) -> Policy:
    """A policy of the usual pair, whose rules go to the candidate where they do not say otherwise."""
    document = {"schema": "traffic-audit/policy/1", "incumbent": "gpt-4o", "candidate": "gpt-4o-mini"}
    whole = [{"to": "candidate", "share": share, **rule} for rule in rules]
    return checked({**document, "incumbent_models": ["gpt-4o-2024-08-06"], "rules": whole})


def requests_of(policy: Policy, endpoints: Iterable[str | None] = ()) -> list[Request]:
    """On both sides of every line that the policy draws, for its own endpoints and others, labelled or not."""
    named = [rule["when"].get("endpoint") for rule in policy["rules"]]
    lengths = {0, *(length + step for length in thresholds(policy["rules"]) for step in (-1, 0))}
    return [
        Request(endpoint=endpoint, input_tokens=tokens, request_model=model, has_tools=tools, has_images=images)
        for endpoint, tokens, model, tools, images in product(
            dict.fromkeys([None, *named, *endpoints, "never seen"]),
            sorted(lengths),
            [*public_names(policy), policy["candidate"], "another-model"],
            [False, True],
            [False, True],
        )
    ]


def moved_by(policy: Policy, request: Request) -> Rule | None:
    """The rule that moves a request, which its caller labels; None for all that stays."""
    rule = first_rule(policy, request)
    return rule if rule is not None and rule["to"] == "candidate" else None


def expected(policy: Policy, request: Request) -> str:
    """The model, where every rule has the share 1."""
    return request.request_model if moved_by(policy, request) is None else policy["candidate"]


def labels_said(policy: Policy, lines: Iterable[str]) -> dict[str, str]:
    """The label of each rule that goes to the candidate, by its id, as the head of a file tells callers to send it."""
    said = [line.removeprefix("# ").removeprefix("Send ") for line in lines if line.removeprefix("# ")[:6] == 'Send "']
    labels = [cast("str", json.JSONDecoder().raw_decode(each)[0]) for each in said]
    assert len(set(labels)) == len(labels)
    return dict(zip((rule["id"] for rule in policy["rules"] if rule["to"] == "candidate"), labels, strict=True))
