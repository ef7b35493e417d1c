"""The parts of a message, of any vendor, as those of chat completions.

The kinds: OpenAI's chat (`text`, `image_url`, `file`) and Responses API (`input_text`, `input_image`), Anthropic's
blocks (`image`, `tool_use`, `tool_result`), OpenTelemetry's parts (`blob`, `uri`, `tool_call_response`), those of the
Vercel AI SDK (`tool-call`), and the untyped ones of Gemini and Bedrock, told by their only key.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from audit.conversations.values import (
    Json,
    UnavailableError,
    as_text,
    first,
    is_list,
    is_object,
    kept,
    listed,
    record,
    text,
)

THOUGHTS = {"thinking", "redacted_thinking", "reasoning", "reasoningContent", "cachePoint", "compaction"}
"""Parts that no other model is given back: thoughts, and marks for a cache."""
SOUND = {"input_audio", "output_audio", "audio"}


@dataclass(slots=True)
class Pieces:
    """A message taken apart."""

    content: list[Json] = field(default_factory=list[Json])
    calls: list[Json] = field(default_factory=list[Json])
    """Tool calls as chat completions have them; an id is missing where the vendor has none."""
    results: list[Json] = field(default_factory=list[Json])
    """Messages of role tool; `name` stands in where the vendor has no ids."""


def pieces_of(parts: Iterable[object]) -> Pieces:
    """The parts of one message; UnavailableError for what a chat completion cannot be given."""
    found = Pieces()
    for part in parts:
        if isinstance(part, str):
            found.content.append({"type": "text", "text": part})
            continue
        value = record(part)
        kind = _kind(value)
        if kind in THOUGHTS or value.get("thought") is True:
            continue
        if kind in SOUND:
            raise UnavailableError("holds audio")
        if (content := CONTENT.get(kind)) is not None:
            found.content.append(content(value))
        elif kind in CALLS:
            found.calls.append(tool_call(value))
        elif kind in RESULTS:
            found.results.append(tool_result(value))
        else:
            raise UnavailableError(f"holds a part of kind {kind!r}")
    return found


def content_of(parts: Iterable[object]) -> object:
    """Parts without tools as the content of a message: text where they are one text, else a list of parts."""
    return joined(pieces_of(parts).content)


def joined(content: list[Json]) -> object:
    """Parts as content: None where there are none, text where they are one text, else the list."""
    if not content:
        return None
    return content[0]["text"] if len(content) == 1 and content[0]["type"] == "text" else content


def tool_call(found: Json) -> Json:
    """A tool call of chat completions out of any vendor's."""
    inner = record(first(found, "function", "functionCall", "function_call", "toolUse", "tool_call")) or found
    name = text(first(inner, "name", "toolName", "tool_name"))
    if found.get("type") == "custom" or name is None:
        raise UnavailableError("holds a tool call without a name or of another kind than a function")
    given = first(inner, "arguments", "input", "args", "parameters")
    call_id = first(found, "call_id", "id", "toolCallId", "tool_call_id") or first(inner, "id", "toolUseId", "call_id")
    called: Json = {"name": name, "arguments": as_text({} if given is None else given)}
    return {**({"id": str(call_id)} if call_id else {}), "type": "function", "function": called}


def tool_result(found: Json) -> Json:
    """The message of role tool that gives a tool's result."""
    inner = record(first(found, "functionResponse", "function_response", "toolResult")) or found
    call_id = first(inner, "call_id", "tool_use_id", "toolUseId", "toolCallId", "tool_call_id", "id")
    name = first(inner, "name", "toolName")
    return {
        "role": "tool",
        **({"tool_call_id": str(call_id)} if call_id else {"name": name}),
        "content": _result(first(inner, "content", "output", "response", "result")),
    }


def _result(given: object) -> object:
    if is_list(given):
        parts = [record(part) for part in listed(given)]
        if parts and all(_kind(part) in CONTENT for part in parts):
            content = pieces_of(parts).content
            if any(part["type"] != "text" for part in content):
                raise UnavailableError("holds a tool result that is no text")
            return joined(content)
        if parts and all(part.keys() == {"json"} for part in parts):
            return "\n".join(as_text(part["json"]) for part in parts)
    value = record(given) if is_object(given) else {}
    if value.keys() == {"type", "value"}:  # the Vercel AI SDK says of what kind an output is
        return as_text(value["value"])
    return "" if given is None else as_text(given)


def _kind(found: Json) -> str:
    kind = found.get("type") or found.get("kind")
    if isinstance(kind, str):
        return kind
    known = [*BARE, *CALLS, *RESULTS, *THOUGHTS]
    return next((name for name in known if name in found), "unknown")


def _text(found: Json) -> Json:
    said = first(found, "text", "content", "output_text")
    if not isinstance(said, str):
        raise UnavailableError("holds a text that is not there: its content was not logged")
    return {"type": "text", "text": said}


def _image_url(found: Json) -> Json:
    inner = found.get("image_url")
    address = text(inner) or text(record(inner).get("url"))
    if address is None:
        raise UnavailableError("holds an image that is kept elsewhere")
    detail = text(record(inner).get("detail")) or text(found.get("detail"))
    return {"type": "image_url", "image_url": {"url": address, **({"detail": detail} if detail else {})}}


def _image(found: Json) -> Json:
    """An image of Anthropic, Bedrock, Gemini or the Vercel AI SDK, given as base64 or by its address."""
    bedrock = record(found["image"]) if "type" not in found and is_object(found.get("image")) else {}
    source = record(first(found, "source", "inlineData", "inline_data")) or record(bedrock.get("source")) or found
    data = first(source, "data", "bytes", "image")
    media = first(source, "media_type", "mimeType", "mime_type", "mediaType") or (
        f"image/{bedrock['format']}" if "format" in bedrock else "image/png"
    )
    address = text(source.get("url")) or _data_address(data, str(media))
    return _image_url({"image_url": {"url": address}})


def _media(found: Json) -> Json:
    """A blob, an address or inline data, of whatever kind it says to be."""
    inner = record(first(found, "inlineData", "inline_data", "fileData", "file_data")) or found
    media = str(first(inner, "mime_type", "mimeType", "mediaType", "media_type") or "")
    kind = str(found.get("modality") or media.partition("/")[0])
    if kind != "image":
        raise UnavailableError(f"holds {kind or 'a file'}" if kind != "application" else "holds a file")
    data = first(inner, "data", "content")
    address = text(first(inner, "uri", "fileUri", "file_uri")) or _data_address(data, media or "image/png")
    if address is None or address.startswith("gs://"):
        raise UnavailableError("holds an image that is kept elsewhere")
    return _image_url({"image_url": {"url": address}})


def _data_address(data: object, media: str) -> str | None:
    if not isinstance(data, str) or not data:
        return None
    return data if data.startswith(("http://", "https://", "data:")) else f"data:{media};base64,{data}"


def _file(found: Json) -> Json:
    inner = record(found.get("file")) or found
    if not isinstance(inner.get("file_data"), str):
        return _media(found)
    return {"type": "file", "file": kept(inner, ("filename", "file_data"))}


def _document(found: Json) -> Json:
    source = record(found.get("source"))
    data = text(source.get("data"))
    if source.get("type") == "text" and data is not None:
        return {"type": "text", "text": data}
    if source.get("type") != "base64" or data is None:
        raise UnavailableError("holds a document that is kept elsewhere")
    address = f"data:{source.get('media_type', 'application/pdf')};base64,{data}"
    return {"type": "file", "file": {"filename": str(found.get("title") or "document.pdf"), "file_data": address}}


CONTENT: dict[str, Callable[[Json], Json]] = {
    **dict.fromkeys(("text", "input_text", "output_text"), _text),
    **dict.fromkeys(("image_url", "input_image"), _image_url),
    "image": _image,
    **dict.fromkeys(("blob", "uri", "inlineData", "inline_data", "fileData", "file_data"), _media),
    **dict.fromkeys(("file", "input_file"), _file),
    "document": _document,
    "refusal": lambda found: {"type": "refusal", "refusal": str(found.get("refusal"))},
}
CALLS = ("tool_use", "tool_call", "tool-call", "function_call", "functionCall", "toolUse", "function", "custom")
RESULTS = (
    "tool_result",
    "tool_call_response",
    "tool-result",
    "function_call_output",
    "functionResponse",
    "function_response",
    "toolResult",
)
BARE = ("text", "image", "inlineData", "inline_data", "fileData", "file_data")
"""Parts that Gemini and Bedrock tell by their only key."""
