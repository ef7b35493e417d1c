"""What vLLM Semantic Router does with a request, from its documentation and not from our target: its runtime is Go.

Signals: website/docs/tutorials/signal/heuristic (context, conversation, metadata). Decisions: a rule tree of AND, OR
and NOT, of which an empty AND always holds; of those that hold the highest priority counts, then the name. A name that
is no automatic one is passed on without a decision. Text is expanded like a shell's, so `$$` is one dollar sign.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as the router gets it."""

    model: str = "auto"
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    tokens: int = 100
    has_tools: bool = False
    modalities: frozenset[str] = frozenset({"text"})


def expanded(value: Any) -> Any:
    """A document with every text as the router has it after its environment was put in; here that is empty."""
    if isinstance(value, str):
        return re.sub(r"\$(\$|\{[^}]*\}|\w+)", lambda found: "$" if found[1] == "$" else "", value)
    if isinstance(value, list):
        return [expanded(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, dict):
        return {key: expanded(each) for key, each in value.items()}  # pyright: ignore[reportUnknownVariableType]
    return value


def served(document: Mapping[str, Any], asked: Asked) -> str:
    """The name of the model that serves a request."""
    if asked.model not in document["global"]["router"]["auto_model_names"]:
        return asked.model
    routing = document["routing"]
    held = {
        (family, signal["name"])
        for family, signals in routing["signals"].items()
        for signal in signals
        if _signal(family, signal, asked)
    }
    matching = [each for each in routing["decisions"] if _holds(each["rules"], held)]
    if not matching:
        return document["providers"]["defaults"]["model"]
    (model,) = min(matching, key=lambda each: (-each["priority"], each["name"]))["modelRefs"]
    return model["model"]


def _signal(family: str, signal: Mapping[str, Any], asked: Asked) -> bool:
    if family == "context":
        return int(signal["min_tokens"]) <= asked.tokens <= int(signal["max_tokens"])
    if family == "conversation":
        assert signal["feature"] == {"type": "exists", "source": {"type": "tool_definition"}}
        return asked.has_tools
    if family == "input_modality":
        return signal["modality"] in asked.modalities
    assert family == "metadata"
    ((comparator, wanted),) = signal["predicate"].items()
    value = asked.metadata.get(signal["key"])
    if comparator == "exists":
        return (value is not None) == wanted
    return value is not None and (value == wanted if comparator == "equals" else value in wanted)


def _holds(rule: Mapping[str, Any], held: set[tuple[str, str]]) -> bool:
    if "operator" not in rule:
        return (rule["type"], rule["name"]) in held
    parts = [_holds(each, held) for each in rule["conditions"]]
    if rule["operator"] == "NOT":
        (part,) = parts
        return not part
    return all(parts) if rule["operator"] == "AND" else any(parts)
