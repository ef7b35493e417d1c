"""The neutral policy written for routers: one module per target, each a projection that adds no decision of its own."""

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import cast

from audit.errors import UnknownNameError
from audit.policy.document import Policy

TARGETS = {
    "envoy": "Envoy AI Gateway: AIGatewayRoutes that match a header, weights for stages",
    "litellm": "LiteLLM proxy or Router: tags, the default deployment, weights for stages",
    "model-based": "LiteLLM's complexity router: the candidate judges first, within what rules may move",
    "openrouter": "a function that gives the fields of a call to OpenRouter: model, fallback, provider",
    "portkey": "Portkey gateway: a conditional config on labels in the metadata, load balancing for stages",
    "python": "a function without dependencies, for callers that route themselves",
    "vllm-sr": "vLLM Semantic Router: labels in the metadata, and what it sees itself: tokens, tools, images, audio",
}
"""Name of a target and what it is.

Its module here is called the same and has `render(policy) -> str` and `cannot_express(policy) -> list[str]`.
"""


def render(policy: Policy, target: str) -> str:
    """The configuration of `target`; raises UnknownNameError for one that there is not."""
    return cast("Callable[[Policy], str]", _module(target).render)(policy)


def cannot_express(policy: Policy, target: str) -> list[str]:
    """What the policy asks and `target` cannot see or do, in sentences: callers have to see to it.

    No traffic moves by such a gap: where a target cannot tell whether a rule holds, only a label moves a request, and
    the label promises that it does. Raises UnknownNameError for a target that there is not.
    """
    return cast("Callable[[Policy], list[str]]", _module(target).cannot_express)(policy)


def refuse_unknown(target: str) -> None:
    """UnknownNameError for a target that there is not."""
    if target not in TARGETS:
        raise UnknownNameError("target", target, TARGETS, f"Targets are {', '.join(TARGETS)}")


def _module(target: str) -> ModuleType:
    refuse_unknown(target)
    return import_module(f"audit.policy.targets.{target.replace('-', '_')}")
