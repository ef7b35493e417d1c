"""What the rules of a policy ask of a request; the first that holds decides."""

from collections.abc import Iterable

from audit.policy.document import Policy, Rule, When
from audit.policy.visible import FLAGS


def names_of(when: When, policy: Policy) -> list[str]:
    """Names that callers send for what `when` is about."""
    return when.get("request_model") or [policy["incumbent"], *policy["incumbent_models"]]


def public_names(policy: Policy) -> list[str]:
    """Every name that callers send for the incumbent, each once."""
    asked = [name for rule in policy["rules"] for name in names_of(rule["when"], policy)]
    return list(dict.fromkeys([policy["incumbent"], *policy["incumbent_models"], *asked]))


def sees(when: When, endpoint: str | None, flags: Iterable[bool]) -> bool:
    """Whether the endpoint and the flags, in the order of FLAGS, are those of `when`."""
    if "endpoint" in when and when["endpoint"] != endpoint:
        return False
    return all(when.get(flag, value) == value for flag, value in zip(FLAGS, flags, strict=True))


def reaches(when: When, input_tokens: int) -> bool:
    """Whether the input is as long as `when` wants it."""
    wanted = when.get("input_tokens")
    if wanted is None:
        return True
    return wanted["at_least"] <= input_tokens and (wanted["below"] is None or input_tokens < wanted["below"])


def thresholds(rules: Iterable[Rule]) -> list[int]:
    """Input lengths at which some rule begins or ends."""
    found: set[int] = set()
    for rule in rules:
        wanted = rule["when"].get("input_tokens")
        if wanted is not None:
            found |= {wanted["at_least"], *([] if wanted["below"] is None else [wanted["below"]])}
    return sorted(found - {0})
