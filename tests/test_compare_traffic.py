"""A typical request of the user's own: exact in the mean, kept inside its bin in the middle, priced on both models."""

import json
from dataclasses import replace
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from audit.config import Config, read_config
from audit.report.comparison_text import comparison_text
from tests.compared_traffic import call, compared, database
from tests.exports import write_prices

ROWS = [
    call(0, 1_000, 100, cached=400),
    call(1, 2_000, 300),
    call(2, 3_000, 200, cached=600),
    call(3, 10_000, 500, route="nightly", service_tier="batch"),
    call(4, 900, 50, has_images=True),
    call(5, 700, 60, model="gpt-4o-mini-2024-07-18", route="tiny"),
]
# uncached 600 + 2,000 + 2,400 at 2.50, cached 1,000 at 1.25, output 600 at 10; on Batch 10,000 at 1.25 and 500 at 5
CHAT = (5_000 * Decimal("2.5") + 1_000 * Decimal("1.25") + 600 * 10) / 1_000_000
NIGHTLY = (10_000 * Decimal("1.25") + 500 * 5) / Decimal(1_000_000)
UNCACHED = (6_000 * Decimal("2.5") + 600 * 10) / 1_000_000 + NIGHTLY


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return compared(database(tmp_path_factory.mktemp("typical"), ROWS))


@pytest.fixture(scope="module")
def traffic(document: dict[str, Any]) -> dict[str, Any]:
    return document["traffic"]


def test_the_mean_request_costs_what_the_tokens_cost_on_both_at_tier_and_cache(traffic: dict[str, Any]) -> None:
    assert traffic["model"] == "gpt-4o"
    assert traffic["requests"] == 4
    mean = traffic["mean"]
    assert (mean["input_tokens"], mean["cache_read_tokens"], mean["output_tokens"]) == (4_000, 250, 275)
    big, mini = mean["usd"]
    assert big == pytest.approx(float((CHAT + NIGHTLY) / 4), rel=1e-12)
    # every token class of mini, on Batch too, costs 6 percent
    assert mini == pytest.approx(float((CHAT + NIGHTLY) / 4 * Decimal("0.06")), rel=1e-12)
    assert mean["ratio"] == pytest.approx(1 / 0.06)


def test_the_cache_saves_what_the_log_has_cached_and_no_more(traffic: dict[str, Any]) -> None:
    assert traffic["cache_read_share"] == pytest.approx(1_000 / 16_000)
    expected = float(1 - (CHAT + NIGHTLY) / UNCACHED)
    assert traffic["cache_saving_share"] == pytest.approx([expected, expected])


def test_dollars_per_index_point_are_of_the_mean_request(traffic: dict[str, Any]) -> None:
    big, mini = traffic["mean"]["usd"]
    assert traffic["usd_per_index_point"] == pytest.approx([big / 17.3, mini / 12.6])


def test_an_endpoint_of_one_request_has_that_request_as_its_mean_and_its_middle(traffic: dict[str, Any]) -> None:
    nightly = next(entry for entry in traffic["endpoints"] if entry["endpoint"] == "nightly")
    assert nightly["requests"] == 1
    assert nightly["mean"]["usd"][0] == pytest.approx(float(NIGHTLY))
    assert (nightly["median"]["input_tokens"], nightly["median"]["output_tokens"]) == (10_000, 500)
    # the middle is priced at the default tier: 10,000 at 2.50 and 500 at 10
    assert nightly["median"]["usd"][0] == pytest.approx(0.03)
    assert [entry["endpoint"] for entry in traffic["endpoints"]] == ["chat", "nightly"]
    assert sum(entry["cost_share"] for entry in traffic["endpoints"]) == pytest.approx(1)


def test_the_middle_request_lies_in_the_bin_of_the_middle(traffic: dict[str, Any]) -> None:
    """The second of 1,000, 2,000, 3,000 and 10,000 tokens: half-octave bin 21, from 1,433 to 2,031."""
    assert 1_433 <= traffic["median"]["input_tokens"] <= 2_031
    assert traffic["median"]["cache_read_tokens"] == round(traffic["median"]["input_tokens"] / 16)


def test_images_are_left_out_and_counted(traffic: dict[str, Any], document: dict[str, Any]) -> None:
    assert traffic["requests_left_out"] == {"images": 1, "audio": 0}
    assert "1 with images left out" in " ".join(comparison_text(document).split())


def test_the_requests_of_the_second_model_stand_in_where_the_first_has_none(tmp_path: Path) -> None:
    traffic = compared(database(tmp_path, ROWS), "gpt-4.1", "gpt-4o-mini")["traffic"]
    assert (traffic["model"], traffic["requests"]) == ("gpt-4o-mini", 1)
    # 700 at 2.00 and 60 at 8.00; 700 at 0.15 and 60 at 0.60
    assert traffic["mean"]["usd"] == pytest.approx([0.00188, 0.000141])


def test_a_log_without_either_model_says_so_and_compares_what_is_published(tmp_path: Path) -> None:
    document = compared(database(tmp_path, ROWS), "claude-opus-5", "claude-haiku-4-5")
    assert document["traffic"] is None
    assert any("no billed request of text on either model" in note for note in document["notes"])


def test_the_provider_of_the_traffic_prices_both(tmp_path: Path) -> None:
    rows = [row | {"provider_name": "azure"} for row in ROWS[:3]]
    document = compared(database(tmp_path, rows))
    assert document["traffic"]["provider_name"] == "azure"
    assert [model["provider_name"] for model in document["models"]] == ["azure", "azure"]
    # Azure switches both off later than OpenAI does
    assert document["models"][0]["retires_on"] == "2027-04-14"


def test_only_a_task_a_person_confirmed_gets_the_advice_of_its_task(tmp_path: Path) -> None:
    config = replace(Config(), task_types={"chat": "extraction", "nightly": "translation"})
    document = compared(database(tmp_path, ROWS), config=config)
    advice = {entry["endpoint"]: (entry["task_type"], entry["advice"]) for entry in document["traffic"]["endpoints"]}
    assert advice == {"chat": ("extraction", "small_loss"), "nightly": ("translation", "unknown")}
    assert "low stakes" in comparison_text(document)


def test_a_model_of_prices_csv_alone_is_priced_on_the_user_s_own_request(tmp_path: Path) -> None:
    lines = (
        {"model": "house-model", "token_class": name, "usd_per_million": usd}
        for name, usd in (("input", 1), ("output", 4))
    )
    write_prices(tmp_path / "prices.csv", *lines)
    (tmp_path / "audit.toml").write_text(f'[prices]\nfile = "{tmp_path / "prices.csv"}"\n', encoding="utf-8")
    config = read_config(tmp_path / "audit.toml")
    mean = compared(database(tmp_path, ROWS[:2], config), "gpt-4o", "house-model", config)["traffic"]["mean"]
    # 3,000 tokens at 1 and 400 at 4, over two requests: cached input is no cheaper there
    assert mean["usd"][1] == pytest.approx(0.0023)


def test_an_endpoint_without_a_price_has_no_share_of_cost_and_is_said_to_have_none(tmp_path: Path) -> None:
    write_prices(tmp_path / "prices.csv", {"model": "house-model", "token_class": "input", "usd_per_million": 1})
    config = replace(Config(), prices_file=tmp_path / "prices.csv")
    rows = [call(number, 1_000, 0, model="house-model", route=name) for number, name in enumerate(("a", "a", "a", "b"))]
    document = compared(
        database(tmp_path, [*rows, call(9, 1, 1, model="house-model", route="c")], config),
        "house-model", "gpt-4o", config,
    )  # fmt: skip
    found = {
        each["endpoint"]: (each["cost_share"], each["mean"]["usd"][0]) for each in document["traffic"]["endpoints"]
    }
    assert found == {"a": (0.75, 0.001), "b": (0.25, 0.001), "c": (None, None)}
    said = "1 of 5 requests have tokens of a class that house-model has no known price for"
    assert any(note.startswith(said) for note in document["notes"])


def test_speeds_are_compared_only_where_both_models_answer_often_enough(tmp_path: Path) -> None:
    mini: dict[str, Any] = {"model": "gpt-4o-mini-2024-07-18"}
    rows = [call(n, 500, 100, route="faq", duration_ms=2_000 + n % 3) for n in range(30)]
    rows += [call(40 + n, 500, 100, route="faq", duration_ms=4_000 + n % 3, **mini) for n in range(20)]
    rows += [call(70 + n, 500, 100, route="big only", duration_ms=9_000) for n in range(30)]
    rows += [call(110 + n, 500, 100, route="rare", duration_ms=1) for n in range(19)]
    rows += [call(140 + n, 500, 100, route="rare", duration_ms=8_000, **mini) for n in range(30)]
    speed = compared(database(tmp_path, rows))["traffic"]["speed"]
    assert [line["endpoint"] for line in speed["endpoints"]] == ["faq"]
    assert speed["endpoints"][0]["requests"] == [30, 20]
    assert speed["median_duration_ms"] == [2_001, 4_001]
    assert speed["output_tokens_per_second"] == pytest.approx([100 / 2.001, 100 / 4.001])
    assert speed["time_to_first_chunk_ms"] == [None, None]
    assert "no experiment" in speed["caveat"]


def test_speeds_of_several_endpoints_are_weighed_by_the_requests_of_the_first(tmp_path: Path) -> None:
    """30 requests of 2 s and 10 of 6 s are 3 s in the mean, however often mini answered where."""
    rows: list[dict[str, object]] = []
    for route, count, big, small in (("often", 60, 2_000, 1_000), ("seldom", 20, 6_000, 5_000)):
        rows += [call(len(rows) + n, 9, 9, route=route, duration_ms=big) for n in range(count)]
        rows += [call(len(rows) + n, 9, 9, route=route, duration_ms=small, model="gpt-4o-mini") for n in range(40)]
    speed = compared(database(tmp_path, rows))["traffic"]["speed"]
    assert speed["median_duration_ms"] == pytest.approx([3_000, 2_000])


def test_without_an_endpoint_of_both_there_is_no_speed_of_the_log(traffic: dict[str, Any]) -> None:
    assert traffic["speed"] is None


def test_the_document_is_valid_and_its_text_fits(document: dict[str, Any]) -> None:
    schema = json.loads(files("audit").joinpath("data/schemas/compare.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(json.dumps(document)), schema, jsonschema.Draft202012Validator)
    text = comparison_text(document)
    assert max(map(len, text.splitlines())) <= 80
    assert "From 4 requests of gpt-4o" in text
