"""The published comparison, figure by figure, from Decimals worked out by hand."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from audit.catalog.comparison import compare
from audit.catalog.price_file import PriceOverride
from audit.errors import UnknownNameError
from audit.report.comparison_text import comparison_text

ON = date(2026, 3, 5)
PAIR: dict[str, Any] = compare("gpt-4o", "gpt-4o-mini", on=ON)
BIG, MINI = PAIR["models"]


def exactly(value: float) -> Decimal:
    return Decimal(str(value))


def test_prices_per_million_are_the_published_ones() -> None:
    classes = ("input", "cache_read", "output")
    assert [exactly(BIG["prices"]["default"][c]) for c in classes] == [Decimal("2.5"), Decimal("1.25"), 10]
    mini = [Decimal("0.15"), Decimal("0.075"), Decimal("0.6")]
    assert [exactly(MINI["prices"]["default"][c]) for c in classes] == mini
    for token_class in classes:
        assert round(PAIR["price_ratio"][token_class], 1) == 16.7


@pytest.mark.parametrize(
    ("size", "tokens", "big", "mini"),
    [
        ("small", (500, 200), "0.00325", "0.000195"),
        ("medium", (5_000, 1_000), "0.0225", "0.00135"),
        ("large", (50_000, 4_000), "0.1650", "0.0099"),
    ],
)
def test_requests_cost_the_published_dollars(size: str, tokens: tuple[int, int], big: str, mini: str) -> None:
    into, out = tokens
    assert (BIG["requests"][size]["input_tokens"], BIG["requests"][size]["output_tokens"]) == tokens
    assert exactly(BIG["requests"][size]["usd"]) == Decimal(big)
    assert exactly(MINI["requests"][size]["usd"]) == Decimal(mini)
    assert Decimal(big) == (into * Decimal("2.5") + out * 10) / 1_000_000
    assert round(PAIR["request_ratio"][size], 1) == 16.7


def test_benchmarks_speed_and_window_are_the_published_ones_with_source_and_date() -> None:
    published = {
        "intelligence_index": ("17.3", "12.6"),
        "mmlu_pro": ("0.75", "0.65"),
        "gpqa": ("0.54", "0.43"),
        "aime": ("0.15", "0.12"),
        "output_tokens_per_second": ("110.7", "49.9"),
        "time_to_first_token_seconds": ("0.4", "0.49"),
        "context_window": ("128000", "128000"),
    }
    for fact, values in published.items():
        for model, value in zip((BIG, MINI), values, strict=True):
            assert exactly(model["facts"][fact]["value"]) == Decimal(value)
            assert model["facts"][fact]["source"]
            assert date.fromisoformat(model["facts"][fact]["checked_on"])


def test_derived_figures_follow_from_the_prices() -> None:
    # 0.0225 / 17.3 and 0.00135 / 12.6
    assert round(BIG["usd_per_index_point"], 4) == 0.0013
    assert round(MINI["usd_per_index_point"], 4) == 0.0001
    # 5,000 tokens at half price: 0.00625 of 0.0225
    assert round(BIG["cache_saving_share"] * 100) == 28
    assert round(MINI["cache_saving_share"] * 100) == 28


def test_claims_say_what_the_figures_say_against_common_belief() -> None:
    claims = PAIR["claims"]
    assert claims["cheaper"] == "gpt-4o-mini"
    assert claims["better_value"] == "gpt-4o-mini"
    assert claims["higher_benchmarks"] == "gpt-4o"
    assert claims["faster_output"] == "gpt-4o"
    assert round(claims["faster_output_percent"]) == 122
    assert claims["sooner_first_token"] == "gpt-4o"
    assert claims["same_window"] is True
    assert claims["larger_window"] is None


def test_an_image_costs_twice_as_much_on_mini() -> None:
    # 85 + 4·170 tokens at 2.50 and 2,833 + 4·5,667 tokens at 0.15 per million
    assert exactly(BIG["image_usd"]) == Decimal("0.0019125")
    assert exactly(MINI["image_usd"]) == Decimal("0.00382515")
    assert round(1 / PAIR["image_ratio"], 1) == 2.0


def test_typical_mixes_are_those_of_the_page_and_weigh_input_and_output() -> None:
    mixes = {mix["kind"]: mix for mix in PAIR["blended_per_million"]}
    assert [(m["input"], m["output"]) for m in mixes.values()] == [(2, 1), (3, 1), (10, 1), (50, 1), (1, 0)]
    assert [exactly(usd) for usd in mixes["chat"]["usd"]] == [5, Decimal("0.3")]
    assert [exactly(usd) for usd in mixes["embeddings"]["usd"]] == [Decimal("2.5"), Decimal("0.15")]


def test_the_routable_share_of_the_page_is_shown_as_a_claim_to_test() -> None:
    (claim,) = PAIR["unverified_claims"]
    assert "50 to 70 percent" in claim["claim"]
    assert "no independent source" in claim["status"]


def test_the_day_decides_what_the_alias_costs() -> None:
    before: dict[str, Any] = compare("gpt-4o", "gpt-4o-mini", on=date(2024, 9, 30))
    assert before["models"][0]["model"] == "gpt-4o-2024-05-13"
    assert before["models"][0]["prices"]["default"]["input"] == 5
    assert before["claims"]["better_value"] is None


def test_models_without_an_index_say_so_and_get_no_value() -> None:
    pair: dict[str, Any] = compare("gpt-6.1-sol", "gpt-6-luna", on=date(2026, 11, 22))
    assert [model["usd_per_index_point"] for model in pair["models"]] == [None, None]
    assert pair["claims"]["cheaper"] == "gpt-6-luna"
    assert pair["claims"]["better_value"] is None
    assert pair["claims"]["higher_benchmarks"] is None
    assert sum("no published intelligence index" in note for note in pair["notes"]) == 2
    ratios = [exactly(pair["price_ratio"][c]) for c in ("input", "cache_read", "output")]
    assert ratios == [20, 10, 20]


def test_a_model_compared_with_itself_is_no_better_than_itself() -> None:
    same: dict[str, Any] = compare("gpt-4o", "gpt-4o", on=ON)
    assert set(same["price_ratio"].values()) == {1}
    assert same["claims"]["cheaper"] is same["claims"]["faster_output"] is same["claims"]["higher_benchmarks"] is None
    assert same["claims"]["faster_output_percent"] is None


def test_an_unpriced_model_is_unknown_and_never_free() -> None:
    rate = PriceOverride(
        provider_name="", model="house-model", service_tier="flex", token_class="input", length_band=0,
        valid_from=date(1970, 1, 1), valid_to=None, usd_per_million=Decimal(1), source="quote",
    )  # fmt: skip
    pair: dict[str, Any] = compare("house-model", "gpt-4o-mini", on=ON, overrides=[rate])
    assert pair["models"][0]["requests"]["small"]["usd"] is None
    assert pair["claims"]["cheaper"] is None
    assert any("no price in the catalogue" in note for note in pair["notes"])
    assert "unknown" in comparison_text(pair)


def test_an_unknown_model_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(UnknownNameError, match="nearest: gpt-4o-mini"):
        compare("gpt-4o", "gpt-4o-mni", on=ON)


def test_the_document_is_json_and_the_same_on_every_call() -> None:
    assert json.dumps(compare("gpt-4o", "gpt-4o-mini", on=ON)) == json.dumps(PAIR)


def test_the_text_fits_80_columns_and_shows_every_published_figure() -> None:
    text = comparison_text(PAIR)
    assert max(len(line) for line in text.splitlines()) <= 80
    for figure in (
        "16.7x", "2.50", "0.075", "$0.003250", "$0.022500", "$0.165000", "$0.000195", "$0.001350", "$0.009900",
        "17.3", "12.6", "0.75", "0.54", "0.15", "0.12", "110.7", "49.9", "0.40 s", "0.49 s", "128,000", "$0.0013",
        "$0.0001", "28%", "122%", "better value", "Not verified",
    ):  # fmt: skip
        assert figure in text
