"""A policy as one Python function: for callers that know their requests better than any gateway does."""

from pprint import pformat
from string import Template

from audit.policy.document import Policy
from audit.policy.targets.header import header
from audit.policy.targets.labels import CONDITIONS, unseen

SOURCE = Template('''\
$header
import random

NAMES = $names
"""Names of the incumbent that callers send; a rule without names of its own means these."""

CANDIDATE = $candidate

RULES = $rules


def choose(
    endpoint,
    input_tokens,
    request_model=$incumbent,
    *,
    has_tools=False,
    is_json=False,
    has_images=False,
    has_audio=False,
    draw=random.random,
):
    """The model to call: the first rule that holds decides, and whatever no rule names stays as it was asked for.

    `draw` gives a number from 0 to below 1; with a hash of the conversation, say, a conversation stays on one model.
    """
    seen = {
        "endpoint": endpoint,
        "has_tools": has_tools,
        "is_json": is_json,
        "has_images": has_images,
        "has_audio": has_audio,
    }
    for rule in RULES:
        when = dict(rule["when"])
        names = when.pop("request_model", NAMES)
        length = when.pop("input_tokens", {"at_least": 0, "below": None})
        is_reached = length["at_least"] <= input_tokens and (length["below"] is None or input_tokens < length["below"])
        if request_model in names and is_reached and all(seen[name] == value for name, value in when.items()):
            moves = rule["to"] == "candidate" and draw() < rule["share"]
            return CANDIDATE if moves else request_model
    return request_model
''')


def render(policy: Policy) -> str:
    """The source of a module that imports nothing but `random`."""
    rules = [{"when": rule["when"], "to": rule["to"], "share": rule["share"]} for rule in policy["rules"]]
    return SOURCE.substitute(
        header="\n".join(header(policy, cannot_express(policy))),
        names=pformat([policy["incumbent"], *policy["incumbent_models"]], width=110),
        candidate=repr(policy["candidate"]),
        incumbent=repr(policy["incumbent"]),
        rules=pformat(rules, width=110, sort_dicts=False),
    )


def cannot_express(policy: Policy) -> list[str]:
    """What the function leaves to its caller: it sees every condition, and no answer."""
    return unseen(policy, "This function", CONDITIONS)
