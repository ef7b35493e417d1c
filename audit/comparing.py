"""Two models beside the user's own traffic: what a typical request of the log costs on either, and how fast they were.

Everything comes from cells, priced at the prices of the comparison's day; only the speeds are read from requests.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import cast

import polars as pl

from audit.catalog.bottom_line import bottom_line
from audit.catalog.comparison import Document
from audit.catalog.comparison import compare as compare_models
from audit.catalog.models import family_members
from audit.catalog.price_file import PriceOverride, Tier, TokenClass, read_price_overrides
from audit.catalog.prices import price_rows, request_cost, unit_prices
from audit.catalog.tasks import advice
from audit.config import Config
from audit.listing import SERVED_BY_BOTH, may_read_again
from audit.scope import Question, Scope, settle
from audit.warehouse import Warehouse
from audit.workloads.shapes import INPUT_OFFSET, OUTPUT_OFFSET, quantiles

FEWEST_TIMED = 20
"""Requests of either model on an endpoint from which a median duration is worth a line."""

TOKENS: dict[TokenClass, str] = {
    "input": "usage_input_tokens",
    "cache_read": "usage_cache_read_input_tokens",
    "cache_creation": "usage_cache_creation_input_tokens",
    "output": "usage_output_tokens",
}

MIDDLES = (("input", INPUT_OFFSET), ("output", OUTPUT_OFFSET))

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

Usd = list[float | None]


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

    {model (whose requests: A's, or B's where A has none), window, requests, requests_left_out, provider_name,
    cache_read_share, cache_saving_share [A, B], usd_per_index_point [A, B], mean and median {input_tokens,
    cache_read_tokens, output_tokens, usd [A, B], ratio A / B} (median null for buckets alone), endpoints [{endpoint,
    requests, task_type as confirmed or null, advice or null, cost_share, mean, median}] most expensive first, speed}.
    """
    question = scope.question
    usage = warehouse.frame("select * from text_usage")
    parts = {name: _of(usage, name) for name in (question.incumbent, question.candidate)}
    whose = next((name for name, part in parts.items() if part.height), None)
    mine = usage.clear() if whose is None else parts[whose]
    provider = _busiest(mine)
    document = _published(question, config, provider, usage["model"].unique().to_list())
    if whose is None:
        return document | {"notes": [*cast("list[str]", document["notes"]), NO_TRAFFIC]}
    models = cast("list[dict[str, str]]", document["models"])
    pairs = [(model["provider_name"], model["model"]) for model in models]
    prices = _Prices(pairs, question.today, config)
    whole = _typical(mine, prices)
    traffic: Document = {
        "model": whose,
        "window": {
            "start": scope.window.start.isoformat() if scope.window.start else None,
            "end": scope.window.end.isoformat() if scope.window.end else None,
        },
        "provider_name": provider,
        **whole,
        "requests_left_out": _left_out(warehouse, whose),
        "cache_saving_share": _cache_savings(mine, prices),
        "usd_per_index_point": [
            _divided(usd, _index(model))
            for usd, model in zip(cast("dict[str, Usd]", whole["mean"])["usd"], models, strict=True)
        ],
        "endpoints": _endpoints(mine, prices, config, cast("Document", document["tasks"])),
        "speed": _speed(warehouse, scope),
    }
    document["traffic"] = traffic
    return document | {"bottom_line": bottom_line(document)}


def _published(question: Question, config: Config, provider: str = "", also_known: Collection[str] = ()) -> Document:
    return compare_models(
        question.incumbent,
        question.candidate,
        on=question.today,
        provider_name=provider,
        overrides=_overrides(config),
        discount=config.discount,
        also_known=also_known,
    )


def _overrides(config: Config) -> tuple[PriceOverride, ...]:
    return read_price_overrides(config.prices_file) if config.prices_file else ()


class _Prices:
    """The prices of both models on the day of the comparison."""

    def __init__(self, pairs: list[tuple[str, str]], on: date, config: Config) -> None:
        """Look up (provider, model) of A and of B."""
        self.table = price_rows(pairs, _overrides(config), config.discount)
        self.pairs, self.on = pairs, on
        self.cards: dict[tuple[str, int], list[dict[str, Decimal]]] = {}

    def usd(self, tokens: Mapping[TokenClass, int], tier: str = "default", band: int = 0) -> list[Decimal | None]:
        """Dollars of so many tokens on A and on B, all of requests in one length band; None for what has no price."""
        if (tier, band) not in self.cards:
            self.cards[tier, band] = [
                unit_prices(self.table, *pair, self.on, cast("Tier", tier), band + 1) for pair in self.pairs
            ]
        return [request_cost(card, tokens) for card in self.cards[tier, band]]


def _of(usage: pl.DataFrame, name: str) -> pl.DataFrame:
    return usage.filter(pl.col("model").is_in(family_members(name)))


def _busiest(usage: pl.DataFrame) -> str:
    """The provider of most of the requests; '' without any."""
    counts = usage.group_by("provider_name").agg(pl.sum("request_count")).sort("request_count", "provider_name")
    return str(counts["provider_name"][-1]) if counts.height else ""


def _typical(usage: pl.DataFrame, prices: _Prices) -> Document:
    """The mean request, exact, and the middle one, from bins; cached tokens keep their share of the input."""
    count, sums = int(usage["request_count"].sum()), _sums(usage)
    share = sums["cache_read"] / sums["input"] if sums["input"] else 0.0
    mean: dict[TokenClass, float] = {name: total / count for name, total in sums.items()}
    single = usage.filter(pl.col("request_grain") == "request")
    median: Document | None = None
    if single.height:
        into, out = (round(_middle(single, name, offset)) for name, offset in MIDDLES)
        tokens: dict[TokenClass, int] = {"input": into, "cache_read": round(share * into), "output": out}
        median = _request(tokens, prices.usd(tokens))
    return {
        "requests": count,
        "cache_read_share": share,
        "mean": _request(mean, [None if usd is None else usd / count for usd in _costs(usage, prices)]),
        "median": median,
    }


def _request(tokens: Mapping[TokenClass, float], usd: list[Decimal | None]) -> Document:
    known = [None if each is None else float(each) for each in usd]
    return {
        "input_tokens": tokens["input"],
        "cache_read_tokens": tokens["cache_read"],
        "output_tokens": tokens["output"],
        "usd": known,
        "ratio": _divided(known[0], known[1]),
    }


def _sums(usage: pl.DataFrame) -> dict[TokenClass, int]:
    return {name: int(usage[column].sum()) for name, column in TOKENS.items()}


def _middle(single: pl.DataFrame, name: str, offset: int) -> float:
    """Half of the requests have no more tokens than this."""
    bins = (
        single.group_by(f"{name}_bin")
        .agg(pl.sum("request_count"), pl.sum(f"usage_{name}_tokens"))
        .sort(f"{name}_bin")
        .iter_rows()
    )
    return quantiles(cast("Iterable[tuple[int, int, int]]", bins), offset, (0.5,))[0]


def _costs(usage: pl.DataFrame, prices: _Prices, *, is_cached: bool = True) -> list[Decimal | None]:
    """What all these requests cost on A and on B; without the cache, every input token is paid in full."""
    totals: list[Decimal | None] = [Decimal(0), Decimal(0)]
    for (tier, band), part in usage.group_by("service_tier", "length_band"):
        sums = _sums(part)
        if not is_cached:
            sums |= {"cache_read": 0, "cache_creation": 0}
        for place, usd in enumerate(prices.usd(sums, str(tier), int(str(band)))):
            total = totals[place]
            totals[place] = None if usd is None or total is None else total + usd
    return totals


def _cache_savings(usage: pl.DataFrame, prices: _Prices) -> Usd:
    """1 - cost with the cache of the log / cost without any, on A and on B."""
    both = zip(_costs(usage, prices), _costs(usage, prices, is_cached=False), strict=True)
    return [None if paid is None or not full else 1 - float(paid / full) for paid, full in both]


def _endpoints(usage: pl.DataFrame, prices: _Prices, config: Config, tasks: "Document") -> list[Document]:
    """The typical request of every endpoint; only a task type that a person confirmed gets the advice of its task."""
    ranges = {
        task["task_type"]: task["quality_loss"] for task in cast("list[dict[str, dict[str, float]]]", tasks["by_task"])
    }
    whole, found = _costs(usage, prices)[0], list[tuple[Decimal, Document]]()
    for (name,), part in usage.group_by("endpoint", maintain_order=True):
        endpoint, cost = str(name), _costs(part, prices)[0]
        task = config.task_types.get(endpoint)
        loss = ranges.get(task) if task else None  # pyright: ignore[reportArgumentType]
        entry: Document = {
            "endpoint": endpoint,
            "task_type": task,
            "advice": advice(loss["low"], loss["high"]) if loss else "unknown" if task else None,
            "cost_share": float(cost / whole) if cost is not None and whole else None,
            **_typical(part, prices),
        }
        found.append((cost or Decimal(0), entry))
    return [entry for _, entry in sorted(found, key=lambda each: (-each[0], str(each[1]["endpoint"])))]


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
