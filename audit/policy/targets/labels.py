"""One label for every rule: what callers send where a router cannot see for itself that the rule holds.

A label is a promise. Whoever sends it has looked at the request; whatever carries none stays on the incumbent.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection
from typing import cast
from urllib.parse import quote

from audit.policy.document import Policy, Rule, When
from audit.policy.matching import names_of

CONDITIONS = {
    "request_model": "the model that is asked for",
    "input_tokens": "the length of the input",
    "has_tools": "tools",
    "is_json": "the response format",
    "has_images": "images",
    "has_audio": "audio",
}
"""What a rule may ask of a request beside its endpoint, which no router knows without a label."""


MOST_CHARACTERS = 128
"""Of a label in a header; what Portkey's documentation allows a value of metadata, and others allow more."""


RENEWED = (
    "Read the promises again before this file takes the place of another: a label of the same name may ask for more."
)


def header_label(rule: Rule, policy: Policy, most: int = MOST_CHARACTERS) -> str:
    """The label of a rule as HTTP can carry it: its endpoint, and its id where that alone could mean another rule.

    Percent-encoded (RFC 3986, 2.1), `#` as well, so that it divides the two; a digest where that is longer than `most`.
    """
    endpoint = rule["when"].get("endpoint")
    if endpoint is None:
        label = f"rule:{_encoded(rule['id'])}"
    else:
        is_alone = Counter(each["when"].get("endpoint") for each in policy["rules"])[endpoint] == 1
        label = f"endpoint:{_encoded(endpoint)}" + ("" if is_alone else f"#{_encoded(rule['id'])}")
    return label if len(label) <= most else f"digest:{hashlib.sha256(label.encode()).hexdigest()[:16]}"


def moving(policy: Policy) -> list[Rule]:
    """Rules that send anything to the candidate."""
    return [rule for rule in policy["rules"] if rule["to"] == "candidate" and rule["share"] > 0]


def promise(rule: Rule, label: str, policy: Policy, router: str, sees: Collection[str]) -> str:
    """When to send the label of a rule: all that holds of its requests, but what the router sees for itself."""
    held = ", ".join(_conditions(rule["when"], policy, sees)) or "nothing else is known"
    return f"Send {_quoted(label)} only if {held}, and no rule above holds; {router} cannot check it."


def unseen(policy: Policy, router: str, sees: Collection[str]) -> list[str]:
    """What rules that move traffic ask and a router cannot see or do, in sentences.

    `sees` holds the names of CONDITIONS that it can tell, and `escalation` if it sends doubtful answers on.
    """
    rules = moving(policy)
    asked = [
        name
        for name in CONDITIONS
        if name not in sees and any(name in rule["when"] or name == "request_model" for rule in rules)
    ]
    said: list[str] = []
    if asked:
        said.append(
            f"{router} cannot see {listed([CONDITIONS[name] for name in asked], 'or')}: the label of a rule promises "
            f"that they are as the rule wants them, and what carries no label stays on {policy['incumbent']}."
        )
    checked = [rule["id"] for rule in rules if rule.get("escalation") is not None and "escalation" not in sees]
    if checked:
        said.append(
            f"{router} checks no answers: sending doubtful ones of {policy['candidate']} on to {policy['incumbent']} "
            f"is the caller's, for {listed(checked, 'and')}."
        )
    return said


def listed(words: list[str], last: str) -> str:
    """Words as a sentence lists them.

    >>> listed(["tools", "images", "audio"], "or")
    'tools, images or audio'
    """
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _conditions(when: When, policy: Policy, sees: Collection[str]) -> list[str]:
    asked = cast("When", {name: value for name, value in when.items() if name not in sees})
    said = [f"the endpoint is {_quoted(asked['endpoint'])}"] if "endpoint" in asked else []
    words = {"has_tools": "tools", "is_json": "response format", "has_images": "images", "has_audio": "audio"}
    wanted, missing = ([word for flag, word in words.items() if asked.get(flag) is held] for held in (True, False))
    said += [f"the request has {listed(wanted, 'and')}"] if wanted else []
    said += [f"the request has no {listed(missing, 'or')}"] if missing else []
    if (length := asked.get("input_tokens")) is not None:
        least = [f"at least {length['at_least']:,}"] if length["at_least"] else []
        most = [] if length["below"] is None else [f"fewer than {length['below']:,}"]
        said += [f"its input has {' and '.join([*least, *most])} tokens"] if least or most else []
    if "request_model" not in sees:
        said.append(f"it asks for {listed([_quoted(name) for name in names_of(when, policy)], 'or')}")
    return said


def _encoded(text: str) -> str:
    return quote(text, safe=":/", errors="surrogatepass")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
