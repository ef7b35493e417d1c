"""Everything that is derived from the facts and can be derived again: endpoints, models, prices, cells, rules.

A load derives what is new in it; `rebuild` derives all of it again after audit.toml, the catalogue or the price file
changed, without the exports.
"""

import json
from collections.abc import Collection
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from audit import sql
from audit.config import Config, EndpointRule, rewritten
from audit.intake.disputes import keep_disputes
from audit.intake.fitting import BUSIEST, fit_rules_of
from audit.intake.hours import keep_hours
from audit.intake.load_checks import check_loads, forget
from audit.intake.twins import keep_overlaps
from audit.measures import MEASURES
from audit.progress import Progress, silent
from audit.schema import SUMMED, TABLES
from audit.warehouse import Warehouse
from audit.without_rows import refuse_other_cells, refuse_unload

if TYPE_CHECKING:
    import polars as pl

FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date(2100, 1, 1)
"""Bounds of the days a request may fall on; `checked_requests.sql` rejects others."""
SETTINGS = ("the endpoint rule", "the endpoint rewrites", "the model names", "the prices", "the catalogue of prices")
"""What `settings` in the database lists, in words."""


def derive(warehouse: Warehouse, config: Config, loads: Collection[int] | None, progress: Progress) -> None:
    """Derive what `loads` consist of now, or everything where it is None; runs inside a transaction."""
    forget(warehouse)
    with progress("resolving endpoints, models and prices"):
        resolve_names(warehouse, config)
        if changed := _changed_settings(warehouse, config):
            refuse_other_cells(warehouse, changed)
            loads = None
    with progress("summing into cells"):
        build_cells(warehouse, loads)
        keep_hours(warehouse, loads)
    with progress("clustering"):
        fit_missing_rules(warehouse)
    with progress("comparing sources"):
        keep_disputes(warehouse, loads)
        if not config.sources:
            keep_overlaps(warehouse)


def _keep_endpoint_rule(warehouse: Warehouse, config: Config) -> None:
    """Keep the rule in force: the one given now, else one that a command line gave before."""
    if config.endpoint is not None:
        warehouse.set("endpoint_rule", config.endpoint.stored)
        warehouse.set("endpoint_rule_origin", "option" if config.endpoint.is_option else "audit.toml")
    elif config.path is not None and warehouse.setting("endpoint_rule_origin") == "audit.toml":
        warehouse.execute("delete from meta where key in ('endpoint_rule', 'endpoint_rule_origin')")


def _changed_settings(warehouse: Warehouse, config: Config) -> list[str]:
    """What has changed since cells were summed before; what is in force now is noted."""
    from audit.catalog.facts import catalogue_version
    from audit.catalog.price_file import price_settings

    prices = price_settings(config.prices_file, config.discount)
    rewrites = [(rewrite.pattern.pattern, rewrite.replacement) for rewrite in config.rewrites]
    now = [warehouse.setting("endpoint_rule"), rewrites, sorted(config.models.items()), prices, catalogue_version()]
    before = warehouse.setting("settings")
    warehouse.set("settings", json.dumps(now))
    warehouse.set("price_settings", prices)
    if before is None:
        return []
    # as text, which has no tuples
    pairs = zip(SETTINGS, json.loads(before), json.loads(json.dumps(now)), strict=True)
    return [name for name, old, new in pairs if old != new]


def rebuild(path: Path, config: Config) -> None:
    """Derive everything again from the facts in the database at `path`."""
    with Warehouse.change(path) as warehouse:
        with warehouse.transaction():
            derive(warehouse, config, None, silent)
        check_loads(warehouse)


def unload(path: Path, name: str, config: Config) -> int:
    """Take the file `name` out of the database again, however often it was loaded; how many records counted.

    What it had replaced or other files repeat of it counts again. Raises UnknownNameError for a file that is not there.
    """
    from audit.errors import UnknownNameError
    from audit.intake.duplicates import recount, set_aside_again

    with Warehouse.change(path) as warehouse:
        with warehouse.transaction():
            rows = warehouse.rows("select path, sum(loaded_count) from files where read_count > 0 group by path")
            loaded = {str(file): int(str(count)) for file, count in rows}
            if name not in loaded:
                raise UnknownNameError("file", name, loaded, "`audit status` lists the files")
            refuse_unload(warehouse, name)
            warehouse.execute("create or replace temp table gone as select file_id from files where path = ?", [name])
            for table in ("set_aside", "rejects", "unparsed_records", "retried_records", "file_notes"):
                warehouse.execute(f"delete from {table} where file_id in (from gone)")
            warehouse.execute(
                "insert into set_aside "
                "select file_id, row_number, 'unloaded' from loaded_facts where file_id in (from gone) union all "
                "select file_id, row_number, 'unloaded' from loaded_costs where file_id in (from gone)"
            )
            warehouse.execute(
                "update files set read_count = 0, rejected_count = 0, not_call_count = 0 where file_id in (from gone)"
            )
            set_aside_again(warehouse)
            recount(warehouse)
            derive(warehouse, config, None, silent)
        check_loads(warehouse)
    return loaded[name]


def resolve_names(warehouse: Warehouse, config: Config) -> None:
    """Make the tables that requests are joined with: the endpoint rule, endpoint names, models and prices."""
    _keep_endpoint_rule(warehouse, config)
    warehouse.execute("delete from endpoint_rule")
    if (stored := warehouse.setting("endpoint_rule")) is not None:
        rule = EndpointRule.of_stored(stored)
        warehouse.execute("insert into endpoint_rule values (?, ?)", [rule.field, rule.key_text])
    _resolve_models(warehouse, config)
    warehouse.execute("delete from endpoint_names")
    if config.rewrites:
        texts = warehouse.rows("select distinct endpoint from requests")
        rename_endpoints(warehouse, [str(text) for (text,) in texts], config)


def resolve_seen(warehouse: Warehouse, seen: str, load_id: int, config: Config) -> None:
    """Resolve the names of models that a load without rows shows, and note how: its cells are never resolved again.

    `seen` is a relation: models by the names they have there, and a `usage_date` of each.
    """
    named = "provider_name, request_model, response_model"
    summed = f"select $load as load_id, {named}, min(usage_date) as first_day, max(usage_date) as last_day"
    warehouse.execute(f"insert into summed_models by name {summed} from {seen} group by {named}", {"load": load_id})
    resolve_names(warehouse, config)
    warehouse.execute("delete from summed_models where load_id = ?", [load_id])
    warehouse.execute(
        f"""
        insert into summed_models by name
        {summed}, pricing_provider, model, billing_period
        from {seen} inner join model_resolution using ({named})
        where usage_date >= day_from and usage_date < day_to
        group by all
        """,
        {"load": load_id},
    )


def build_cells(warehouse: Warehouse, loads: Collection[int] | None) -> None:
    """Sum requests into cells, days and templates, anew for `loads` or for all whose rows are there."""
    chosen = "where load_id not in (select load_id from files where kept <> 'rows')"
    if loads is not None:
        chosen += f" and load_id in ({', '.join(map(str, loads))})"
    for table in SUMMED:
        warehouse.execute(f"delete from {table} {chosen}")
        warehouse.execute(f"insert into {table} by name select * from ({sql.find(table).select}) {chosen}")


def fit_missing_rules(warehouse: Warehouse) -> None:
    """Fit workload rules for each of the busiest endpoints and models that has none, or too few requests until now.

    Rules that exist stay as they are: a workload keeps its identity until somebody asks for a refit.
    """
    fit_rules_of(warehouse, BUSIEST)


def refit(path: Path) -> list[tuple[str, str, int]]:
    """Fit every workload anew and return (old workload, new workload, requests they share), most requests first."""
    placed = sql.find("cell_workloads").select
    with Warehouse.change(path) as warehouse, warehouse.transaction():
        warehouse.execute(f"create or replace temp table cells_before as select * from ({placed})")
        warehouse.execute("delete from workload_rules")
        fit_missing_rules(warehouse)
        keys = [name for name in TABLES["traffic_cells"] if name not in MEASURES]
        same = " and ".join(f"before.{key} is not distinct from after.{key}" for key in keys)
        rows = warehouse.rows(
            f"""
            select before.workload_id, after.workload_id, sum(before.request_count)
            from cells_before as before inner join ({placed}) as after on {same}
            where before.workload_id is not null and after.workload_id is not null
            group by before.workload_id, after.workload_id
            order by sum(before.request_count) desc, before.workload_id, after.workload_id
            """
        )
    return [(str(old), str(new), int(str(count))) for old, new, count in rows]


def _resolve_models(warehouse: Warehouse, config: Config) -> None:
    import polars as pl

    from audit.catalog.models import resolve_models
    from audit.catalog.price_file import read_price_overrides
    from audit.catalog.prices import price_rows

    found = warehouse.rows(
        """
        select coalesce(provider_name, ''), coalesce(request_model, ''), coalesce(response_model, ''),
            min(first_day), max(last_day)
        from (
            select provider_name, request_model, response_model,
                cast(min(start_time) as date) as first_day, cast(max(start_time) as date) as last_day
            from request_facts where reject_reason is null
            group by provider_name, request_model, response_model
            union all
            select provider_name, request_model, response_model, first_day, last_day from summed_models
        )
        group by coalesce(provider_name, ''), coalesce(request_model, ''), coalesce(response_model, '')
        """
    )
    windows = {
        (str(provider), str(asked), str(served)): (date.fromisoformat(str(first)), date.fromisoformat(str(last)))
        for provider, asked, served, first, last in found
    }
    overrides = read_price_overrides(config.prices_file) if config.prices_file else ()
    known = [override.model for override in overrides]
    resolved = resolve_models(list(windows), config.models, known)
    priced = sorted(set(resolved.select("pricing_provider", "model").iter_rows()))
    prices = price_rows(priced, overrides, config.discount)
    warehouse.replace("prices", prices)
    changes = _price_changes(prices)
    rows: list[tuple[str, str, str, date, date, str, str, date]] = []
    for row in resolved.iter_rows(named=True):
        triple = (row["provider_name"], row["request_model"], row["response_model"])
        first, last = windows[triple]
        start = max(row["day_from"] or FIRST_DAY, first)
        end = min(row["day_to"] or LAST_DAY, last + timedelta(days=1))
        named = (row["pricing_provider"], row["model"])
        for period, period_end in _billing_periods(start, end, changes.get(named, set())):
            rows.append((*triple, max(period, start), period_end, *named, period))
    columns = ("provider_name", "request_model", "response_model", "day_from", "day_to")
    frame = pl.DataFrame(rows, schema=[*columns, "pricing_provider", "model", "billing_period"], orient="row")
    warehouse.execute("delete from model_resolution")
    if rows:
        warehouse.insert("model_resolution", frame)


def _price_changes(prices: "pl.DataFrame") -> dict[tuple[str, str], set[date]]:
    """The days on which some price of a model changes, begins or ends, by (provider, model).

    A price that ends on the day on which it begins again (verified then, or from another source) has not changed.
    """
    keys = ("provider_name", "model", "service_tier", "token_class", "length_band")
    begins = set(prices.select(*keys, "usd_per_million", "valid_from").iter_rows())
    ends = set(prices.select(*keys, "usd_per_million", "valid_to").iter_rows())
    changes: dict[tuple[str, str], set[date]] = {}
    for provider, model, *_, day in begins ^ ends:
        if day is not None:
            changes.setdefault((provider, model), set()).add(day)
    return changes


def _billing_periods(start: date, end: date, price_changes: set[date]) -> list[tuple[date, date]]:
    """The calendar months of the days from `start` to before `end` as (first day, end), split where a price changes."""
    if start >= end:
        return []
    first = start.replace(day=1)
    months = [first]
    while (following := (months[-1] + timedelta(days=32)).replace(day=1)) < end:
        months.append(following)
    edges = sorted({*months, *(day for day in price_changes if first < day < end)})
    periods = list(zip(edges, [*edges[1:], end], strict=True))
    return [(period, stop) for period, stop in periods if stop > start]


def rename_endpoints(warehouse: Warehouse, texts: Collection[str], config: Config) -> None:
    """Note the names that the rewrites of `config` give to endpoints, in place of what was noted of the same texts."""
    import polars as pl

    renamed = {text: name for text in texts if (name := rewritten(text, config.rewrites)) != text}
    names = pl.DataFrame(list(renamed.items()), schema=dict.fromkeys(TABLES["endpoint_names"], pl.String), orient="row")
    warehouse.temporary("renamed_endpoints", names)
    warehouse.execute("delete from endpoint_names where endpoint_text in (select endpoint_text from renamed_endpoints)")
    warehouse.insert("endpoint_names", names)
