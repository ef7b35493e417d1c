"""OpenRouter: a Python function that gives the fields of a call, since no policy can be stored there per endpoint.

It decides as target `python` does. A moved call names the model that was asked for as its fallback, so whatever the
candidate's providers refuse goes where it went before; and it takes only providers that know every parameter, because
others drop what they do not know (OpenRouter's documentation, model fallbacks and provider routing).
"""

from typing import cast

from audit.policy.document import Policy, Rule, When
from audit.policy.matching import names_of
from audit.policy.targets import python
from audit.policy.targets.labels import CONDITIONS, unseen

MAKER = "openai/"
"""What stands before a name on OpenRouter if it has no maker of its own."""

FIELDS = '''

def fields(endpoint, input_tokens, request_model, **seen):
    """What to send beside the messages, as OpenRouter names it; with OpenAI's client all but `model` is `extra_body`.

    `seen` goes to `choose`. Evidence is of one provider's answers: add `only` to `provider` to keep to it.
    """
    model = choose(endpoint, input_tokens, request_model, **seen)
    if model == request_model:
        return {"model": slug(request_model)}
    provider = {"require_parameters": True}
    return {"model": slug(model), "models": [slug(request_model)], "provider": provider}


def slug(name):
    """A model as OpenRouter names it: with its maker."""
    return name if "/" in name else "openai/" + name
'''


def render(policy: Policy) -> str:
    """The source of a module like that of target `python`, with `fields` beside `choose`."""
    return python.render(_with_slugs(policy)) + FIELDS


def cannot_express(policy: Policy) -> list[str]:
    """What the function leaves to its caller: it sees every condition, and no answer."""
    return unseen(policy, "This function", CONDITIONS)


def _with_slugs(policy: Policy) -> Policy:
    """The policy for names as the log has them and for the same as OpenRouter has them."""
    rules: list[Rule] = []
    for rule in policy["rules"]:
        when = rule["when"]
        if "request_model" in when:
            when = cast("When", {**when, "request_model": _both(names_of(when, policy))})
        rules.append({**rule, "when": when})
    return {**policy, "rules": rules, "incumbent_models": _both([policy["incumbent"], *policy["incumbent_models"]])}


def _both(names: list[str]) -> list[str]:
    return list(dict.fromkeys([*names, *(name if "/" in name else MAKER + name for name in names)]))
