"""Helicone: rows of its request API, as the API and the command line tool give them, and that tool's CSV.

Fields read in `packages/llm-mapper/types.ts` and `examples/export/typescript/index.ts` of Helicone/helicone. Its own
token counts leave out what was cached; where a row carries the body of the reply, the usage in there is trusted.
"""

import json

from audit.conversations.answers import answer_of
from audit.conversations.requests import chat_request
from audit.conversations.values import Conversation, UnavailableError, record
from audit.readers.export import Export
from audit.readers.openai_calls import (
    CONVERSATION_KEYS,
    CUSTOMER_KEYS,
    PROMPT_KEYS,
    TEAM_KEYS,
    part,
    request_columns,
    request_shape,
    response_columns,
    response_shape,
    selected,
    with_prompt,
)
from audit.readers.reader import (
    ROUTE_KEYS,
    TEXT,
    Context,
    Reader,
    Shape,
    first_of,
    identifier,
    kept_metadata,
    literal,
    rows,
    structure,
    unroll_page,
)
from audit.readers.sniff import Record

COLUMNS: tuple[str, ...] = (
    "request_id",
    "response_id",
    "request_created_at",
    "response_status",
    "status",
    "delay_ms",
    "latency",
    "time_to_first_token",
    "provider",
    "request_model",
    "response_model",
    "model",
    "request_path",
    "target_url",
    "prompt_tokens",
    "prompt_cache_read_tokens",
    "prompt_cache_write_tokens",
    "prompt_audio_tokens",
    "completion_tokens",
    "completion_audio_tokens",
    "cost",
    "cost_usd",
    "prompt_id",
    "feedback_rating",
    "request_user_id",
    "user_id",
    "cache_reference_id",
)
BODIES: tuple[str, ...] = ("request_body", "response_body")
PROPERTIES: tuple[str, ...] = ("request_properties", "properties")
ANTHROPIC: Shape = {"cache_read_input_tokens": TEXT, "cache_creation_input_tokens": TEXT}
"""What Anthropic's usage has beside OpenAI's names; its input stands beside these two."""


def _relation(export: Export, context: Context) -> str:
    reply = response_shape(context)
    usage = reply["usage"]
    assert isinstance(usage, dict)
    shapes: dict[str, Shape] = {
        "request_body": request_shape(context),
        "response_body": {**reply, "usage": {**usage, **ANTHROPIC}},
    }
    # Bodies are objects, texts and placeholders by turns: read as text, a strange one cannot take its row with it.
    declared = dict.fromkeys((*COLUMNS, *BODIES, *PROPERTIES), TEXT)
    bodies = ", ".join(
        f"try(json_transform({_plain(export, name)}, {literal(json.dumps(structure(shape)))})) as {name}"
        for name, shape in shapes.items()
    )
    labels = ", ".join(f"nullif({_plain(export, name)}, '')" for name in PROPERTIES)
    columns = response_columns("response_body") | request_columns("request_body", "response_body", context)
    columns = {f"body_{name}": expression for name, expression in columns.items() if name not in _PROMPT}
    columns |= {name: request_columns("request_body", None, context)[name] for name in _PROMPT}
    columns |= {f"body_{name}": part("response_body.usage", name) for name in ANTHROPIC}
    columns |= {
        "labelled_route": _label(*ROUTE_KEYS, "Helicone-Session-Path"),
        "labelled_prompt": _label(*PROMPT_KEYS, "Helicone-Prompt-Id"),
        "labelled_customer": _label(*CUSTOMER_KEYS),
        "labelled_team": _label(*TEAM_KEYS),
        "labelled_session": _label(*CONVERSATION_KEYS, "Helicone-Session-Id"),
        "kept_metadata": kept_metadata({key: f"labels[{literal(key)}]" for key in context.metadata_keys}),
        "is_without_cache_counts": str(_is_short(export)).lower(),
    }
    names = ", ".join(map(identifier, COLUMNS))
    return with_prompt(
        f"""
    select {names}, {selected(columns)}
    from (
        select {names}, {bodies},
            try(from_json(coalesce({labels}), '"MAP(VARCHAR, VARCHAR)"')) as labels
        from {rows(export, declared, context)}
    )""",
        context,
    )


_PROMPT = ("texts", "tool_texts", "instructions")


def _label(*keys: str) -> str:
    """The first of these properties, spelled as here or with a capital, as people write header names."""
    return first_of([f"labels[{literal(name)}]" for key in keys for name in dict.fromkeys((key, key.capitalize()))])


def _plain(export: Export, name: str) -> str:
    """A column of JSON text; the tool's CSV doubles the quotes inside once more than CSV asks for."""
    if export.container != "csv":
        return name
    return (
        f"case when starts_with({name}, '{{\"\"') and not starts_with({name}, '{{\"\":') "
        f"then replace({name}, '\"\"', '\"') else {name} end"
    )


def _conversation(row: Record) -> Conversation:
    sent, reply = (record(_unquoted(row.get(name))) for name in BODIES)
    if not sent:
        raise UnavailableError("exported without its body (--include-body), or kept out of Helicone by a header")
    return chat_request(sent, answer_of(reply))


def _unquoted(body: object) -> object:
    """A body whose quotes the tool's CSV has doubled once more."""
    is_doubled = isinstance(body, str) and body.startswith('{""') and not body.startswith('{"":')
    return str(body).replace('""', '"') if is_doubled else body


def _is_short(export: Export) -> bool:
    """Whether it is the CSV of the command line tool, which has twelve columns and no cached tokens."""
    return export.container == "csv" and "request_id" not in export.field_set


def _warn(export: Export) -> str | None:
    empty = [name for name in ("model", "latency") if not any(row.get(name) for row in export.records)]
    said = f"; its {' and '.join(empty)} {'is' if len(empty) == 1 else 'are'} empty" if empty else ""
    return f"{export.name}: the CSV of Helicone's tool has no cached tokens{said}; export again with --format jsonl"


_HOW = "HELICONE_API_KEY=... npx @helicone/export --start-date 2026-11-01 --format jsonl --include-body"
HELICONE = Reader(
    format="helicone",
    title="Helicone requests (JSONL, JSON, API pages, ClickHouse dumps)",
    audience="teams that send their calls through Helicone",
    how_to_export=f"{_HOW}; or POST /v1/request/query-clickhouse and save the pages",
    lacks=("tools and response format, without --include-body", "exact counts of streams in old rows"),
    signatures=(
        frozenset({"request_id", "request_created_at", "prompt_tokens", "completion_tokens"}),
        frozenset({"response_id", "request_created_at", "prompt_tokens", "delay_ms"}),
    ),
    relation=_relation,
    unroll=unroll_page,
    conversation=_conversation,
    staging="helicone",
)
HELICONE_CSV = Reader(
    format="helicone_csv",
    title="Helicone, CSV of its export tool (12 columns)",
    audience="teams that exported CSV from Helicone; JSONL says more",
    how_to_export=_HOW,
    lacks=("cached tokens", "latency", "models, unless the request body is there"),
    signatures=(
        frozenset({"response_id", "response_created_at", "request_created_at", "prompt_tokens", "completion_tokens"}),
    ),
    relation=_relation,
    recognises=lambda export: _is_short(export) and export.field_set >= HELICONE_CSV.signatures[0],
    warn=_warn,
    conversation=_conversation,
    staging="helicone",
)
