"""The neutral policy written for routers: one module per target, each a projection that adds no decision of its own."""

from collections.abc import Callable
from importlib import import_module
from typing import cast

from audit.errors import UnknownNameError
from audit.policy.document import Policy

TARGETS = {
    "litellm": "LiteLLM proxy or Router: tags, the default deployment, weights for stages",
    "python": "a function without dependencies, for callers that route themselves",
}
"""Name of a target and what it is; its module here is called the same and has `render(policy) -> str`."""


def render(policy: Policy, target: str) -> str:
    """The configuration of `target`; raises UnknownNameError for one that there is not."""
    if target not in TARGETS:
        raise UnknownNameError("target", target, TARGETS, f"Targets are {', '.join(TARGETS)}")
    module = import_module(f"audit.policy.targets.{target.replace('-', '_')}")
    return cast("Callable[[Policy], str]", module.render)(policy)
