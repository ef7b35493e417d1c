"""Test helper: LiteLLM logs of hostile rows, as a file and as the table that a warehouse holds, and what to compare."""

import csv
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import duckdb
from exports import START, Row, spend_log, write_jsonl

from audit.handover.table import columns_read
from audit.library.loading import load
from audit.library.scripting import warehouse_script
from audit.readers.registry import find_reader

SALT = "planted-salt-of-the-warehouse"
TEXTS = (
    "it's", 'say "x"', "back\\slash", "new\nline", "tab\tbed", "$1 \\1 $0", "100%", "%s %(x)s", "a;drop table logs;--",
    "/* no comment */", "-- nor this", "{id}", "ключ", "e\u0301", "😀", "  spaces  ", "NULL", "null", "[]", "?", "@x",
    "endpoint:a%20b", "endpoint:100%", "endpoint:%D0%9A", "endpoint:%FF", "endpoint:+plus", "endpoint:", "default",
    "endpoint:x#r-0123abcd", "endpoint:a%2%z", "endpoint:%ef%bf%bd", "User-Agent: curl/8", "Ünïcode", "a`b",
)  # fmt: skip
"""Tags and names that a warehouse could read as something else."""
COUNTS = ("12", "12.0", "12.", "12.7", "-5", "+5", " 7 ", "1e3", "twelve", "", None, "007", "99999999999999999999", "0")
TIMES = (
    "2026-03-05T00:00:00Z", "2026-03-05 12:30:01.123456+00:00", "2026-03-05 12:30:01+00", "2026-03-05 12:30:01.5-07",
    "2026-03-05", "2026-03", "12:30", "2026-03-05T12:30:01+05:30", "2026-02-30 00:00:00", "2026/03/05 10:00:00", "x",
    "1772692201", "1772692201.25", "1772692201123", "1772692201123456", "1772692201123456789", "99999999999999999999",
    "2026-03-05 12:30", "2014-12-31 23:59:59", "2100-01-01 00:00:00", "2026-03-05 23:59:59.999999-00:30", "", None,
)  # fmt: skip
MONEY = ("0.00032", "1.2e-5", "0.12345678905", "1e8", "123456789", "free", "", None, "-0.5", "0.1", "3.25E-06")
DOCUMENTS = (
    "[]", "{}", "", "null", "no json", '["a"', '{"a": 1}', '"text"', "12", '["a", null, "b"]', '[1, true, {"x": 2}]',
    '[["a"]]', '["\\u00e9\\ud83d\\ude00"]', '["User-Agent: x", "second"]', None,
)  # fmt: skip
METADATA: tuple[object, ...] = (
    {"user_api_key_alias": "key 'a'", "user_api_key_project_id": "p"}, {"user_api_key_alias": None}, [], "text", 12,
    {"spend_logs_metadata": {"app's.part": "a'b"}}, {"spend_logs_metadata": {"app's.part": None}}, None,
    {"usage_object": None}, {"usage_object": "x"}, {"usage_object": {"prompt_tokens_details": None}},
    {"usage_object": {"cache_read_input_tokens": 12}}, {"usage_object": {"cache_read_input_tokens": 12.5}},
    {"usage_object": {"service_tier": "flex", "completion_tokens_details": {"reasoning_tokens": 50}}},
    {"internal_call_origin": "judge"}, {"error_information": {"error_code": "429", "error_class": "RateLimit"}},
    {"error_information": {"error_code": "x", "error_class": ""}}, {"user_api_key_alias": {"nested": [1, 2]}},
)  # fmt: skip
MESSAGES: tuple[object, ...] = (
    [{"role": "system", "content": "You are no. 12 of deadbeef01"}, {"role": "user", "content": "hi"}],
    [{"role": "system", "content": "You are no. 13 of deadbeef02"}, {"role": "user", "content": "ho"}],
    [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}, {"type": "text"}]}],
    [{"role": "developer", "content": "Ü 'quoted' \\ and \"so\""}], {"role": "system"}, [], "text", [1, 2, 3],
)  # fmt: skip
PROXIED: tuple[object, ...] = (
    {"tools": [{"function": {"name": "one"}}, {"function": {"name": "two"}}]}, {"tools": []}, {"tools": {"a": 1}},
    {"response_format": {"type": "json_schema"}}, {"response_format": {"type": "text"}}, {}, [],
)  # fmt: skip


COLUMNS = columns_read(find_reader("litellm_spend_logs"))
"""Those of LiteLLM's table."""
NOTHING: Row = {}
NOTHING.update(dict.fromkeys(COLUMNS))


def hostile_rows() -> list[Row]:
    """Rows of which each has one field that engines are known to read differently, some of them twice."""
    changes: list[Row] = [
        *({"request_tags": json.dumps([text])} for text in TEXTS),
        *({"model": text, "model_group": "", "request_tags": "[]"} for text in TEXTS),
        *({"custom_llm_provider": text} for text in TEXTS),
        *({"team_id": text, "api_key": text, "request_tags": "[]"} for text in TEXTS),
        *({"request_tags": text} for text in DOCUMENTS),
        *({"prompt_tokens": text} for text in COUNTS),
        *({"completion_tokens": text} for text in COUNTS),
        *({"startTime": text} for text in TIMES),
        *({"endTime": text, "request_duration_ms": None} for text in TIMES),
        *({"request_duration_ms": text} for text in (*COUNTS, "1500.5", "0.4999", "2.5", "3.5", "1e11")),
        *({"spend": text} for text in MONEY),
        *({"metadata": json.dumps(value)} for value in METADATA),
        *({"metadata": text} for text in DOCUMENTS),
        *({"messages": json.dumps(value), "request_tags": "[]"} for value in MESSAGES),
        *({"messages": text} for text in DOCUMENTS),
        *({"proxy_server_request": json.dumps(value)} for value in PROXIED),
        *({"proxy_server_request": text} for text in DOCUMENTS),
        *(
            {"messages": json.dumps(MESSAGES[0]), "proxy_server_request": json.dumps(value), "request_tags": "[]"}
            for value in PROXIED
        ),
        *({"call_type": text} for text in ("aembedding", "afile_content", "aget_responses", "arerank", None, "x")),
        *({"cache_hit": text, "status": other} for text in ("True", "true", None, "x") for other in ("failure", "ok")),
        *({"request_id": text} for text in ("None", "", None, "it's", "ключ")),
        NOTHING,
    ]
    found = [spend_log(number, tokens_in=50 + 991 * number) | change for number, change in enumerate(changes)]
    sizes = [2**power + more for power in range(3, 21) for more in (-17, -16, -15, -9, -8, -7, 0, 1)]
    found += [
        spend_log(1000 + number, tokens_in=max(size, 0), tokens_out=max(size, 0) % 16_000, cached=max(size, 0) // 3)
        for number, size in enumerate(sizes)
    ]
    found += [
        spend_log(2000 + number, start=START + timedelta(days=number, seconds=-1), tokens_in=60_000 * number)
        for number in range(10)
    ]
    collisions = [row | {"completion_tokens": 7} for row in found[::10]]
    return [*found, *found[::3], *collisions]


def table_of(path: Path, rows: Sequence[Row]) -> Path:
    """The rows as the Parquet file of a table in which every column is text, beside their JSON lines."""
    return as_table(write_jsonl(path.with_suffix(".jsonl"), rows), path)


def as_table(lines: Path, path: Path) -> Path:
    """The records of a log in JSON lines as the Parquet file of a table; what cannot be read is a row of NULLs."""
    declared = ", ".join(f"'{name}': 'VARCHAR'" for name in COLUMNS)
    with duckdb.connect() as con:
        con.execute(
            f"copy (from read_json('{lines}', format = 'newline_delimited', records = true, ignore_errors = true, "
            f"columns = {{{declared}}})) to '{path}'"
        )
    return path


def script(dialect: str, source: str = "logs", into: str = "cells", **options: str) -> str:
    """The script for LiteLLM's table."""
    return warehouse_script(source, dialect=dialect, format="litellm_spend_logs", into=into, **options)


SAMPLES = {
    "litellm/litellm_1.106.2_spend_logs.jsonl": "litellm_spend_logs",
    "litellm/litellm_1.106.2_standard_logging.jsonl": "litellm_payload",
    "llm_sqlite/responses_written_here.csv": "llm_logs",
    "home_made/flat_log_written_here.csv": "flat_log",
    "home_made/canonical_columns_written_here.csv": "traffic_audit",
    "azure_traces/azure_llm_inference_2023_written_here.csv": "azure_llm_inference_2023",
    "gateways/portkey_written_here.jsonl": "portkey",
    "gateways/cloudflare_written_here.json": "cloudflare_ai_gateway",
    "gateways/envoy_ai_gateway_newer_written_here.jsonl": "envoy_ai_gateway",
}
"""A file of each format that scripts are for, by its place in the folder of samples."""


class Sample:
    """A file of a format, and the table that a warehouse would hold its records in: of text, and JSON for objects."""

    def __init__(self, name: str, *, has_json: bool = True) -> None:
        """Read the records of the sample; without `has_json` objects are text, too."""
        self.format = SAMPLES[name]
        self.path = Path(__file__).parent / "data" / "samples" / name
        text = self.path.read_text()
        self.records: list[Row]
        if self.path.suffix == ".csv":
            self.records = [
                {key: value or None for key, value in row.items()} for row in csv.DictReader(text.split("\n"))
            ]
        elif self.path.suffix == ".jsonl":
            self.records = [json.loads(line) for line in text.splitlines()]
        else:
            self.records = json.loads(text)["result"]
        self._all, self.records = self.records, [row for row in self.records if row.get("parent_id") is None]
        names = dict.fromkeys(key for record in self.records for key in record)
        nested = [key for key in names if any(isinstance(record.get(key), dict | list) for record in self.records)]
        self.types = {name: "json" if has_json and name in nested else "varchar" for name in names}

    def logs(self, folder: Path) -> Path:
        """The file to load; no call inside of another is in it, for a result with one is refused."""
        return self.path if self.records == self._all else write_jsonl(folder / "logs.jsonl", self.records)

    def script(self, dialect: str, into: str = "cells") -> str:
        """The script for the table `logs`."""
        columns = [f"{name}:json" if kind == "json" else name for name, kind in self.types.items()]
        return warehouse_script("logs", dialect=dialect, format=self.format, columns=columns, into=into)

    def table(self, folder: Path) -> Path:
        """The table as a Parquet file."""
        path = folder / "logs.parquet"
        declared = ", ".join(f'"{name}" {kind}' for name, kind in self.types.items())
        with duckdb.connect() as con:
            con.execute(f"create table logs ({declared})")
            for record in self.records:
                given = [record.get(name) for name in self.types]
                texts = [each if isinstance(each, str | None) else json.dumps(each) for each in given]
                con.execute(f"insert into logs values ({', '.join('?' * len(texts))})", texts)
            con.execute(f"copy logs to '{path}'")
        return path


def in_duckdb(table: Path, text: str) -> Path:
    """The result of a script that DuckDB ran over the rows of a Parquet file."""
    into = table.with_name(f"cells of {table.stem}.parquet")
    with duckdb.connect() as con:
        con.execute(f"create table logs as from '{table}'")
        con.execute(text)
        con.execute(f"copy cells to '{into}'")
    return into


def assert_hands_over(logs: Path, cells: Path, format: str | None = None) -> None:
    """Load the logs and the result beside each other: what is kept is the same."""
    here, there = (cells.with_name(f"{name}.duckdb") for name in ("here", "there"))
    load(logs, db=here, cells_only=True, keys=False, format=format)
    assert load(cells, db=there).total("loaded") > 0
    for compared in COMPARED:
        assert rows_of(there, compared) == rows_of(here, compared), compared
    assert reasons(there) == reasons(here)


def statements(text: str) -> list[str]:
    """The statements of a script, which ends each with a semicolon and an empty line."""
    return [each.strip() for each in text.split(";\n\n") if each.strip().strip(";")]


COMPARED = {
    "files": "source_format, read_count, loaded_count, duplicate_count, rejected_count, not_call_count, "
    "id_collision_count, first_time, last_time",
    "not_calls": "*", "summed_models": "*", "traffic_cells": "*", "daily_usage": "*", "endpoint_templates": "*",
    "workload_rules": "*", "prices": "*",
}  # fmt: skip
"""What must be equal, row for row, after both loads."""


def rows_of(db: Path, table: str) -> list[tuple[object, ...]]:
    """What is compared of a table, in order."""
    with duckdb.connect(db, read_only=True) as con:
        return con.execute(f"select {COMPARED[table]} from {table} order by all").fetchall()


def reasons(db: Path) -> dict[str, int]:
    """Records rejected, by reason: from the list of rejects, or from the notes that stand for it."""
    with duckdb.connect(db, read_only=True) as con:
        found = con.execute(
            "select reason, count(*) from rejects group by reason union all select "
            "replace(note, 'rejected in the warehouse: ', ''), record_count from file_notes where note like 'rejected%'"
        ).fetchall()
    return {str(reason): int(count) for reason, count in found}
