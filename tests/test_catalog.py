"""What the catalogue and the seeds state, and how the user's own prices are read."""

from __future__ import annotations

import re
import socket
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from genai_prices.data import providers
from genai_prices.types import TieredPrices

from audit.catalog.facts import (
    catalogue_info,
    catalogue_model,
    catalogue_provider,
    facts,
    image_tokens,
    length_bands,
    price_sets,
    retirement,
    seed,
)
from audit.catalog.price_file import read_price_overrides
from audit.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "provider_name,model,service_tier,token_class,length_band,valid_from,valid_to,usd_per_million,source\n"


@pytest.mark.parametrize("name", ["model_facts", "model_aliases", "retirement_dates", "length_bands"])
def test_every_seed_row_names_its_source_and_date(name: str) -> None:
    rows = seed(name)
    assert rows
    for row in rows:
        assert row["source"]
        assert date.fromisoformat(row["checked_on"]) <= date(2026, 11, 22)


def test_length_bands_hold_every_threshold_at_which_a_catalogue_price_changes() -> None:
    thresholds = {
        tier.start
        for provider in providers
        for info in provider.models
        for prices in price_sets(info)
        for value in vars(prices).values()
        if isinstance(value, TieredPrices)
        for tier in value.tiers
    }
    assert thresholds | {0, 50_000, 128_000} == set(length_bands())
    assert list(length_bands()) == sorted(length_bands())


def test_the_ranges_of_the_length_bands_meet_and_start_one_token_above_the_band() -> None:
    rows = seed("length_bands")
    assert [int(row["input_tokens_low"]) for row in rows] == [0] + [int(row["length_band"]) + 1 for row in rows[1:]]
    assert [row["input_tokens_high"] for row in rows] == [row["input_tokens_low"] for row in rows[1:]] + [""]


def test_the_catalogue_knows_its_version_and_age_and_warns_when_old() -> None:
    fresh = catalogue_info(date(2026, 11, 22))
    assert re.fullmatch(r"\d+\.\d+\.\d+", fresh.version)
    assert fresh.age_days == (date(2026, 11, 22) - fresh.checked_on).days
    last_day = date.fromordinal(fresh.checked_on.toordinal() + 90)
    assert catalogue_info(last_day).warning is None
    old = catalogue_info(date.fromordinal(last_day.toordinal() + 1))
    assert old.warning is not None
    assert "91 days old" in old.warning
    assert "prices.csv" in old.warning


def test_prices_scheduled_for_the_future_do_not_make_the_catalogue_look_fresh() -> None:
    assert catalogue_info(date(2027, 6, 1)).checked_on < date(2027, 1, 1)


@pytest.mark.parametrize(
    ("logged", "provider"),
    [
        ("openai", "openai"),
        ("azure.ai.openai", "azure"),
        ("az.ai.openai", "azure"),
        ("azure_ai", "azure"),
        ("azureopenai", "azure"),
        ("aws.bedrock", "aws"),
        ("bedrock", "aws"),
        ("gcp.vertex_ai", "google"),
        ("gemini", "google"),
        ("mistral_ai", "mistral"),
        ("x_ai", "x-ai"),
        ("together_ai", "together"),
        ("OpenRouter", "openrouter"),
    ],
)
def test_provider_names_of_logs_are_recognised(logged: str, provider: str) -> None:
    found = catalogue_provider(logged)
    assert found is not None
    assert found.id == provider


@pytest.mark.parametrize("gateway", ["", "litellm", "my-gateway"])
def test_a_gateway_takes_the_price_of_the_vendor(gateway: str) -> None:
    found = catalogue_model(gateway, "gpt-4o-mini-2024-07-18")
    assert found is not None
    assert found[0].id == "openai"


def test_a_reseller_is_searched_under_the_vendors_prefix() -> None:
    found = catalogue_model("openrouter", "gpt-4o-mini-2024-07-18")
    assert found is not None
    assert (found[0].id, found[1].id) == ("openrouter", "openai/gpt-4o-mini")


def test_nothing_opens_a_network_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the catalogue went to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert catalogue_info(date(2026, 11, 22)).version
    assert catalogue_model("groq", "llama-3.3-70b-versatile") is not None


@pytest.mark.parametrize(
    ("provider", "model", "day"),
    [
        ("openai", "gpt-4o-2024-05-13", date(2026, 10, 23)),
        ("openai", "gpt-4o-2024-08-06", date(2027, 1, 14)),
        ("openai", "gpt-4o-2024-11-20", date(2027, 1, 14)),
        ("openai", "gpt-4o-mini-2024-07-18", date(2027, 1, 14)),
        ("openai", "gpt-4.1-2025-04-14", date(2027, 1, 14)),
        ("openai", "gpt-4.1-mini-2025-04-14", date(2027, 1, 14)),
        ("openai", "gpt-4.1-nano-2025-04-14", date(2026, 10, 23)),
        ("azure.ai.openai", "gpt-4o-2024-08-06", date(2027, 4, 14)),
        ("azure", "gpt-4o-mini-2024-07-18", date(2027, 4, 14)),
        ("openai", "gpt-4o-audio-preview-2025-06-03", date(2027, 1, 20)),
        ("litellm", "gpt-4o-2024-08-06", date(2027, 1, 14)),
    ],
)
def test_retirement_hangs_on_the_snapshot_and_the_provider(provider: str, model: str, day: date) -> None:
    found = retirement(provider, model)
    assert found is not None
    assert found.retires_on == day
    assert found.source


def test_azure_never_takes_the_vendors_retirement_date() -> None:
    assert retirement("azure", "gpt-4o-audio-preview-2025-06-03") is None
    assert retirement("openai", "nonsense") is None


def test_a_figure_published_for_an_alias_belongs_to_the_snapshot_of_that_day() -> None:
    assert facts("gpt-4o-2024-08-06")["intelligence_index"].value == Decimal("17.3")
    assert facts("gpt-4o-mini-2024-07-18")["intelligence_index"].value == Decimal("12.6")
    for other in ("gpt-4o-2024-05-13", "gpt-4o-2024-11-20", "gpt-4.1-2025-04-14"):
        assert "intelligence_index" not in facts(other)


def test_output_limits_and_windows_are_those_of_the_snapshot() -> None:
    assert facts("gpt-4o-2024-05-13")["max_output_tokens"].value == 4_096
    assert facts("gpt-4o-2024-08-06")["max_output_tokens"].value == 16_384
    assert facts("gpt-4o-mini-2024-07-18")["max_output_tokens"].value == 16_384
    assert facts("gpt-4o-mini-2024-07-18")["context_window"].value == 128_000


def test_an_image_counts_33_times_the_tokens_on_mini() -> None:
    assert image_tokens("gpt-4o-2024-08-06", 0) == 85
    assert image_tokens("gpt-4o-2024-08-06", 4) == 765
    assert image_tokens("gpt-4o-mini-2024-07-18", 0) == 2_833
    assert image_tokens("gpt-4o-mini-2024-07-18", 4) == 25_501
    assert image_tokens("claude-sonnet-4-5", 4) is None


def test_empty_cells_of_a_price_file_mean_no_limit(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("\ufeff" + HEADER + ",OpenAI/gpt-4o-2024-08-06,,input,,,,2.00,contract 7\n\n", encoding="utf-8")
    (line,) = read_price_overrides(path)
    assert (line.provider_name, line.model, line.service_tier) == ("", "gpt-4o-2024-08-06", "default")
    assert (line.length_band, line.valid_to, line.usd_per_million) == (0, None, Decimal("2.00"))
    assert line.source == "contract 7"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("openai,m,batsh,input,,,,1,", r":2: service_tier 'batsh' is not one of default, batch, flex, priority, fast"),
        ("openai,m,,tokens,,,,1,", r":2: token_class 'tokens' is not one of input"),
        ("openai,m,,input,60000,,,1,", r":2: length_band '60000' is not one of 0, .*128000"),
        ("openai,m,,input,,1.2.2026,,1,", r":2: valid_from '1.2.2026' is not a date; write it as 2026-01-31"),
        ("openai,m,,input,,2026-02-01,2026-02-01,1,", r":2: valid_to '2026-02-01' is not after valid_from"),
        ('openai,m,,input,,,,"2,50",', r":2: usd_per_million '2,50' is not a price"),
        ("openai,m,,input,,,,-1,", r":2: usd_per_million '-1' is not a price"),
        ("openai,m,,input,,,,NaN,", r":2: usd_per_million 'NaN' is not a price"),
        ("openai,,,input,,,,1,", r":2: model is empty"),
        ("openai,m,,input,,,,1,\nopenai,m,,input,,2026-01-01,,2,", r":3: .* again for days that line 2 prices"),
    ],
)
def test_a_bad_price_line_is_named_with_file_line_and_value(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(HEADER + line + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(str(path)) + message):
        read_price_overrides(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model,usd_per_million\n", "column 'token_class' is missing"),
        ("modle,model,token_class,usd_per_million\n", "unknown column 'modle'; did you mean 'model'"),
    ],
)
def test_a_price_file_with_other_columns_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_price_overrides(path)


def test_a_price_file_that_is_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    with pytest.raises(InputError, match="no such file"):
        read_price_overrides(path)
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match="byte 0 is not UTF-8"):
        read_price_overrides(path)


def test_two_lines_for_following_days_do_not_conflict(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(
        HEADER + "openai,m,,input,,2026-01-01,2026-02-01,1,\nopenai,m,,input,,2026-02-01,,2,\n", encoding="utf-8"
    )
    assert [line.usd_per_million for line in read_price_overrides(path)] == [1, 2]
