"""Lines of OTLP JSON for tests: attributes given as a mapping, everything else filled in."""

from collections.abc import Mapping, Sequence
from typing import cast

from exports import Row

START = 1_772_442_000_000_000_000
"""2026-03-02 09:00 UTC in nanoseconds."""
CHAT: Row = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": 10,
}


def attributes(values: Mapping[str, object]) -> list[Row]:
    """Key-value pairs as the protocol's JSON encoding has them: 64-bit integers as text."""
    return [{"key": key, "value": _value(value)} for key, value in values.items() if value is not None]


def span(values: Mapping[str, object] = CHAT, number: int = 1, **fields: object) -> Row:
    """A span of two seconds; `fields` replaces what it names."""
    made: Row = {
        "traceId": f"{1:032x}",
        "spanId": f"{number:016x}",
        "parentSpanId": "",
        "name": "chat gpt-4o",
        "kind": 3,
        "startTimeUnixNano": str(START + number * 1_000_000_000),
        "endTimeUnixNano": str(START + number * 1_000_000_000 + 2_000_000_000),
        "attributes": attributes(values),
        "status": {},
    }
    return made | fields


def line(*spans: Row, scope: str = "tests", service: str | None = "shop") -> Row:
    """A line of the collector's file exporter with all `spans` in one scope."""
    resource = {"attributes": attributes({"service.name": service})}
    scopes: Sequence[Row] = [{"scope": {"name": scope}, "spans": list(spans)}]
    return {"resourceSpans": [{"resource": resource, "scopeSpans": scopes}]}


def _value(value: object) -> Row:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list | tuple):
        return {"arrayValue": {"values": [_value(item) for item in cast("Sequence[object]", value)]}}
    return {"stringValue": str(value)}
