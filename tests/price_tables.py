"""Test helper: prices out of a table of them, and a file of the user's own."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl

from audit.catalog.price_file import PriceOverride, Tier, read_price_overrides
from audit.catalog.prices import unit_prices


def at(
    table: pl.DataFrame, model: str, on: date, tier: Tier = "default", input_tokens: int = 0, provider: str = "openai"
) -> dict[str, Decimal]:
    return unit_prices(table, provider, model, on, tier, input_tokens)


def override_file(folder: Path, *lines: str) -> tuple[PriceOverride, ...]:
    path = folder / "prices.csv"
    header = "provider_name,model,service_tier,token_class,length_band,valid_from,valid_to,usd_per_million,source"
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return read_price_overrides(path)
