"""Canonical calls, and one writer per format that renders them as that format's export.

A new format is an entry of FORMATS: its writer, the canonical columns it carries, and the calls it can hold.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from exports import Row, write_csv, write_jsonl
from hypothesis import strategies as st

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MODELS = {
    "openai": ("gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18", "o3-mini-2025-01-31"),
    "anthropic": ("claude-3-5-sonnet-20241022", "claude-3-haiku-20240307"),
    "google": ("gemini-2.5-pro", "gemini-2.0-flash"),
}
PROVIDER = {model: provider for provider, models in MODELS.items() for model in models}
NO_CONTROLS = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs"), exclude_characters="'")
NAMES = st.text(NO_CONTROLS, min_size=1, max_size=12).map(lambda text: f"n {text}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call as it happened; input includes cache reads and writes, output includes reasoning."""

    number: int
    start: datetime
    """UTC, in whole milliseconds."""
    duration_ms: int
    model: str
    input: int
    cached: int
    written: int
    hour: int = 0
    """Of the tokens written to the cache, those that are kept for an hour."""
    output: int
    reasoning: int
    tools: int
    is_json: bool
    stream: bool
    failed: bool
    known: bool
    name: str
    user: str

    @property
    def id(self) -> str:
        """Unique in a file, and in no format mistaken for something else."""
        return f"call-{self.number:04}"

    @property
    def end(self) -> datetime:
        """When the reply was whole."""
        return self.start + timedelta(milliseconds=self.duration_ms)

    @property
    def first_chunk(self) -> datetime:
        """When the reply began: a little before its end, as only a stream shows."""
        return self.end - timedelta(milliseconds=1)

    @property
    def provider(self) -> str:
        """Who serves the model."""
        return PROVIDER[self.model]

    def epoch(self, moment: datetime, unit: timedelta = timedelta(seconds=1)) -> int:
        """A moment in whole units since 1970."""
        return (moment - EPOCH) // unit

    def row(self) -> Row:
        """The canonical columns, as `checked_requests` has to give them back."""

        def counted(value: int) -> int | None:
            return value if self.known else None

        return {
            "request_id": self.id,
            "start_time": self.start.replace(tzinfo=None),
            "start_second": self.start.replace(tzinfo=None, microsecond=0),
            "duration_ms": self.duration_ms,
            "request_model": self.model,
            "response_model": self.model,
            "usage_known": self.known,
            "usage_input_tokens": counted(self.input),
            "usage_cache_read_input_tokens": counted(self.cached),
            "usage_cache_creation_input_tokens": counted(self.written),
            "usage_cache_creation_1h_input_tokens": counted(self.hour),
            "usage_output_tokens": counted(self.output),
            "usage_reasoning_output_tokens": counted(self.reasoning),
            "tool_count": self.tools,
            "has_tools": self.tools > 0,
            "output_type": "json" if self.is_json else "text",
            "stream": self.stream,
            "is_failed": self.failed,
            "tags": [self.name],
            "route": self.name,
            "prompt_name": self.name,
            "user_id": self.user,
            "customer_id": self.user,
        }


@st.composite
def calls(draw: st.DrawFn, models: Sequence[str] = MODELS["openai"]) -> list[Call]:
    """A handful of calls that differ in everything."""
    found: list[Call] = []
    for number in range(draw(st.integers(1, 12))):
        failed = draw(st.sampled_from((False, False, False, True)))
        known = not failed and draw(st.sampled_from((True, True, True, False)))
        cached, written, fresh = (draw(st.sampled_from((0, 0, 1, 128, 20_000))) for _ in range(3))
        hour = draw(st.sampled_from((0, written // 2, written)))
        reasoning, said = (draw(st.sampled_from((0, 0, 1, 64, 9_000))) for _ in range(2))
        found.append(
            Call(
                number=number,
                start=datetime(2026, 3, 2, tzinfo=UTC) + timedelta(milliseconds=draw(st.integers(0, 10**10))),
                duration_ms=draw(st.integers(2, 900_000)),
                model=draw(st.sampled_from(tuple(models))),
                input=max(1, cached + written + fresh) if known else 0,
                cached=cached if known else 0,
                written=written if known else 0,
                hour=hour if known else 0,
                output=reasoning + said if known else 0,
                reasoning=reasoning if known else 0,
                tools=draw(st.integers(0, 3)),
                is_json=draw(st.booleans()),
                stream=draw(st.booleans()),
                failed=failed,
                known=known,
                name=draw(NAMES),
                user=draw(NAMES),
            )
        )
    return found


Writer = Callable[[Path, Sequence[Call]], Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How one kind of file is written, and what of a call it carries."""

    reader: str
    """The reader that has to recognise it."""
    write: Writer
    carries: frozenset[str]
    models: tuple[str, ...] = MODELS["openai"]
    holds: Callable[[Call], bool] = lambda _: True
    """Calls that such a file can hold at all."""
    changes: Callable[[Call], Row] = lambda _: {}
    """Columns whose value the format states otherwise than the call does."""
    siblings: Callable[[Path, Sequence[Call]], Sequence[Path]] = lambda _path, _calls: ()
    """Files that belong to it, written beside it."""


ALWAYS = frozenset({"usage_known", "usage_input_tokens", "usage_output_tokens"})
CACHE = frozenset({"usage_cache_read_input_tokens"})
WRITES = frozenset({"usage_cache_creation_input_tokens"})
HOUR = WRITES | {"usage_cache_creation_1h_input_tokens"}
REASONING = frozenset({"usage_reasoning_output_tokens"})
TIMED = frozenset({"start_time", "duration_ms"})
FORM = frozenset({"tool_count", "output_type"})


def carried(*groups: frozenset[str] | str) -> frozenset[str]:
    """The columns of `groups`, and those that every format carries."""
    return ALWAYS.union(*(group.split() if isinstance(group, str) else group for group in groups))


def known(call: Call) -> bool:
    """For formats that only show calls with their usage."""
    return call.known


def succeeded(call: Call) -> bool:
    """For formats that only show calls that did not fail."""
    return not call.failed


def as_jsonl(record: Callable[[Call], Row]) -> Writer:
    """A writer of JSON lines."""
    return lambda path, calls: write_jsonl(path.with_suffix(".jsonl"), [record(call) for call in calls])


def as_csv(record: Callable[[Call], Row]) -> Writer:
    """A writer of CSV, nested values as JSON text."""
    return lambda path, calls: write_csv(path.with_suffix(".csv"), [flattened(record(call)) for call in calls])


def as_parquet(record: Callable[[Call], Row]) -> Writer:
    """A writer of Parquet with columns of text and numbers."""

    def write(path: Path, calls: Sequence[Call]) -> Path:
        frame = pl.DataFrame([flattened(record(call)) for call in calls], infer_schema_length=None)
        empty = pl.selectors.by_dtype(pl.Null)
        frame.with_columns(empty.cast(pl.String)).write_parquet(path.with_suffix(".parquet"))
        return path.with_suffix(".parquet")

    return write


def as_json(document: Callable[[Sequence[Call]], object]) -> Writer:
    """A writer of one indented JSON document."""

    def write(path: Path, calls: Sequence[Call]) -> Path:
        path.with_suffix(".json").write_text(json.dumps(document(calls), indent=1), encoding="utf-8")
        return path.with_suffix(".json")

    return write


def flattened(row: Mapping[str, object]) -> Row:
    """`row` as a table shows it."""
    return {key: json.dumps(value) if isinstance(value, list | dict) else value for key, value in row.items()}


def by_lifetime(call: Call) -> Row:
    """Tokens written to the cache, as Anthropic tells apart how long they are kept."""
    return {"ephemeral_5m_input_tokens": call.written - call.hour, "ephemeral_1h_input_tokens": call.hour}


def openai_usage(call: Call) -> Row | None:
    """Usage as OpenAI states it in a chat completion."""
    if not call.known:
        return None
    return {
        "prompt_tokens": call.input,
        "completion_tokens": call.output,
        "total_tokens": call.input + call.output,
        "prompt_tokens_details": {"cached_tokens": call.cached, "cache_write_tokens": call.written},
        "completion_tokens_details": {"reasoning_tokens": call.reasoning},
    }


def tools(call: Call) -> list[Row]:
    """As many tools as the call has."""
    return [{"type": "function", "function": {"name": f"f{n}"}} for n in range(call.tools)]


def response_format(call: Call) -> Row:
    """What the reply has to be."""
    return {"type": "json_object" if call.is_json else "text"}


def iso(moment: datetime) -> str:
    """A moment with its offset."""
    return moment.isoformat(timespec="milliseconds")
