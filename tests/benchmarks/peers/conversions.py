"""LiteLLM spend logs in the formats of packages that do not read them; the time it takes is not measured.

Spend logs hold no prompts. The texts are made up, some twenty words a request instead of the thousands that the token
counts speak of, so that reading and clustering text takes less time than it would on a real log. Requests that the
gateway's own cache answered are left out, because the formats cannot say that they cost nothing.
"""

import sys
from pathlib import Path

import duckdb

COLUMNS = {
    "request_id": "VARCHAR",
    "cache_hit": "VARCHAR",
    "startTime": "VARCHAR",
    "model": "VARCHAR",
    "metadata": "VARCHAR",
    "prompt_tokens": "BIGINT",
    "completion_tokens": "BIGINT",
    "request_tags": "VARCHAR",
    "team_id": "VARCHAR",
    "request_duration_ms": "BIGINT",
}
CALLS = """
    select request_id, prompt_tokens, completion_tokens, model, request_duration_ms as latency_ms,
        json_extract_string(request_tags, '$[0]') as endpoint, replace(startTime, ' ', 'T') as stamp,
        coalesce(cast(json_extract_string(metadata, '$.usage_object.prompt_tokens_details.cached_tokens') as bigint), 0)
            as cached,
        [{role: 'system', content: 'You are the ' || endpoint || ' assistant of the ' || team_id || ' team. Be brief.'},
         {role: 'user', content: 'Handle case ' || request_id}] as messages, 'Done: ' || request_id as answer
    from read_json($log, format = 'newline_delimited', columns = $columns)
    where cache_hit <> 'True'
"""
PAIRS = """
    select to_json({model: $prefix || model, timestamp: stamp, latency_ms: latency_ms,
        request: {model: $prefix || model, messages: messages},
        response: {id: request_id, object: 'chat.completion', model: $prefix || model,
            choices: [{index: 0, message: {role: 'assistant', content: answer}, finish_reason: 'stop'}],
            usage: {prompt_tokens: prompt_tokens, completion_tokens: completion_tokens,
                prompt_tokens_details: {cached_tokens: cached}}},
        usage: {prompt_tokens: prompt_tokens, completion_tokens: completion_tokens}})
    from calls
"""
"""OpenAI's request and response in one object, the counts also at its top, where frugon looks for them."""

RECORDS = """
    select to_json({id: request_id, timestamp: stamp, model: model, task_type: endpoint, messages: messages,
        response: answer, input_tokens: prompt_tokens - cached, cache_read_tokens: cached,
        output_tokens: completion_tokens, latency_ms: latency_ms})
    from (select distinct on (request_id) * from calls)
"""
"""llm-route-audit's own format; it refuses a log with two records of one id."""

QUERIES = {
    "openai_pairs": PAIRS.replace("$prefix", "''"),
    "openrouter_pairs": PAIRS.replace("$prefix", "'openai/'"),
    "records": RECORDS,
}


def convert(log: Path, out: Path, to: str) -> None:
    """Write `log` as `to`, one JSON object a line."""
    calls = CALLS.replace("$log", _quoted(str(log))).replace("$columns", str(COLUMNS))
    con = duckdb.connect(config={"memory_limit": "2GB"})
    con.execute("set enable_progress_bar = false")
    con.execute(f"create view calls as {calls}")
    con.execute(
        f"copy ({QUERIES[to]}) to {_quoted(str(out))} "
        "(format csv, header false, quote '', escape '', delimiter '\x01')"  # lines as they are
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    source, written, wanted = sys.argv[1:]
    convert(Path(source), Path(written), wanted)
