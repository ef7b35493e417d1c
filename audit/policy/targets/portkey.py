"""Portkey gateway: one condition for all rules that move alike, and a default that is written out.

The open gateway (1.15.2, read and run) sees the metadata that callers send and the fields of the body, so the model is
looked at and all else is the label's promise. A condition may name a target that is not there, and the default may be
missing: both fail only when a request comes. A target without an override keeps the model that was asked for.
"""

import json
from collections import defaultdict

from audit.policy.document import Policy, Rule
from audit.policy.matching import names_of
from audit.policy.targets.header import about
from audit.policy.targets.labels import header_label, moving, promise, unseen
from audit.policy.targets.weights import weights

LABEL = "audit_label"
"""The key of the metadata; without a dot, since Portkey takes what follows a second one for nothing."""

KEY = "${OPENAI_API_KEY}"
"""The open gateway takes keys from its config alone: it ignores the caller's where there are targets."""

STAY = "incumbent"
"""The target that changes nothing."""

SEES = frozenset({"request_model"})

HOW = (
    f"Callers send their label as {LABEL} in the metadata (header x-portkey-metadata), and never two of them.",
    "Keys: `envsubst '$OPENAI_API_KEY' < FILE`; on Portkey's own platform name your provider instead of provider and "
    "api_key. The header x-portkey-config takes it on one line without these notes: `jq -c 'del(.notes)'`.",
)


def render(policy: Policy) -> str:
    """The config as JSON; in ASCII, because it may travel in a header."""
    conditions: list[object] = []
    targets: list[object] = [_target(name=STAY)]
    for number, ((share, names), rules) in enumerate(_alike(policy).items(), start=1):
        name = f"move-{number}"
        labels = [header_label(rule, policy) for rule in rules]
        query = {f"metadata.{LABEL}": {"$in": labels}, "params.model": {"$in": list(names)}}
        conditions.append({"query": query, "then": name})
        targets.append(_moving(name, share, policy["candidate"]))
    promises = [
        promise(rule, header_label(rule, policy), policy, "Portkey", SEES)
        for rule in policy["rules"]
        if rule["to"] == "candidate"
    ]
    config = {
        "notes": [*about(policy), *HOW, *cannot_express(policy), *promises],
        "strategy": {"mode": "conditional", "conditions": conditions, "default": STAY},
        "targets": targets,
    }
    return json.dumps(config, indent=2) + "\n"


def cannot_express(policy: Policy) -> list[str]:
    """What Portkey cannot tell, so that labels have to promise it."""
    return unseen(policy, "Portkey", SEES)


def _alike(policy: Policy) -> dict[tuple[float, tuple[str, ...]], list[Rule]]:
    """Rules by what they do: their share, and the names they are about. A header has no room for one target each."""
    found: defaultdict[tuple[float, tuple[str, ...]], list[Rule]] = defaultdict(list)
    for rule in moving(policy):
        found[rule["share"], tuple(names_of(rule["when"], policy))].append(rule)
    return dict(found)


def _moving(name: str, share: float, candidate: str) -> dict[str, object]:
    moved, kept = weights(share)
    if not kept:
        return _target(name=name, override_params={"model": candidate})
    drawn = [_target(weight=moved, override_params={"model": candidate}), _target(weight=kept)]
    return {"name": name, "strategy": {"mode": "loadbalance"}, "targets": drawn}


def _target(**more: object) -> dict[str, object]:
    return {**more, "provider": "openai", "api_key": KEY}
