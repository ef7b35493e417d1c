"""The answer in a logged reply, of any vendor, as the first choice of a chat completion.

An answer that is not wholly there is none: a stream of which only the end was logged, a text that was cut off.
"""

from collections.abc import Mapping, Sequence

from audit.conversations.messages import assistant_message
from audit.conversations.values import Json, UnavailableError, first, is_list, is_object, listed, parsed, record, text

REASONS: Mapping[str, str] = {
    **{name: name for name in ("stop", "length", "tool_calls", "content_filter", "function_call")},
    **dict.fromkeys(("end_turn", "stop_sequence", "completed", "stop_turn", "end"), "stop"),
    **dict.fromkeys(("max_tokens", "max_output_tokens", "model_context_window_exceeded"), "length"),
    **dict.fromkeys(("tool_use", "tool_call", "tool-calls", "tool-call"), "tool_calls"),
    **dict.fromkeys(("refusal", "safety", "content-filter", "recitation", "blocklist"), "content_filter"),
    **dict.fromkeys(("prohibited_content", "spii", "guardrail_intervened", "content_filtered"), "content_filter"),
}
"""Why a vendor's model stopped, in small letters -> the finish reason of chat completions."""


def answer_of(reply: object) -> Json | None:
    """{"message", "finish_reason"} of a reply body, a message or a text; None where the answer is not wholly there."""
    try:
        return _answer(reply)
    except UnavailableError:
        return None


def _answer(reply: object) -> Json | None:
    found = parsed(reply)
    if is_list(found):
        return _of_list(listed(found))
    if not is_object(found):
        return _with(text(found), None)
    body = record(found)
    if "choices" in body:
        choice = record((listed(body["choices"]) or [{}])[0])
        return _with(choice.get("message"), choice.get("finish_reason"))
    if "generations" in body:  # LangChain: a list of choices for each of a batch
        generation = record(_first_of_first(body["generations"]))
        message = record(generation.get("message"))
        inside = record(record(message.get("kwargs") or message).get("response_metadata"))
        reason = first(record(generation.get("generation_info")), "finish_reason") or inside.get("finish_reason")
        return _with(message or text(generation.get("text")), reason)
    if "candidates" in body:
        candidate = record((listed(body["candidates"]) or [{}])[0])
        return _with(candidate.get("content"), first(candidate, "finishReason", "finish_reason"))
    output = parsed(body.get("output"))
    if is_list(output):
        return _responses(listed(output), body)
    if record(output).get("message"):
        return _with(record(output)["message"], body.get("stopReason"))
    if "message" in body:
        return _with(body["message"], first(body, "finish_reason", "stop_reason"))
    is_message = bool(body.keys() & {"role", "content", "parts", "tool_calls", "lc"})
    return _with(body if is_message else first(body, "text"), first(body, "finish_reason", "stop_reason"))


def _first_of_first(batch: object) -> object:
    found: object = batch
    while is_list(found) and found:
        found = listed(found)[0]
    return found


def _of_list(items: Sequence[object]) -> Json | None:
    """A list of choices, of messages, of output items, or of the chunks of a stream."""
    kinds = [record(item) for item in items]
    if not kinds:
        return None
    if any(each.get("type") in ("message_start", "content_block_delta") for each in kinds):
        return _streamed(kinds)
    if any("choices" in each or "candidates" in each or "delta" in each for each in kinds):
        return None  # chunks of a stream, one by one
    if any(each.get("type") in ("function_call", "reasoning", "message") for each in kinds):
        return _responses(items, {})
    return _answer(kinds[-1] if "role" in kinds[-1] else kinds[0])


def _responses(items: Sequence[object], body: Json) -> Json | None:
    """The output items of the Responses API as one message."""
    content: list[object] = []
    calls: list[Json] = []
    for item in items:
        found = record(item)
        if found.get("type") == "message":
            given = found.get("content")
            content += [given] if isinstance(given, str) else listed(given)
        elif found.get("type") == "function_call":
            calls.append(found)
        elif found.get("type") != "reasoning":
            return None
    refusals = [record(part).get("refusal") for part in content if record(part).get("type") == "refusal"]
    message: Json = {"role": "assistant", "content": [part for part in content if not record(part).get("refusal")]}
    message |= {"tool_calls": calls} if calls else {}
    message |= {"refusal": refusals[0], "content": None} if refusals else {}
    incomplete = record(body.get("incomplete_details")).get("reason")
    return _with(message, "tool_calls" if calls else incomplete or body.get("status"))


def _streamed(chunks: Sequence[Json]) -> Json | None:
    """The events of Anthropic's stream put together again."""
    blocks: dict[object, Json] = {}
    reason: object = None
    for chunk in chunks:
        delta = record(chunk.get("delta"))
        if chunk.get("type") == "content_block_start":
            blocks[chunk.get("index")] = {**record(chunk.get("content_block"))}
        elif (block := blocks.get(chunk.get("index"))) is not None and chunk.get("type") == "content_block_delta":
            if delta.get("type") == "text_delta":
                block["text"] = f"{block.get('text') or ''}{delta.get('text')}"
            elif delta.get("type") == "input_json_delta":
                block["arguments"] = f"{block.get('arguments') or ''}{delta.get('partial_json')}"
        reason = delta.get("stop_reason") or reason
    return _with({"role": "assistant", "content": list(blocks.values())}, reason) if reason else None


def _with(message: object, reason: object) -> Json | None:
    """An answer out of its message, which may be bare text, and the vendor's word for why it ended."""
    found = parsed(message) if is_object(message) else message
    said = assistant_message({"role": "assistant", "content": found} if isinstance(found, str) else found)
    if not said or (said.get("content") in (None, "", []) and not said.keys() & {"tool_calls", "refusal"}):
        return None
    said = {key: _one_text(value) if key == "content" else value for key, value in said.items() if key != "name"}
    word = str(reason).lower() if isinstance(reason, str) else ""
    return {"message": said, "finish_reason": _reason(word, said)}


def _one_text(content: object) -> object:
    """The parts of a text as the one text that a chat completion answers with."""
    parts = [record(part) for part in listed(content)] if is_list(content) else []
    if parts and all(part.get("type") == "text" for part in parts):
        return "".join(str(part["text"]) for part in parts)
    return content


def _reason(word: str, said: Json) -> str | None:
    if "tool_calls" in said and REASONS.get(word, "stop") == "stop":
        return "tool_calls"
    return REASONS.get(word)
