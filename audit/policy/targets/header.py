"""What stands at the top of every configuration: what it is, what it rests on, and what callers have to send."""

import re
from collections.abc import Iterable

from audit.counting import number_of
from audit.policy.document import Policy, Rule
from audit.policy.targets.weights import percent

UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
"""What ends a line for some reader, or may not stand in YAML (1.2, 5.1 and 5.4) or in UTF-8 at all."""


def header(policy: Policy, more: Iterable[str] = ()) -> list[str]:
    """Comment lines that begin with `#`: what `about` says, and `more`, which is the target's own."""
    return [f"# {escaped(line)}" for line in [*about(policy), *more]]


def about(policy: Policy) -> list[str]:
    """What the policy is and what it rests on, a line each."""
    lines = [
        f"Routing policy of {policy['created'] or 'unknown date'}: {policy['incumbent']} to {policy['candidate']} "
        f"({policy['candidate_model'] or 'no snapshot named'}). Unknown traffic stays as it is.",
        *(_about(rule) for rule in policy["rules"]),
        *policy["notes"],
    ]
    return [" ".join(line.split()) for line in lines]


def escaped(text: str) -> str:
    r"""`text` with \uhhhh for what is UNSAFE, which JSON, YAML and Python read alike inside double quotes.

    >>> escaped("a\u2028b")
    'a\\u2028b'
    """
    return UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _about(rule: Rule) -> str:
    said = [f"{rule['id']} {rule['name']}: {percent(rule['share'])} to {rule['to']}"]
    evidence = rule.get("evidence")
    if evidence is not None:
        loss = evidence["quality_loss"]
        bounds = "" if loss is None else f", loss {loss['low']:.1f} to {loss['high']:.1f} points"
        said.append(
            f"{evidence['level']}, {number_of(evidence['pairs'], 'pair')} on "
            f"{', '.join(evidence['incumbent_models'])}{bounds}"
        )
    if rule.get("verdict") == "pilot":
        said.append("PILOT: evidence still open")
    if until := rule.get("valid_until"):
        said.append(f"valid until {until}")
    return "; ".join(said)
