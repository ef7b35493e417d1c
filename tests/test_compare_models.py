"""Any two models can be compared: what nobody has published is said, and never guessed or free."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from audit.catalog.comparison import compare
from audit.catalog.price_file import PriceOverride, TokenClass
from audit.report.comparison_text import comparison_text
from audit.report.html import render_comparison

ON = date(2026, 11, 25)
RATES: dict[TokenClass, Decimal] = {"input": Decimal("0.40"), "output": Decimal("1.20")}
HOUSE = [
    PriceOverride(
        provider_name="", model="house-model", service_tier="default", token_class=token_class, length_band=0,
        valid_from=date(1970, 1, 1), valid_to=None, usd_per_million=price, source="quote",
    )
    for token_class, price in RATES.items()
]  # fmt: skip


def pair(a: str, b: str, overrides: list[PriceOverride] | None = None) -> dict[str, Any]:
    return compare(a, b, on=ON, overrides=overrides or ())


def notes(document: dict[str, Any]) -> str:
    return "\n".join(document["notes"])


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("gpt-4o", "gpt-4o-mini"),
        ("gpt-4o-mini", "gpt-4o"),
        ("gpt-4o", "gpt-4o"),
        ("gpt-4o", "claude-haiku-4-5"),
        ("gemini-2.5-pro", "gemini-2.5-flash-lite"),
        ("gpt-audio", "gpt-audio-mini"),
        ("text-embedding-3-large", "text-embedding-3-small"),
        ("gpt-4o", "text-embedding-3-small"),
        ("whisper-1", "gpt-4o"),
        ("house-model", "gpt-4o-mini"),
        ("ft:gpt-4o-2024-08-06:acme::abc", "gpt-4o-mini"),
    ],
)
def test_every_pair_is_a_valid_document_a_text_of_80_columns_and_a_page(a: str, b: str) -> None:
    document = pair(a, b, HOUSE)
    schema = json.loads(files("audit").joinpath("data/schemas/compare.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(json.dumps(document)), schema, jsonschema.Draft202012Validator)
    text = comparison_text(document)
    assert max(map(len, text.splitlines())) <= 80
    assert "None" not in text
    assert document["models"][0]["model_family"] in render_comparison(document)


def test_models_of_two_makers_do_not_count_tokens_alike() -> None:
    document = pair("gpt-4o", "claude-haiku-4-5")
    assert document["same_tokenizer"] is False
    assert "different tokenizers" in notes(document)


def test_models_of_one_maker_may_have_two_tokenizers_and_a_new_one_is_unknown() -> None:
    assert pair("gpt-4o", "gpt-4o-mini")["same_tokenizer"] is True
    assert pair("gpt-4-turbo", "gpt-4o")["same_tokenizer"] is False
    new = pair("gpt-4o", "gpt-6-luna")
    assert new["same_tokenizer"] is None
    assert "nobody has published whether" in notes(new)


def test_a_model_known_from_prices_csv_alone_is_compared_at_its_own_prices() -> None:
    document = pair("gpt-4o-mini", "house-model", HOUSE)
    # 5,000 tokens at 0.40 and 1,000 at 1.20 per million
    assert Decimal(str(document["models"][1]["requests"]["medium"]["usd"])) == Decimal("0.0032")
    assert document["claims"]["cheaper"] == "gpt-4o-mini"
    assert document["same_tokenizer"] is None
    assert "priced by your prices.csv alone" in notes(document)


def test_a_cached_rate_that_nobody_published_saves_nothing_known() -> None:
    model = pair("house-model", "gpt-4o-mini", HOUSE)["models"][0]
    assert "cache_read" in model["unpublished_prices"]["default"]
    assert model["cache_saving_share"] is None
    assert model["cached_medium_usd"] is None


def test_a_tier_without_a_price_list_of_its_own_is_not_published() -> None:
    claude, mini = pair("claude-haiku-4-5", "gpt-4o-mini")["models"]
    assert {"input", "output"} <= set(claude["unpublished_prices"]["flex"])
    assert "output" not in mini["unpublished_prices"]["batch"]
    house = comparison_text(pair("house-model", "gpt-4o-mini", HOUSE))
    line = next(line for line in house.splitlines() if line.startswith(" batch input"))
    assert "not published" in line
    assert "0.075" in line


def test_embeddings_are_compared_by_their_input_alone() -> None:
    document = pair("text-embedding-3-large", "text-embedding-3-small")
    assert [model["requests"]["small"]["usd"] for model in document["models"]] == [None, None]
    assert document["claims"]["cheaper"] == "text-embedding-3-small"
    # 0.13 against 0.02 per million
    assert document["price_ratio"]["input"] == pytest.approx(6.5)
    assert "no price of output" in notes(document)
    assert "6.5 times less" in document["bottom_line"][0]


def test_audio_is_said_to_be_billed_apart_or_to_have_no_price() -> None:
    assert "gpt-audio bills audio tokens apart" in notes(pair("gpt-audio", "gpt-4o"))
    assert "no known price of audio tokens" in notes(pair("gpt-4o-audio-preview", "gpt-4o"))


def test_a_model_without_any_price_is_unknown_in_every_line_of_money() -> None:
    document = pair("whisper-1", "gpt-4o")
    assert document["models"][0]["prices"]["default"] == {}
    assert document["claims"]["cheaper"] is None
    assert "no price in the catalogue" in notes(document)


def test_a_model_twice_is_said_to_be_one_model() -> None:
    document = pair("gpt-4o", "gpt-4o-2024-08-06")
    assert document["bottom_line"] == ["gpt-4o and gpt-4o-2024-08-06 are the same model: nothing to choose between."]
    assert "mean the same model" in notes(document)
    assert document["tasks"]["by_task"] == []


def test_a_request_that_does_not_fit_is_named() -> None:
    assert "gpt-3.5-turbo-0125 takes 16,385 tokens at most" in notes(pair("gpt-3.5-turbo", "gpt-4o"))


def test_classes_that_nobody_prices_do_not_stretch_the_bottom_line() -> None:
    """Mini has no price of cache writes; the input rate that stands in for it is no ratio to boast of."""
    document = pair("gpt-4o-mini", "gpt-6-luna")
    # 0.15/0.10, 0.075/0.01 and 0.60/0.50
    assert document["bottom_line"][0] == (
        "gpt-6-luna costs 1.2 to 7.5 times less than gpt-4o-mini, depending on the token class."
    )


def test_a_provider_that_does_not_sell_one_of_them_is_named() -> None:
    document: dict[str, Any] = compare("gpt-4o", "claude-haiku-4-5", on=ON, provider_name="openai")
    assert [model["provider_name"] for model in document["models"]] == ["openai", "anthropic"]
    assert "openai does not sell claude-haiku-4-5" in notes(document)


def test_tasks_are_ordered_from_what_to_sample_to_what_to_leave_with_losses_in_points_of_100() -> None:
    tasks = pair("gpt-4o", "gpt-4o-mini")["tasks"]
    assert (tasks["incumbent"], tasks["candidate"]) == ("gpt-4o", "gpt-4o-mini")
    advice = {task["task_type"]: task["advice"] for task in tasks["by_task"] if task["task_type"]}
    assert list(dict.fromkeys(advice.values())) == ["as_good", "small_loss", "unclear", "loses", "unknown"]
    assert advice["creative_writing"] == "as_good"
    assert advice["extraction"] == "small_loss"
    assert advice["chat"] == "unclear"
    assert advice["closed_book_facts"] == "loses"
    assert advice["translation"] == "unknown"
    losses = {
        (score["name"], score["incumbent_model"]): score["quality_loss"]
        for task in tasks["by_task"]
        for score in task["benchmarks"]
    }
    assert losses["SimpleQA", "gpt-4o-2024-08-06"] == pytest.approx(40.1 - 9.5)
    # 5.91 and 6.01 on a scale from -10 to 10: half a point of 100 better
    assert losses["WildBench creative tasks, judge gpt-4o-2024-05-13", "gpt-4o-2024-05-13"] == pytest.approx(-0.5)


def test_the_order_of_the_names_does_not_turn_a_loss_into_a_gain() -> None:
    assert pair("gpt-4o-mini", "gpt-4o")["tasks"] == pair("gpt-4o", "gpt-4o-mini")["tasks"]


def test_the_choice_of_tasks_names_no_task_twice_and_claims_no_more_than_was_published() -> None:
    document = pair("gpt-4o", "gpt-4o-mini")
    choice = document["bottom_line"][-5:-1]
    named = [task for sentence in choice for task in sentence.rstrip(".").split(": ")[1].split(", ")]
    assert len(named) == len(set(named)) == sum(task["task_type"] is not None for task in document["tasks"]["by_task"])
    assert choice[0].startswith("Sample first whether gpt-4o-mini will do: creative writing")
    assert "closed book facts" in choice[2]
    assert "other people's prompts" in document["tasks"]["caveat"]


def test_a_pair_without_published_tasks_says_that_only_own_pairs_can_tell() -> None:
    document = pair("gpt-4o", "gpt-6-luna")
    assert document["tasks"]["by_task"] == []
    assert any("only pairs of your own can tell" in sentence for sentence in document["bottom_line"])


def test_the_cheaper_model_is_not_taken_for_the_faster_one() -> None:
    assert any(
        "122% faster" in line and "the slower one" in line for line in pair("gpt-4o", "gpt-4o-mini")["bottom_line"]
    )


def test_of_two_models_at_one_price_neither_is_the_cheaper_and_slower_one() -> None:
    as_dear = [
        replace(each, model="gpt-4o-mini-2024-07-18", usd_per_million=Decimal(price))
        for each, price in zip(HOUSE, ("2.50", "10"), strict=True)
    ]
    document = pair("gpt-4o", "gpt-4o-mini", as_dear)
    assert document["claims"]["cheaper"] is None
    (said,) = (line for line in document["bottom_line"] if "faster" in line)
    assert said == "gpt-4o writes 122% faster by published figures."


def test_models_switched_off_together_are_said_together() -> None:
    together = pair("gpt-4o", "gpt-4o-mini")["bottom_line"][-1]
    assert together.startswith("gpt-4o and gpt-4o-mini are switched off on 2027-01-14: ")
    apart = pair("gpt-3.5-turbo", "o3")["bottom_line"][-1]
    assert apart.startswith("gpt-3.5-turbo was switched off on 2026-10-23, o3 is switched off on 2026-12-11: ")
