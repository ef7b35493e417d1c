"""Calls that one format shows twice: two instrumentations, or exporters, that do not know each other.

Where one is inside of the other, `nesting.py` sees it by their ids. Where the traces differ as well, only the calls
themselves are left: the same model, tokens and start. Calls are alike by chance too, but hardly so that most of them
come in exact pairs: of calls that arrive at random, the share that meets exactly one equal stays below 1/e. Where the
ids are the provider's, both show the same one, and the time of the request in one place and of the reply in the other.
"""

from dataclasses import dataclass

from audit.warehouse import Warehouse

TRACED = ("otlp", "span_table", "flat_spans", "vercel_ai", "langfuse", "langsmith", "braintrust", "mlflow", "weave")
"""Formats whose ids are of spans, so that another recorder of a call gives it another one."""
SECONDS = 2
"""Calls that start in the same stretch of this length may be one; two recorders in a process are milliseconds apart."""
SECONDS_OF_A_CALL = 3600
"""Two starts of one id that are further apart are of two calls: of a counter that began again, say."""
LEAST_SHARE = 0.5
LEAST_PAIRS = 20
LEAST_KINDS = 10
"""Different pairs of token counts among the pairs: a label of one token has no other count to be told apart by."""
MOST_CALLS = 250_000
"""Calls that are looked at, of as many stretches of time as they fill: the shares are those of all."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Two files that show the same calls, or one that shows them twice: then `file` and `other` are the same."""

    file: str
    other: str
    model: str
    requests: int
    """Of `file`, the one with fewer."""
    twins: int
    """How many of them are in a pair."""
    has_same_ids: bool = False
    """Whether they are told by their ids, and not by their start."""


def double_traced(warehouse: Warehouse, source_format: str) -> list[Pairs]:
    """The files of a format most of whose calls another file, or the same one, shows again."""
    is_traced = source_format in TRACED
    calls, collisions = (
        warehouse.count(f"select sum({name}) from files where source_format = ?", [source_format])
        for name in ("loaded_count", "id_collision_count")
    )
    if calls < 2 * LEAST_PAIRS or (not is_traced and collisions < LEAST_PAIRS):
        return []
    values = {"format": source_format, "every": calls // MOST_CALLS + 1}
    warehouse.execute(CALLS.format(mark=MOMENT if is_traced else ID), values)
    kinds = LEAST_KINDS if is_traced else 1
    rows = warehouse.rows(PAIRS, {"share": LEAST_SHARE, "pairs": LEAST_PAIRS, "kinds": kinds, "ids": not is_traced})
    return [
        Pairs(str(file), str(other), str(model), int(str(requests)), int(str(twins)), has_same_ids=not is_traced)
        for file, other, model, requests, twins in rows
    ]


MOMENT = f"epoch_us(start_time) // {SECONDS * 1_000_000}"
ID = "case when request_id is not null then hash(request_id) end"
CALLS = """
create or replace temp table traced_calls as
select file_id, model, usage_input_tokens, usage_output_tokens, mark, trace_id, start_time
from (
    select *, {mark} as mark from requests
    where source_format = $format and usage_known and model <> '' and request_grain = 'request'
)
where mark is not null and hash(mark) % $every = 0
"""
PAIRS = f"""
with pairs as (
    select min(file_id) as file_id, max(file_id) as other_id, model, usage_input_tokens, usage_output_tokens
    from traced_calls
    group by model, usage_input_tokens, usage_output_tokens, mark
    having count(*) = 2
        and (min(file_id) <> max(file_id) or (not $ids and min(trace_id) <> max(trace_id)))
        and date_diff('second', min(start_time), max(start_time)) <= {SECONDS_OF_A_CALL}
),
met as (
    select file_id, other_id, count(*) as pairs, mode(model) as model,
        count(distinct (usage_input_tokens, usage_output_tokens)) as kinds
    from pairs group by file_id, other_id
),
sizes as (
    select file_id, count(*) as requests from traced_calls group by file_id
),
measured as (
    select case when own.requests <= other.requests then met.file_id else other_id end as few_id,
        case when own.requests <= other.requests then other_id else met.file_id end as many_id,
        model, kinds, pairs, least(own.requests, other.requests) as requests,
        case when met.file_id = other_id then 2 * pairs else pairs end as twins
    from met
    inner join sizes as own on met.file_id = own.file_id
    inner join sizes as other on met.other_id = other.file_id
)
select few.path, many.path, model, requests, twins
from measured
inner join files as few on few_id = few.file_id
inner join files as many on many_id = many.file_id
where twins >= $share * requests and pairs >= $pairs and kinds >= $kinds
order by twins desc, few.path, many.path
"""
