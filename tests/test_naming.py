"""Names are hints: capped, marked as guesses, and taken from words only where words are really there."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from cells import KEY, assigned, fitted, tokens, traffic_cells
from hypothesis import given
from hypothesis import strategies as st
from synthetic_traffic import generate

from audit.workloads.naming import PHRASES, SHAPE_ONLY_CAP, Guess, guess, name_workloads, task_types_in
from audit.workloads.rules import RULE_COLUMNS
from audit.workloads.shapes import (
    INPUT_OFFSET,
    LEVELS,
    OUTPUT_OFFSET,
    Shape,
    bin_start,
    measure_shapes,
    quantiles,
    rule_in_words,
)
from audit.workloads.valley_tree import TreeParameters

ROOT = Path(__file__).parent.parent
WORDS = pl.read_csv(ROOT / "queries" / "seeds" / "endpoint_words.csv")
PAIRS = [(task, word) for task, word in WORDS.select("task_type", "word").iter_rows()]

CHAT = Shape(
    workload_id="w-00000001",
    endpoint="svc",
    model="gpt-4o-2024-08-06",
    request_count=1000,
    model_share=1.0,
    is_embedding=False,
    is_clustered=True,
    only_averages=False,
    input_tokens=(200, 400, 900, 2000, 4000),
    output_tokens=(20, 90, 190, 350, 900),
    cached_share=0.3,
    reasoning_share=0.0,
    tools_share=0.0,
    schema_share=0.0,
    log_correlation=0.0,
)
LABELS = replace(CHAT, input_tokens=(900, 1200, 1469, 1900, 2500), output_tokens=(2, 3, 5, 7, 9), cached_share=0.0)


def named(requests: pl.DataFrame) -> pl.DataFrame:
    cells = traffic_cells(requests)
    return name_workloads(assigned(cells, fitted(cells)), WORDS)


def azure(name: str) -> pl.DataFrame:
    trace = pl.read_csv(ROOT / "tests" / "data" / f"AzureLLMInferenceTrace_{name}.csv")
    return trace.select(usage_input_tokens="ContextTokens", usage_output_tokens="GeneratedTokens")


def test_shape_alone_never_claims_more_than_the_cap() -> None:
    found = guess(LABELS)
    assert found == Guess(
        task_type="classification", confidence=0.60, support="shape only", phrase=PHRASES["classification"]
    )


def test_a_real_code_completion_trace_is_not_named_classification_with_confidence() -> None:
    (row,) = named(azure("code")).rows(named=True)
    assert (row["task_type"], row["task_confidence"], row["task_support"]) == ("classification", 0.60, "shape only")
    assert row["name"] == "label-sized output (classification-like)"


@pytest.mark.parametrize(
    ("shape", "task", "support"),
    [
        (replace(CHAT, schema_share=1.0), "extraction", "schema"),
        (replace(CHAT, tools_share=0.97, input_tokens=(2e3, 4e3, 6e3, 9e3, 2e4)), "agent_step", "tools"),
        (replace(CHAT, reasoning_share=0.75, output_tokens=(5e2, 1e3, 2e3, 4e3, 9e3)), "reasoning", "reasoning tokens"),
        (replace(CHAT, is_embedding=True, output_tokens=(0, 0, 0, 0, 0)), "embedding", "no output"),
    ],
)
def test_a_flag_that_the_type_needs_lifts_the_cap(shape: Shape, task: str, support: str) -> None:
    found = guess(shape)
    assert (found.task_type, found.support) == (task, support)
    assert found.confidence > 0.75


def test_an_endpoint_word_of_the_same_type_lifts_the_cap() -> None:
    found = guess(LABELS, ["classification"])
    assert found.support == "endpoint word"
    assert found.confidence > 0.9


def test_a_word_of_another_type_and_a_weak_shape_are_unclear() -> None:
    assert guess(CHAT).task_type == "chat"
    weak = guess(CHAT, ["code_review"])
    assert (weak.task_type, weak.phrase) == ("unclear", "unclear")
    assert weak.confidence < SHAPE_ONLY_CAP


def test_a_word_says_nothing_about_a_small_workload_of_the_endpoint() -> None:
    assert guess(replace(LABELS, model_share=0.3), ["classification"]).support == "shape only"
    assert guess(replace(CHAT, model_share=0.3), ["code_review"]).task_type == "chat"


def test_two_likely_types_are_both_shown() -> None:
    found = guess(replace(CHAT, input_tokens=(1500, 2200, 3000, 4200, 7000), cached_share=0.0))
    assert found.phrase.count("-like") == 2
    assert " or " in found.phrase


def test_every_guessed_phrase_says_that_it_is_one() -> None:
    facts = {"embedding", "reasoning"}
    assert all("-like" in phrase for task, phrase in PHRASES.items() if task not in facts)
    assert set(WORDS["task_type"]) <= set(PHRASES)
    assert WORDS.null_count().sum_horizontal().to_list() == [0]


@pytest.mark.parametrize(
    ("endpoint", "types"),
    [
        ("api/task-runner", ()),
        ("planner", ("agent_step",)),
        ("svc/ask", ("rag_qa",)),
        ("asking", ()),
        ("summaries/v2", ("summarisation",)),
        ("resummarise", ()),
        ("ticketClassifier", ("classification",)),
        ("code-reviews", ("code_review",)),
        ("code/viewer", ()),
        ("v1/chat/completions", ()),
        ("support/chat", ("chat",)),
        ("translate_and_summarize", ("summarisation", "translation")),
    ],
)
def test_words_match_whole_or_as_beginnings_only(endpoint: str, types: tuple[str, ...]) -> None:
    assert task_types_in(endpoint, PAIRS) == types


def test_quantiles_from_cells_are_close_to_those_of_the_requests() -> None:
    rng = np.random.default_rng(3)
    requests = tokens(200 + 900 * rng.lognormal(0, 0.8, 20_000), rng.choice([3.0, 40.0, 700.0], 20_000))
    cells = traffic_cells(requests)
    (shape,) = measure_shapes(assigned(cells, fitted(cells, TreeParameters(smallest_segment=1_000_000))))
    exact = np.quantile(requests["usage_input_tokens"].to_numpy(), LEVELS)
    assert shape.input_tokens == pytest.approx(exact, rel=0.03)
    assert shape.output_tokens == pytest.approx((3, 3, 40, 700, 700), rel=0.2)


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=40))
def test_quantiles_are_ordered_and_never_leave_the_bins_they_come_from(values: list[int]) -> None:
    bins: dict[int, tuple[int, int]] = {}
    for value in values:
        index = ((value + OUTPUT_OFFSET) ** 2).bit_length() - 1
        count, total = bins.get(index, (0, 0))
        bins[index] = (count + 1, total + value)
    found = quantiles([(index, *sums) for index, sums in sorted(bins.items())], OUTPUT_OFFSET)
    assert found == sorted(found)
    assert bin_start(min(bins), OUTPUT_OFFSET) <= found[0]
    assert found[-1] < bin_start(max(bins) + 1, OUTPUT_OFFSET)


@given(st.integers(0, 4_000_000))
def test_a_bin_starts_where_its_number_says(value: int) -> None:
    index = ((value + INPUT_OFFSET) ** 2).bit_length() - 1
    assert bin_start(index, INPUT_OFFSET) <= value < bin_start(index + 1, INPUT_OFFSET)


def test_rules_read_as_sentences_with_exact_tokens() -> None:
    rules = fitted(traffic_cells(azure("conv")))
    assert [rule_in_words(rule) for rule in rules.iter_rows(named=True)] == [
        "output under 248 and input under 1,008",
        "output 248 and more",
        "output under 248 and input 1,008 and more",
    ]


def test_rules_name_flags_shares_ranges_and_diagonals() -> None:
    flags = {"is_embedding": False, "has_tools": False, "is_json": False, "is_default_segment": True}
    rule: dict[str, object] = {**dict.fromkeys(RULE_COLUMNS), **flags}
    assert rule_in_words(rule | {"fitted_share": 1.0}) == "all requests"
    assert rule_in_words(rule | {"fitted_share": 0.4}) == "all other requests"
    assert rule_in_words(rule | {"is_default_segment": False}) == "no tools, no schema"
    assert rule_in_words(rule | {"output_bin_low": 11, "output_bin_high": 16}) == "output 38 to 247"
    tools = rule | {"has_tools": True, "cache_read_bin_low": 1, "cache_read_bin_high": 3}
    assert rule_in_words(tools) == "with tools: cached share 25% and more and cached share under 75%"
    assert rule_in_words(rule | {"size_high": 38}) == "(input + 16) x (output + 8) under about 520,000"
    assert rule_in_words(rule | {"ratio_low": -7}) == "(output + 8) / (input + 16) about 0.088 and more"


def test_too_few_requests_are_named_with_that_reservation() -> None:
    (row,) = named(tokens(np.full(50, 1500.0), 4.0)).rows(named=True)
    assert row["name"] == "label-sized output (classification-like), too few to cluster"


def test_averages_of_buckets_are_not_guessed_at() -> None:
    buckets = tokens(np.full(3, 50_000.0), 400.0).with_columns(
        request_grain=pl.lit("bucket"), request_count=pl.Series([100, 100, 100])
    )
    (row,) = named(buckets).rows(named=True)
    assert (row["task_type"], row["task_support"], row["name"]) == (
        "unclear",
        "averages only",
        "unclear, averages only",
    )
    assert row["input_p50"] == pytest.approx(500)


def test_workloads_of_one_endpoint_never_share_a_name_when_their_sizes_differ() -> None:
    names = named(azure("conv"))
    assert names["name"].n_unique() == 3
    assert names["shape_in_words"].str.contains(r"tokens in \(95% under .+ out").all()


def test_names_do_not_depend_on_how_the_export_was_split() -> None:
    requests = generate(2, 30_000)
    cells = traffic_cells(requests)
    rules = fitted(cells)
    files = traffic_cells(
        requests.sample(fraction=1.0, shuffle=True, seed=1).with_columns(load_id=pl.int_range(pl.len()) % 4)
    )
    whole, split = (name_workloads(assigned(each, rules), WORDS) for each in (cells, files))
    assert split.equals(whole)


def test_labelled_traffic_is_named_as_well_as_measured() -> None:
    requests = generate(1, 200_000)
    cells = traffic_cells(requests)
    placed = assigned(cells, fitted(cells))
    truth = traffic_cells(requests, "true_task").join(placed.select(*KEY, "workload_id"), on=KEY)
    most = truth.group_by("workload_id", "true_task").agg(pl.sum("request_count")).sort("request_count")
    most = most.group_by("workload_id").agg(pl.last("true_task"))
    joined = name_workloads(placed, WORDS).join(most, on="workload_id", how="left")
    right = joined["task_type"] == joined["true_task"]
    assert float(right.cast(pl.Float64).sum()) / joined.height > 0.7
    sure = joined.filter(pl.col("task_confidence") >= 0.75)
    assert not sure["task_support"].str.contains("shape only").any()
    assert float((sure["task_type"] == sure["true_task"]).cast(pl.Float64).sum()) / sure.height > 0.85
