"""LangSmith: runs, as the SDK lists them (one JSON object each) or as the bulk export writes them (Parquet).

Fields read in langsmith 0.15.1, `schemas.Run`; times are UTC where they name no zone, costs are decimals in text.
"""

import json

from audit.conversations.answers import answer_of
from audit.conversations.requests import chat_request, parameters
from audit.conversations.values import Conversation, UnavailableError, record
from audit.readers.export import Export
from audit.readers.openai_calls import (
    error_word,
    label_columns,
    metadata_shape,
    selected,
)
from audit.readers.prompts import prompt_columns
from audit.readers.reader import (
    TEXT,
    Context,
    Reader,
    Shape,
    first_of,
    identifier,
    literal,
    parsed_rows,
    structure,
    unroll_page,
)
from audit.readers.sniff import Record

RUN_TEXT = (
    "id",
    "name",
    "run_type",
    "start_time",
    "end_time",
    "first_token_time",
    "status",
    "error",
    "session_id",
    "trace_id",
    "parent_run_id",
    "prompt_tokens",
    "completion_tokens",
    "total_cost",
    "tags",
    "feedback_stats",
)
INPUT_DETAILS: Shape = {
    "cache_read": TEXT,
    "cache_creation": TEXT,
    "ephemeral_5m_input_tokens": TEXT,
    "ephemeral_1h_input_tokens": TEXT,
    "audio": TEXT,
}
OUTPUT_DETAILS: Shape = {"reasoning": TEXT, "audio": TEXT}
USAGE: Shape = {
    "input_tokens": TEXT,
    "output_tokens": TEXT,
    "input_token_details": INPUT_DETAILS,
    "output_token_details": OUTPUT_DETAILS,
}
"""What the SDK sends; LangSmith computes the fields of the run from it."""
INVOCATION: Shape = {
    "model": TEXT,
    "model_name": TEXT,
    "tools": TEXT,
    "response_format": TEXT,
    "stream": TEXT,
    "service_tier": TEXT,
}
MODEL_METADATA: Shape = {
    "ls_model_name": TEXT,
    "ls_provider": TEXT,
    "langgraph_node": TEXT,
    "lc_hub_repo": TEXT,
    "usage_metadata": TEXT,
}
GOOD_SCORES = ("user_score", "score", "correctness")
"""Keys of feedback that are taken where a run has several."""


def _runs(export: Export, context: Context) -> str:
    own = {
        key: part for key, part in metadata_shape(context).items() if key.lower() not in map(str.lower, MODEL_METADATA)
    }
    shapes: dict[str, Shape] = {
        "extra": {"metadata": {**MODEL_METADATA, **own}, "invocation_params": INVOCATION},
        "inputs": {"messages": TEXT, "tools": TEXT},
        # what a chain returns is the application's own: nothing is said of the types inside
        "outputs": {"model": TEXT, "llm_output": TEXT, "usage_metadata": TEXT},
        "prompt_token_details": INPUT_DETAILS,
        "completion_token_details": OUTPUT_DETAILS,
    }
    plain = [name for name in RUN_TEXT if name not in ("error", "tags", "feedback_stats")]
    return f"""
    select * exclude (texts, tool_texts, system), {prompt_columns("texts", "tool_texts", context, "system")}
    from (
        select {", ".join(map(identifier, plain))}, prompt_token_details, completion_token_details,
            {selected(_columns(context))}
        from {parsed_rows(export, RUN_TEXT, shapes, context)}
    )"""


def _columns(context: Context) -> dict[str, str]:
    labels = label_columns("extra.metadata", context)
    labels["route"] = first_of([labels["route"], "extra.metadata.langgraph_node"])
    labels["prompt_name"] = first_of([labels["prompt_name"], "extra.metadata.lc_hub_repo"])

    # LangChain hands over a list of lists of messages; the texts of other runs are never looked at
    is_batch = "starts_with(inputs.messages, '[[')"
    texts = f"case when {is_batch} then try(json_extract(inputs.messages, '$[0]'))::varchar else inputs.messages end"
    tools = "coalesce(extra.invocation_params.tools, inputs.tools)"
    score = [f"try(json_extract_string(feedback_stats, '$.{key}.avg'))" for key in GOOD_SCORES]
    return {
        "model_name": "extra.metadata.ls_model_name",
        "provider": "extra.metadata.ls_provider",
        "invoked_model": first_of(["extra.invocation_params.model", "extra.invocation_params.model_name"]),
        "served_model": ("coalesce(outputs.model, try(json_extract_string(outputs.llm_output, '$.model_name')))"),
        "usage_metadata": (
            "try(json_transform(coalesce(outputs.usage_metadata, extra.metadata.usage_metadata), "
            f"{literal(json.dumps(structure(USAGE)))}))"
        ),
        "tool_count": f"try(json_array_length({tools}))",
        "response_format": "try(json_extract_string(extra.invocation_params.response_format, '$.type'))",
        "service_tier": "extra.invocation_params.service_tier",
        "stream": "extra.invocation_params.stream",
        # what LangChain itself adds, such as seq:step:2, names no part of the application
        "tags": (
            "list_filter(try(from_json(tags, '[\"VARCHAR\"]')), "
            "lambda tag: not regexp_matches(tag, '^(seq:step|map:key|condition|graph:step|langsmith):'))"
        ),
        **labels,
        "has_error": "coalesce(error, '') <> ''",
        # LangChain gives the exception as Python shows it, with its message in parentheses
        "error_type": f"coalesce({error_word('error')}, nullif(regexp_extract(error, '^([A-Za-z_.]+)[(]', 1), ''))",
        "score": first_of(
            [
                *score,
                "case when len(try(json_keys(feedback_stats))) = 1 "
                "then try(json_extract_string(feedback_stats, '$.*.avg'))[1] end",
            ]
        ),
        "texts": f"case when run_type = 'llm' then {texts} end",
        "tool_texts": tools,
        "system": (
            f"case when run_type = 'llm' and {is_batch} and contains(inputs.messages, '\"SystemMessage\"') "
            "then try(json_extract_string(inputs.messages, '$[0][0].kwargs.content')) end"
        ),
    }


def _conversation(run: Record) -> Conversation:
    """LangChain keeps the parameters apart; the wrappers of LangSmith keep them beside the messages."""
    inputs = record(run.get("inputs"))
    if not inputs:
        raise UnavailableError("LangSmith was given no input of it")
    invoked = parameters(record(run.get("extra")).get("invocation_params"))
    return chat_request(invoked | inputs, answer_of(run.get("outputs")), is_whole="model" in inputs)


LANGSMITH = Reader(
    format="langsmith",
    title="LangSmith runs (JSONL of the SDK, JSON, CSV, Parquet bulk export)",
    audience="teams that trace with LangSmith",
    how_to_export=(
        "Client().list_runs(project_name='...', run_type='llm') in Python, each run.model_dump_json() a line; or a "
        "bulk export (Plus and Enterprise): Parquet in your own bucket"
    ),
    lacks=("how Anthropic's cached tokens were counted before March 2026",),
    signatures=(
        frozenset({"run_type", "trace_id", "dotted_order", "start_time"}),
        frozenset({"run_type", "id", "start_time", "prompt_tokens", "completion_tokens", "extra"}),
    ),
    relation=_runs,
    unroll=unroll_page,
    conversation=_conversation,
)
