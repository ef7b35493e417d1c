"""The list cost of the log, cut as a bill is: by day, model, project, tier and class of tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import cast

from audit.catalog.price_file import TOKEN_CLASSES
from audit.intake.hours import take_kept_hours
from audit.scope import Question, asked_days
from audit.warehouse import Warehouse
from audit.without_rows import need_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """List cost of a day's traffic of one model, project and tier."""

    day: date
    model: str
    project: str
    tier: str
    parts: Mapping[str, Decimal]
    """Class of tokens -> US dollars."""
    is_priced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What a model's cached and batched tokens cost, of a plain one's price; None where nobody offers it."""

    cached: Decimal | None
    batch: Decimal | None


def prepare(warehouse: Warehouse, question: Question) -> None:
    """Price the log by the hour, once, from the hours that are kept where a bill is loaded.

    Raises DatabaseError where requests of it are gone.
    """
    need_rows(warehouse, "a bill")
    take_kept_hours(warehouse, *asked_days(question))
    warehouse.execute("create or replace temp table hourly_costs as select * from list_cost_by_hour")


def log_models(warehouse: Warehouse) -> list[str]:
    """The models of the log."""
    return [str(model) for (model,) in warehouse.rows("select distinct model from hourly_costs order by model")]


def has_hours(warehouse: Warehouse) -> bool:
    """Whether the log tells hours apart at all; buckets of a day do not."""
    return warehouse.count("select count(*) from hourly_costs where is_long_bucket") == 0


def by_hour(warehouse: Warehouse) -> dict[tuple[str, datetime], float]:
    """(model, hour) -> list cost."""
    rows = warehouse.rows(
        "select model, usage_hour, cast(sum(list_cost) as double) from hourly_costs "
        "where list_cost is not null group by model, usage_hour"
    )
    return {(str(model), cast("datetime", hour)): float(str(cost)) for model, hour, cost in rows}


def by_day(warehouse: Warehouse, shift_hours: int) -> list[Cost]:
    """The costs of each day, of days that begin `shift_hours` before midnight UTC."""
    sums = ", ".join(f"cast(coalesce(sum({name}_cost), 0) as decimal(38, 14))" for name in TOKEN_CLASSES)
    rows = warehouse.rows(
        f"select cast(usage_hour + to_hours(?) as date) as day, model, project_id, service_tier, "
        f"list_cost is not null as is_priced, {sums} from hourly_costs group by 1, 2, 3, 4, 5 order by all",
        [shift_hours],
    )
    return [
        Cost(
            day=cast("date", day),
            model=str(model),
            project=str(project),
            tier=str(tier),
            is_priced=bool(is_priced),
            parts={name: cast("Decimal", cost) for name, cost in zip(TOKEN_CLASSES, costs, strict=True) if cost},
        )
        for day, model, project, tier, is_priced, *costs in rows
    ]


def rates(warehouse: Warehouse) -> dict[str, Rates]:
    """Model -> its rates, from the price list."""
    rows = warehouse.rows(
        """
        select own.model, max(own.cache_read_price / own.input_price), max(batch.input_price / own.input_price)
        from price_cards as own
        left join price_cards as batch
            on own.provider_name = batch.provider_name and own.model = batch.model
            and own.length_band = batch.length_band and batch.service_tier = 'batch'
        where own.service_tier = 'default' and own.length_band = 0 and own.input_price > 0
        group by own.model
        """
    )
    return {str(model): Rates(cached=_ratio(cached), batch=_ratio(batch)) for model, cached, batch in rows}


def _ratio(value: object) -> Decimal | None:
    return None if value is None or not float(str(value)) else Decimal(str(round(float(str(value)), 6)))
