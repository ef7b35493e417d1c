"""Which model a name in a log means: a dated snapshot, on the day of the request.

Prices, retirement dates and outcomes hang on snapshots ('gpt-4o-2024-08-06'), logs mostly say aliases ('gpt-4o'),
deployments ('prod-chat') or prefixed names ('azure/gpt-4o'). Names are only ever compared whole: a prefix match would
count gpt-4o-mini as gpt-4o.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from audit.catalog.facts import (
    alias_periods,
    catalogue_model,
    catalogue_provider,
    first_party_names,
    vendor,
)
from audit.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import polars as pl

WHERE_NAMES_ARE = (
    "`audit status` lists those in use; for one of your own, `audit prices MODEL --template` prints lines to fill in"
)
EARLIEST = date(1970, 1, 1)
"""Stands for 'since ever' in day ranges, so that joins need no null test at the lower end."""

_SNAPSHOT = re.compile(r"-(20\d\d-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])|(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01]))$")
"""A date at the end of a name: -2024-08-06, -20240806, or the -0613 of the first GPT models."""

_COMPACT = re.compile(r"-(20\d\d)(\d\d)(\d\d)$")

_PASS_THROUGH = frozenset({"litellm", "litellm_proxy", "models"})
"""Prefixes that name neither a provider nor a part of the model."""

_AZURE_SCOPES = frozenset({"eu", "us", "apac", "global", "global-standard"})
"""What LiteLLM writes between 'azure/' and the deployment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    """A name as logged, taken apart: the provider its prefix names, the model, and whether it is fine-tuned."""

    prefix: str | None
    model: str
    is_fine_tuned: bool


def resolve_models(
    triples: Iterable[tuple[str, str, str]],
    azure_deployments: Mapping[str, str] | None = None,
    also_known: Collection[str] = (),
) -> pl.DataFrame:
    """One row per triple (provider_name, request_model, response_model; '' for null) and range of days.

    Columns: the triple, day_from, day_to (exclusive, null: open), model (canonical), model_family, is_fine_tuned,
    pricing_provider (the catalogue's provider, to look the price up under). Every day from 1970 on falls in exactly
    one row of a triple.

    `azure_deployments` maps a deployment to the model behind it; it applies to Azure traffic and to names nobody
    knows, never to another provider's model of the same name. Raises UnknownNameError for a deployment whose model
    neither the catalogue nor `also_known` has.
    """
    import polars as pl

    deployments = _checked_deployments(azure_deployments or {}, also_known)
    rows: list[tuple[str, str, str, date, date | None, str, str, bool, str]] = []
    for triple in sorted(set(triples)):
        served, provider = _served(*triple, deployments)
        for day_from, day_to, model in _by_day(served):
            known = _pricing_provider(provider, model)
            rows.append((*triple, day_from, day_to, model, model_family(model), served.is_fine_tuned, known))
    schema = {
        "provider_name": pl.String, "request_model": pl.String, "response_model": pl.String,
        "day_from": pl.Date, "day_to": pl.Date, "model": pl.String, "model_family": pl.String,
        "is_fine_tuned": pl.Boolean, "pricing_provider": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def model_family(model: str) -> str:
    """The canonical model without its date: 'gpt-4o' for gpt-4o-2024-08-06; fine-tuned models keep their 'ft:'."""
    return _SNAPSHOT.sub("", model)


def plain_name(name: str) -> str:
    """`name` as models are compared: lower case, no provider prefix, fine-tuned ones as 'ft:BASE'; aliases stay."""
    return _take_apart(name).model


def family_members(name: str) -> tuple[str, ...]:
    """The canonical models that a name means when somebody asks for it: an alias all its snapshots, a snapshot itself.

    'gpt-4o' is the text family and nothing else: its three snapshots, not mini, audio, realtime or search.
    """
    model = plain_name(name)
    if model_family(model) != model:
        return (model,)
    members = {known for known in first_party_names() | {model} if model_family(known) == model}
    return tuple(sorted(member for member in members if not alias_periods(member)))


def canonical(name: str, on: date) -> str:
    """The snapshot that `name` means on a day; a name that is no alias is itself, without prefix and in lower case."""
    served = _take_apart(name)
    return next(model for start, end, model in _by_day(served) if start <= on and (end is None or on < end))


def known_model(name: str, also_known: Collection[str] = ()) -> str:
    """`name` without prefix and in lower case, if the catalogue, the seeds or `also_known` have it.

    Raises UnknownNameError with the nearest names otherwise.
    """
    model = plain_name(name)
    if is_known(model) or model in also_known:
        return model
    raise UnknownNameError("model", name, first_party_names() | set(also_known), WHERE_NAMES_ARE)


def is_known(model: str) -> bool:
    """Whether the catalogue or the seeds have `model`, a name without prefix and in lower case."""
    base = model.removeprefix("ft:")
    return base in first_party_names() or vendor(model) is not None


def _take_apart(name: str) -> _Name:
    prefix, model = None, name.strip().lower()
    while "/" in model:
        head, tail = model.split("/", 1)
        provider = catalogue_provider(head)
        if provider is None and head not in _PASS_THROUGH and not (prefix == "azure" and head in _AZURE_SCOPES):
            break
        prefix = prefix or (provider.id if provider else None)
        model = tail
    is_fine_tuned = model.startswith("ft:") or ".ft-" in model
    if is_fine_tuned:
        # ft:BASE:organisation:suffix:id, or BASE.ft-id at Azure; the id says nothing about the price
        model = "ft:" + model.removeprefix("ft:").split(":")[0].split(".ft-")[0]
    dashed = _COMPACT.sub(r"-\1-\2-\3", model)
    return _Name(prefix=prefix, model=dashed if dashed in first_party_names() else model, is_fine_tuned=is_fine_tuned)


def _served(provider_name: str, request: str, response: str, deployments: Mapping[str, str]) -> tuple[_Name, str]:
    """The name that says best what was served, and the provider that billed it.

    A dated, known response model is the fact. An alias in the response yields to a dated request of its family, and
    to a request that says fine-tuned; a name nobody knows (a deployment, a router) yields to any that is known.
    """
    asked, answered = _take_apart(request), _take_apart(response)
    provider = _billing_provider(provider_name, asked.prefix or answered.prefix)
    echoes = answered == asked
    asked = _behind_deployment(asked, deployments, is_azure=provider == "azure")
    # a response names a model, unless the gateway merely repeats the deployment
    answered = asked if echoes else _behind_deployment(answered, deployments, is_azure=False)
    if asked.is_fine_tuned or not answered.model:
        return asked, provider
    if not is_known(answered.model):
        return (asked if is_known(asked.model) else answered), provider
    same_family = model_family(asked.model) == model_family(answered.model)
    is_alias = bool(alias_periods(answered.model))
    return (asked if is_alias and same_family and is_known(asked.model) else answered), provider


def _behind_deployment(name: _Name, deployments: Mapping[str, str], *, is_azure: bool) -> _Name:
    target = deployments.get(name.model)
    return _take_apart(target) if target and (is_azure or not is_known(name.model)) else name


def _billing_provider(provider_name: str, prefix: str | None) -> str:
    """The provider named by the log, or by the model's prefix where the log names a gateway or only the SDK.

    Clients of OpenAI's SDK report 'openai' whatever endpoint they call, so 'azure/…' or 'openrouter/…' wins over it;
    at a reseller the prefix is only the vendor ('openai/gpt-4o' at OpenRouter).
    """
    provider = catalogue_provider(provider_name)
    if prefix and (provider is None or provider.id == "openai"):
        return prefix
    return provider.id if provider else provider_name


def _pricing_provider(provider: str, model: str) -> str:
    listed = catalogue_provider(provider) is not None
    if listed and catalogue_model(provider, model):
        return provider
    maker = vendor(model)
    # an OpenAI client may well point at a gateway that serves Claude or Gemini
    return maker.id if maker and (provider == "openai" or not listed) else provider


def provider_asked(name: str, model: str) -> str:
    """The provider that `name` asks for by its prefix ('azure/gpt-4o'), if it has a price of `model`; or ''."""
    prefix = _take_apart(name).prefix
    return _pricing_provider(prefix, model) if prefix else ""


def _by_day(name: _Name) -> list[tuple[date, date | None, str]]:
    periods = alias_periods(name.model.removeprefix("ft:"))
    if not periods:
        return [(EARLIEST, None, name.model)]
    if name.is_fine_tuned:
        return [(EARLIEST, None, "ft:" + periods[-1].model)]
    starts = [EARLIEST, *(period.valid_from or EARLIEST for period in periods[1:])]
    ends = [*starts[1:], None]
    return [(start, end, period.model) for start, end, period in zip(starts, ends, periods, strict=True)]


def _checked_deployments(deployments: Mapping[str, str], also_known: Collection[str]) -> dict[str, str]:
    for deployment, target in deployments.items():
        model = plain_name(target)
        if not is_known(model) and model not in also_known:
            hint = f"Correct models.{deployment} in audit.toml"
            raise UnknownNameError("model", target, first_party_names() | set(also_known), hint)
    return {deployment.strip().lower(): target for deployment, target in deployments.items()}
