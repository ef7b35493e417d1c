"""AWS Bedrock's model invocation logs: JSON lines, mostly in a folder of many small packed files.

Bodies are an object (Converse, InvokeModel), a list of the chunks of a stream that ends in the text "[DONE]", or a
link to an object in S3 where they are large. Counts stand outside of them, so that none is needed.
"""

import json

from audit.conversations.answers import answer_of
from audit.conversations.requests import chat_request
from audit.conversations.values import Conversation, UnavailableError, record
from audit.readers.export import Export
from audit.readers.prompts import prompt_columns
from audit.readers.reader import TEXT, Context, Reader, Shape, literal, rows, struct, structure, unroll_page
from audit.readers.sniff import Record

USAGE: Shape = {
    "inputTokens": TEXT,
    "outputTokens": TEXT,
    "totalTokens": TEXT,
    "input_tokens": TEXT,
    "output_tokens": TEXT,
    "cacheDetails": ({"ttl": TEXT, "inputTokens": TEXT},),
    "cache_creation": {"ephemeral_1h_input_tokens": TEXT},
}
REPLY: Shape = {
    "model": TEXT,
    "stopReason": TEXT,
    "stop_reason": TEXT,
    "metrics": {"latencyMs": TEXT},
    "usage": USAGE,
    "amazon-bedrock-guardrailAction": TEXT,
}
CHUNK: Shape = {
    "message": {
        "model": TEXT,
        "usage": {"input_tokens": TEXT, "cache_creation": {"ephemeral_1h_input_tokens": TEXT}},
    },
    "delta": {"stop_reason": TEXT},
    "usage": {"output_tokens": TEXT},
    "amazon-bedrock-guardrailAction": TEXT,
    "amazon-bedrock-invocationMetrics": {"invocationLatency": TEXT, "firstByteLatency": TEXT},
}
SENT: Shape = {"messages": TEXT, "system": TEXT, "tools": TEXT, "toolConfig": {"tools": TEXT}}
TEXTS = ("timestamp", "requestId", "operation", "modelId", "region", "accountId", "errorCode", "status")
NESTED: dict[str, Shape] = {
    "identity": {"arn": TEXT},
    "input": {
        "inputTokenCount": TEXT,
        "cacheReadInputTokenCount": TEXT,
        "cacheWriteInputTokenCount": TEXT,
        "inputBodyJson": TEXT,
    },
    "output": {"outputTokenCount": TEXT, "outputBodyJson": TEXT},
}


def _relation(export: Export, context: Context) -> str:
    columns = dict.fromkeys(TEXTS, TEXT) | {name: struct(shape) for name, shape in NESTED.items()}
    body = 'output."outputBodyJson"'
    return f"""
    select * exclude (sent, chunks, tools, reply), reply,
        try(json_array_length(tools)) as tool_count,
        {_first('message."model"')} as stream_model,
        {_first('message."usage"."input_tokens"')} as stream_input_tokens,
        {_last('"usage"."output_tokens"')} as stream_output_tokens,
        {HOUR_WRITES} as hour_write_tokens,
        {_last('delta."stop_reason"')} as stream_stop_reason,
        {_last('"amazon-bedrock-invocationMetrics"."invocationLatency"')} as stream_latency_ms,
        {_last('"amazon-bedrock-invocationMetrics"."firstByteLatency"')} as stream_first_byte_ms,
        coalesce(reply."amazon-bedrock-guardrailAction", {_first('"amazon-bedrock-guardrailAction"')})
            as guardrail_action,
        {prompt_columns("sent.messages", "tools", context, "sent.system")}
    from (
        select *, coalesce(sent.tools, sent."toolConfig".tools) as tools
        from (
            select {", ".join(f'"{name}"' for name in TEXTS)}, identity.arn as arn, input, output,
                {_parsed('input."inputBodyJson"', structure(SENT))} as sent,
                case when starts_with({body}, '{{') then {_parsed(body, structure(REPLY))} end as reply,
                case when starts_with({body}, '[') then {_parsed(body, [structure(CHUNK)])} end as chunks
            from {rows(export, columns, context)}
        )
    )"""


def _parsed(text: str, shape: object) -> str:
    return f"try(json_transform({text}, {literal(json.dumps(shape))}))"


def _first(path: str) -> str:
    return f"list_filter(list_transform(chunks, lambda chunk: chunk.{path}), lambda value: value is not null)[1]"


def _last(path: str) -> str:
    return f"list_filter(list_transform(chunks, lambda chunk: chunk.{path}), lambda value: value is not null)[-1]"


def _conversation(call: Record) -> Conversation:
    sent, reply = (record(call.get(name)) for name in ("input", "output"))
    if "inputBodyS3Path" in sent:
        raise UnavailableError("its body is so large that Bedrock keeps it in an object of its own")
    return chat_request(record(sent.get("inputBodyJson")), answer_of(reply.get("outputBodyJson")))


HOUR_WRITES = f"""coalesce(
    list_filter(reply.usage."cacheDetails", lambda part: part.ttl = '1h')[1]."inputTokens",
    reply.usage.cache_creation.ephemeral_1h_input_tokens,
    {_first("message.usage.cache_creation.ephemeral_1h_input_tokens")}
)"""
"""As Converse, a whole reply of Claude and a streamed one say how much of the cache was written for an hour."""

BEDROCK = Reader(
    format="bedrock",
    title="AWS Bedrock model invocation logs (JSONL, also packed)",
    audience="teams on AWS Bedrock",
    how_to_export=(
        "Bedrock console, Settings, Model invocation logging to S3; then "
        "aws s3 sync s3://BUCKET/AWSLogs/ACCOUNT/BedrockModelInvocationLogs logs"
    ),
    lacks=("cost", "latency of calls that neither stream nor converse", "the model behind application profiles"),
    signatures=(
        frozenset({"schemaType", "modelId", "operation", "input"}),
        frozenset({"requestId", "modelId", "operation", "timestamp", "accountId"}),
    ),
    relation=_relation,
    unroll=unroll_page,
    conversation=_conversation,
)
