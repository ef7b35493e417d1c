"""LiteLLM's complexity router, within what the rules may move: the candidate judges first how hard a request is.

A rule's tag leads to the router, which asks the classifier and takes the model of the tier; whatever has no such tag
meets the plain default deployment of its name, as in the target `litellm`. The classifier, and the models of the tiers,
are groups of their own that carry the tag `default`, since the tags of a request go with it wherever it is sent.
"""

from collections.abc import Mapping

from audit.counting import number_of
from audit.policy.document import Classifier, Policy, Rule
from audit.policy.matching import names_of, public_names
from audit.policy.targets.header import header
from audit.policy.targets.labels import RENEWED, moving, promise
from audit.policy.targets.litellm import SEES, SENT, deployment, item, tag_of
from audit.policy.targets.litellm import cannot_express as unseen_by_tags
from audit.policy.targets.makers import WORDS, aliases, called
from audit.policy.targets.weights import percent, weights

VERSION = "1.110"
"""The release of LiteLLM whose Router has loaded such files."""

CLASSIFIER = "classifier: reads a request first"

MOVES = ("SIMPLE", "MEDIUM")
"""Tiers of requests that go to the candidate; what is harder stays."""

STAYS = ("COMPLEX", "REASONING")

DEFAULT = ["default"]


def render(policy: Policy) -> str:
    """The proxy's YAML; every item of its list is a line of JSON, which YAML reads."""
    names, rules = public_names(policy), moving(policy)
    promises = [promise(rule, tag_of(rule, policy), policy, "LiteLLM", SEES) for rule in rules]
    said = [
        *cannot_express(policy),
        *(_cost(rule) for rule in rules),
        WORDS,
        *aliases(names, policy),
        SENT,
        RENEWED,
        *promises,
    ]
    lines = [*header(policy, said), "model_list:"]
    for name in names:
        lines.append(deployment(name, called(name, policy), DEFAULT, info={"allow_fail_open": True}))
        mine = [rule for rule in rules if name in names_of(rule["when"], policy)]
        for rule in mine:
            lines += [_router(name, rule, policy), *_moved(name, rule, policy)]
        lines += [deployment(_stay(name), called(name, policy), DEFAULT)] if mine else []
    lines += [deployment(CLASSIFIER, policy["candidate"], DEFAULT)] if rules else []
    return "\n".join([*lines, "router_settings:", "  enable_tag_filtering: true", ""])


def cannot_express(policy: Policy) -> list[str]:
    """What tags cannot tell, and what nobody has measured about the classifier."""
    return [
        f"LiteLLM's complexity router, in beta in release {VERSION}, scores the text of a request, of which nothing "
        f"was measured: a verdict is about all requests of its rule. {' and '.join(MOVES)} ones go to "
        f"{policy['candidate']}; the others, and all that it fails to judge, stay on {policy['incumbent']}.",
        *unseen_by_tags(policy),
    ]


def _cost(rule: Rule) -> str:
    """What the classifier of a rule costs, with the arithmetic, and from when on it pays."""
    read = rule.get("classifier")
    if read is None:
        return f"{rule['id']}: what its classifier costs is not counted; `audit policy --classifier` counts it."
    words = (
        f"{rule['id']}: {read['model']} reads every request first, "
        f"{number_of(read['prompt_tokens'], 'token')} of instructions "
        f"and {read['input_tokens']:,.1f} of the request on average, and answers with {read['answer_tokens']}: "
        f"${read['usd_per_request']:.6f} a request at the price of the day. "
    )
    return words + _net(rule, read)


def _net(rule: Rule, read: Classifier) -> str:
    before, cost = rule["share"] * read["saving_per_request"], read["usd_per_request"]
    if before <= cost:
        return f"Moving {percent(rule['share'])} of them saves ${before:.6f} a request, so this loses money."
    return (
        f"Moving {percent(rule['share'])} of them saves ${before:.6f} a request, so ${before - cost:.6f} is left if it "
        f"lets all through, and nothing once it holds back more than {1 - cost / before:.0%}."
    )


def _router(name: str, rule: Rule, policy: Policy) -> str:
    """The router behind a rule's tag. Beside the tiers it is told to leave a request as the caller made it."""
    stay, moved = _stay(name), _move(name, rule)
    config: Mapping[str, object] = {
        "classifier_type": "llm",
        "classifier_llm_config": {"model": CLASSIFIER},
        "classifier_fallback": "default_model",
        "default_model": stay,
        "tiers": {**dict.fromkeys(MOVES, moved), **dict.fromkeys(STAYS, stay)},
        "classifier_context_window_size": 0,
        "max_tokens_from_tier_model": False,
        "route_housekeeping_to_cheapest_tier": False,
        "escalation_keywords": [],
        "context_compaction": False,
        "deployment_affinity": False,
    }
    router = {
        "model": "auto_router/complexity_router",
        "tags": [tag_of(rule, policy)],
        "complexity_router_default_model": stay,
        "complexity_router_config": config,
    }
    return item(name, router)


def _moved(name: str, rule: Rule, policy: Policy) -> list[str]:
    """The group of what the classifier lets through, of which the rule's share moves."""
    group, (moved, kept) = _move(name, rule), weights(rule["share"])
    lines = [deployment(group, policy["candidate"], DEFAULT, weight=moved)]
    return [*lines, deployment(group, called(name, policy), DEFAULT, weight=kept)] if kept else lines


def _stay(name: str) -> str:
    return f"{name}: stays"


def _move(name: str, rule: Rule) -> str:
    return f"{name}: {rule['id']}"
