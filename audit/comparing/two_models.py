"""Two models beside the user's own traffic: what a typical request of the log costs on either, and how fast they were.

Everything comes from cells, priced at the prices of the comparison's day; only the speeds are read from requests.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import cast

import polars as pl

from audit.catalog.bottom_line import bottom_line
from audit.catalog.comparison import Document
from audit.catalog.comparison import compare as compare_models
from audit.catalog.models import family_members, plain_name
from audit.catalog.price_file import PriceOverride, read_price_overrides
from audit.catalog.tasks import advice
from audit.comparing.typical_requests import PairPrices, Usd, split, usage_by_endpoint
from audit.config import Config
from audit.counting import number_of
from audit.listing import SERVED_BY_BOTH, may_read_again
from audit.scope import Question, Scope, settle
from audit.warehouse import Warehouse

FEWEST_TIMED = 20
"""Requests of either model on an endpoint from which a median duration is worth a line."""

SPEEDS = {
    "median_duration_ms": ("median_duration_ms", "timed_request_count"),
    "output_tokens_per_second": ("median_output_tokens_per_second", "answered_request_count"),
    "time_to_first_chunk_ms": ("median_time_to_first_chunk_ms", "first_chunk_count"),
}
"""Keys of `speed`: the column of `endpoint_speed` and the count it rests on."""

SPEED_CAVEAT = (
    "Medians of the log on endpoints that both models serve, weighed by the requests of the first. Nobody drew lots "
    "for who answers what: an observation, no experiment. Tokens per second are of the whole wait for the answer."
)

NO_TRAFFIC = "your log has no billed request of text on either model: nothing typical of yours to show"


def compare(warehouse: Warehouse, question: Question, config: Config) -> Document:
    """The document of `audit compare A B` with the key `traffic`: A is the question's incumbent, B its candidate.

    Raises what `audit.scope.settle` raises: models nobody knows, sources that show the same traffic.
    """
    return compared(warehouse, settle(warehouse, question, config), config)


def without_traffic(question: Question, config: Config) -> Document:
    """The same where there is no database: `traffic` is null."""
    return _published(question, config)


def compared(warehouse: Warehouse, scope: Scope, config: Config) -> Document:
    """The same over a database whose scope is settled; `traffic` is null where neither model has a request of text.

    {model (whose requests: A's, or B's where A has none), window, requests, unpriced_requests (of them those that A or
    B has no price for: in no figure but this), requests_left_out, provider_name,
    cache_read_share, cache_saving_share [A, B], usd_per_index_point [A, B], mean and median {input_tokens,
    cache_read_tokens, output_tokens, usd [A, B], ratio A / B} (median null for buckets alone), endpoints [{endpoint,
    requests, unpriced_requests, task_type as confirmed or null, advice or null, cost_share (null: unpriced), mean,
    median}], most expensive first and unpriced ones last, speed}.
    """
    question = scope.question
    rows = warehouse.frame("select * from text_usage")
    parts = {name: _of(rows, name) for name in (question.incumbent, question.candidate)}
    whose = next((name for name, part in parts.items() if part.height), None)
    mine = rows.clear() if whose is None else parts[whose]
    provider = _busiest(mine)
    document = _published(question, config, provider)
    if whose is None:
        return document | {"notes": [*cast("list[str]", document["notes"]), NO_TRAFFIC]}
    models = cast("list[dict[str, str]]", document["models"])
    pairs = [(model["provider_name"], model["model"]) for model in models]
    prices = PairPrices(pairs, question.today, _overrides(config), config.discount)
    priced, unpriced, lost = split(mine, prices)
    usage = usage_by_endpoint((priced if priced.height else mine).with_columns(endpoint=pl.lit("")))[""]
    whole = usage.typical(prices) | _counts(mine, unpriced)
    endpoints = _endpoints(mine, priced, unpriced, prices, config, cast("Document", document["tasks"]))
    traffic: Document = {
        "model": whose,
        "window": {
            "start": scope.window.start.isoformat() if scope.window.start else None,
            "end": scope.window.end.isoformat() if scope.window.end else None,
        },
        "provider_name": provider,
        **whole,
        "requests_left_out": _left_out(warehouse, whose),
        "cache_saving_share": usage.cache_savings(prices),
        "usd_per_index_point": [
            _divided(usd, _index(model))
            for usd, model in zip(cast("dict[str, Usd]", whole["mean"])["usd"], models, strict=True)
        ],
        "endpoints": endpoints,
        "speed": None if pairs[0][1] == pairs[1][1] else _speed(warehouse, scope),
    }
    document["traffic"] = traffic
    document["notes"] = [*cast("list[str]", document["notes"]), *_unpriced(models, lost, whole)]
    return document | {"bottom_line": bottom_line(document)}


def _published(question: Question, config: Config, provider: str | None = None) -> Document:
    """What the catalogue knows; a database whose scope is settled has vouched for both names."""
    names = (question.incumbent, question.candidate)
    return compare_models(
        question.incumbent,
        question.candidate,
        on=question.today,
        provider_name=provider or "",
        overrides=_overrides(config),
        discount=config.discount,
        also_known=() if provider is None else [plain_name(name) for name in names],
    )


def _overrides(config: Config) -> tuple[PriceOverride, ...]:
    return read_price_overrides(config.prices_file) if config.prices_file else ()


def _of(usage: pl.DataFrame, name: str) -> pl.DataFrame:
    return usage.filter(pl.col("model").is_in(family_members(name)))


def _busiest(usage: pl.DataFrame) -> str:
    """The provider of most of the requests; '' without any."""
    counts = usage.group_by("provider_name").agg(pl.sum("request_count")).sort("request_count", "provider_name")
    return str(counts["provider_name"][-1]) if counts.height else ""


def _counts(rows: pl.DataFrame, unpriced: pl.DataFrame) -> Document:
    """How many requests these are, and how many of them are in no typical request and no cost."""
    return {
        "requests": int(rows["request_count"].sum()),
        "unpriced_requests": int(unpriced["request_count"].sum()),
    }


def _endpoints(
    mine: pl.DataFrame,
    priced: pl.DataFrame,
    unpriced: pl.DataFrame,
    prices: PairPrices,
    config: Config,
    tasks: Document,
) -> list[Document]:
    """The typical request of every endpoint; only a task type that a person confirmed gets the advice of its task.

    It is that of the requests with a price, and that of all where none has one.
    """
    usages = usage_by_endpoint(unpriced) | usage_by_endpoint(priced)
    ranges = {
        task["task_type"]: task["quality_loss"] for task in cast("list[dict[str, dict[str, float]]]", tasks["by_task"])
    }
    costs = {endpoint: usage.costs(prices)[0] for endpoint, usage in usages.items()}
    spent = {endpoint: cost for endpoint, cost in costs.items() if cost is not None}
    whole, found = sum(spent.values()), list[Document]()
    for endpoint in sorted(usages, key=lambda endpoint: (-spent.get(endpoint, Decimal(-1)), endpoint)):
        task = config.task_types.get(endpoint)
        loss = ranges.get(task) if task else None  # pyright: ignore[reportArgumentType]
        entry: Document = {
            "endpoint": endpoint,
            "task_type": task,
            "advice": advice(loss["low"], loss["high"]) if loss else "unknown" if task else None,
            "cost_share": float(spent[endpoint] / whole) if whole and endpoint in spent else None,
            **usages[endpoint].typical(prices),
            **_counts(*(part.filter(pl.col("endpoint") == endpoint) for part in (mine, unpriced))),
        }
        found.append(entry)
    return found


def _unpriced(models: list[dict[str, str]], lost: list[int], whole: Document) -> list[str]:
    """What is to be said of requests that A or B has no price for."""
    count, left_out = cast("int", whole["requests"]), cast("int", whole["unpriced_requests"])
    found = [
        f"{few:,} of {number_of(count, 'request')} have tokens of a class that {name} has no known price for"
        if few < count
        else f"{name} has no known price for any of {number_of(count, 'request')}"
        for name, few in {model["model"]: few for model, few in zip(models, lost, strict=True)}.items()
        if few
    ]
    if 0 < left_out < count:
        without = number_of(left_out, "request")
        found.append(f"typical requests, their costs and shares of cost leave out {without} without a price")
    return found


def _left_out(warehouse: Warehouse, name: str) -> dict[str, int]:
    """Requests that are no typical request of text: images and audio are other tokens on another model."""
    rows = warehouse.frame(
        "select model, sum(request_count) filter (where has_images) as images, sum(request_count) "
        "filter (where not coalesce(has_images, false) and (has_audio or usage_audio_input_tokens > 0 or "
        "usage_audio_output_tokens > 0)) as audio from traffic_cells inner join report_sources using (source_format) "
        "where outcome = 'billed' group by model"
    )
    mine = _of(rows, name)
    return {kind: int(mine[kind].sum() or 0) for kind in ("images", "audio")}


def _speed(warehouse: Warehouse, scope: Scope) -> Document | None:
    """How fast both were on the endpoints that both serve; null where there are none, too few or too many requests."""
    if not may_read_again(warehouse, warehouse.count(SERVED_BY_BOTH)):
        return None
    timed = warehouse.frame("select * from endpoint_speed")
    is_candidate = pl.col("model") == scope.candidate_model
    lines: list[Document] = []
    for (endpoint,), part in timed.group_by("endpoint", maintain_order=True):
        sides = [part.filter(~is_candidate), part.filter(is_candidate)]
        counts = [int(side["timed_request_count"].sum()) for side in sides]
        if min(counts) >= FEWEST_TIMED:
            measured = {
                name: [_weighed(side[column], side[weight]) for side in sides]
                for name, (column, weight) in SPEEDS.items()
            }
            lines.append({"endpoint": endpoint, "requests": counts, **measured})
    if not lines:
        return None
    lines.sort(key=lambda line: (-cast("list[int]", line["requests"])[0], str(line["endpoint"])))
    weights = pl.Series([cast("list[int]", line["requests"])[0] for line in lines])
    whole = {
        name: [_weighed(pl.Series([cast("Usd", line[name])[place] for line in lines]), weights) for place in (0, 1)]
        for name in SPEEDS
    }
    return {"caveat": SPEED_CAVEAT, **whole, "endpoints": lines}


def _weighed(values: pl.Series, weights: pl.Series) -> float | None:
    known = values.is_not_null() & (weights > 0)
    values, weights = values.filter(known), weights.filter(known)
    return float((values * weights).sum()) / float(weights.sum()) if len(values) else None


def _index(model: Mapping[str, object]) -> float | None:
    fact = cast("dict[str, dict[str, float]]", model["facts"]).get("intelligence_index")
    return fact["value"] if fact else None


def _divided(a: float | None, b: float | None) -> float | None:
    return a / b if a is not None and b else None
