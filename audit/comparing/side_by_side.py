"""The parts of the report document that set models side by side: time of an answer, intelligence and price.

Neither enters a verdict or a saving. The smaller model is not taken to be the faster one (published, gpt-4o-mini is the
slower of its pair): what the log does not show of both is read from a publication, with its source, or left open.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import polars as pl

from audit.catalog.comparison import REQUESTS
from audit.catalog.facts import facts, seed, vendor
from audit.catalog.models import canonical
from audit.catalog.price_file import TokenClass
from audit.catalog.prices import price_rows, request_cost, unit_prices
from audit.config import Config
from audit.scope import Scope
from audit.warehouse import Warehouse

if TYPE_CHECKING:
    from audit.report.published import AnswerTime, Intelligence, KnownModel, Latency, LikeForLike, PublishedSpeed

REQUEST = REQUESTS["medium"]
"""The request that stands for the price of a model, as in `audit compare`."""

SPEED, FIRST = "output_tokens_per_second", "time_to_first_token_seconds"

MOST_MODELS = 40
"""Models of the traffic that are looked up, most requests first; beyond that a list of names helps nobody."""


def latency(warehouse: Warehouse, scope: Scope) -> "Latency | None":
    """How long answers of both models take; None without traffic of the incumbent.

    The incumbent's times are those of its family, its name the snapshot with most requests. A published time is time to
    first token + mean output tokens of the incumbent's answers / output tokens per second.
    """
    if not scope.pairs or scope.candidate_model in [model for _, model in scope.pairs]:
        return None
    times = warehouse.frame("select * from answer_times order by all")
    served = warehouse.rows(
        "select model, sum(request_count), sum(usage_output_tokens) from workload_totals "
        "group by model order by sum(request_count) desc, model"
    )
    if not served:
        return None
    answers, tokens = (sum(int(str(row[column])) for row in served) for column in (1, 2))
    incumbent, length = str(served[0][0]), tokens / answers
    return {
        "output_tokens": length,
        "models": [
            _time(incumbent, "incumbent", times, length),
            _time(scope.candidate_model, "candidate", times, length),
        ],
        "like_for_like": like_for_like(times),
    }


def like_for_like(times: pl.DataFrame) -> "LikeForLike | None":
    """Both models' mean seconds over the kinds of question of `answer_times` that both answered; None where none is.

    Direct standardisation: Σ n·t / Σ n over kinds, with n the incumbent's requests and t a model's mean seconds, so
    that neither model looks fast for having had the easier questions.
    """
    both = times.filter((pl.col("incumbent_count") > 0) & (pl.col("candidate_count") > 0))
    if both.is_empty():
        return None
    weight = pl.col("incumbent_count")
    row = both.select(
        incumbent_requests=weight.sum(),
        candidate_requests=pl.col("candidate_count").sum(),
        incumbent_seconds=pl.col("incumbent_ms").sum() / weight.sum() / 1000,
        candidate_seconds=(pl.col("candidate_ms") / pl.col("candidate_count") * weight).sum() / weight.sum() / 1000,
    ).row(0, named=True)
    return cast("LikeForLike", row)


def intelligence(warehouse: Warehouse, scope: Scope, config: Config) -> "Intelligence":
    """Every model of the traffic, the candidate and every model with a published index: its index and its price."""
    on, incumbents = _day(scope), {model for _, model in scope.pairs}
    rows = warehouse.rows(
        "select provider_name, model from spend_by_model where model <> '' "
        f"order by request_count desc, model, provider_name limit {MOST_MODELS}"
    )
    seen = {str(model): str(provider) for provider, model in reversed(rows)}
    seen.setdefault(scope.candidate_model, scope.pairs[0][0] if scope.pairs else "")
    for row in seed("model_facts"):
        if row["fact"] == "intelligence_index":
            model = canonical(row["model"], date.fromisoformat(row["checked_on"]))
            maker = vendor(model)
            seen.setdefault(model, maker.id if maker else "")
    known = warehouse.frame("select * from prices")
    models: list[KnownModel] = []
    for model, provider in sorted(seen.items()):
        index = facts(model).get("intelligence_index")
        role = "candidate" if model == scope.candidate_model else "incumbent" if model in incumbents else "other"
        models.append(
            {
                "model": model,
                "provider_name": provider,
                "role": role,
                "usd_per_request": _price(known, provider, model, on, config.discount),
                "intelligence_index": float(index.value) if index else None,
                "source": index.source if index else None,
                "checked_on": index.checked_on.isoformat() if index else None,
            }
        )
    return {"input_tokens": REQUEST["input"], "output_tokens": REQUEST["output"], "models": models}


def _day(scope: Scope) -> date:
    """The last day of the traffic: what an alias means and costs then."""
    return (scope.window.end.date() if scope.window.end else None) or scope.question.today


def _time(model: str, role: str, times: pl.DataFrame, length: float) -> "AnswerTime":
    count, total = int(times[f"{role}_count"].sum()), float(times[f"{role}_ms"].sum())
    time = {"model": model, "role": role, "requests": count, "seconds": total / count / 1000 if count else None}
    return cast("AnswerTime", {**time, "published": _published(model, length)})


def _published(model: str, length: float) -> "PublishedSpeed | None":
    known = facts(model)
    if SPEED not in known or FIRST not in known:
        return None
    speed, first = float(known[SPEED].value), float(known[FIRST].value)
    return {
        "output_tokens_per_second": speed,
        "time_to_first_token_seconds": first,
        "seconds": first + length / speed,
        "source": known[SPEED].source,
        "checked_on": known[SPEED].checked_on.isoformat(),
    }


def _price(known: pl.DataFrame, provider: str, model: str, on: date, discount: Decimal) -> float | None:
    """Dollars of the request: at the report's own prices, or at list price less the discount for other models."""
    tokens: Mapping[TokenClass, int] = REQUEST
    unit = unit_prices(known, provider, model, on, input_tokens=tokens["input"])
    unit = unit or unit_prices(price_rows([(provider, model)], (), discount), provider, model, on)
    cost = request_cost(unit, tokens)
    return None if cost is None else float(cost)
