"""Small tables in files: the records of a CSV, JSON Lines or Parquet file with the number by which each is found.

Unlike an export of traffic such a file was made by hand or by a script of the user's, so it is read whole, and the
first thing that is wrong with it stops the reading.
"""

import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import cast

import polars as pl

from audit.counting import number_of
from audit.csv_signs import delimiter_of
from audit.errors import InputError

Records = Iterator[tuple[int, Mapping[str, object]]]
"""(line in a text file or row from 1 in Parquet, record)."""

MAX_FIELD = 2**31 - 1
"""Characters of one CSV value: files often carry whole prompts, and the standard limit is 131,072."""


def read_bytes(path: Path) -> bytes:
    """The content of a file; InputError says why there is none."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    if not content.strip():
        raise InputError(f"{path}: the file is empty")
    return content


def read_records(path: Path, content: bytes, columns: Collection[str] | None = None) -> tuple[Records, list[str]]:
    """The records and all column names, by the suffix of the file; of Parquet only `columns`, where they are given."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _parquet(path, content, columns)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start:,} is not UTF-8; save the file as UTF-8") from error
    if suffix in (".jsonl", ".ndjson"):
        lines = list(_json_lines(path, text))
        return iter(lines), list(dict.fromkeys(name for _, record in lines for name in record))
    if suffix == ".csv":
        (_, names), *rows = _csv_lines(path, text)
        return iter([(line, dict(zip(names, values, strict=True))) for line, values in rows]), names
    raise InputError(f"{path}: unknown file type {suffix!r}; it has to be .csv, .jsonl or .parquet")


def _parquet(path: Path, content: bytes, columns: Collection[str] | None) -> tuple[Records, list[str]]:
    try:
        frame = pl.read_parquet(io.BytesIO(content))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path}: not a readable Parquet file ({error}); write it again") from error
    known = frame.select(name for name in frame.columns if columns is None or name in columns)
    return enumerate(known.iter_rows(named=True), 1), frame.columns


def _json_lines(path: Path, text: str) -> Records:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = cast("object", json.loads(line))
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}, line {number:,}: not JSON ({error})") from error
        if not isinstance(record, dict):
            raise InputError(f"{path}, line {number:,}: {line.strip()[:60]!r} is not an object; give one per line")
        yield number, cast("dict[str, object]", record)


def _csv_lines(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """The line that each row begins in, and its values; of the first row, which names the columns, without spaces."""
    csv.field_size_limit(MAX_FIELD)
    start = 1
    try:
        sign = delimiter_of(text.partition("\n")[0])
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True)
        names = [name.strip() for name in next(reader)]
        yield start, names
        start = reader.line_num + 1
        for values in reader:
            if len(values) != len(names) and values:
                raise InputError(
                    f"{path}, line {start:,}: {number_of(len(values), 'value')} for {number_of(len(names), 'column')}"
                )
            if values:
                yield start, values
            start = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{path}, line {start:,}: not CSV ({error}); quote values that hold commas") from error
