"""OpenRouter: a Python function that gives the fields of a call, since no policy can be stored there per endpoint.

It decides as target `python` does. A moved call names the model that was asked for as its fallback, so whatever the
candidate's providers refuse goes where it went before; and it takes only providers that know every parameter, because
others drop what they do not know (OpenRouter's documentation, model fallbacks and provider routing).
"""

from pprint import pformat
from string import Template
from typing import cast

from audit.catalog.facts import vendor
from audit.catalog.models import plain_name
from audit.policy.document import Policy, Rule, When
from audit.policy.matching import public_names
from audit.policy.targets import python
from audit.policy.targets.labels import CONDITIONS, unseen

MAKERS = {"mistral": "mistralai"}
"""Makers that OpenRouter calls by another name than the catalogue does."""

FIELDS = Template('''

SLUGS = $slugs
"""Models as OpenRouter names them: by their maker."""


def fields(endpoint, input_tokens, request_model=$incumbent, **seen):
    """What to send beside the messages, as OpenRouter names it; with OpenAI's client all but `model` is `extra_body`.

    `seen` goes to `choose`. Evidence is of one provider's answers: add `only` to `provider` to keep to it.
    """
    model = choose(endpoint, input_tokens, request_model, **seen)
    asked = SLUGS.get(request_model, request_model)
    if model == request_model:
        return {"model": asked}
    return {"model": SLUGS[model], "models": [asked], "provider": {"require_parameters": True}}
''')


def render(policy: Policy) -> str:
    """The source of a module like that of target `python`, with `fields` beside `choose`."""
    slugs = {name: slug(name) for name in [*public_names(policy), policy["candidate"]]}
    more = FIELDS.substitute(slugs=pformat(slugs, width=110, sort_dicts=False), incumbent=repr(policy["incumbent"]))
    return python.render(_with_slugs(policy)) + more


def cannot_express(policy: Policy) -> list[str]:
    """What the function leaves to its caller: it sees every condition, and no answer."""
    return unseen(policy, "This function", CONDITIONS)


def slug(name: str) -> str:
    """A model as OpenRouter names it, as far as the catalogue knows its maker.

    >>> slug("gpt-4o-2024-08-06"), slug("azure/prod-4o"), slug("mistral-large-latest")
    ('openai/gpt-4o-2024-08-06', 'azure/prod-4o', 'mistralai/mistral-large-latest')
    """
    if "/" in name:
        return name
    maker = vendor(plain_name(name))
    return name if maker is None else f"{MAKERS.get(maker.id, maker.id)}/{name}"


def _with_slugs(policy: Policy) -> Policy:
    """The policy for names as the log has them and for the same as OpenRouter has them."""
    rules: list[Rule] = []
    for rule in policy["rules"]:
        when = rule["when"]
        if "request_model" in when:
            when = cast("When", {**when, "request_model": _both(when["request_model"])})
        rules.append({**rule, "when": when})
    names = _both([policy["incumbent"], *policy["incumbent_models"]])
    return {**policy, "rules": rules, "incumbent_models": names[1:]}


def _both(names: list[str]) -> list[str]:
    return list(dict.fromkeys([*names, *map(slug, names)]))
