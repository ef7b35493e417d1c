"""vLLM Semantic Router: it counts tokens, sees tools, images and audio, and reads labels from a request's metadata.

Its decisions are tried by priority, the highest first, so rules keep their order; the last one has no condition and
leaves everything else where it is. A name that callers ask for by itself is passed on untouched: only `auto` is decided
about, and stands for the incumbent unless the metadata name another model. What is missing from the metadata matches
nothing, and moves nothing.
"""

import json
from collections.abc import Iterable, Mapping

from audit.policy.document import Policy, Rule, TokenRange, When
from audit.policy.matching import names_of, public_names
from audit.policy.targets.header import escaped, header
from audit.policy.targets.labels import listed, moving
from audit.policy.targets.makers import OPENAI, WORDS, aliases, called, maker_of
from audit.policy.targets.weights import rounded, weights

VERSION = "0.4"
"""The release whose validator has accepted such files; releases reject each other's under the same `version: v0.3`."""

MOST_TOKENS = 1_000_000_000
"""Stands for no upper bound, which earlier releases take for 0."""

DRAWS = 1000
"""Callers draw a whole number below it; it is also how fine a share can be, and finer ones are rounded down."""

LONGEST_VALUE = 1024
"""Bytes of UTF-8 of a value in the metadata of a request; requests with longer ones are refused."""

Condition = dict[str, object]


def render(policy: Policy) -> str:
    """The router's YAML for its default profile; every item of a list is a line of JSON, which YAML reads."""
    names, signals = public_names(policy), _Signals()
    decisions = [each for rule in policy["rules"] for each in _decisions(rule, policy, signals)]
    decisions += [_stays(name, [signals.asks_for([name])], name) for name in names if name != policy["incumbent"]]
    decisions.append(_stays("everything else", [], policy["incumbent"]))
    models = list(dict.fromkeys([*names, policy["candidate"]]))
    said = [*_labels(policy), *cannot_express(policy), WORDS, *aliases(names, policy)]
    lines = [
        *header(policy, [f"For vLLM Semantic Router {VERSION}, by whose validator such files were checked.", *said]),
        "version: v0.3",
        "listeners:",
        _item({"name": "http-8899", "address": "0.0.0.0", "port": 8899}),
        "providers:",
        f"  defaults: {_text({'model': policy['incumbent']})}",
        "  models:",
        *(_item(_model(name, policy)) for name in models),
        "global:",
        f"  router: {_text({'strategy': 'priority', 'auto_model_names': ['auto']})}",
        "routing:",
        "  modelCards:",
        *(_item({"name": name}) for name in models),
        "  signals:",
        *signals.lines(),
        "  decisions:",
    ]
    for place, decision in enumerate(decisions):
        lines.append(_item({**decision, "priority": len(decisions) - place}))
    return "\n".join([*lines, ""])


def cannot_express(policy: Policy) -> list[str]:
    """What the router cannot see or do, so that callers have to."""
    rules = moving(policy)
    said: list[str] = []
    models = [*(called(name, policy) for name in public_names(policy)), policy["candidate"]]
    if any(maker_of(model) is OPENAI for model in models):
        said.append(
            "The router passes metadata on. OpenAI refuses them without `store: true`, by which it keeps the answers, "
            "and values of more than 512 characters."
        )
    if any("input_tokens" in rule["when"] for rule in rules):
        said.append("The router estimates the length of an input from its bytes: at a rule's limit it may err.")
    if checked := [rule["id"] for rule in rules if rule.get("escalation") is not None]:
        said.append(
            "The router escalates by how sure a model is of its own words, which is not the check that was measured: "
            f"sending doubtful answers on to {policy['incumbent']} is the caller's, for {listed(checked, 'and')}."
        )
    said += rounded(rules, DRAWS, f"Callers draw of {DRAWS:,}")
    if unsent := [rule["id"] for rule in rules if not _can_be_sent(rule["when"])]:
        said.append(
            f"Names longer than {LONGEST_VALUE:,} bytes fit no metadata: nothing moves by {listed(unsent, 'and')}."
        )
    return said


def _labels(policy: Policy) -> list[str]:
    """What callers put into `metadata`, as far as rules ask for it."""
    rules = moving(policy)
    said = [
        f"Callers ask for the model auto in place of {policy['incumbent']}, and put texts into the metadata of a "
        "request: endpoint, its endpoint."
    ]
    others = [name for name in public_names(policy) if name != policy["incumbent"]]
    if others:
        said.append(
            f"request_model: the model they would have asked for, where that is {listed(others, 'or')}; by any other "
            "name they ask directly."
        )
    if any("is_json" in rule["when"] for rule in rules):
        said.append("is_json: true where the request asks for JSON, false where it does not.")
    if any(rule["share"] < 1 for rule in rules):
        said.append(f"draw: a whole number from 0 to {DRAWS - 1}, drawn at random or from a hash of the conversation.")
    return said


class _Signals:
    """Signals of the routing profile, each once, and the conditions that refer to them."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, Mapping[str, object]]] = {}

    def metadata(self, key: str, predicate: Mapping[str, object]) -> Condition:
        """Whether a text in the request's metadata is as the predicate says; false where it is missing."""
        return self._named("metadata", key, {"key": key, "predicate": predicate})

    def asks_for(self, names: list[str]) -> Condition:
        """Whether the caller would have asked for one of these models."""
        return self.metadata("request_model", {"in": names})

    def tokens(self, length: TokenRange) -> Condition:
        """Whether the input is as long as that; both limits are inside."""
        below = length["below"]
        most = MOST_TOKENS if below is None else below - 1
        return self._named("context", "tokens", {"min_tokens": str(length["at_least"]), "max_tokens": str(most)})

    def tools(self) -> Condition:
        """Whether the request offers tools."""
        feature = {"type": "exists", "source": {"type": "tool_definition"}}
        return self._named("conversation", "tools", {"feature": feature})

    def modality(self, name: str) -> Condition:
        """Whether the request has an input of that kind."""
        return self._named("input_modality", name, {"modality": name})

    def lines(self) -> list[str]:
        """All that were asked for, as the file has them."""
        return [
            line
            for family, found in self._found.items()
            for line in (
                f"    {family}:",
                *(f"    {_item({'name': name, **signal})}" for name, signal in found.items()),
            )
        ] or ["    {}"]

    def _named(self, family: str, stem: str, signal: Mapping[str, object]) -> Condition:
        known = self._found.setdefault(family, {})
        name = next((name for name, each in known.items() if each == signal), f"{stem}-{len(known) + 1}")
        known[name] = signal
        return {"type": family, "name": name}


def _decisions(rule: Rule, policy: Policy, signals: _Signals) -> Iterable[Mapping[str, object]]:
    """The rule's decision, and one for every name whose requests it keeps: later rules must not see those."""
    when = rule["when"]
    if not _can_be_sent(when):
        return
    names, held = names_of(when, policy), _conditions(when, signals)
    share = weights(rule["share"], DRAWS)[0] if rule["to"] == "candidate" else 0
    if share > 0:
        drawn = [] if share == DRAWS else [signals.metadata("draw", {"in": [str(draw) for draw in range(share)]})]
        conditions = [*held, _named_one_of(names, policy, signals), *drawn]
        yield _decision(f"{rule['id']} moves", conditions, policy["candidate"])
    if share < DRAWS:
        for name in names:
            yield _stays(f"{rule['id']} {name}", [*held, _named_one_of([name], policy, signals)], name)


def _conditions(when: When, signals: _Signals) -> list[Condition]:
    found = [signals.metadata("endpoint", {"equals": when["endpoint"]})] if "endpoint" in when else []
    if "is_json" in when:
        found.append(signals.metadata("is_json", {"equals": json.dumps(when["is_json"])}))
    if (length := when.get("input_tokens")) is not None:
        found.append(signals.tokens(length))
    if "has_tools" in when:
        found.append(_as(signals.tools(), when["has_tools"]))
    if "has_images" in when:
        found.append(_as(signals.modality("image"), when["has_images"]))
    if "has_audio" in when:
        found.append(_as(signals.modality("audio"), when["has_audio"]))
    return found


def _named_one_of(names: list[str], policy: Policy, signals: _Signals) -> Condition:
    """Whether the caller would have asked for one of these; without a name in the metadata, for the incumbent."""
    asked = signals.asks_for(names)
    if policy["incumbent"] not in names:
        return asked
    unsaid = signals.metadata("request_model", {"exists": False})
    return {"operator": "OR", "conditions": [unsaid, asked]}


def _as(condition: Condition, value: bool) -> Condition:
    return condition if value else {"operator": "NOT", "conditions": [condition]}


def _decision(name: str, conditions: list[Condition], model: str) -> dict[str, object]:
    rules = {"operator": "AND", "conditions": conditions}
    return {"name": name, "rules": rules, "modelRefs": [{"model": model}]}


def _stays(name: str, conditions: list[Condition], model: str) -> dict[str, object]:
    return _decision(f"{name} stays", conditions, model)


def _model(name: str, policy: Policy) -> Mapping[str, object]:
    model = called(name, policy)
    maker = maker_of(model)
    backend = {"name": maker.prefix, "base_url": maker.base_url, "provider": "openai", "api_key_env": maker.key}
    return {"name": name, "provider_model_id": model, "backend_refs": [backend]}


def _can_be_sent(when: When) -> bool:
    return len(when.get("endpoint", "").encode(errors="surrogatepass")) <= LONGEST_VALUE


def _item(value: Mapping[str, object]) -> str:
    return f"    - {_text(value)}"


def _text(value: object) -> str:
    """JSON in which a dollar sign stands for itself: the router replaces what looks like a variable of its process."""
    return escaped(json.dumps(value, ensure_ascii=False).replace("$", "$$"))
