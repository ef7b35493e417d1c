"""What a replay cost: the tokens the provider counted, at the catalogue's batch prices."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from audit.catalog.facts import length_bands, vendor
from audit.catalog.models import canonical
from audit.catalog.price_file import PriceOverride, read_price_overrides
from audit.catalog.prices import price_rows, request_cost, unit_prices
from audit.config import Config
from audit.grading.answers import Reply

if TYPE_CHECKING:
    import polars as pl


class BatchPrices:
    """Prices of the Batch API, looked up once per model."""

    def __init__(self, config: Config) -> None:
        """The user's own rates and discount hold for replays too."""
        self._overrides: Sequence[PriceOverride] = (
            read_price_overrides(config.prices_file) if config.prices_file else ()
        )
        self._discount = config.discount
        self._prices = cache(self._price_rows)
        self._units = cache(self._unit_prices)

    def cost(self, reply: Reply | None, model: str, today: date) -> Decimal | None:
        """Dollars of one reply, None where its tokens or its price are not known; no reply costs nothing."""
        if reply is None:
            return Decimal(0)
        if reply.usage is None:
            return None if reply.answer is not None and reply.answer.failure is None else Decimal(0)
        day = reply.observed_on or today
        band = max(band for band in length_bands() if band == 0 or reply.usage.input_tokens > band)
        return request_cost(
            self._units(canonical(model, day), day, band),
            {
                "input": reply.usage.input_tokens,
                "cache_read": min(reply.usage.cached_tokens, reply.usage.input_tokens),
                "output": reply.usage.output_tokens,
            },
        )

    def _unit_prices(self, model: str, day: date, band: int) -> Mapping[str, Decimal]:
        maker = vendor(model)
        provider = maker.id if maker else "openai"
        return unit_prices(self._prices(provider, model), provider, model, day, "batch", band + 1)

    def _price_rows(self, provider: str, model: str) -> "pl.DataFrame":
        return price_rows([(provider, model)], self._overrides, self._discount)
