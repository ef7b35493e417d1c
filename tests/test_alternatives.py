"""Which other candidates a report offers: cheaper, alive, with known limits, and answering text with text."""

from datetime import date

import polars as pl
import pytest

from audit.catalog.alternatives import MOST, alternatives
from audit.catalog.facts import facts, retirement
from audit.catalog.prices import request_cost, unit_prices

TODAY = date(2026, 11, 22)
BIG, SMALL = "gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18"


def medium(prices: pl.DataFrame, provider: str, model: str) -> float:
    cost = request_cost(
        unit_prices(prices, provider, model, TODAY, input_tokens=5_000), {"input": 5_000, "output": 1_000}
    )
    assert cost is not None
    return float(cost)


@pytest.mark.parametrize("provider", ["openai", "azure"])
def test_every_alternative_is_cheaper_alive_and_has_known_limits(provider: str) -> None:
    found, prices = alternatives([(provider, BIG)], leave_out=[SMALL], on=TODAY, today=TODAY)
    assert 3 <= len(found) <= MOST
    assert not {BIG, SMALL} & {each.model for each in found}
    for each in found:
        assert medium(prices, provider, each.model) < medium(prices, provider, BIG)
        assert each.retires_on is None or each.retires_on > TODAY
        assert each.context_window == facts(each.model)["context_window"].value
        assert each.output_limit == facts(each.model)["max_output_tokens"].value
        assert "audio" not in each.model
        assert "search" not in each.model
    assert "gpt-6-luna" in {each.model for each in found}, "the successor is among them"
    assert "gpt-3.5-turbo-0125" not in {each.model for each in found}, "its maker has switched it off"


def test_the_ones_that_stay_longest_come_first() -> None:
    found, _ = alternatives([("openai", BIG)], leave_out=[SMALL], on=TODAY, today=TODAY)
    days = [each.retires_on or date.max for each in found]
    assert days == sorted(days, reverse=True)


def test_a_model_is_no_alternative_from_the_day_it_is_switched_off() -> None:
    end = retirement("openai", "gpt-4.1-mini-2025-04-14")
    assert end is not None

    def offered(today: date) -> set[str]:
        found, _ = alternatives([("openai", BIG)], leave_out=[SMALL], on=TODAY, today=today)
        return {each.model for each in found}

    assert "gpt-4.1-mini-2025-04-14" in offered(TODAY)
    assert "gpt-4.1-mini-2025-04-14" not in offered(end.retires_on)


def test_nothing_is_offered_for_a_model_that_nobody_knows_or_without_traffic() -> None:
    for served in ([("openai", "house-llama-70b")], list[tuple[str, str]]()):
        found, _ = alternatives(served, leave_out=[], on=TODAY, today=TODAY)
        assert found == []
