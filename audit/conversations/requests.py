"""The request bodies of OpenAI, Anthropic, Gemini and Bedrock as a request of chat completions.

Their parameters are one vocabulary with a few synonyms, so one table serves them all; what differs is where the
messages stand and how tools are described. References: OpenAI's OpenAPI specification 2.3.0; Anthropic's Messages API;
Gemini's `generateContent`; Bedrock's `Converse`.
"""

import math
from collections.abc import Mapping

from audit.conversations.marks import refuse_marked
from audit.conversations.messages import chat_messages
from audit.conversations.tools import response_format, tool_choice, tools_of
from audit.conversations.values import (
    Conversation,
    Json,
    UnavailableError,
    first,
    is_list,
    is_object,
    listed,
    parsed,
    record,
)

NUMBERS: Mapping[str, str] = {
    **{name: name for name in ("temperature", "top_p", "max_tokens", "max_completion_tokens", "seed", "n")},
    **{name: name for name in ("frequency_penalty", "presence_penalty", "top_logprobs")},
    "topP": "top_p",
    "maxTokens": "max_completion_tokens",
    "candidateCount": "n",
    "candidate_count": "n",
    "choice.count": "n",
    **dict.fromkeys(
        ("max_output_tokens", "maxOutputTokens", "max_tokens_to_sample", "max_new_tokens"), "max_completion_tokens"
    ),
    "frequencyPenalty": "frequency_penalty",
    "presencePenalty": "presence_penalty",
}
"""Parameter in any vendor's words -> in those of chat completions, where it is a number."""
PLAIN: Mapping[str, str] = {
    **{name: name for name in ("stop", "logit_bias", "reasoning_effort", "verbosity", "prediction")},
    **{name: name for name in ("web_search_options", "functions", "function_call")},
    **dict.fromkeys(("stop_sequences", "stopSequences"), "stop"),
}
FLAGS = ("logprobs", "parallel_tool_calls")
READ = {
    *("messages", "input", "contents", "instructions", "system", "systemInstruction", "system_instruction", "prompt"),
    *("tools", "tool_choice", "toolChoice", "toolConfig", "tool_config", "response_format", "text", "modalities"),
    *("generationConfig", "generation_config", "inferenceConfig", "inference_config", "reasoning"),
    "extra_body",
    *("responseMimeType", "response_mime_type", "responseSchema", "response_schema", "responseJsonSchema"),
    *("previous_response_id", "conversation", "audio"),
}
"""What is turned into something else, or refused."""
PLUMBING = {
    *("model", "model_name", "model_id", "modelId", "deployment_id", "engine", "stream", "stream_options", "is_stream"),
    *("streaming", "user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "metadata", "store"),
    *("service_tier", "api_key", "api_base", "base_url", "api_version", "api_type", "timeout", "request_timeout"),
    *("max_retries", "num_retries", "extra_headers", "extra_query", "headers", "provider", "_type"),
    *("anthropic_version", "background", "labels", "self", "cache", "caching", "user_id", "id", "type"),
}
"""What says who asked, how the answer travelled and what it cost: nothing that an answer depends on."""


def chat_request(sent: Mapping[str, object], answer: Json | None = None, *, is_whole: bool = True) -> Conversation:
    """The conversation that a request body of any vendor asked for; `is_whole` where it is all that was sent.

    Raises UnavailableError where it is not all there, or asks for what a chat completion cannot give.
    """
    given = _spread(sent)
    _refuse_stored(given)
    instructions = first(given, "instructions", "system", "systemInstruction", "system_instruction")
    items = parsed(first(given, "messages", "contents"))
    if items is None:
        items = given.get("input")
    if items is None:
        raise UnavailableError(_without_messages(given))
    body: Json = {"messages": chat_messages(_items(items), instructions)}
    if tools := tools_of(given):
        body["tools"] = tools
        body |= tool_choice(given)
    if form := response_format(given):
        body["response_format"] = form
    effort = record(given.get("reasoning")).get("effort")
    body |= {"reasoning_effort": effort} if effort else {}
    verbosity = record(given.get("text")).get("verbosity")
    body |= {"verbosity": verbosity} if verbosity else {}
    dropped: list[str] = []
    for name, value in given.items():
        if name in NUMBERS:
            number = _number(value)
            body |= {} if number is None else {NUMBERS[name]: number}
        elif name in PLAIN:
            body |= {} if value in (None, [], "") else {PLAIN[name]: parsed(value)}
        elif name in FLAGS:
            body |= {name: True} if value in (True, "true", "True") else {}
            body |= {name: False} if value in (False, "false", "False") and name == "parallel_tool_calls" else {}
        elif name not in READ | PLUMBING and value not in (None, [], {}, ""):
            dropped.append(name)
    if not body.keys() & {"tools", "functions"}:
        body.pop("parallel_tool_calls", None)
        said = [record(answer["message"])] if answer is not None else []
        said += [] if is_whole else map(record, listed(body["messages"]))
        if any(message.get("tool_calls") or message.get("function_call") for message in said):
            raise UnavailableError("tools are called, and none was logged")
    if not body.get("logprobs"):
        body.pop("top_logprobs", None)
    refuse_marked(body)
    return Conversation(body=body, answer=answer, dropped=tuple(dropped))


def _spread(sent: Mapping[str, object]) -> Json:
    """The parameters at one level, where Gemini, Bedrock and the SDK of OpenAI keep some in an object of their own."""
    inside: Json = {}
    for name in ("generationConfig", "generation_config", "inferenceConfig", "inference_config", "extra_body"):
        inside |= record(sent.get(name))
    return {**inside, **sent}


def _items(found: object) -> list[object]:
    if isinstance(found, str):
        return [{"role": "user", "content": found}]
    inner = listed(found)
    if len(inner) == 1 and is_list(inner[0]):  # LangChain asks for a batch of one
        return inner[0]
    return [found] if is_object(found) else inner


def _refuse_stored(given: Json) -> None:
    if "litellm_truncated" in given:
        raise UnavailableError("its text was cut off by LiteLLM")
    if given.get("previous_response_id") or given.get("conversation"):
        raise UnavailableError("continues a conversation that only OpenAI has")
    if isinstance(parsed(given.get("prompt")), dict):
        raise UnavailableError("uses a prompt that only OpenAI has")
    if given.get("audio") or "audio" in listed(given.get("modalities")):
        raise UnavailableError("asks for audio")


def _without_messages(given: Json) -> str:
    if given.get("prompt") is not None:
        return "a completion of a text, which no chat model offers"
    return "the record holds no messages"


def _number(value: object) -> int | float | None:
    """A number, also where a log has it as text; None where it is no limit at all, as Langfuse's Infinity."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        try:
            value = float(value) if not value.lstrip("-").isdigit() else int(value)
        except ValueError:
            return None
    return value if isinstance(value, int | float) and math.isfinite(value) else None


def wrapped_request(sent: object) -> Json:
    """A request body, also where it lies inside a record of the HTTP call around it."""
    found = record(sent)
    return record(found.get("body")) or found


def parameters(given: object) -> Json:
    """The parameters of a call that were logged apart from its messages."""
    return {name: value for name, value in record(given).items() if name not in ("messages", "input", "contents")}
