"""Token shapes measured from cells, and said in words.

Cells keep counts and sums per half-octave bin, not requests. Inside a bin the mean is exact and the spread is bounded,
which places medians and percentiles well enough for a name, a gate or a sentence.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

INPUT_OFFSET = 16
"""Added to input tokens before the logarithm, so that prompts of a few tokens stay together."""

OUTPUT_OFFSET = 8
"""The same for output tokens: labels of one to eight tokens are one kind of answer."""

LEVELS = (0.05, 0.25, 0.50, 0.75, 0.95)

Quantiles = tuple[float, float, float, float, float]
"""Tokens at LEVELS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What cells say about one workload. Shares are 0..1 of tokens (cached, reasoning) or of requests (the rest)."""

    workload_id: str
    endpoint: str
    model: str
    request_count: int
    model_share: float
    is_embedding: bool
    is_clustered: bool
    only_averages: bool
    input_tokens: Quantiles
    output_tokens: Quantiles
    cached_share: float
    reasoning_share: float
    tools_share: float
    schema_share: float
    log_correlation: float


def bin_start(index: int, offset: int) -> int:
    """The fewest tokens in half-octave bin `index`, ceil(2^(index/2)) - offset, never below 0.

    >>> [bin_start(index, 16) for index in (16, 17, 20, 28)]
    [240, 347, 1008, 16368]
    """
    return max(0, math.isqrt((1 << index) - 1) + 1 - offset)


def quantiles(bins: Iterable[tuple[int, int, int]], offset: int, levels: Sequence[float] = LEVELS) -> list[float]:
    """Tokens at `levels` from (bin, requests, sum of tokens) in order of bins.

    Inside a bin the requests are taken as evenly spread around the bin's mean, as widely as the bin allows: exact for a
    constant at a border, for evenly filled bins, and never outside the bin.
    """
    filled = [each for each in bins if each[1] > 0]
    total = sum(count for _, count, _ in filled)
    found = list[float]()
    for level in levels:
        rank, before, value = level * total, 0, 0.0
        for index, count, tokens in filled:
            mean = tokens / count
            reach = max(0.0, min(mean - bin_start(index, offset), bin_start(index + 1, offset) - 1 - mean))
            value = mean + reach * (2 * min(1.0, (rank - before) / count) - 1)
            before += count
            if before >= rank:
                break
        found.append(value)
    return found


def measure_shapes(cells: pl.DataFrame) -> list[Shape]:
    """One Shape per workload with billed cells, ordered by workload_id.

    `cells` has the columns of queries/4_marts/cell_workloads.sql. Buckets stand for averages, so they count only in
    workloads that have nothing else. Cells are added up by bins first: how the export was split changes nothing.
    """
    bins = ("input_bin", "output_bin", "cache_read_bin", "reasoning_bin")
    billed = cells.filter(pl.col("workload_id").is_not_null(), outcome="billed").with_columns(
        only_averages=(pl.col("request_grain") != "request").all().over("workload_id")
    )
    billed = billed.filter(pl.col("only_averages") | (pl.col("request_grain") == "request"))
    tokens = ("usage_input_tokens", "usage_cache_read_input_tokens", "usage_output_tokens")
    sums = (*tokens, "usage_reasoning_output_tokens", "request_count")
    whose = ("workload_id", "endpoint", "model", "is_embedding", "is_clustered", "only_averages")
    if billed.is_empty():
        return []
    summed = (
        billed.group_by(*whose, *bins, "has_tools", "is_json")
        .agg(pl.col(*sums).sum())
        .sort("workload_id", *bins, "has_tools", "is_json")
    )
    models = {
        (endpoint, model): int(count)
        for endpoint, model, count in summed.group_by("endpoint", "model").agg(pl.sum("request_count")).iter_rows()
    }
    parts = summed.partition_by("workload_id", maintain_order=True)
    return [_measure(part, models) for part in parts]


def _measure(part: pl.DataFrame, models: Mapping[tuple[str, str], int]) -> Shape:
    first = part.row(0, named=True)
    count = int(part["request_count"].sum())
    outputs = int(part["usage_output_tokens"].sum())
    shares = part.select(
        cached=pl.sum("usage_cache_read_input_tokens") / pl.max_horizontal(pl.sum("usage_input_tokens"), 1),
        reasoning=pl.sum("usage_reasoning_output_tokens") / pl.max_horizontal(pl.sum("usage_output_tokens"), 1),
        tools=pl.col("request_count").filter(pl.col("has_tools")).sum() / count,
        schema=pl.col("request_count").filter(pl.col("is_json")).sum() / count,
    ).row(0, named=True)
    return Shape(
        workload_id=str(first["workload_id"]),
        endpoint=str(first["endpoint"]),
        model=str(first["model"]),
        request_count=count,
        model_share=count / models[first["endpoint"], first["model"]],
        is_embedding=bool(part["is_embedding"].all()) or outputs == 0,
        is_clustered=bool(first["is_clustered"]),
        only_averages=bool(first["only_averages"]),
        input_tokens=_axis_quantiles(part, "input_bin", "usage_input_tokens", INPUT_OFFSET),
        output_tokens=_axis_quantiles(part, "output_bin", "usage_output_tokens", OUTPUT_OFFSET),
        cached_share=float(shares["cached"]),
        reasoning_share=float(shares["reasoning"]),
        tools_share=float(shares["tools"]),
        schema_share=float(shares["schema"]),
        log_correlation=_log_correlation(part),
    )


def _axis_quantiles(part: pl.DataFrame, axis: str, tokens: str, offset: int) -> Quantiles:
    marginal = part.group_by(axis).agg(pl.sum("request_count"), pl.sum(tokens)).sort(axis)
    low, lower, middle, upper, high = quantiles(marginal.iter_rows(), offset)
    return low, lower, middle, upper, high


def _log_correlation(part: pl.DataFrame) -> float:
    """Correlation of log2(input + 1) and log2(output + 1) over the cells' means; 0 where one of them is constant."""
    weight = part["request_count"].to_numpy().astype(float)
    x = (part["usage_input_tokens"] / part["request_count"] + 1).log(2).to_numpy()
    y = (part["usage_output_tokens"] / part["request_count"] + 1).log(2).to_numpy()
    x, y = x - (weight @ x) / weight.sum(), y - (weight @ y) / weight.sum()
    variance = float((weight @ (x * x)) * (weight @ (y * y)))
    return float(weight @ (x * y)) / math.sqrt(variance) if variance > 1e-18 else 0.0


def round_tokens(value: float) -> str:
    """Two significant digits with thousands separators: more would be read as exact.

    >>> [round_tokens(value) for value in (0, 7.4, 183, 1249, 0.0884)]
    ['0', '7', '180', '1,200', '0.088']
    """
    if value <= 0:
        return "0"
    if value < 1:
        return f"{value:.2g}"
    digits = max(0, math.floor(math.log10(value)) - 1)
    return f"{round(value / 10**digits) * 10**digits:,}"


def shape_in_words(shape: Shape) -> str:
    """The shape as one phrase, such as `1,200 tokens in (95% under 5,000), 180 out (95% under 450), 35% cached`."""
    incoming, outgoing = shape.input_tokens, shape.output_tokens
    words = [f"{round_tokens(incoming[2])} tokens in (95% under {round_tokens(incoming[4] + 1)})"]
    if not shape.is_embedding:
        words.append(f"{round_tokens(outgoing[2])} out (95% under {round_tokens(outgoing[4] + 1)})")
    for share, word in ((shape.cached_share, "cached"), (shape.reasoning_share, "reasoning")):
        if share >= 0.005:
            words.append(f"{share:.0%} {word}")
    return ", ".join(words)


def rule_in_words(rule: Mapping[str, object]) -> str:
    """One row of workload_rules as a sentence, such as `output under 248 and input 1,008 and more`.

    Bins of tokens and quarters of shares are exact; the two diagonals are rounded, the stored integers are what counts.
    """
    clauses = list[str]()
    for axis, word, offset in (("output_bin", "output", OUTPUT_OFFSET), ("input_bin", "input", INPUT_OFFSET)):
        low, high = (None if at is None else bin_start(at, offset) for at in _interval(rule, axis))
        if low is not None and high is not None:
            clauses.append(f"{word} {low:,} to {high - 1:,}")
        else:
            clauses += _one_sided(word, None if low is None else f"{low:,}", None if high is None else f"{high:,}")
    for axis, word in (("cache_read_bin", "cached share"), ("reasoning_bin", "reasoning share")):
        low, high = (None if at is None else f"{25 * at}%" for at in _interval(rule, axis))
        clauses += _one_sided(word, low, high)
    for axis, word in (("size", "(input + 16) x (output + 8)"), ("ratio", "(output + 8) / (input + 16)")):
        low, high = (None if at is None else f"about {round_tokens(2 ** (at / 2))}" for at in _interval(rule, axis))
        clauses += _one_sided(word, low, high)
    flags = [word for flag, word in (("has_tools", "tools"), ("is_json", "schema")) if rule[flag]]
    segment = "embeddings" if rule["is_embedding"] else "with " + " and ".join(flags) if flags else ""
    if not segment and not rule["is_default_segment"]:
        segment = "no tools, no schema"
    if segment:
        return f"{segment}: {' and '.join(clauses)}" if clauses else segment
    if clauses:
        return " and ".join(clauses)
    return "all requests" if rule["fitted_share"] in (0.0, 1.0) else "all other requests"


def _interval(rule: Mapping[str, object], axis: str) -> tuple[int | None, int | None]:
    low, high = rule[f"{axis}_low"], rule[f"{axis}_high"]
    return (low if isinstance(low, int) else None, high if isinstance(high, int) else None)


def _one_sided(word: str, low: str | None, high: str | None) -> list[str]:
    clauses = [] if low is None else [f"{word} {low} and more"]
    return clauses if high is None else [*clauses, f"{word} under {high}"]
