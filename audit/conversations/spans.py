"""The conversation in a span: what OpenTelemetry, OpenInference, OpenLLMetry, Logfire and the Vercel AI SDK keep of it.

Names as in `queries/seeds/span_attributes.csv` and, for the parts of messages, in the specifications named there. An
attribute that was cut off at a length limit is no JSON any more, and so no message.
"""

from collections.abc import Iterator, Sequence

from audit.conversations.answers import answer_of
from audit.conversations.attributes import Attributes
from audit.conversations.parts import CONTENT
from audit.conversations.requests import chat_request
from audit.conversations.tools import schema_format
from audit.conversations.values import Conversation, Json, UnavailableError, is_object, listed, parsed, record

MESSAGES = ("gen_ai.input.messages", "gen_ai.request.messages", "ai.prompt.messages", "gen_ai.prompt")
NUMBERED = ("llm.input_messages", "gen_ai.prompt")
ANSWERS = ("gen_ai.output.messages", "response_data", "output.value", "gen_ai.completion")
NUMBERED_ANSWERS = ("llm.output_messages", "gen_ai.completion")
INSTRUCTIONS = "gen_ai.system_instructions"
SETTINGS = ("gen_ai.request", "gen_ai.openai.request", "openai.request", "ai.settings")
NO_SETTING = {
    *("model", "is_stream", "functions", "available_tools", "messages", "response_format", "model_name", "type"),
    *("structured_output_schema", "base_url", "encoding_formats", "maxRetries", "maxSteps", "output", "api"),
}
"""What stands beside the settings under their prefixes."""
SCHEMAS = ("gen_ai.request.structured_output_schema", "llm.request.structured_output_schema", "ai.schema")
FORMATS = ("json_object", "json_schema", "text")
EVENT = {"gen_ai.system.message": "system", "gen_ai.user.message": "user"} | {
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
"""Event of one message -> its role."""


def span_conversation(attributes: Attributes, events: Sequence[object] = ()) -> Conversation:
    """What a span says of its call; `events` are objects of name and attributes."""
    told = [*map(record, events), *map(record, listed(attributes.get("events", "all_messages_events")))]
    body = _request(attributes, told)
    return chat_request(body, _answer(attributes, told), is_whole="model" in body and "messages" in _whole(attributes))


def _request(attributes: Attributes, events: Sequence[Json]) -> Json:
    """A request body of what is there, the messages in whatever shape they have."""
    body = record(attributes.json("llm.invocation_parameters")) | _settings(attributes)
    whole = _whole(attributes)
    if whole.keys() & {"messages", "contents"} or (whole.get("input") and "model" in whole):
        body |= whole
    else:
        body["messages"] = _messages(attributes, events)
    instructions = attributes.json(INSTRUCTIONS) or attributes.text(INSTRUCTIONS)
    body |= {"instructions": instructions} if instructions else {}
    if "tools" not in body and (tools := list(_tools(attributes))):
        body["tools"] = tools
    choice = attributes.get("ai.prompt.toolChoice", "gen_ai.request.tool_choice")
    body |= {"tool_choice": choice} if choice and "tool_choice" not in body else {}
    form = body.get("response_format") or _response_format(attributes)
    return body | ({"response_format": form} if form else {})


def _whole(attributes: Attributes) -> Json:
    """The whole request, where the instrumentation of an SDK keeps it."""
    return record(attributes.json("request_data", "input.value"))


def _settings(attributes: Attributes) -> Json:
    found = {name: value for name, value in attributes.below(*SETTINGS).items() if name not in NO_SETTING}
    count = attributes.get("gen_ai.request.choice.count")
    return found if count is None else found | {"n": count}


def _messages(attributes: Attributes, events: Sequence[Json]) -> list[object]:
    if found := attributes.json(*MESSAGES):
        return listed(found) or [found]
    if numbered := attributes.items(*NUMBERED):
        return [_numbered(message) for message in numbered]
    for event in events:
        inside = Attributes(record(event.get("attributes")))
        if found := inside.json("gen_ai.input.messages", "gen_ai.prompt"):
            instructions = inside.json(INSTRUCTIONS)
            system = [{"role": "system", "parts": instructions}] if instructions else []
            return [*system, *(listed(found) or [found])]
    if said := [message for event in events if (message := _of_event(event))]:
        return list(said)
    cut = attributes.text(*MESSAGES, "input.value")
    if cut and cut.lstrip()[:1] in ("[", "{"):
        raise UnavailableError("its messages were cut off when they were logged")
    raise UnavailableError("the span holds no messages: the tracer was not told to keep them")


def _numbered(message: Attributes) -> Json:
    """A message of OpenInference (`message.role`) or of OpenLLMetry (`role`)."""
    role = message.text("message.role", "role") or "user"
    content = message.get("message.content", "content")
    if parts := message.items("message.contents"):
        content = [_content(part) for part in parts]
    elif role == "user" and isinstance(content, str) and content.startswith("["):
        kinds = [record(part).get("type") for part in listed(content)]
        content = listed(content) if kinds and all(kind in CONTENT for kind in kinds) else content
    found: Json = {"role": role, "content": content}
    if calls := message.items("message.tool_calls", "tool_calls"):
        found["tool_calls"] = [
            {
                "id": call.get("tool_call.id", "id"),
                "name": call.get("tool_call.function.name", "function.name", "name"),
                "arguments": call.get("tool_call.function.arguments", "function.arguments", "arguments"),
            }
            for call in calls
        ]
    if (name := message.get("message.function_call_name")) is not None:
        found["function_call"] = {"name": name, "arguments": message.get("message.function_call_arguments_json")}
    call_id = message.get("message.tool_call_id", "tool_call_id")
    name = message.get("message.name")
    return found | ({"tool_call_id": call_id} if call_id else {}) | ({"name": name} if name else {})


def _content(part: Attributes) -> Json:
    kind = part.text("message_content.type", "type")
    if kind == "image" or part.get("message_content.image.image.url") is not None:
        address = part.get("message_content.image.image.url", "message_content.image.url")
        return {"type": "image_url", "image_url": {"url": address}}
    if kind not in (None, "text", "input_text", "output_text"):
        return {"type": kind}
    return {"type": "text", "text": part.get("message_content.text", "text")}


def _of_event(event: Json) -> Json | None:
    """The message in an event that carries one; in some logs its parts stand beside the event's name."""
    name = str(event.get("name") or event.get("event.name"))
    if name not in EVENT:
        return None
    inside = record(event.get("attributes")) or record(event.get("body")) or event
    return {"role": EVENT[name], **{key: value for key, value in inside.items() if key in _PARTS}}


_PARTS = ("role", "content", "tool_calls", "id", "tool_call_id", "name")


def _tools(attributes: Attributes) -> Iterator[object]:
    whole = attributes.json(
        "gen_ai.tool.definitions", "gen_ai.request.available_tools", "ai.prompt.tools", "gen_ai.request.functions"
    )
    if whole is None:
        whole = record(attributes.json("model_request_parameters")).get("function_tools")
    yield from listed(whole) or ([whole] if whole else [])
    if whole is None:
        for tool in attributes.items("llm.tools"):
            yield tool.json("tool.json_schema") or tool.flat
        for tool in attributes.items("llm.request.functions", "gen_ai.request.functions"):
            yield tool.flat


def _response_format(attributes: Attributes) -> Json | None:
    if schema := record(attributes.json(*SCHEMAS)):
        # OpenLLMetry keeps the whole format there where it is no schema
        return schema if schema.get("type") in FORMATS else schema_format(schema)
    form = attributes.get("gen_ai.openai.request.response_format", "openai.request.response_format")
    if is_object(parsed(form)):
        return record(form)
    if form == "json_object":
        return {"type": "json_object"}
    builds_object = "Object.do" in str(attributes.get("ai.operationId"))
    if builds_object or form == "json_schema" or attributes.get("gen_ai.output.type") == "json":
        raise UnavailableError("the JSON schema of its answer was not logged")
    return None


def _answer(attributes: Attributes, events: Sequence[Json]) -> Json | None:
    reasons = parsed(attributes.get("gen_ai.response.finish_reasons", "llm.finish_reason", "ai.response.finishReason"))
    reason = listed(reasons)[0] if listed(reasons) else reasons
    found = answer_of(attributes.json(*ANSWERS)) or answer_of(_sdk_answer(attributes))
    if found is None and (numbered := attributes.items(*NUMBERED_ANSWERS)):
        reason = numbered[0].get("finish_reason") or reason
        found = answer_of(_numbered(numbered[0]) | {"role": "assistant", "finish_reason": reason})
    if found is None:
        found = next(filter(None, map(_chosen, events)), None)
    if found is not None and found["finish_reason"] is None and isinstance(reason, str):
        found = answer_of({"message": found["message"], "finish_reason": reason})
    return found


def _sdk_answer(attributes: Attributes) -> Json | None:
    """The answer as the Vercel AI SDK keeps it."""
    said = attributes.text("ai.response.text", "ai.response.object")
    calls = listed(attributes.json("ai.response.toolCalls"))
    if said is None and not calls:
        return None
    return {
        "role": "assistant",
        "content": said or None,
        "tool_calls": calls,
        "finish_reason": attributes.get("ai.response.finishReason"),
    }


def _chosen(event: Json) -> Json | None:
    inside = record(event.get("attributes")) or record(event.get("body")) or event
    if str(event.get("name") or event.get("event.name")) == "gen_ai.choice":
        return answer_of(inside)
    return answer_of(parsed(Attributes(inside).json("gen_ai.output.messages", "gen_ai.completion")))
