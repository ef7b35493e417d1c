"""One conversation that every vendor and tracer can say in words of its own."""

from pathlib import Path
from typing import cast

from exports import Row, write_jsonl
from said import ARGUMENTS, PARAMETERS, PICTURE, read_back

SYSTEM: Row = {"role": "system", "content": "You label tickets."}
LOOK_UP: Row = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": ARGUMENTS}}
PLAIN_TOOL: Row = {"type": "function", "function": {"name": "look_up", "description": "Find", "parameters": PARAMETERS}}
PICTURED: list[Row] = [
    {"type": "text", "text": "What is this?"},
    {"type": "image_url", "image_url": {"url": PICTURE}},
]
CHAT: list[Row] = [
    SYSTEM,
    {"role": "user", "content": PICTURED},
    {"role": "assistant", "content": "I look.", "tool_calls": [LOOK_UP]},
    {"role": "tool", "tool_call_id": "call_1", "content": "paid"},
    {"role": "user", "content": "And now?"},
]
"""What all of the requests below say, in the words of chat completions."""
DATA = PICTURE.removeprefix("data:image/png;base64,")
SAID: Row = {"role": "assistant", "content": "Billing."}
CALLED: Row = {"role": "assistant", "content": None, "tool_calls": [LOOK_UP]}


def texts_joined(messages: object) -> list[Row]:
    """Messages with a list of one text as that text: the same to a model."""
    found: list[Row] = []
    for message in cast("list[Row]", messages):
        parts = cast("list[Row]", message["content"]) if isinstance(message["content"], list) else []
        single = len(parts) == 1 and parts[0]["type"] == "text"
        found.append({**message, "content": parts[0]["text"] if single else message["content"]})
    return found


def one_call(folder: Path, *records: Row | Path) -> tuple[Row, Row | None]:
    """Body without messages, which are CHAT, and answer of the one request in JSON lines of `records`, or in files."""
    paths = [each for each in records if isinstance(each, Path)]
    rows = [each for each in records if not isinstance(each, Path)]
    (found,) = read_back(folder, *(paths or [write_jsonl(folder / "e.jsonl", rows)]))
    assert found.unavailable is None
    assert found.body is not None
    assert texts_joined(found.body["messages"]) == CHAT
    return {key: value for key, value in found.body.items() if key != "messages"}, found.answer
