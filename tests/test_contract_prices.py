"""The user's own rates: they win over the catalogue where they say so, and nowhere else."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from price_tables import at, override_file

from audit.catalog.price_file import read_price_overrides
from audit.catalog.prices import price_rows
from audit.errors import ConfigError, InputError

LATER = date(2026, 10, 14)
"""All tiers of the models here have verified prices since."""
DAYS = ("2024-08-06", "2024-11-20")


def test_a_contract_rate_wins_over_the_catalogue_for_its_days_only(tmp_path: Path) -> None:
    overrides = override_file(
        tmp_path,
        "openai,gpt-4o-2024-08-06,,input,,2026-01-01,2026-07-01,2.00,contract",
        ",gpt-4o,,output,,,,9.00,family",
        "openai,gpt-4o-2024-08-06,,input,128000,2026-01-01,2026-07-01,3.00,contract",
    )
    table = price_rows([("openai", "gpt-4o-2024-08-06"), ("openai", "gpt-4o-2024-05-13")], overrides)
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 1)]
    assert [at(table, "gpt-4o-2024-08-06", day)["input"] for day in days] == [Decimal("2.5"), 2, 2, Decimal("2.5")]
    assert at(table, "gpt-4o-2024-08-06", days[1], input_tokens=128_001)["input"] == 3
    assert at(table, "gpt-4o-2024-05-13", days[1])["input"] == 5
    assert at(table, "gpt-4o-2024-05-13", days[1])["output"] == 9
    assert at(table, "gpt-4o-2024-08-06", days[1], "batch")["input"] == Decimal("1.25")


def test_the_most_specific_contract_line_wins_whatever_its_place(tmp_path: Path) -> None:
    overrides = override_file(
        tmp_path,
        "azure,gpt-4o-2024-08-06,,input,,,,1.00,snapshot at azure",
        ",gpt-4o-2024-08-06,,input,,,,2.00,snapshot",
        "azure,gpt-4o,,input,,,,3.00,family at azure",
        ",gpt-4o,,input,,,,4.00,family",
    )
    pairs = [(provider, f"gpt-4o-{day}") for provider in ("azure.ai.openai", "openai") for day in DAYS]
    table = price_rows(pairs, overrides)
    prices = [at(table, model, date(2026, 1, 1), provider=provider)["input"] for provider, model in pairs]
    assert prices == [1, 3, 2, 4]


def test_a_contract_rate_for_long_input_leaves_short_input_at_the_usual_price(tmp_path: Path) -> None:
    overrides = override_file(
        tmp_path,
        ",gpt-4o-2024-08-06,flex,output,128000,,,20.00,long",
        ",gpt-4o-2024-08-06,,cache_creation,128000,,,6.00,long",
    )
    table = price_rows([("openai", "gpt-4o-2024-08-06")], overrides)
    flex = [at(table, "gpt-4o-2024-08-06", LATER, "flex", tokens)["output"] for tokens in (128_000, 128_001)]
    assert flex == [10, 20]
    written = [at(table, "gpt-4o-2024-08-06", LATER, input_tokens=n)["cache_creation"] for n in (1, 200_000)]
    assert written == [Decimal("2.5"), 6]


def test_a_model_known_from_the_price_file_alone_is_priced_and_earlier_days_are_flagged(tmp_path: Path) -> None:
    overrides = override_file(
        tmp_path, ",my-model,,input,,2026-01-01,,1.00,quote", ",my-model,,output,,2026-01-01,,4.00,quote"
    )
    table = price_rows([("vllm", "my-model")], overrides)
    unit = at(table, "my-model", date(2025, 6, 1), "batch", provider="vllm")
    assert unit == {"input": 1, "output": 4, "cache_read": 1, "cache_creation": 1}
    assert set(table.select("valid_from", "is_assumed_before").unique().rows()) == {
        (date(1970, 1, 1), True),
        (date(2026, 1, 1), False),
    }


def test_a_discount_is_taken_off_catalogue_prices_and_not_off_contract_rates(tmp_path: Path) -> None:
    overrides = override_file(tmp_path, "openai,gpt-4o-2024-08-06,,output,,,,9.00,contract")
    table = price_rows([("openai", "gpt-4o-2024-08-06")], overrides, Decimal("0.2"))
    unit = at(table, "gpt-4o-2024-08-06", date(2026, 11, 1))
    assert (unit["input"], unit["cache_read"], unit["output"]) == (2, 1, 9)
    with pytest.raises(ConfigError, match=r"discount 1\.5 is not a fraction"):
        price_rows([], discount=Decimal("1.5"))


def test_a_price_file_that_is_not_there_or_no_text_is_named_with_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "nope.csv"
    with pytest.raises(InputError, match=r"nope\.csv: no such file; \[prices\] file of audit\.toml names it"):
        read_price_overrides(path)
    path.mkdir()
    with pytest.raises(InputError, match=r"nope\.csv: cannot be read \(Is a directory\); \[prices\] file of audit"):
        read_price_overrides(path)
    (tmp_path / "latin.csv").write_bytes(b"model,\xff\n")
    with pytest.raises(InputError, match=r"latin\.csv: byte 6 is not UTF-8; save the file as CSV UTF-8"):
        read_price_overrides(tmp_path / "latin.csv")
