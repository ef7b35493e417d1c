"""What a Langfuse observation used: its keys are free, and its own total decides what they mean."""

import json
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest
from exports import Row, write_jsonl
from langfuse_observations import OBSERVATION, observation, tokens
from staging import judged

NO_TOTAL = "usage without a total; its parts taken as disjoint"
DISAGREE = "parts and total of the usage disagree; unknown"
AMBIGUOUS = "cached tokens beside input; some instrumentations count them in both"
HIDDEN = "hidden tokens between parts and total; counted as reasoning"


@pytest.mark.trap("langfuse")
@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        # disjoint: what Langfuse makes of the usage of OpenAI
        ({"input": 179, "output": 35, "output_reasoning": 64, "total": 278}, (179, 0, 0, 99, 64)),
        ({"input": 100, "input_cached_tokens": 900, "output": 50, "total": 1050}, (1000, 900, 0, 50, 0)),
        # inside: the details are parts of input and output
        ({"input": 6, "output": 2055, "completion_details.reasoning": 1104, "total": 2061}, (6, 0, 0, 2055, 1104)),
        # issue 10592, raw usage of OpenRouter: input and cached are both whole, and cost is no count
        (
            {"input": 17903, "input_cached_tokens": 17817, "output": 97, "total": 18000, "cost": 0.0123},
            (17903, 17817, 0, 97, 0),
        ),
        # one side disjoint, the other not
        (
            {"input": 1000, "input_cache_read": 500, "output": 50, "output_reasoning": 200, "total": 1250},
            (1000, 500, 0, 250, 200),
        ),
        (
            {"input": 10, "cache_read_input_tokens": 990, "output": 80, "output_reasoning": 30, "total": 1080},
            (1000, 990, 0, 80, 30),
        ),
        # a total that leaves the cached tokens out
        ({"input": 10, "cache_read_input_tokens": 990, "output": 80, "total": 90}, (1000, 990, 0, 80, 0)),
        # one count under two names
        (
            {"input": 999, "cached_tokens": 700, "input_cached_tokens": 700, "output": 1, "total": 1000},
            (999, 700, 0, 1, 0),
        ),
    ],
)
def test_the_total_tells_whether_details_stand_beside_or_inside(
    tmp_path: Path, usage: Row, expected: tuple[int, ...]
) -> None:
    assert tokens(observation(tmp_path, usageDetails=usage)) == expected


def test_the_rule_is_applied_to_each_record_and_not_to_the_file(tmp_path: Path) -> None:
    usages: list[Row] = [
        {"input": 100, "input_cached_tokens": 900, "output": 50, "total": 1050},
        {"input": 1000, "input_cached_tokens": 900, "output": 50, "total": 1050},
    ]
    records = [OBSERVATION | {"id": str(number), "usageDetails": usage} for number, usage in enumerate(usages)]
    rows = judged(write_jsonl(tmp_path / "observations.jsonl", records))
    assert {tokens(row) for row in rows} == {(1000, 900, 0, 50, 0)}


@pytest.mark.parametrize(
    "name", ["input_cached_tokens", "input_cache_read", "cache_read_input_tokens", "prompt_details.cache_read"]
)
@pytest.mark.parametrize(
    "written",
    ["input_cache_creation", "cache_creation_input_tokens", "input_cache_creation_5m", "input_cache_creation_1h"],
)
def test_every_known_name_of_cached_and_written_tokens_is_understood(tmp_path: Path, name: str, written: str) -> None:
    usage = {"input": 10, name: 500, written: 90, "output": 7, "total": 607}
    assert tokens(observation(tmp_path, usageDetails=usage)) == (600, 500, 90, 7, 0)


@pytest.mark.parametrize("name", ["output_reasoning_tokens", "output_reasoning", "completion_details.reasoning"])
def test_every_known_name_of_reasoning_is_understood(tmp_path: Path, name: str) -> None:
    usage = {"input": 10, "output": 7, name: 30, "accepted_prediction_tokens": 3, "total": 50}
    assert tokens(observation(tmp_path, usageDetails=usage)) == (10, 0, 0, 40, 30)


@pytest.mark.parametrize("names", [("input_audio_tokens", "output_audio"), ("input_audio", "completion_details.audio")])
def test_audio_that_stands_beside_is_part_of_input_and_output(tmp_path: Path, names: tuple[str, str]) -> None:
    usage = {"input": 10, names[0]: 40, "output": 7, names[1]: 30, "total": 87}
    row = observation(tmp_path, usageDetails=usage)
    assert tokens(row) == (50, 0, 0, 37, 0)
    assert (row["usage_audio_input_tokens"], row["usage_audio_output_tokens"]) == (40, 30)


@pytest.mark.parametrize(("total", "expected"), [(2490, (2410, 2000, 400, 80, 0)), (2890, (2810, 2000, 800, 80, 0))])
def test_writes_of_5_minutes_and_1_hour_are_added_to_their_sum_only_where_the_total_did(
    tmp_path: Path, total: int, expected: tuple[int, ...]
) -> None:
    usage = {
        "input": 10,
        "cache_read_input_tokens": 2000,
        "input_cache_creation": 400,
        "input_cache_creation_5m": 300,
        "input_cache_creation_1h": 100,
        "output": 80,
        "total": total,
    }
    row = observation(tmp_path, usageDetails=usage)
    assert (tokens(row), row["usage_cache_creation_1h_input_tokens"]) == (expected, 100)


@pytest.mark.trap("langfuse")
def test_a_gap_to_the_total_is_hidden_reasoning_of_gemini_and_makes_others_unknown(tmp_path: Path) -> None:
    usage = {"input": 5, "output": 845, "total": 2023}
    gemini = observation(tmp_path, model="models/gemini-2.5-flash", usageDetails=usage)
    assert (tokens(gemini), gemini["usage_note"]) == ((5, 0, 0, 2018, 1173), HIDDEN)
    assert gemini["request_model"] == "gemini-2.5-flash"
    other = observation(tmp_path, usageDetails=usage)
    assert (other["usage_known"], other["usage_note"], other["reject_reason"]) == (False, DISAGREE, None)


@pytest.mark.parametrize(
    ("usage", "note"),
    [
        ({"input": 1000, "input_cached_tokens": 900, "output": 5, "total": 1905}, AMBIGUOUS),
        ({"input": 100, "input_cached_tokens": 900, "output": 5, "total": 1005}, None),
        ({"input": 100, "input_cached_tokens": 900, "output": 5}, NO_TOTAL),
        (
            {"input": 100, "output": 5, "total": 105, "searches": 2},
            "usage names units that are not known here; left out",
        ),
        (
            {"input": 100, "output": 5, "output_reasoning": 9, "total": 105},
            "reasoning tokens exceed output; counted beside it",
        ),
        ({"input": 100, "output": 5, "total": 105, "output_reasoning": 0}, None),
    ],
)
def test_what_the_record_cannot_settle_is_noted(tmp_path: Path, usage: Row, note: str | None) -> None:
    row = observation(tmp_path, usageDetails=usage)
    assert (row["usage_known"], row["usage_note"]) == (True, note)


@pytest.mark.trap("langfuse")
@pytest.mark.parametrize(
    "usage",
    [
        {},
        {"usageDetails": {}},
        {"usageDetails": None, "inputUsage": 0, "outputUsage": 0, "totalUsage": 0},
        {"usageDetails": {"input": 0, "output": 0, "total": 0}},
        {"usageDetails": {"input": 100, "total": 100}},
        {"usageDetails": {"total": 100}},
        {"usage": {"input": 400, "output": 90, "total": 490, "unit": "CHARACTERS"}},
    ],
)
def test_a_generation_without_both_counts_is_unknown_and_not_empty(tmp_path: Path, usage: Row) -> None:
    row = observation(tmp_path, **usage)
    assert (row["usage_known"], row["usage_input_tokens"], row["reject_reason"]) == (False, None, None)


def test_an_embedding_has_no_output(tmp_path: Path) -> None:
    row = observation(tmp_path, type="EMBEDDING", usageDetails={"input": 45, "total": 45})
    assert (row["usage_known"], row["operation_name"], tokens(row)) == (True, "embeddings", (45, 0, 0, 0, 0))


@pytest.mark.parametrize(
    "flat",
    [
        {"inputUsage": 1200, "outputUsage": 15, "totalUsage": 1215},
        {"promptTokens": 1200, "completionTokens": 15, "totalTokens": 0},
        {"usage": {"input": 1200, "output": 15, "total": 1215, "unit": "TOKENS"}},
        {"usage": json.dumps({"input": 1200, "output": 15}), "usageDetails": "{}"},
    ],
)
def test_flat_counts_are_read_where_the_map_is_empty_and_only_there(tmp_path: Path, flat: Row) -> None:
    assert tokens(observation(tmp_path, **flat)) == (1200, 0, 0, 15, 0)
    details = {"input": 7, "output": 3, "total": 10}
    assert tokens(observation(tmp_path, **flat | {"usageDetails": details})) == (7, 0, 0, 3, 0)


@pytest.mark.parametrize("value", [12.7, -5, "many", 10**19])
def test_a_usage_that_is_no_count_is_rejected_with_the_value(tmp_path: Path, value: object) -> None:
    row = observation(tmp_path, usageDetails={"input": value, "output": 5, "total": 9})
    assert row["reject_reason"] == f"usage_input_tokens {value} is not a count"


@pytest.mark.parametrize("key", ["total", "output", "input_cached_tokens", "inputUsage", "searches"])
def test_a_count_beyond_all_bounds_stops_no_load(tmp_path: Path, key: str) -> None:
    usage: Row = {"input": 5, "output": 5, "total": 10}
    rows = [OBSERVATION | {"usageDetails": usage | {key: 10**18 - 1}}, OBSERVATION | {"id": "2", key: 10**30}]
    first, _ = judged(write_jsonl(tmp_path / "observations.jsonl", rows))
    assert (first["reject_reason"] is None) == (key in ("inputUsage", "searches"))


def spelt(call: Mapping[str, int], random: Random) -> Row:
    """A call's usage with free keys: each side disjoint or not, its total by the provider."""
    read, written = call["cached"], call["written"]
    is_input_disjoint = random.random() < 0.5 or read + written > call["input"] // 2
    is_output_disjoint = random.random() < 0.5
    thought = random.choice(["output_reasoning_tokens", "output_reasoning", "completion_details.reasoning"])
    usage: Row = {
        "output": call["output"] - (call["reasoning"] if is_output_disjoint else 0),
        "input": call["input"] - (read + written if is_input_disjoint else 0),
        random.choice(["input_cached_tokens", "input_cache_read", "cache_read_input_tokens"]): read,
        thought: call["reasoning"],
        "total": call["input"] + call["output"],
    }
    if random.random() < 0.5:
        return usage | {random.choice(["input_cache_creation", "cache_creation_input_tokens"]): written}
    long = written // 3
    spans: Row = {"input_cache_creation_5m": written - long, "input_cache_creation_1h": long}
    return usage | spans | ({"input_cache_creation": written} if random.random() < 0.5 else {})


def test_a_thousand_calls_in_random_spellings_are_recovered_exactly(tmp_path: Path) -> None:
    random = Random(7)
    calls: list[dict[str, int]] = []
    for _ in range(1000):
        whole, output = random.randint(10_000, 90_000), random.randint(1_000, 9_000)
        cached = random.choice([0, random.randint(1, whole // 2)])
        written = random.choice([0, random.randint(3, whole // 3)])
        reasoning = random.choice([0, random.randint(1, output)])
        calls.append({"input": whole, "cached": cached, "written": written, "output": output, "reasoning": reasoning})
    records = [OBSERVATION | {"usageDetails": spelt(call, random)} for call in calls]
    rows = judged(write_jsonl(tmp_path / "observations.jsonl", records))
    assert [tokens(row) for row in rows] == [tuple(call.values()) for call in calls]


def test_writes_for_an_hour_are_counted_because_they_cost_more(tmp_path: Path) -> None:
    for lifetime, expected in (("1h", 90), ("5m", 0)):
        usage = {"input": 10, f"cache_creation_ephemeral_{lifetime}_input_tokens": 90, "output": 5, "total": 105}
        row = observation(tmp_path, usageDetails=usage)
        assert (tokens(row)[0], tokens(row)[2], row["usage_cache_creation_1h_input_tokens"]) == (100, 90, expected)
