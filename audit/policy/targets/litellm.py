"""LiteLLM proxy or Router: a deployment per rule behind a tag, and for every public name one that is the default.

Tags are all that LiteLLM's tag filtering sees: any one that matches is enough, and without a deployment tagged
`default` it picks at random. So lengths, tools, format, images and audio are the caller's to look at: the tag of a rule
says that they hold, and a request must carry at most one such tag. The file's head lists what each one promises.
"""

import json
import math
from collections import Counter
from fractions import Fraction

from audit.policy.document import Policy, Rule, When
from audit.policy.matching import names_of
from audit.policy.targets.header import escaped, header

WHOLE = 1000
"""Weights of a rule's two deployments add up to it, or to a multiple where the share is finer."""


def render(policy: Policy) -> str:
    """The proxy's YAML; keys are environment references, and scalars are JSON, which YAML reads."""
    lines = [*header(policy), *promises(policy), "model_list:"]
    for name in public_names(policy):
        lines.append(_deployment(name, name, ["default"], None))
        for rule in policy["rules"]:
            if rule["to"] == "candidate" and name in names_of(rule["when"], policy) and rule["share"] > 0:
                lines += _canary(name, rule, policy)
    return "\n".join([*lines, "router_settings:", "  enable_tag_filtering: true", ""])


def tag_of(rule: Rule, policy: Policy) -> str:
    """The tag that callers send for a rule: its endpoint, and its id where that alone could mean another rule."""
    counts = Counter(each["when"].get("endpoint") for each in policy["rules"])
    endpoint = rule["when"].get("endpoint")
    if endpoint is None:
        return f"rule:{rule['id']}"
    is_plain = counts[endpoint] == 1 and "#" not in endpoint
    return f"endpoint:{endpoint}" if is_plain else f"endpoint:{endpoint}#{rule['id']}"


def public_names(policy: Policy) -> list[str]:
    """Every name that callers send for the incumbent, each once."""
    asked = [name for rule in policy["rules"] for name in names_of(rule["when"], policy)]
    return list(dict.fromkeys([policy["incumbent"], *policy["incumbent_models"], *asked]))


def promises(policy: Policy) -> list[str]:
    """Comment lines: which tag to send when."""
    tags = [
        (json.dumps(tag_of(rule, policy), ensure_ascii=False), _conditions(rule["when"]))
        for rule in policy["rules"]
        if rule["to"] == "candidate"
    ]
    said = (f"Send tag {tag} only if {held}, and no rule above holds; LiteLLM cannot check it." for tag, held in tags)
    return [f"# {escaped(line)}" for line in said]


def _conditions(when: When) -> str:
    said = [f"the endpoint is {json.dumps(when['endpoint'], ensure_ascii=False)}"] if "endpoint" in when else []
    words = {"has_tools": "tools", "is_json": "response format", "has_images": "images", "has_audio": "audio"}
    wanted, missing = ([word for flag, word in words.items() if when.get(flag) is asked] for asked in (True, False))
    said += [f"the request has {_listed(wanted, 'and')}"] if wanted else []
    said += [f"the request has no {_listed(missing, 'or')}"] if missing else []
    if (length := when.get("input_tokens")) is not None:
        least = [f"at least {length['at_least']:,}"] if length["at_least"] else []
        most = [] if length["below"] is None else [f"fewer than {length['below']:,}"]
        said += [f"its input has {' and '.join([*least, *most])} tokens"] if least or most else []
    return ", ".join(said) or "nothing else is known"


def _listed(words: list[str], last: str) -> str:
    """Words as a sentence lists them.

    >>> _listed(["tools", "images", "audio"], "or")
    'tools, images or audio'
    """
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _canary(name: str, rule: Rule, policy: Policy) -> list[str]:
    tags, share = [tag_of(rule, policy)], Fraction(str(rule["share"]))
    if share == 1:
        return [_deployment(name, policy["candidate"], tags, None)]
    whole = math.lcm(WHOLE, share.denominator)
    return [
        _deployment(name, policy["candidate"], tags, int(whole * share)),
        _deployment(name, name, tags, int(whole * (1 - share))),
    ]


def _deployment(name: str, model: str, tags: list[str], weight: int | None) -> str:
    full = model if "/" in model else f"openai/{model}"
    parameters: dict[str, object] = {"model": full, "api_key": "os.environ/OPENAI_API_KEY", "tags": tags}
    if weight is not None:
        parameters["weight"] = weight
    return f"  - {escaped(json.dumps({'model_name': name, 'litellm_params': parameters}, ensure_ascii=False))}"
