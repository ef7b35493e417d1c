"""The command line tool `llm`: the tables of its logs.db, of both generations.

Fields read in llm 0.32.1, `migrations.py`: `responses` holds the calls up to 0.31, `turns` those since. Each stands
for itself; what lies in the tables around them is added by `NEIGHBOURS` while the database is read.
"""

import json

from audit.conversations.answers import answer_of
from audit.conversations.requests import chat_request
from audit.conversations.values import Conversation, UnavailableError, record
from audit.readers.export import Export
from audit.readers.openai_calls import selected
from audit.readers.prompts import prompt_columns
from audit.readers.reader import TEXT, Context, Reader, Shape, literal, rows, structure, unroll_page
from audit.readers.sniff import Record

COLUMNS = (
    "id",
    "model",
    "resolved_model",
    "system",
    "response_json",
    "conversation_id",
    "thread_id",
    "duration_ms",
    "datetime_utc",
    "input_tokens",
    "output_tokens",
    "token_details",
    "schema_id",
    "schema_json",
    "tool_count",
)
NEIGHBOURS = {
    "responses": (
        frozenset({"tool_responses"}),
        """
        select responses.*, counted.tool_count from responses left join (
            select response_id, count(*) as tool_count from tool_responses group by response_id
        ) as counted on counted.response_id = responses.id order by responses.rowid
        """,
    ),
    "turns": (
        frozenset({"turn_tools", "messages", "parts"}),
        """
        with recursive tree(hash, root) as (
            select hash, hash from messages where parent_hash is null
            union all
            select messages.hash, tree.root from messages join tree on messages.parent_hash = tree.hash
        )
        select turns.*, counted.tool_count, parts.text as system from turns
        left join (select turn_id, count(*) as tool_count from turn_tools group by turn_id) as counted
            on counted.turn_id = turns.id
        left join tree on tree.hash = turns.parent_message_hash
        left join messages on messages.hash = tree.root and messages.role = 'system'
        left join parts on parts.message_hash = messages.hash and parts.position = 0
        order by turns.rowid
        """,
    ),
}
"""Table -> the tables it needs beside it, and the SELECT of SQLite that gives its rows with what those know of them:
how many tools were offered, and the system prompt at the root of the conversation."""
DETAILS: Shape = {
    "prompt_tokens_details": {"cached_tokens": TEXT, "audio_tokens": TEXT},
    "input_tokens_details": {"cached_tokens": TEXT},
    "completion_tokens_details": {"reasoning_tokens": TEXT, "audio_tokens": TEXT},
    "output_tokens_details": {"reasoning_tokens": TEXT, "thinking_tokens": TEXT},
    "cache_read_input_tokens": TEXT,
    "cache_creation_input_tokens": TEXT,
    "cache_creation": {"ephemeral_1h_input_tokens": TEXT},
    "cachedContentTokenCount": TEXT,
    "thoughtsTokenCount": TEXT,
    "candidatesTokenCount": TEXT,
    "service_tier": TEXT,
}
"""What the plugins for OpenAI, Anthropic and Gemini leave of a reply's usage; entries of zero are dropped.

llm-gemini counts thoughts as output since May 2025, and has left `candidatesTokenCount` in place since (issue 75)."""


def _calls(export: Export, context: Context) -> str:
    columns = {
        "details": f"try(json_transform(token_details, {literal(json.dumps(structure(DETAILS)))}))",
        # counts in it may be references to other tables, so only names are taken of it
        "served_model": (
            "coalesce(try(json_extract_string(response_json, '$.model')), "
            "try(json_extract_string(response_json, '$.modelVersion')))"
        ),
        "finish_reason": "try(json_extract_string(response_json, '$.finish_reason'))",
        "conversation": "coalesce(thread_id, conversation_id)",
        "has_schema": "coalesce(nullif(schema_id, ''), nullif(schema_json, '')) is not null",
    }
    plain = (
        "id",
        "model",
        "resolved_model",
        "duration_ms",
        "datetime_utc",
        "input_tokens",
        "output_tokens",
        "tool_count",
    )
    return f"""
    select * exclude (system), {prompt_columns("cast(null as varchar)", "cast(null as varchar)", context, "system")}
    from (
        select {", ".join(plain)}, system, {selected(columns)}
        from {rows(export, dict.fromkeys(COLUMNS, TEXT), context)}
    )"""


def _conversation(row: Record) -> Conversation:
    sent = record(row.get("prompt_json"))
    if not sent:
        raise UnavailableError("its messages lie in other tables of logs.db")
    if row.get("schema_id"):
        raise UnavailableError("the JSON schema of its answer lies in another table of logs.db")
    if '{"$' in str(row["prompt_json"]).replace(" ", ""):
        raise UnavailableError("parts of its messages lie in other tables of logs.db")
    return chat_request(record(row.get("options_json")) | sent, answer_of(row.get("response")))


LLM_LOGS = Reader(
    format="llm_logs",
    title="llm, the command line tool: logs.db (SQLite), or its tables as CSV or JSON",
    audience="people who call models with Simon Willison's `llm`",
    how_to_export='copy the database: cp "$(llm logs path)" logs.db',
    lacks=("failed calls", "time to first token", "billed cost", "provider"),
    signatures=(
        frozenset({"id", "model", "conversation_id", "duration_ms", "datetime_utc"}),
        frozenset({"id", "model", "thread_id", "tip_message_hash", "duration_ms", "datetime_utc"}),
    ),
    relation=_calls,
    unroll=unroll_page,
    conversation=_conversation,
)
