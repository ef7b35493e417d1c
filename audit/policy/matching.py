"""Which rule of a policy a request meets: the first that holds. Every target has to decide as this does."""

from collections.abc import Iterable
from dataclasses import dataclass

from audit.policy.document import Policy, Rule, When
from audit.policy.visible import FLAGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a router sees of a request before it is answered."""

    endpoint: str | None
    """The label that the caller sends; None without one."""
    input_tokens: int
    request_model: str
    has_tools: bool = False
    is_json: bool = False
    has_images: bool = False
    has_audio: bool = False


def first_rule(policy: Policy, request: Request) -> Rule | None:
    """The rule that decides about `request`; None means that the default does: it stays where it is."""
    return next((rule for rule in policy["rules"] if holds(rule["when"], request, policy)), None)


def holds(when: When, request: Request, policy: Policy) -> bool:
    """Whether all of `when` is true of a request; without named models only the incumbent's own are meant."""
    flags = tuple(bool(getattr(request, flag)) for flag in FLAGS)
    is_meant = request.request_model in names_of(when, policy)
    return is_meant and sees(when, request.endpoint, flags) and reaches(when, request.input_tokens)


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
