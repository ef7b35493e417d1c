"""Where a configuration calls a model: at its maker, since a policy does not say who else serves it."""

from dataclasses import dataclass

from audit.catalog.facts import vendor
from audit.catalog.models import plain_name
from audit.policy.document import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """What routers call a maker of models, and what they need to call it."""

    prefix: str
    """LiteLLM's name of the provider, before the slash."""
    key: str
    """The environment variable of its key, as LiteLLM documents it."""
    base_url: str
    """Root of its chat completions in OpenAI's format."""


OPENAI = Maker(prefix="openai", key="OPENAI_API_KEY", base_url="https://api.openai.com/v1")

MAKERS = {
    "anthropic": Maker(prefix="anthropic", key="ANTHROPIC_API_KEY", base_url="https://api.anthropic.com/v1"),
    "google": Maker(
        prefix="gemini", key="GEMINI_API_KEY", base_url="https://generativelanguage.googleapis.com/v1beta/openai"
    ),
    "mistral": Maker(prefix="mistral", key="MISTRAL_API_KEY", base_url="https://api.mistral.ai/v1"),
    "deepseek": Maker(prefix="deepseek", key="DEEPSEEK_API_KEY", base_url="https://api.deepseek.com/v1"),
    "x-ai": Maker(prefix="xai", key="XAI_API_KEY", base_url="https://api.x.ai/v1"),
    "openai": OPENAI,
}
"""By the catalogue's id of the maker; any other is taken to be OpenAI, in whose format most answer."""

WORDS = "Models are called at their makers; where another provider serves yours, name it in their place."


def maker_of(model: str) -> Maker:
    """Who makes a model, as far as the catalogue knows."""
    found = vendor(plain_name(model))
    return OPENAI if found is None else MAKERS.get(found.id, OPENAI)


def called(name: str, policy: Policy) -> str:
    """What a default deployment calls for a public name: the name, or the incumbent where no maker sells such a model.

    A name of the callers' own (an Azure deployment, an alias) means nothing to a maker; a provider before a slash does.
    """
    is_sold = "/" in name or vendor(plain_name(name)) is not None
    return name if is_sold else policy["incumbent"]


def aliases(names: list[str], policy: Policy) -> list[str]:
    """In a sentence, names that are no model's own and what is called for them; none where all are."""
    own = [name for name in names if called(name, policy) != name]
    if not own:
        return []
    return [
        f"No maker sells a model called {', '.join(own)}: requests for it are sent to {policy['incumbent']}; "
        "put in what answers to it today if that is another."
    ]
