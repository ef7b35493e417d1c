"""The request and response objects of model APIs, flattened once for application logs and for Batch files.

Fields as in OpenAI's OpenAPI specification 2.3.0: chat completions, the Responses API, completions and embeddings. One
log often holds the replies of several vendors, so those of Anthropic's Messages API and of Gemini's generateContent are
read beside them, each by its own way of counting.
"""

from collections.abc import Sequence

from audit.readers.prompts import prompt_columns
from audit.readers.reader import ROUTE_KEYS, TEXT, Context, Shape, first_of, identifier, kept_metadata

PROMPT_KEYS = ("prompt_name", "prompt_id")
CUSTOMER_KEYS = ("customer_id", "customer", "tenant_id", "tenant")
TEAM_KEYS = ("team_id", "team")
CONVERSATION_KEYS = ("conversation_id", "session_id", "thread_id")
USER_KEYS = ("user_id", "user")

RESPONSE: Shape = {
    "id": TEXT,
    "object": TEXT,
    "created": TEXT,
    "created_at": TEXT,
    "completed_at": TEXT,
    "model": TEXT,
    "service_tier": TEXT,
    "status": TEXT,
    "error": TEXT,
    "incomplete_details": {"reason": TEXT},
    "choices": ({"finish_reason": TEXT},),
    "type": TEXT,
    "stop_reason": TEXT,
    "responseId": TEXT,
    "modelVersion": TEXT,
    "createTime": TEXT,
    "candidates": ({"finishReason": TEXT},),
    "usageMetadata": {
        "promptTokenCount": TEXT,
        "toolUsePromptTokenCount": TEXT,
        "candidatesTokenCount": TEXT,
        "thoughtsTokenCount": TEXT,
        "cachedContentTokenCount": TEXT,
    },
    "usage": {
        "prompt_tokens": TEXT,
        "completion_tokens": TEXT,
        "input_tokens": TEXT,
        "output_tokens": TEXT,
        "prompt_tokens_details": {"cached_tokens": TEXT, "cache_write_tokens": TEXT, "audio_tokens": TEXT},
        "completion_tokens_details": {"reasoning_tokens": TEXT, "audio_tokens": TEXT},
        "input_tokens_details": {"cached_tokens": TEXT, "cache_write_tokens": TEXT},
        "output_tokens_details": {"reasoning_tokens": TEXT, "thinking_tokens": TEXT},
        "cache_read_input_tokens": TEXT,
        "cache_creation_input_tokens": TEXT,
        "cache_creation": {"ephemeral_1h_input_tokens": TEXT},
        "service_tier": TEXT,
        "speed": TEXT,
    },
}
"""What only a reply has."""
TERMS: Shape = {
    "tools": TEXT,
    "response_format": {"type": TEXT},
    "text": {"format": {"type": TEXT}},
    "instructions": TEXT,
    "prompt": TEXT,
    "system": TEXT,
}
"""What a request says and a reply of the Responses API, or a stored completion, repeats."""
REQUEST: Shape = {
    "model": TEXT,
    "stream": TEXT,
    "user": TEXT,
    "safety_identifier": TEXT,
    "functions": TEXT,
    "messages": TEXT,
    "input": TEXT,
    "contents": TEXT,
    "systemInstruction": TEXT,
}
"""What only a request has."""


def metadata_shape(context: Context) -> Shape:
    """The keys of an application's own metadata that are read."""
    named = (*ROUTE_KEYS, *PROMPT_KEYS, *CUSTOMER_KEYS, *TEAM_KEYS, *CONVERSATION_KEYS, *USER_KEYS)
    keys = {key.lower(): key for key in (*context.metadata_keys, *named)}
    return dict.fromkeys(keys.values(), TEXT)


def label_columns(metadata: str, context: Context) -> dict[str, str]:
    """The columns that an application's own metadata gives, name -> expression.

    `metadata` is the place of an object that has the keys of `metadata_shape`.
    """
    known = {key.lower(): key for key in metadata_shape(context)}

    def labelled(*keys: str) -> str:
        return first_of([f"{metadata}.{identifier(known[key.lower()])}" for key in keys])

    return {
        "route": labelled(*ROUTE_KEYS),
        "prompt_name": labelled(*PROMPT_KEYS),
        "user_id": labelled(*USER_KEYS),
        "customer_id": labelled(*CUSTOMER_KEYS),
        "team_id": labelled(*TEAM_KEYS),
        "conversation_id": labelled(*CONVERSATION_KEYS),
        "kept_metadata": kept_metadata({key: labelled(key) for key in context.metadata_keys}),
    }


def response_shape(context: Context) -> Shape:
    """A reply."""
    return {**RESPONSE, **TERMS, "metadata": metadata_shape(context)}


def request_shape(context: Context) -> Shape:
    """A request."""
    return {**REQUEST, **TERMS, "metadata": metadata_shape(context)}


def part(prefix: str, path: str) -> str:
    """The SQL of a dotted path below `prefix`, which is '' for a column of the record itself."""
    quoted = ".".join(identifier(key) for key in path.split("."))
    return f"{prefix}.{quoted}" if prefix else quoted


def error_word(error: str) -> str:
    """The type or code of an error given as JSON text or as text; never its message, which may quote a prompt."""
    word = "^([A-Za-z_.]*(Error|Exception|Timeout)|[a-z0-9_.]{1,60})(:|$)"
    return (
        f"coalesce(try(json_extract_string({error}, '$.type')), try(json_extract_string({error}, '$.code')), "
        f"nullif(regexp_extract({error}, '{word}', 1), ''))"
    )


def is_error(error: str) -> str:
    """Whether a field for errors holds one."""
    return f"{error} not in ('', 'null', 'false', '{{}}')"


def response_columns(reply: str) -> dict[str, str]:
    """The columns of a reply, name -> expression."""

    def either(*paths: str) -> str:
        return first_of([part(reply, path) for path in paths])

    gemini, tier = part(reply, "usageMetadata"), either("service_tier", "usage.service_tier")
    tool_use, prompt = (part(gemini, f"{name}TokenCount") for name in ("toolUsePrompt", "prompt"))
    # what tools brought into a prompt is counted beside it
    both = f"cast(cast({prompt} as bigint) + cast({tool_use} as bigint) as varchar)"
    prompted = f"try(case when {tool_use} > '0' then {both} end)"
    return {
        # the vendor whose way of counting the reply has; NULL for OpenAI's
        "reply_kind": f"case when {part(reply, 'type')} = 'message' then 'anthropic' "
        f"when {gemini} is not null then 'gemini' end",
        "response_id": either("id", "responseId"),
        "response_object": either("object"),
        "created": either("created", "created_at", "createTime"),
        "completed": either("completed_at"),
        "response_model": either("model", "modelVersion"),
        "has_usage": f"{part(reply, 'usage')} is not null or {gemini} is not null",
        "input_tokens": first_of([either("usage.prompt_tokens", "usage.input_tokens"), prompted, prompt]),
        # Gemini leaves out what is zero
        "output_tokens": first_of(
            [
                either("usage.completion_tokens", "usage.output_tokens", "usageMetadata.candidatesTokenCount"),
                f"case when {prompt} is not null then '0' end",
            ]
        ),
        "cached_tokens": either(
            "usage.prompt_tokens_details.cached_tokens",
            "usage.input_tokens_details.cached_tokens",
            "usage.cache_read_input_tokens",
            "usageMetadata.cachedContentTokenCount",
        ),
        "cache_write_tokens": either(
            "usage.prompt_tokens_details.cache_write_tokens",
            "usage.input_tokens_details.cache_write_tokens",
            "usage.cache_creation_input_tokens",
        ),
        "hour_cache_write_tokens": either("usage.cache_creation.ephemeral_1h_input_tokens"),
        "reasoning_tokens": either(
            "usage.completion_tokens_details.reasoning_tokens",
            "usage.output_tokens_details.reasoning_tokens",
            "usage.output_tokens_details.thinking_tokens",
            "usageMetadata.thoughtsTokenCount",
        ),
        "audio_input_tokens": either("usage.prompt_tokens_details.audio_tokens"),
        "audio_output_tokens": either("usage.completion_tokens_details.audio_tokens"),
        # Anthropic's fast mode has prices of its own, but for batches
        "service_tier": f"case when {part(reply, 'usage.speed')} = 'fast' and coalesce({tier}, '') <> 'batch' "
        f"then 'fast' else {tier} end",
        "finish_reason": first_of(
            [
                f"{part(reply, 'choices')}[1].finish_reason",
                either("incomplete_details.reason", "stop_reason"),
                f'{part(reply, "candidates")}[1]."finishReason"',
            ]
        ),
        "response_status": either("status"),
        "response_error": error_word(either("error")),
        "has_error": is_error(either("error")),
    }


def request_columns(
    sent: str | None, reply: str | None, context: Context, labels: Sequence[str] = ()
) -> dict[str, str]:
    """The columns of a request, name -> expression.

    `sent` and `reply` are the places of request and reply, None where the export has none; what the request lacks is
    taken from the reply where that repeats it. `labels` are further metadata objects, beside those of the two.
    """
    places = [place for place in (sent, reply) if place is not None]
    metadata = [*(part(place, "metadata") for place in places), *labels]
    known = {key.lower(): key for key in metadata_shape(context)}

    def both(*paths: str) -> str:
        return first_of([part(place, path) for place in places for path in paths])

    def asked(*paths: str) -> str:
        return first_of([part(sent, path) for path in paths] if sent is not None else [])

    def labelled(*keys: str) -> str:
        return first_of([part(place, known[key.lower()]) for place in metadata for key in keys])

    tools = f"coalesce({both('tools')}, {asked('functions')})"
    return {
        "request_model": asked("model"),
        "stream": asked("stream"),
        "requested_by": asked("user", "safety_identifier"),
        "tool_count": f"try(json_array_length({tools}))",
        "response_format": both("response_format.type", "text.format.type"),
        "route": labelled(*ROUTE_KEYS),
        "prompt_name": f"coalesce({labelled(*PROMPT_KEYS)}, try(json_extract_string({both('prompt')}, '$.id')))",
        "customer": labelled(*CUSTOMER_KEYS),
        "team": labelled(*TEAM_KEYS),
        "conversation": labelled(*CONVERSATION_KEYS),
        "labelled_user": labelled(*USER_KEYS),
        "kept_metadata": kept_metadata({key: labelled(key) for key in context.metadata_keys}),
        "texts": asked("messages", "input", "contents"),
        "tool_texts": tools,
        "instructions": first_of([both("instructions", "system"), asked("systemInstruction")]),
    }


def with_prompt(relation: str, context: Context) -> str:
    """`relation` with its three columns of prompt text turned into what may be known of them."""
    return f"""
    select * exclude (texts, tool_texts, instructions),
        {prompt_columns("texts", "tool_texts", context, "instructions")}
    from ({relation})"""


def selected(columns: dict[str, str]) -> str:
    """`columns` as the items of a SELECT."""
    return ", ".join(f"{expression} as {identifier(name)}" for name, expression in columns.items())
