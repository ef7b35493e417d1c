"""What the traffic is paid for: its model families by list cost, as far as they have a price."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from audit.catalog.facts import retirement
from audit.catalog.models import family_members, model_family
from audit.counting import number_of
from audit.warehouse import Warehouse


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """One model family of the traffic and its cost; `served` are its (provider, canonical model), most spent first."""

    name: str
    served: tuple[tuple[str, str], ...]
    requests: int
    list_cost: Decimal

    @property
    def main(self) -> str:
        """The canonical model most is spent on."""
        return self.served[0][1]

    @property
    def retires_on(self) -> date | None:
        """The first day on which a provider switches that model off."""
        return first_end((provider, model) for provider, model in self.served if model == self.main)


def paid_models(warehouse: Warehouse, today: date) -> tuple[list[Paid], list[str]]:
    """The families with priced traffic, most spent first, and what was left out."""
    spent = warehouse.frame(
        "select provider_name, model, cast(sum(request_count) as bigint) as requests, sum(list_cost) as list_cost, "
        "cast(sum(case when list_cost is null then request_count else 0 end) as bigint) as unpriced "
        "from cell_costs where outcome = 'billed' group by provider_name, model "
        "order by list_cost desc nulls last, model, provider_name"
    )
    families: dict[str, list[dict[str, object]]] = {}
    notes: list[str] = []
    for row in spent.iter_rows(named=True):
        model = str(row["model"])
        if row["unpriced"]:
            served = number_of(row["unpriced"], "request")
            notes.append(f"{served} of {model or 'no model'}: no known price, so in no figure")
        if not row["list_cost"]:
            continue
        if model.startswith("ft:"):
            notes.append(f"{model} is fine-tuned: no other model is a candidate for it")
            continue
        family = model_family(model)
        families.setdefault(family if model in family_members(family) else model, []).append(row)
    paid = [
        Paid(
            name=name,
            served=tuple((str(row["provider_name"]), str(row["model"])) for row in rows),
            requests=sum(int(str(row["requests"])) for row in rows),
            list_cost=sum((Decimal(str(row["list_cost"])) for row in rows), Decimal(0)),
        )
        for name, rows in families.items()
    ]
    for each in paid:
        for provider, model in each.served:
            day = first_end([(provider, model)])
            if model != each.main and day and day <= today:
                notes.append(f"{model}, counted as {each.name}, was switched off on {day.isoformat()}")
    return sorted(paid, key=lambda each: (-each.list_cost, each.name)), notes


def first_end(served: Iterable[tuple[str, str]]) -> date | None:
    """The first day on which any of these (provider, canonical model) is switched off; None where no date is known."""
    ends = [retirement(provider, model) for provider, model in served]
    return min((end.retires_on for end in ends if end), default=None)
