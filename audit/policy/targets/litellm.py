"""LiteLLM proxy or Router: a deployment per rule behind a tag, and for every public name one that is the default.

Tags are all that LiteLLM's tag filtering sees: any one that matches is enough, and without a deployment tagged
`default` it picks at random. So lengths, tools, format, images and audio are the caller's to look at: the tag of a rule
says that they hold, and a request must carry at most one such tag. The file's head lists what each one promises.
"""

import json

from audit.policy.document import Policy, Rule
from audit.policy.matching import names_of, public_names
from audit.policy.targets.header import escaped, header
from audit.policy.targets.labels import label_of, promise, unseen
from audit.policy.targets.weights import weights

SEES = frozenset({"request_model"})


def render(policy: Policy) -> str:
    """The proxy's YAML; keys are environment references, and scalars are JSON, which YAML reads."""
    rules = [rule for rule in policy["rules"] if rule["to"] == "candidate"]
    promises = [promise(rule, tag_of(rule, policy), policy, "LiteLLM", SEES) for rule in rules]
    lines = [*header(policy, [*cannot_express(policy), *promises]), "model_list:"]
    for name in public_names(policy):
        lines.append(_deployment(name, name, ["default"], None))
        for rule in policy["rules"]:
            if rule["to"] == "candidate" and name in names_of(rule["when"], policy) and rule["share"] > 0:
                lines += _canary(name, rule, policy)
    return "\n".join([*lines, "router_settings:", "  enable_tag_filtering: true", ""])


def tag_of(rule: Rule, policy: Policy) -> str:
    """The tag that callers send for a rule."""
    return label_of(rule, policy)


def cannot_express(policy: Policy) -> list[str]:
    """What tags cannot tell, so that they have to promise it."""
    return unseen(policy, "LiteLLM", SEES)


def _canary(name: str, rule: Rule, policy: Policy) -> list[str]:
    tags, (moved, kept) = [tag_of(rule, policy)], weights(rule["share"])
    if not kept:
        return [_deployment(name, policy["candidate"], tags, None)]
    return [_deployment(name, policy["candidate"], tags, moved), _deployment(name, name, tags, kept)]


def _deployment(name: str, model: str, tags: list[str], weight: int | None) -> str:
    full = model if "/" in model else f"openai/{model}"
    parameters: dict[str, object] = {"model": full, "api_key": "os.environ/OPENAI_API_KEY", "tags": tags}
    if weight is not None:
        parameters["weight"] = weight
    return f"  - {escaped(json.dumps({'model_name': name, 'litellm_params': parameters}, ensure_ascii=False))}"
