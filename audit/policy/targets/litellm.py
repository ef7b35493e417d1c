"""LiteLLM proxy or Router: a deployment per rule behind a tag, and for every public name one that is the default.

Tags are all that LiteLLM's tag filtering sees: any one that matches is enough, and without a deployment tagged
`default` it picks at random. So lengths, tools, format, images and audio are the caller's to look at: the tag of a rule
says that they hold, and a request must carry at most one such tag. The file's head lists what each one promises.

A candidate that is cooling down fails open to the default, the incumbent. There are no context window fallbacks: where
the candidate's window is the smaller one, rules of a derived policy end before it.
"""

import json
from collections.abc import Mapping

from audit.policy.document import Policy, Rule
from audit.policy.matching import names_of, public_names
from audit.policy.targets.header import escaped, header
from audit.policy.targets.labels import RENEWED, header_label, promise, unseen
from audit.policy.targets.makers import WORDS, Maker, aliases, called, maker_of
from audit.policy.targets.weights import weights

SENT = (
    "Callers send one such tag in the header x-litellm-tags, or in the body as metadata.tags; tags of your own may "
    "stand beside it."
)

MOST_CHARACTERS = 1024
"""Of a tag, which LiteLLM's database indexes in rows of up to 2,704 bytes. A digest would be all that the log knows."""

SEES = frozenset({"request_model"})


def render(policy: Policy) -> str:
    """The proxy's YAML; keys are environment references, and scalars are JSON, which YAML reads."""
    rules = [rule for rule in policy["rules"] if rule["to"] == "candidate"]
    promises = [promise(rule, tag_of(rule, policy), policy, "LiteLLM", SEES) for rule in rules]
    names = public_names(policy)
    said = [*cannot_express(policy), WORDS, *aliases(names, policy), SENT, RENEWED, *promises]
    lines = [*header(policy, said), "model_list:"]
    for name in names:
        lines.append(deployment(name, called(name, policy), ["default"], info={"allow_fail_open": True}))
        for rule in policy["rules"]:
            if rule["to"] == "candidate" and name in names_of(rule["when"], policy) and rule["share"] > 0:
                lines += _canary(name, rule, policy)
    return "\n".join([*lines, "router_settings:", "  enable_tag_filtering: true", ""])


def tag_of(rule: Rule, policy: Policy) -> str:
    """The tag that callers send for a rule, in the header, which the proxy splits at commas, as in the body."""
    return header_label(rule, policy, MOST_CHARACTERS)


def cannot_express(policy: Policy) -> list[str]:
    """What tags cannot tell, so that they have to promise it."""
    return unseen(policy, "LiteLLM", SEES)


def _canary(name: str, rule: Rule, policy: Policy) -> list[str]:
    tags, (moved, kept) = [tag_of(rule, policy)], weights(rule["share"])
    if not kept:
        return [deployment(name, policy["candidate"], tags)]
    return [
        deployment(name, policy["candidate"], tags, weight=moved),
        deployment(name, called(name, policy), tags, weight=kept),
    ]


def deployment(
    name: str, model: str, tags: list[str], *, weight: int | None = None, info: dict[str, object] | None = None
) -> str:
    """One item of `model_list` that calls a model; a provider named before a slash reads its own key."""
    maker = maker_of(model)
    asked = {"model": model} if "/" in model else {"model": f"{maker.prefix}/{model}", "api_key": _key(maker)}
    return item(name, asked | {"tags": tags} | ({} if weight is None else {"weight": weight}), info)


def item(name: str, parameters: Mapping[str, object], info: Mapping[str, object] | None = None) -> str:
    """One item of `model_list`, as a line of JSON that YAML reads."""
    whole = {"model_name": name, "litellm_params": parameters} | ({} if info is None else {"model_info": info})
    return f"  - {escaped(json.dumps(whole, ensure_ascii=False))}"


def _key(maker: Maker) -> str:
    return f"os.environ/{maker.key}"
