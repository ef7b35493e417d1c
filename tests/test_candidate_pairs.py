"""Pairs worth a look: what is paid for against what is sold for less or comes after, at the formula of the report."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from audit.assumptions import Assumptions
from audit.catalog.candidates import candidates, kind, successors
from audit.catalog.facts import seed
from audit.catalog.models import known_model
from audit.config import Config, read_config
from audit.errors import AuditError
from audit.pipeline import run_report
from audit.report.pairs_text import pairs_text
from audit.scope import Question
from audit.warehouse import Warehouse
from tests.compared_traffic import ON, call, database, pairs
from tests.exports import write_prices

ROWS = [
    *(call(n, 1_000 + n, 200, cached=500) for n in range(40)),
    *(call(40 + n, 3_000, 10, route="tags") for n in range(40)),
    *(call(80 + n, 60_000, 400, route="contracts") for n in range(10)),
    call(90, 900, 50, route="photos", has_images=True),
    call(91, 5_000, 500, model="gpt-4o-mini-2024-07-18"),
    call(92, 5_000, 500, model="house-model", provider_name="gateway"),
]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return database(tmp_path_factory.mktemp("pairs"), ROWS)


@pytest.fixture(scope="module")
def document(db: Path) -> dict[str, Any]:
    return pairs(db)


def found(document: dict[str, Any], incumbent: str, candidate: str) -> dict[str, Any]:
    (pair,) = [p for p in document["pairs"] if (p["incumbent"], p["candidate"]) == (incumbent, candidate)]
    return pair


@pytest.mark.parametrize("candidate", ["gpt-4o-mini", "gpt-4.1", "gpt-6-luna"])
def test_the_ceiling_of_a_pair_is_the_ceiling_of_its_report(db: Path, document: dict[str, Any], candidate: str) -> None:
    with Warehouse.read(db) as warehouse:
        question = Question(candidate=candidate, today=ON)
        report = run_report(warehouse, question, Config(), Assumptions()).document
    pair = found(document, "gpt-4o", candidate)
    assert pair["ceiling"]["window"] == pytest.approx(report["savings"]["ceiling"]["window"]["point"], abs=1e-9)
    monthly = report["savings"]["ceiling"]["monthly"]
    assert monthly is not None
    assert pair["ceiling"]["monthly"] == pytest.approx(monthly["point"], rel=1e-9)
    assert pair["requests"] == report["requests"]["eligible"]


def test_the_price_ratio_is_that_of_the_user_s_own_tokens(document: dict[str, Any]) -> None:
    """6.1-sol charges less for input but the same for output: the mix decides, not the list."""
    into = sum(1_000 + n for n in range(40)) - 40 * 500 + 40 * 3_000
    cached, out = 40 * 500, 40 * 200 + 40 * 10
    big = into * Decimal("2.5") + cached * Decimal("1.25") + out * 10
    sol = into * 2 + cached * Decimal("0.1") + out * 10
    pair = found(document, "gpt-4o", "gpt-6.1-sol")
    assert pair["price_ratio"] == pytest.approx(float(big / sol))
    assert pair["incumbent_cost"] == pytest.approx(float(big / 1_000_000))
    assert pair["saving"]["window"] == pytest.approx(float((big - sol) / 1_000_000))


def test_long_inputs_and_images_are_left_out_and_counted(document: dict[str, Any]) -> None:
    pair = found(document, "gpt-4o", "gpt-4o-mini")
    assert (pair["requests"], pair["requests_left_out"]) == (80, 11)
    assert "11 requests have images" in pairs_text(document)


def test_a_successor_comes_with_its_source_and_with_what_is_below_it(document: dict[str, Any]) -> None:
    named = [pair for pair in document["pairs"] if pair["traffic"] == "gpt-4o" and pair["kind"] == "successor"]
    assert {pair["candidate"] for pair in named} == {"gpt-6-luna", "gpt-6.1-sol"}
    assert all(pair["source"] and pair["incumbent_retires_on"] == "2027-01-14" for pair in named)
    after = found(document, "gpt-6.1-sol", "gpt-6-luna")
    assert (after["kind"], after["traffic"]) == ("after_successor", "gpt-4o")
    first, second = (found(document, "gpt-4o", name)["candidate_cost"] for name in ("gpt-6.1-sol", "gpt-6-luna"))
    assert after["ceiling"]["window"] == pytest.approx(first - second)
    assert after["incumbent_retires_on"] is None


def test_a_dearer_successor_is_listed_with_what_it_costs_more(tmp_path: Path) -> None:
    """gpt-5-nano costs 0.05/0.40; its successor gpt-5.6-luna 0.20/1.20."""
    document = pairs(database(tmp_path, [call(n, 10_000, 1_000, model="gpt-5-nano-2025-08-07") for n in range(30)]))
    pair = found(document, "gpt-5-nano", "gpt-5.6-luna")
    more = 30 * (10_000 * Decimal("0.15") + 1_000 * Decimal("0.80")) / 1_000_000
    assert pair["saving"]["window"] == pytest.approx(-float(more))
    assert pair["ceiling"]["window"] == 0


def test_models_are_sorted_by_what_is_spent_and_pairs_by_what_they_would_save(document: dict[str, Any]) -> None:
    assert [model["model"] for model in document["models"]] == ["gpt-4o", "gpt-4o-mini"]
    ceilings = [pair["ceiling"]["window"] for pair in document["pairs"]]
    assert ceilings == sorted(ceilings, reverse=True)
    spent = document["models"][0]
    assert spent["monthly_list_cost"] == pytest.approx(spent["list_cost"] * document["monthly_multiplier"])


def test_models_without_a_price_are_named_and_in_no_pair(document: dict[str, Any]) -> None:
    assert any("1 request of house-model: no known price" in note for note in document["notes"])
    assert all("house-model" not in (pair["incumbent"], pair["candidate"]) for pair in document["pairs"])


def test_the_index_difference_is_given_where_both_indices_are_sourced(document: dict[str, Any]) -> None:
    assert found(document, "gpt-4o", "gpt-4o-mini")["index_difference"] == pytest.approx(12.6 - 17.3)
    assert found(document, "gpt-4o", "gpt-6-luna")["index_difference"] is None


def test_every_pair_names_the_command_that_goes_on(document: dict[str, Any]) -> None:
    assert found(document, "gpt-4o", "gpt-4o-mini")["command"] == "audit compare gpt-4o gpt-4o-mini"
    assert "Next: audit compare gpt-4o gpt-4o-mini" in pairs_text(document)


def test_a_model_that_only_prices_csv_knows_is_a_candidate(tmp_path: Path) -> None:
    rates = {"input": "0.01", "output": "0.02"}
    lines = [{"model": "own-model", "token_class": name, "usd_per_million": usd} for name, usd in rates.items()]
    write_prices(tmp_path / "prices.csv", *lines)
    (tmp_path / "audit.toml").write_text(f'[prices]\nfile = "{tmp_path / "prices.csv"}"\n', encoding="utf-8")
    config = read_config(tmp_path / "audit.toml")
    document = pairs(database(tmp_path, ROWS[:40], config), config)
    into = sum(1_000 + n for n in range(40))
    own = (into * Decimal("0.01") + 40 * 200 * Decimal("0.02")) / 1_000_000
    assert found(document, "gpt-4o", "own-model")["candidate_cost"] == pytest.approx(float(own))


def test_a_declared_volume_scales_a_month_as_in_the_report(db: Path) -> None:
    config = replace(Config(), assumptions={"monthly_requests": 1_000_000})
    document = pairs(db, config)
    assert document["monthly_multiplier"] == pytest.approx(1_000_000 / len(ROWS))


def test_fine_tuned_models_have_no_candidate(tmp_path: Path) -> None:
    tuned = "ft:gpt-4o-2024-08-06:acme::abc123"
    document = pairs(database(tmp_path, [call(n, 1_000, 100, model=tuned) for n in range(5)]))
    assert (document["models"], document["pairs"]) == ([], [])
    assert any("is fine-tuned" in note for note in document["notes"])


def test_a_database_without_requests_says_to_load_or_to_name_two_models(tmp_path: Path) -> None:
    Warehouse.create(tmp_path / "usage.duckdb").con.close()
    with pytest.raises(AuditError, match=r"audit load PATH.*name two models"):
        pairs(tmp_path / "usage.duckdb")


def test_the_document_is_valid_and_its_text_fits(document: dict[str, Any]) -> None:
    schema = json.loads(files("audit").joinpath("data/schemas/pairs.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(json.dumps(document)), schema, jsonschema.Draft202012Validator)
    text = pairs_text(document)
    assert max(map(len, text.splitlines())) <= 80
    assert "gpt-4o-mini" in text


def test_a_candidate_is_of_the_same_maker_and_kind_and_still_sold() -> None:
    sold = candidates("openai", "gpt-4o-2024-08-06", date(2026, 11, 25))
    assert {"gpt-4o-mini", "gpt-6-luna"} <= set(sold)
    # retired, another kind, its own family, and a name whose price nobody has verified for years
    assert not {"gpt-4.1-nano", "gpt-4o-mini-audio-preview", "gpt-4o", "ada"} & set(sold)
    assert "gpt-4.1-nano" in candidates("openai", "gpt-4o-2024-08-06", date(2026, 10, 1))
    assert set(candidates("openai", "text-embedding-3-large", ON)) == {
        "text-embedding-3-small",
        "text-embedding-ada-002",
    }
    assert all(kind(name) == {"audio", "preview"} for name in candidates("openai", "gpt-4o-audio-preview", ON))


def test_every_successor_of_the_seed_is_a_model_with_a_source() -> None:
    for row in seed("successors"):
        assert known_model(row["successor"]) == row["successor"]
        assert known_model(row["model_family"])
        assert row["source"]
        assert date.fromisoformat(row["checked_on"])
    assert [each.model for each in successors("gpt-4o-mini-2024-07-18")] == ["gpt-6-luna"]


def test_a_model_none_of_whose_requests_can_move_has_cheaper_ones_all_the_same(tmp_path: Path) -> None:
    found = pairs(database(tmp_path, [call(n, 60_000, 400) for n in range(40)]))
    (model,) = found["models"]
    assert model["pairs"] == 0
    assert model["pairs_left_out"] > 0
    text = " ".join(pairs_text(found).split())
    assert "nothing that can move: every request has images, audio or long inputs" in text
    assert "no cheaper model" not in text


def test_traffic_without_any_price_says_how_to_give_one(tmp_path: Path) -> None:
    rows = [call(n, 900, 50, model="house-model", provider_name="gateway") for n in range(3)]
    assert "None: no request has a known price. `audit prices MODEL --template" in " ".join(
        pairs_text(pairs(database(tmp_path, rows))).split()
    )
