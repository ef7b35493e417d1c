"""Claude Code's session files, `~/.claude/projects/**/*.jsonl`: the agent's whole conversation, line by line.

A reply is written block by block: several lines with the same `message.id`, of which only the last has all output
tokens. The id of a request is session and message (one message id can be in several sessions, and `requestId` is
missing behind gateways); `intake.growing` keeps the fullest line of each.
"""

from typing import cast

from audit.readers.export import Export
from audit.readers.reader import TEXT, Context, Reader, Shape, parsed, rows
from audit.readers.sniff import Record

MESSAGE: Shape = {
    "id": TEXT,
    "model": TEXT,
    "role": TEXT,
    "stop_reason": TEXT,
    "usage": {
        "input_tokens": TEXT,
        "output_tokens": TEXT,
        "cache_creation_input_tokens": TEXT,
        "cache_read_input_tokens": TEXT,
        "cache_creation": {"ephemeral_1h_input_tokens": TEXT},
        "output_tokens_details": {"thinking_tokens": TEXT},
        "service_tier": TEXT,
        "speed": TEXT,
    },
}
TEXTS = ("type", "timestamp", "sessionId", "uuid", "cwd", "isSidechain", "isApiErrorMessage", "costUSD")
KINDS = frozenset({"sessionId", "message"})


def _relation(export: Export, context: Context) -> str:
    kind, message = parsed(export, "message", MESSAGE)
    columns = dict.fromkeys(TEXTS, TEXT) | {"message": kind}
    plain = ", ".join(f'"{name}"' for name in TEXTS)
    return f"select {plain}, {message} as message from {rows(export, columns, context)}"


def _recognises(export: Export) -> bool:
    return any(_is_line(record) for record in export.records)


def _is_line(record: Record) -> bool:
    """Whether a record is a line of a session; transcripts in the wild lack nearly everything but type and message."""
    message = record.get("message")
    if not isinstance(message, dict):
        return False
    usage = cast("Record", message).get("usage")
    return KINDS | {"timestamp"} <= record.keys() or (
        record.get("type") == "assistant" and isinstance(usage, dict) and "cache_read_input_tokens" in usage
    )


CLAUDE_CODE = Reader(
    format="claude_code",
    title="Claude Code sessions (JSONL)",
    audience="everyone who works with Claude Code",
    how_to_export="copy the folder ~/.claude/projects",
    lacks=("latency", "tools", "errors"),
    signatures=(frozenset({"type", "timestamp", "sessionId", "message"}), KINDS | {"timestamp"}),
    relation=_relation,
    recognises=_recognises,
)
