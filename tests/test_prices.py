"""The table of unit prices, against calc_price request by request and against prices known from elsewhere."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, get_args

import genai_prices
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from price_tables import at, override_file

from audit.catalog.facts import length_bands
from audit.catalog.price_file import Tier, TokenClass
from audit.catalog.prices import as_offered, price_rows, request_cost, unit_prices

if TYPE_CHECKING:
    from pathlib import Path

MODELS = (
    ("openai", "gpt-4o-2024-05-13"),
    ("openai", "gpt-4o-2024-08-06"),
    ("openai", "gpt-4o-2024-11-20"),
    ("openai", "gpt-4o-mini-2024-07-18"),
    ("openai", "gpt-5-2025-08-07"),
    ("openai", "gpt-6.1-sol"),
    ("openai", "gpt-6-luna"),
    ("openai", "gpt-5.6-luna"),
    ("azure", "gpt-4o-2024-08-06"),
    ("anthropic", "claude-sonnet-4-6"),
    ("anthropic", "claude-opus-5"),
    ("google", "gemini-2.5-pro"),
    ("x-ai", "grok-4.20"),
)
CONTEXTS: dict[Tier, dict[str, str]] = {
    "default": {},
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "fast": {"service_tier": "fast", "speed": "fast"},
}
TIERS_VERIFIED = date(2026, 10, 14)
TABLE = price_rows(MODELS)
EDGES = [band + step for band in length_bands() for step in (0, 1)]


@settings(max_examples=300, deadline=None)
@given(
    pair=st.sampled_from(MODELS),
    tier=st.sampled_from(list(CONTEXTS)),
    on=st.dates(TIERS_VERIFIED, date(2027, 6, 1)),
    whole=st.one_of(st.sampled_from(EDGES), st.integers(0, 1_000_000)),
    read_share=st.floats(0, 1),
    write_share=st.floats(0, 1),
    hour_share=st.floats(0, 1),
    output=st.integers(0, 200_000),
)
def test_a_request_costs_what_calc_price_says_at_every_tier_and_length(
    pair: tuple[str, str],
    tier: Tier,
    on: date,
    whole: int,
    read_share: float,
    write_share: float,
    hour_share: float,
    output: int,
) -> None:
    read = int(whole * read_share)
    write = int((whole - read) * write_share)
    for_an_hour = int(write * hour_share) if pair[0] == "anthropic" else 0
    expected = genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=whole,
            cache_read_tokens=read,
            cache_write_tokens=write,
            cache_write_1h_tokens=for_an_hour,
            output_tokens=output,
        ),
        pair[1],
        provider_id=pair[0],
        genai_request_timestamp=datetime(on.year, on.month, on.day, 12, tzinfo=UTC),
        price_context=CONTEXTS[tier],
    )
    unit = unit_prices(TABLE, *pair, on, tier, whole)
    tokens: dict[TokenClass, int] = {
        "input": whole,
        "cache_read": read,
        "cache_creation": write,
        "cache_creation_1h": for_an_hour,
        "output": output,
    }
    assert request_cost(unit, tokens) == expected.total_price


@settings(max_examples=100, deadline=None)
@given(
    pair=st.sampled_from(MODELS),
    on=st.dates(date(2024, 1, 1), date(2027, 6, 1)),
    whole=st.integers(0, 400_000),
    output=st.integers(0, 50_000),
)
def test_the_standard_tier_agrees_with_calc_price_on_every_day(
    pair: tuple[str, str], on: date, whole: int, output: int
) -> None:
    expected = genai_prices.calc_price(
        genai_prices.Usage(input_tokens=whole, output_tokens=output),
        pair[1],
        provider_id=pair[0],
        genai_request_timestamp=datetime(on.year, on.month, on.day, 12, tzinfo=UTC),
    )
    unit = unit_prices(TABLE, *pair, on, input_tokens=whole)
    assert request_cost(unit, {"input": whole, "output": output}) == expected.total_price


def test_the_table_has_the_columns_of_the_contract_and_one_price_per_key_and_day() -> None:
    assert TABLE.columns == [
        "provider_name", "model", "service_tier", "token_class", "length_band", "valid_from", "valid_to",
        "usd_per_million", "source", "checked_on", "is_assumed_before",
    ]  # fmt: skip
    assert TABLE.schema["usd_per_million"] == pl.Decimal(14, 8)
    keys = ["provider_name", "model", "service_tier", "token_class", "length_band"]
    ordered = TABLE.sort(*keys, "valid_from").with_columns(next_from=pl.col("valid_from").shift(-1).over(keys))
    assert ordered.filter(pl.col("valid_to").is_null() != pl.col("next_from").is_null()).is_empty()
    assert ordered.filter(pl.col("valid_to") != pl.col("next_from")).is_empty()
    assert ordered.group_by(keys).agg(pl.col("valid_from").min())["valid_from"].unique().to_list() == [date(1970, 1, 1)]


def test_every_priced_class_has_every_tier_and_length_band() -> None:
    found = TABLE.group_by("provider_name", "model", "token_class").agg(
        pl.struct("service_tier", "length_band").n_unique().alias("combinations")
    )
    assert found["combinations"].unique().to_list() == [len(get_args(Tier)) * len(length_bands())]


def test_the_original_gpt_4o_costs_5_and_15_and_has_no_cache_discount() -> None:
    unit = at(TABLE, "gpt-4o-2024-05-13", date(2024, 6, 1))
    assert (unit["input"], unit["output"], unit["cache_read"]) == (5, 15, 5)


def test_a_missing_cache_rate_costs_the_full_input_rate_never_zero() -> None:
    unit = at(TABLE, "gpt-4o-2024-08-06", date(2026, 11, 1))
    assert (unit["cache_read"], unit["cache_creation"]) == (Decimal("1.25"), Decimal("2.5"))
    notes = TABLE.filter(pl.col("model") == "gpt-4o-2024-08-06", pl.col("token_class") == "cache_creation")["source"]
    assert notes.str.contains("no cache_creation rate published: input rate").all()


def test_a_day_before_a_tier_was_verified_takes_its_price_and_is_flagged() -> None:
    rows = TABLE.filter(
        pl.col("model") == "gpt-4o-2024-08-06",
        pl.col("provider_name") == "openai",
        pl.col("service_tier") == "batch",
        pl.col("token_class") == "output",
        pl.col("length_band") == 0,
    ).sort("valid_from")
    assert rows.select("valid_from", "valid_to", "usd_per_million", "is_assumed_before").rows() == [
        (date(1970, 1, 1), TIERS_VERIFIED, Decimal(5), True),
        (TIERS_VERIFIED, None, Decimal(5), False),
    ]
    assert not TABLE.filter(pl.col("service_tier") == "default")["is_assumed_before"].any()


def test_fast_is_a_tier_of_openai_and_a_speed_of_anthropic() -> None:
    assert at(TABLE, "gpt-4o-2024-08-06", TIERS_VERIFIED, "fast")["output"] == 17
    assert at(TABLE, "claude-opus-5", TIERS_VERIFIED, "fast", provider="anthropic")["output"] == 50
    slow = at(TABLE, "claude-sonnet-4-6", TIERS_VERIFIED, "fast", provider="anthropic")
    assert slow == at(TABLE, "claude-sonnet-4-6", TIERS_VERIFIED, provider="anthropic")


def test_an_assumed_tier_price_follows_the_standard_price_of_its_day() -> None:
    table = price_rows([("openai", "o3-2025-04-16")])
    assert at(table, "o3-2025-04-16", date(2025, 5, 1))["input"] == 10
    assert at(table, "o3-2025-04-16", date(2025, 5, 1), "batch")["input"] == 5
    assert at(table, "o3-2025-04-16", date(2025, 7, 1), "batch")["input"] == 1


def test_cached_input_on_openai_batch_gets_no_discount_and_on_google_the_standard_one() -> None:
    table = price_rows([("openai", "gpt-4.1-2025-04-14"), *MODELS])
    batch = at(table, "gpt-4.1-2025-04-14", date(2026, 11, 1), "batch")
    assert (batch["input"], batch["cache_read"]) == (1, 1)
    google = at(table, "gemini-2.5-pro", date(2026, 11, 1), "batch", provider="google")
    assert (google["input"], google["cache_read"]) == (Decimal("0.625"), Decimal("0.125"))


def test_a_context_tier_reprices_all_tokens_from_the_first_token_above_it() -> None:
    below = at(TABLE, "gpt-6.1-sol", date(2026, 11, 1), input_tokens=272_000)
    above = at(TABLE, "gpt-6.1-sol", date(2026, 11, 1), input_tokens=272_001)
    assert (below["input"], above["input"]) == (2, 4)
    assert above["output"] > below["output"]


def test_a_model_that_nobody_prices_has_no_rows() -> None:
    assert price_rows([("openai", "nonsense"), ("github-copilot", "gpt-4o-2024-08-06"), ("groq", "gpt-4o")]).is_empty()
    assert request_cost({}, {"input": 10}) is None


def test_audio_tokens_without_an_audio_price_are_unpriced_not_text() -> None:
    table = price_rows([("openai", "gpt-4o-audio-preview-2025-06-03"), ("openai", "gpt-audio-2025-08-28")])
    preview = at(table, "gpt-4o-audio-preview-2025-06-03", date(2026, 11, 1))
    assert "audio_input" not in preview
    assert request_cost(preview, {"input": 100, "audio_input": 40, "output": 10}) is None
    assert request_cost(preview, {"input": 100, "output": 10}) == Decimal("0.00035")
    known = at(table, "gpt-audio-2025-08-28", date(2026, 11, 1))
    # 60 text + 40 audio in, 3 text + 7 audio out, at 2.50, 32, 10 and 64 dollars per million
    expected = (60 * Decimal("2.5") + 40 * 32 + 3 * 10 + 7 * 64) / 1_000_000
    assert request_cost(known, {"input": 100, "audio_input": 40, "output": 10, "audio_output": 7}) == expected


def test_a_cache_write_for_an_hour_costs_twice_the_input_rate_wherever_claude_is_sold() -> None:
    sold = [
        ("anthropic", "claude-sonnet-4-5"),
        ("aws", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("github-copilot", "claude-haiku-4.5"),
    ]
    table = price_rows(sold)
    for provider, model in sold:
        for tier in CONTEXTS:
            for length in (1, 300_000):
                unit = at(table, model, TIERS_VERIFIED, tier, length, provider)
                assert unit["cache_creation_1h"] == 2 * unit["input"], (provider, tier, length)
    derived = table.filter(pl.col("provider_name") == "github-copilot", pl.col("token_class") == "cache_creation_1h")
    assert derived["source"].str.contains("twice the input rate (https://", literal=True).all()


def test_a_cache_write_for_an_hour_is_unpriced_where_nobody_says_what_it_costs(tmp_path: Path) -> None:
    known = ",house,,input,,,,1.00,quote"
    unit = at(price_rows([("vllm", "house")], override_file(tmp_path, known)), "house", TIERS_VERIFIED, provider="vllm")
    tokens: dict[TokenClass, int] = {"input": 10, "cache_creation": 10, "cache_creation_1h": 4}
    assert (unit, request_cost(unit, tokens)) == ({"input": 1, "cache_read": 1, "cache_creation": 1}, None)
    assert request_cost(as_offered(unit), tokens) == Decimal("0.00001")


@pytest.mark.parametrize(
    ("model", "lines", "expected"),
    [
        ("house", (",house,,cache_creation,,,,7,own",), 7),
        ("house", (",house,,cache_creation,,,,7,own", ",house,,cache_creation_1h,,,,9,own"), 9),
        ("claude-sonnet-4-5", (",claude-sonnet-4-5,,cache_creation,,,,7,own",), 6),
        ("claude-sonnet-4-5", (",claude-sonnet-4-5,,cache_creation_1h,,,,9,own",), 9),
    ],
    ids=["one price for writes", "a price of its own", "the list price of Claude", "a price of its own for Claude"],
)
def test_a_price_of_the_users_holds_for_writes_of_an_hour_where_no_list_has_one(
    tmp_path: Path, model: str, lines: tuple[str, ...], expected: int
) -> None:
    table = price_rows([("anthropic", model)], override_file(tmp_path, *lines))
    assert at(table, model, TIERS_VERIFIED, provider="anthropic")["cache_creation_1h"] == expected


def test_embeddings_have_an_input_price_and_need_no_output_price() -> None:
    unit = at(price_rows([("openai", "text-embedding-3-small")]), "text-embedding-3-small", date(2026, 11, 1))
    assert "output" not in unit
    assert request_cost(unit, {"input": 1_000_000}) == Decimal("0.02")


def test_a_price_that_changes_with_the_hour_is_that_of_most_hours() -> None:
    table = price_rows([("deepseek", "deepseek-chat")])
    # 0.27 from 00:30 to 16:30 UTC, 0.135 in the other eight hours
    assert at(table, "deepseek-chat", date(2025, 6, 1), provider="deepseek")["input"] == Decimal("0.27")
    assert table["source"].str.contains("most hours").all()


def test_thirty_models_are_priced_in_a_fifth_of_a_second_of_one_processor() -> None:
    pairs = [(provider, model) for provider in ("openai", "azure", "litellm") for _, model in MODELS[:10]]
    price_rows(pairs)
    fastest = min(timed(pairs) for _ in range(3))
    assert fastest < 0.2


def timed(pairs: list[tuple[str, str]]) -> float:
    start = time.process_time()
    assert price_rows(pairs).height > 1_000
    return time.process_time() - start
