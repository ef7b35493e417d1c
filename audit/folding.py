"""Very many endpoints: a report keeps those that cost most and folds the others into a named rest.

An id in a route or a tag makes an endpoint of every customer or session. A table of a million workloads serves nobody,
and nobody can write a rule for each. The stored cells stay as they are; only what this connection sees of them is
summed, so that a report that keeps more endpoints is a setting away; spend, what is measured and the ceiling are the
same, digit for digit; what would be expected of the folded is not counted.
"""

from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from audit.assumptions import Assumptions
from audit.config import Config
from audit.intake.fitting import fit_rules_of
from audit.measures import MEASURES
from audit.schema import TABLES
from audit.scope import Question, requests_of
from audit.warehouse import Warehouse
from audit.workloads.rules import rules_of_whole

LONG_INPUT_SHARE = 0.05
"""More than this share of requests above 50,000 input tokens puts their 95th percentile there."""

KEPT = "select endpoint from kept_endpoints"

CELL_KEY = tuple(name for name in TABLES["traffic_cells"] if name not in MEASURES)
DAY_KEY = tuple(name for name in TABLES["daily_usage"] if name not in MEASURES)

PARTS = ("", ", long input", ", nothing eligible")
"""What is folded apart because adding up would change what it counts as: see `PARTED`. The last is of days alone: the
swings of days with what may move must not be smoothed by what may not."""

RANKED = """
    create or replace temp table ranked_endpoints as
    select
        endpoint,
        endpoint in (select name from named_endpoints) as is_named,
        coalesce(sum(case when cell_disposition in ('eligible', 'gated') then list_cost end), 0) as incumbent_cost,
        coalesce(sum(list_cost), 0) as list_cost,
        coalesce(sum(case when cell_disposition = 'eligible' then list_cost end), 0) > 0 as is_eligible,
        cast(sum(request_count) as bigint) as request_count,
        cast(sum(case when cell_disposition = 'unpriced' then request_count else 0 end) as bigint)
            as unpriced_request_count,
        cast(sum(case when outcome = 'unknown_usage' then request_count else 0 end) as bigint)
            as unknown_usage_request_count
    from cell_costs
    group by endpoint
"""

LONG = """
    select distinct endpoint from traffic_cells anti join kept_endpoints using (endpoint)
    where length_band >= 50000 and outcome = 'billed' and model in (select incumbent_model from report_pairs)
"""
"""Folded endpoints of which some workload may be long input as a whole: only their rules can tell."""

PARTED = f"""
    create or replace temp table parted_cells as
    with priced as (
        select {", ".join(CELL_KEY)}, workload_id, cell_disposition, request_count
        from cell_costs anti join kept_endpoints using (endpoint)
    ),

    long_workloads as (
        select endpoint, model, workload_id
        from priced
        where cell_disposition = 'eligible' and workload_id is not null
        group by endpoint, model, workload_id
        having sum(case when length_band >= 50000 then request_count else 0 end)
            > cast({LONG_INPUT_SHARE} as double) * sum(request_count)
    )

    select {", ".join(f"priced.{name}" for name in CELL_KEY)}, 1 as part
    from priced
    inner join long_workloads using (endpoint, model, workload_id)
    where cell_disposition = 'eligible'
"""
"""Cells of folded endpoints that may not be added to others: long input stops a workload as a whole. Every other gate,
and whether all classes of tokens have a price, is in the key of the cell itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """The endpoints that a report does not show one by one, and what they come to."""

    name: str
    names: tuple[str, ...]
    """What the endpoint of their cells is: `name`, or one of it for each of PARTS."""
    endpoints: int
    kept: int
    requests: int
    unpriced_requests: int
    unknown_usage_requests: int
    list_cost: Decimal
    """Of all but the unpriced requests and those of unknown usage."""


def fold(warehouse: Warehouse, question: Question, config: Config, assumptions: Assumptions) -> Rest | None:
    """Shadow the cells and requests of a settled scope by those with the rest folded; None where all are kept.

    Kept are all endpoints that somebody has said something about (outcomes, stakes, task types, graders), and up to
    `assumptions.endpoints_kept` those that cost most on the incumbent, on all models, and in requests. Those without
    stored rules get theirs here.
    """
    count = warehouse.count(
        "select count(distinct endpoint) from traffic_cells semi join report_sources using (source_format)"
    )
    if count <= assumptions.endpoints_kept:
        _with_rules_of(warehouse, "select endpoint from traffic_cells")
        warehouse.add_views("4_")
        return None
    _rank(warehouse, config, assumptions)
    rest = _rest(warehouse)
    _with_rules_of(warehouse, f"{KEPT} union {LONG}")
    warehouse.add_views("4_")
    warehouse.execute(PARTED)
    _shadow(warehouse, question, rest)
    return rest


def _rank(warehouse: Warehouse, config: Config, assumptions: Assumptions) -> None:
    """Make `ranked_endpoints`, and of them `kept_endpoints`."""
    staked = (name for name, stakes in config.stakes.items() if stakes != "normal")
    named = sorted({*staked, *config.task_types, *config.graders})
    warehouse.temporary("named_endpoints", pl.DataFrame({"name": named}, schema={"name": pl.String}))
    warehouse.execute(
        "insert into named_endpoints select distinct endpoint from paired_outcomes where endpoint is not null"
    )
    warehouse.execute(RANKED)
    order = "is_named desc, incumbent_cost desc, list_cost desc, request_count desc, endpoint"
    warehouse.execute(
        "create or replace temp table kept_endpoints as "
        "select endpoint from ranked_endpoints "
        f"qualify is_named or row_number() over (order by {order}) <= {assumptions.endpoints_kept}"
    )


def _rest(warehouse: Warehouse) -> Rest:
    opening = "("
    while warehouse.count(
        "select count(*) from traffic_cells where starts_with(endpoint, ?)", [f"{opening}other endpoints"]
    ):
        opening += "("
    name = f"{opening}other endpoints"
    names = tuple(f"{name}{part}{')' * len(opening)}" for part in PARTS)
    endpoints, requests, unpriced, unknown, cost = warehouse.rows(
        "select count(*), coalesce(sum(request_count), 0), coalesce(sum(unpriced_request_count), 0), "
        "coalesce(sum(unknown_usage_request_count), 0), coalesce(sum(list_cost), 0) "
        "from ranked_endpoints anti join kept_endpoints using (endpoint)"
    )[0]
    return Rest(
        name=names[0],
        names=names,
        endpoints=int(str(endpoints)),
        kept=warehouse.count("select count(*) from kept_endpoints"),
        requests=int(str(requests)),
        unpriced_requests=int(str(unpriced)),
        unknown_usage_requests=int(str(unknown)),
        list_cost=Decimal(str(cost)),
    )


def _with_rules_of(warehouse: Warehouse, endpoints: str) -> None:
    """Shadow the rules by those of `endpoints`, fitted here where none are stored."""
    warehouse.execute(
        f"create or replace temp table workload_rules as select * from workload_rules where endpoint in ({endpoints})"
    )
    fit_rules_of(warehouse, endpoints)


def _shadow(warehouse: Warehouse, question: Question, rest: Rest) -> None:
    parts = pl.DataFrame({"part": range(len(rest.names)), "part_name": rest.names})
    warehouse.temporary("rest_parts", parts)
    sums = ", ".join(f"cast(sum({name}) as {kind}) as {name}" for name, kind in MEASURES.items())
    key, source = ", ".join(CELL_KEY), _folded("traffic_cells", rest, by_cell=True)
    warehouse.execute(
        f"create or replace temp table traffic_cells as select {key}, {sums} from ({source}) group by {key}"
    )
    days, source = ", ".join(DAY_KEY), _folded("daily_usage", rest, by_cell=False)
    warehouse.execute(
        f"create or replace temp table daily_usage as select {days}, {sums} from ({source}) group by {days}"
    )
    source = _folded(f"({requests_of(question)})", rest, by_cell=True)
    warehouse.execute(f"create or replace temp view requests as {source}")
    warehouse.execute(f"delete from workload_rules where endpoint not in ({KEPT})")
    folded = warehouse.rows(
        "select endpoint, model, cast(sum(request_count) as bigint) from traffic_cells "
        "anti join kept_endpoints using (endpoint) group by endpoint, model order by endpoint, model"
    )
    whole = [(str(endpoint), str(model), int(str(count))) for endpoint, model, count in folded]
    warehouse.insert("workload_rules", rules_of_whole(whole))
    warehouse.add_views("3_", "4_")


def _folded(relation: str, rest: Rest, *, by_cell: bool) -> str:
    """The rows of a relation, those of folded endpoints under the name of the rest or of a part of it."""
    name = f"'{rest.name}'"
    if not by_cell:
        parted = "left join ranked_endpoints as ranked on whole.endpoint = ranked.endpoint"
        name = f"case when ranked.is_eligible then {name} else '{rest.names[-1]}' end"
    else:
        same = " and ".join(f"whole.{column} is not distinct from parted.{column}" for column in CELL_KEY)
        parted = f"left join parted_cells as parted on {same} left join rest_parts using (part)"
        name = f"coalesce(rest_parts.part_name, {name})"
    endpoint = f"case when kept.endpoint is null then {name} else whole.endpoint end as endpoint"
    return (
        f"select whole.* replace ({endpoint}) from {relation} as whole "
        f"left join kept_endpoints as kept on whole.endpoint = kept.endpoint {parted}"
    )
