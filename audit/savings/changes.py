"""Why spend differs between two windows: volume, mix, model, length and price, which add up to the difference exactly.

One thing is changed at a time, in this order, from what was before to what is now (a chain of Laspeyres steps, the
price-volume-mix analysis of cost accounting), so nothing is left over and nothing is counted twice:

1. volume: as many requests as now, everything else as before
2. mix: on each endpoint as many of them as now, at what a request of that endpoint cost before; all of the cost of an
   endpoint that is new, and of one that is gone, belongs here
3. model: on each endpoint as many on each model as now; a model that is new there is charged the average request of the
   endpoint at its own prices of before (of now, where nobody used it before)
4. length: the tokens of now, by class and length band, at the prices of before
5. price: the prices of now

The price of a class of tokens is what was paid for it, so a contract, a discount or a price that changed within a
window counts as it was paid. Amounts are Decimal, rounded to a billionth of a dollar at each step, not at the end.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

ZERO = Decimal(0)
GRID = Decimal("1e-9")
"""USD; amounts on one grid add up without a remainder."""

Model = tuple[str, str, str]
"""Provider, model, service tier."""
Tokens = tuple[int, str]
"""Length band and class of tokens."""
PricedClass = tuple[Model, Tokens]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Priced requests of one endpoint, model, tier and length band, on whatever basis both windows share."""

    endpoint: str
    model: Model
    length_band: int
    requests: Decimal
    usage: Mapping[str, tuple[Decimal, Decimal]]
    """Class of tokens -> tokens and their list cost."""

    @property
    def cost(self) -> Decimal:
        """List cost of all classes."""
        return sum((cost for _, cost in self.usage.values()), ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """now = before + volume + mix + model + length + price."""

    before: Decimal
    now: Decimal
    volume: Decimal
    mix: Decimal
    model: Decimal
    length: Decimal
    price: Decimal


def causes(before: Sequence[Segment], now: Sequence[Segment]) -> Causes:
    """The change of spend by cause; traffic that begins or ends altogether is volume."""
    old, new = _Window(before), _Window(now)
    volume = old.cost * new.requests / old.requests if old.requests else new.cost
    if not old.requests or not new.requests:
        steps = [old.cost, volume, *[volume] * 3, new.cost]
    else:
        by_endpoint = [_endpoint(old, new, endpoint) for endpoint in new.endpoints]
        steps = [old.cost, volume, *(sum(step, ZERO) for step in zip(*by_endpoint, strict=True)), new.cost]
    grid = [amount.quantize(GRID) for amount in steps]
    parts = [after - earlier for earlier, after in pairwise(grid)]
    return Causes(
        before=grid[0], now=grid[-1], volume=parts[0], mix=parts[1], model=parts[2], length=parts[3], price=parts[4]
    )


def unit_prices(segments: Iterable[Segment]) -> dict[PricedClass, Decimal]:
    """USD per token of each class of each model, tier and length band, as paid."""
    tokens, costs = defaultdict[PricedClass, Decimal](Decimal), defaultdict[PricedClass, Decimal](Decimal)
    for segment in segments:
        for name, (count, cost) in segment.usage.items():
            tokens[segment.model, (segment.length_band, name)] += count
            costs[segment.model, (segment.length_band, name)] += cost
    return {key: costs[key] / count for key, count in tokens.items() if count}


class _Window:
    """The segments of one window, summed by endpoint and by endpoint and model."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.prices = unit_prices(segments)
        self.requests, self.cost = ZERO, ZERO
        self.endpoints: dict[str, tuple[Decimal, Decimal]] = {}
        self.models = defaultdict[str, dict[Model, tuple[Decimal, Decimal]]](dict)
        self.tokens = defaultdict[str, defaultdict[tuple[Model, Tokens], Decimal]](lambda: defaultdict(Decimal))
        for segment in segments:
            self.requests += segment.requests
            self.cost += segment.cost
            requests, cost = self.endpoints.get(segment.endpoint, (ZERO, ZERO))
            self.endpoints[segment.endpoint] = (requests + segment.requests, cost + segment.cost)
            requests, cost = self.models[segment.endpoint].get(segment.model, (ZERO, ZERO))
            self.models[segment.endpoint][segment.model] = (requests + segment.requests, cost + segment.cost)
            for name, (count, _) in segment.usage.items():
                self.tokens[segment.endpoint][segment.model, (segment.length_band, name)] += count


def _endpoint(old: _Window, new: _Window, endpoint: str) -> tuple[Decimal, Decimal, Decimal]:
    """What the endpoint costs after mix, after model and after length; what is new there costs what it costs now."""
    requests, cost = new.endpoints[endpoint]
    before_requests, before_cost = old.endpoints.get(endpoint, (ZERO, ZERO))
    if not before_requests:
        return cost, cost, cost
    after_model = ZERO
    for model, (count, _) in new.models[endpoint].items():
        own_requests, own_cost = old.models[endpoint].get(model, (ZERO, ZERO))
        if own_requests:
            after_model += count * own_cost / own_requests
        else:
            average = sum(
                (tokens * _price(old, new, model, kind) for (_, kind), tokens in old.tokens[endpoint].items()), ZERO
            )
            after_model += count * average / before_requests
    after_length = sum(
        (tokens * _price(old, new, model, kind) for (model, kind), tokens in new.tokens[endpoint].items()), ZERO
    )
    return requests * before_cost / before_requests, after_model, after_length


def _price(old: _Window, new: _Window, model: Model, kind: Tokens) -> Decimal:
    """The price of before; where nobody paid it, that of now, then that of the class in another length band.

    A class that the model is not known to price apart costs what input costs (output, if it is one).
    """
    band, name = kind
    plain = "output" if name.endswith("output") else "input"
    for wanted in (name, plain):
        for prices in (old.prices, new.prices):
            if (found := prices.get((model, (band, wanted)))) is not None:
                return found
        for prices in (old.prices, new.prices):
            others = [price for (other, (_, each)), price in prices.items() if (other, each) == (model, wanted)]
            if others:
                return min(others)
    return ZERO
