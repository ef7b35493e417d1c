"""List prices of the two models of a backtest."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from audit.catalog.facts import vendor
from audit.catalog.models import canonical
from audit.catalog.price_file import read_price_overrides
from audit.catalog.prices import price_rows, unit_prices
from audit.config import Config


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """USD per token, uncached, at the standard tier."""

    input: float
    output: float


Prices = Callable[[str], Price | None]
"""The price of a model; None where nobody has published one."""


def list_prices(on: date, config: Config) -> Prices:
    """Prices of a day at each model's own maker, with the user's own rates and discount."""
    overrides = read_price_overrides(config.prices_file) if config.prices_file else ()

    def price(name: str) -> Price | None:
        model = canonical(name, on)
        maker = vendor(model)
        provider = maker.id if maker else ""
        unit = unit_prices(price_rows([(provider, model)], overrides, config.discount), provider, model, on)
        if "input" not in unit or "output" not in unit:
            return None
        return Price(input=float(unit["input"]) / 1e6, output=float(unit["output"]) / 1e6)

    return price
