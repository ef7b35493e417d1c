"""Codex's session files, `~/.codex/sessions/**/rollout-*.jsonl`: `token_count` events among everything else.

An event repeats whenever the display is refreshed, with the same cumulative total (openai/codex sessions, ccusage
issue 1288: a third to two thirds of all events), and a forked session begins with those of its parent. So session and
total are the id of a call, and `intake.growing` keeps one event of each. The model and the session stand on earlier
lines, hence the windows: the only relation here that is ordered again.
"""

from audit.readers.export import Export
from audit.readers.reader import TEXT, Context, Reader, Shape, parsed, rows
from audit.readers.sniff import Record

USAGE: Shape = {
    "input_tokens": TEXT,
    "cached_input_tokens": TEXT,
    "cache_write_input_tokens": TEXT,
    "output_tokens": TEXT,
    "reasoning_output_tokens": TEXT,
    "total_tokens": TEXT,
}
PAYLOAD: Shape = {
    "type": TEXT,
    "id": TEXT,
    "model": TEXT,
    "model_provider": TEXT,
    "cwd": TEXT,
    "info": {"model": TEXT, "last_token_usage": USAGE, "total_token_usage": USAGE},
}
EVENTS = {"session_meta", "turn_context", "event_msg", "response_item"}


def _relation(export: Export, context: Context) -> str:
    kind, payload = parsed(export, "payload", PAYLOAD)
    columns = {"timestamp": TEXT, "type": TEXT, "payload": kind}
    so_far = "over (order by position rows between unbounded preceding and current row)"

    def last(value: str, event: str) -> str:
        return f"last_value(case when type = '{event}' then {value} end ignore nulls) {so_far}"

    return f"""
    with lines as materialized (
        select row_number() over () as position, "timestamp", type, {payload} as payload
        from {rows(export, columns, context)}
    ),
    counts as (
        select position, payload.info.total_token_usage as total,
            lag(payload.info.total_token_usage) over (order by position) as total_before
        from lines
        where payload.type = 'token_count' and payload.info.total_token_usage is not null
    )
    select "timestamp", type, payload, {last("payload.id", "session_meta")} as session_id,
        {last("payload.model_provider", "session_meta")} as model_provider,
        coalesce({last("payload.cwd", "turn_context")}, {last("payload.cwd", "session_meta")}) as cwd,
        {last("payload.model", "turn_context")} as turn_model,
        coalesce(total = total_before, false) as is_repeated
    from lines left join counts using (position)
    order by position"""


def _recognises(export: Export) -> bool:
    return any(_is_event(record) for record in export.records)


def _is_event(record: Record) -> bool:
    return record.get("type") in EVENTS and "timestamp" in record and isinstance(record.get("payload"), dict)


CODEX = Reader(
    format="codex",
    title="Codex sessions (rollout JSONL)",
    audience="everyone who works with Codex",
    how_to_export="copy the folder ~/.codex/sessions",
    lacks=("latency", "tools", "errors"),
    signatures=(frozenset({"timestamp", "type", "payload"}),),
    relation=_relation,
    recognises=_recognises,
)
