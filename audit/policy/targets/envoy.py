"""Envoy AI Gateway: AIGatewayRoutes with a rule for each rule that moves anything, and one for all that stays.

Of a request they see headers: the label that the caller sends, and `x-ai-eg-model`, in which the gateway puts the
model of the body. Of all matches of all routes the one with the most headers counts (Gateway API, HTTPRouteRule), so a
rule for a label beats the default wherever either stands, and one default is enough. A backend without
`modelNameOverride` is asked for the model that the caller named. Limits are those of v1.1.0's definition, and of the
HTTPRoute that its controller makes of a route, to which it adds a rule for what nothing matches (both read).
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from audit.policy.document import Policy, Rule
from audit.policy.matching import names_of, public_names
from audit.policy.targets.header import escaped, header
from audit.policy.targets.labels import RENEWED, header_label, listed, moving, promise, unseen
from audit.policy.targets.makers import maker_of
from audit.policy.targets.names import not_sold
from audit.policy.targets.weights import rounded, weights

API_VERSION = "aigateway.envoyproxy.io/v1beta1"
LABEL = "x-audit-label"
MODEL = "x-ai-eg-model"

PARENT = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "ai-gateway"}

MOST_RULES = 15
"""Of an AIGatewayRoute; the controller's own is the sixteenth."""
MOST_MATCHES = 64
"""Of one rule of an HTTPRoute."""
MOST_MATCHES_OF_ALL = 127
"""Of the rules of an HTTPRoute, whose limit is 128, without the controller's."""
MOST_WEIGHT = 1_000_000

SENDABLE = re.compile("[!-~]+(?:[\t ]?[!-~]+)*")
"""Values of headers, as Gateway API describes them (HTTPHeaderMatch, experimental)."""
MOST_CHARACTERS = 4096

SEES = frozenset({"request_model"})

HOW = (
    f"Callers send their label in the header {LABEL}, once.",
    f"Write the name of your Gateway for {PARENT['name']!r}, and those of your AIServiceBackends for the makers of the "
    "models; what no rule here names keeps the routes it has.",
)

Item = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class _RouteRule:
    name: str
    matches: list[Item]
    backends: list[Item]


def render(policy: Policy) -> str:
    """YAML documents, the default in the first; scalars are JSON, which YAML reads."""
    promises = [
        promise(rule, header_label(rule, policy), policy, "Envoy AI Gateway", SEES)
        for rule in policy["rules"]
        if rule["to"] == "candidate"
    ]
    unsold = not_sold([*public_names(policy), policy["candidate"]])
    lines = header(policy, [*HOW, RENEWED, *unsold, *cannot_express(policy), *promises])
    for number, rules in enumerate(_routes(list(_rules(policy))), start=1):
        lines += ["---", f"apiVersion: {API_VERSION}", "kind: AIGatewayRoute"]
        lines += [f"metadata: {_json({'name': f'traffic-audit-{number}'})}"]
        lines += ["spec:", "  parentRefs:", f"    - {_json(PARENT)}", "  rules:"]
        for rule in rules:
            lines += [f"    - name: {rule.name}", "      matches:"]
            lines += [f"        - {_json(match)}" for match in rule.matches]
            lines += ["      backendRefs:", *(f"        - {_json(backend)}" for backend in rule.backends)]
    return "\n".join([*lines, ""])


def cannot_express(policy: Policy) -> list[str]:
    """What the gateway cannot tell, shares finer than its weights, and names that no header carries."""
    said = unseen(policy, "Envoy AI Gateway", SEES)
    said += rounded(moving(policy), MOST_WEIGHT, f"Envoy's weights go to {MOST_WEIGHT:,}")
    if left := [name for name in public_names(policy) if not _is_sendable(name)]:
        said.append(
            f"No header carries the name {listed([json.dumps(name) for name in left], 'or')}: no rule here is about it."
        )
    return said


def _rules(policy: Policy) -> Iterator[_RouteRule]:
    stays = [_match({MODEL: name}) for name in public_names(policy) if _is_sendable(name)]
    yield from _parts("default", stays, [_backend(policy["incumbent"])])
    for number, rule in enumerate(moving(policy), start=1):
        names = [name for name in names_of(rule["when"], policy) if _is_sendable(name)]
        matches = [_match({LABEL: header_label(rule, policy), MODEL: name}) for name in names]
        yield from _parts(_dns(f"rule-{number}-{rule['id']}"), matches, _backends(rule, policy))


def _parts(name: str, matches: list[Item], backends: list[Item]) -> Iterator[_RouteRule]:
    """The rule, in as many pieces as its matches need."""
    for start in range(0, len(matches), MOST_MATCHES):
        part = matches[start : start + MOST_MATCHES]
        yield _RouteRule(name=f"{name}-{start}" if start else name, matches=part, backends=backends)


def _routes(rules: Sequence[_RouteRule]) -> Iterator[list[_RouteRule]]:
    """The rules in order, as many to a route as it may have."""
    route: list[_RouteRule] = []
    for rule in rules:
        count = sum(len(each.matches) for each in [*route, rule])
        if len(route) == MOST_RULES or count > MOST_MATCHES_OF_ALL:
            yield route
            route = []
        route.append(rule)
    if route:
        yield route


def _match(headers: dict[str, str]) -> Item:
    return {"headers": [{"type": "Exact", "name": name, "value": value} for name, value in headers.items()]}


def _backends(rule: Rule, policy: Policy) -> list[Item]:
    moved, kept = weights(rule["share"], MOST_WEIGHT)
    stays = _backend(policy["incumbent"])
    goes = {**_backend(policy["candidate"]), "modelNameOverride": policy["candidate"]}
    if not moved or not kept:
        return [goes if moved else stays]
    return [{**goes, "weight": moved}, {**stays, "weight": kept}]


def _backend(model: str) -> Item:
    return {"name": maker_of(model).prefix}


def _dns(name: str) -> str:
    """A name that Kubernetes takes (RFC 1123, 2.1), unique by what it begins with."""
    return re.sub("[^a-z0-9]+", "-", name.lower())[:200].strip("-")


def _is_sendable(value: str) -> bool:
    return len(value) <= MOST_CHARACTERS and SENDABLE.fullmatch(value) is not None


def _json(value: Item | dict[str, str]) -> str:
    return escaped(json.dumps(value))
