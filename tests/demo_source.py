"""The bundled demo, made from the public data in tests/data: `python tests/demo_source.py` writes it again.

Every row is a real one: its token counts, and for ZeroEval both models' scores, are those of the source. Two things
are not, and each is declared in the demo's own README: the sources have no common clock, so every arrival time is
moved into one week; and of the Azure traces, which would bury the rest, every tenth row is taken.
"""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

SOURCES = Path(__file__).parent / "data"
BUNDLE = Path(__file__).parent.parent / "audit" / "data" / "demo"

MONDAY = datetime(2026, 9, 7, tzinfo=UTC)
"""First day of the declared week: after the prices of both snapshots began, before either of them is retired."""

AZURE_STEP = 10
"""One Azure row in ten: the two traces then cost about half of the log, so that measured endpoints show beside them."""

USD_PER_MILLION = {
    "gpt-4o": (Decimal("2.5"), Decimal(10)),
    "gpt-4o-2024-08-06": (Decimal("2.5"), Decimal(10)),
    "gpt-4o-2024-05-13": (Decimal(5), Decimal(15)),
}
"""List prices of input and output, typed here so that the tool's own cost is compared with another source."""

GRADER = "exact match (ZeroEval)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One row of a source."""

    id: str
    endpoint: str
    model: str
    input_tokens: int
    output_tokens: int


def calls() -> Iterator[list[Call]]:
    """The calls of each endpoint, in the order of their source."""
    yield _azure("code-completion", "AzureLLMInferenceTrace_code.csv")
    yield _azure("conversation", "AzureLLMInferenceTrace_conv.csv")
    for endpoint, rows in paired().items():
        yield [
            Call(
                id=row["id"],
                endpoint=endpoint,
                model=row["big_model"],
                input_tokens=int(row["big_input_tokens"]),
                output_tokens=int(row["big_output_tokens"]),
            )
            for row in rows
        ]


def paired() -> dict[str, list[dict[str, str]]]:
    """Rows of the paired endpoints; numersense-v2 exists for the older snapshot only."""
    newer, older = _rows("zeroeval_gpt4o0806_vs_mini.csv"), _rows("zeroeval_gpt4o0513_vs_mini.csv")
    by_endpoint: dict[str, list[dict[str, str]]] = {}
    for row in (*newer, *(row for row in older if row["category"] == "numersense-v2")):
        by_endpoint.setdefault(row["category"], []).append(row)
    return by_endpoint


def spend_logs() -> str:
    """The log: JSON Lines of LiteLLM's SpendLogs, in the order of arrival."""
    records = [record for group in calls() for record in _records(group)]
    return "".join(json.dumps(record) + "\n" for record in sorted(records, key=lambda record: str(record["startTime"])))


def outcomes() -> str:
    """The paired outcomes as CSV; each names its endpoint, so that an endpoint is decided on all its pairs."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    measures = ("model", "score", "output_tokens")
    names = [f"{side}_{measure}" for measure in measures for side in ("incumbent", "candidate")]
    table.writerow(("endpoint", *names, "grader"))
    for endpoint, rows in paired().items():
        for row in rows:
            values = [row[f"{side}_{measure}"] for measure in measures for side in ("big", "small")]
            table.writerow((endpoint, *values, GRADER))
    return text.getvalue()


def compressed(text: str) -> bytes:
    """Gzip without a file name or a time, so that the same text gives the same bytes."""
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def arrivals(count: int) -> list[datetime]:
    """`count` moments of the week, in order: the k-th where the share (k + 1/2) / count of the week's load has passed.

    An hour weighs 4 from 8 to 18 o'clock, 2 in the morning and the evening, 1 from 22 to 6; at the weekend half of it.
    """
    weights = [_weight(MONDAY + timedelta(hours=hour)) for hour in range(7 * 24)]
    total, moments = sum(weights), list[datetime]()
    hour, passed = 0, 0
    for k in range(count):
        # position in units of weight, as the fraction reached / (2 * count)
        reached = (2 * k + 1) * total
        while (passed + weights[hour]) * 2 * count <= reached:
            passed += weights[hour]
            hour += 1
        seconds = (reached - passed * 2 * count) * 3600 // (weights[hour] * 2 * count)
        moments.append(MONDAY + timedelta(hours=hour, seconds=seconds))
    return moments


def _weight(moment: datetime) -> int:
    by_day = 4 if 8 <= moment.hour < 18 else 2 if 6 <= moment.hour < 22 else 1
    return by_day if moment.weekday() >= 5 else 2 * by_day


def _azure(endpoint: str, name: str) -> list[Call]:
    """Every tenth row; its id is the row's number in the source, from 1."""
    return [
        Call(
            id=f"{name.removesuffix('.csv')}/{number}",
            endpoint=endpoint,
            model="gpt-4o",
            input_tokens=int(row["ContextTokens"]),
            output_tokens=int(row["GeneratedTokens"]),
        )
        for number, row in enumerate(_rows(name), 1)
        if number % AZURE_STEP == 0
    ]


def _records(group: list[Call]) -> Iterable[dict[str, object]]:
    """SpendLogs rows. The sources know no durations: endTime is left out, not invented."""
    for call, moment in zip(group, arrivals(len(group)), strict=True):
        dollars = [
            price * tokens / 1_000_000
            for price, tokens in zip(USD_PER_MILLION[call.model], (call.input_tokens, call.output_tokens), strict=True)
        ]
        yield {
            "request_id": call.id,
            "call_type": "acompletion",
            "startTime": moment.isoformat(sep=" "),
            "model": call.model,
            "custom_llm_provider": "openai",
            "prompt_tokens": call.input_tokens,
            "completion_tokens": call.output_tokens,
            "total_tokens": call.input_tokens + call.output_tokens,
            "spend": float(sum(dollars)),
            "request_tags": json.dumps([call.endpoint]),
            "metadata": json.dumps({"spend_logs_metadata": {"arrival_time": "moved"}}),
            "cache_hit": "False",
            "status": "success",
        }


def _rows(name: str) -> list[dict[str, str]]:
    with (SOURCES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    (BUNDLE / "spend_logs.jsonl.gz").write_bytes(compressed(spend_logs()))
    (BUNDLE / "outcomes.csv").write_text(outcomes(), encoding="utf-8", newline="\n")
