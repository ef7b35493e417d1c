"""Portkey gateway: one condition for all rules that move alike, and a default that is written out.

The open gateway (1.15.2, read and run) sees the metadata that callers send and the fields of the body, so the model is
looked at and all else is the label's promise. A condition may name a target that is not there, and the default may be
missing: both fail only when a request comes. A target without an override keeps the model that was asked for.
"""

import json
from collections import defaultdict

from audit.policy.document import Policy, Rule
from audit.policy.matching import names_of, public_names
from audit.policy.targets.header import about
from audit.policy.targets.labels import RENEWED, header_label, moving, promise, unseen
from audit.policy.targets.makers import maker_of
from audit.policy.targets.names import not_sold
from audit.policy.targets.weights import weights

LABEL = "audit_label"
"""The key of the metadata; without a dot, since Portkey takes what follows a second one for nothing."""

PROVIDERS = {"gemini": "google", "mistral": "mistral-ai", "xai": "x-ai"}
"""Makers that Portkey calls by another name than LiteLLM does."""

JSONObject = dict[str, object]

STAY = "incumbent"
"""The target that changes nothing."""

SEES = frozenset({"request_model"})

HOW = (
    f"Callers send their label as {LABEL} in the metadata (header x-portkey-metadata), and never two of them.",
    "The open gateway takes keys from its config alone: fill them in, as `envsubst '$OPENAI_API_KEY'` does. On "
    "Portkey's own platform name your provider instead.",
    "As the header x-portkey-config it is one line without these notes: `jq -c 'del(.notes)'`.",
)


def render(policy: Policy) -> str:
    """The config as JSON; in ASCII, because it may travel in a header."""
    conditions: list[JSONObject] = []
    stays = _called(policy["incumbent"])
    targets: list[JSONObject] = [{"name": STAY, **stays}]
    for number, ((share, names), rules) in enumerate(_alike(policy).items(), start=1):
        name = f"move-{number}"
        labels = [header_label(rule, policy) for rule in rules]
        query = {f"metadata.{LABEL}": {"$in": labels}, "params.model": {"$in": list(names)}}
        conditions.append({"query": query, "then": name})
        targets.append({"name": name, **_drawn(share, policy["candidate"], stays)})
    promises = [
        promise(rule, header_label(rule, policy), policy, "Portkey", SEES)
        for rule in policy["rules"]
        if rule["to"] == "candidate"
    ]
    unsold = not_sold([*public_names(policy), policy["candidate"]])
    config = {
        "notes": [*about(policy), *HOW, RENEWED, *unsold, *cannot_express(policy), *promises],
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


def _drawn(share: float, candidate: str, stays: JSONObject) -> JSONObject:
    moved, kept = weights(share)
    goes = {**_called(candidate), "override_params": {"model": candidate}}
    if not kept:
        return goes
    return {"strategy": {"mode": "loadbalance"}, "targets": [{**goes, "weight": moved}, {**stays, "weight": kept}]}


def _called(model: str) -> JSONObject:
    """The provider of a model: its maker, with the environment's name of the key for `envsubst`."""
    maker = maker_of(model)
    return {"provider": PROVIDERS.get(maker.prefix, maker.prefix), "api_key": f"${{{maker.key}}}"}
