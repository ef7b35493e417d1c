"""Records of exports as Spark reads them: one row each, in the words of the reader, unreadable ones as rows of NULLs.

Spark's JSON source takes the first of two objects on a line and drops the rest, makes rows of the elements of a list,
and forgives quotes and bytes that DuckDB does not. So lines are read as text and judged here, by DuckDB's rules.
Two differences stay: Spark's parser takes no comma after the last field or element, so that such a line is a reject,
and of two equal keys in an object it takes the last, as Python does, where DuckDB takes the first.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from audit.engines.reading import PLACE, RAW, Reading, spark_columns
from audit.errors import InputError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

BLANK = " \t\r\x0b\x0c"
"""What a line may consist of and be none, as DuckDB sees it."""
MARK = "﻿"
HALF_PAIR = (
    r"(?<!\\)(?:\\\\)*(?:\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)
"""Half of a surrogate pair, which is no character: Spark would read a question mark."""
FILE_PATH = "regexp_replace(_metadata.file_path, '^file:/+', '/') as file_path"
"""Spark writes the same path with one slash or three."""
CODECS = {"gzip": ".gz", "zstd": ".zst", "none": ""}
"""Spark unpacks by the end of a name, never by what a file says of itself."""
ENDINGS = (".gz", ".zst", ".bz2", ".deflate", ".snappy", ".lz4", ".xz")


def records(
    spark: "SparkSession", reading: Reading, files: Mapping[int, str], *, keep_raw: bool = False
) -> "DataFrame":
    """The records of files that are read alike, by id and address, in the columns that the reader declares.

    Two more columns are PLACE and RAW, the latter of unreadable records, or of all with `keep_raw`. Raises InputError
    for a file that Spark does not list, as it does not those whose name begins with a dot or an underscore.
    """
    found = {"json": _lines, "csv": _rows, "parquet": _parquet}[reading.kind](
        spark, reading, [_literal_path(path) for path in files.values()], keep_raw
    )
    return _placed(spark, found, files)


def _lines(spark: "SparkSession", reading: Reading, paths: Sequence[str], keep_raw: bool) -> "DataFrame":
    """Lines that are one JSON object each; anything else, unless blank, is a row of NULLs.

    What follows the object on its line shows by a last element that only this call can have put there.
    """
    end = secrets.token_hex(8)
    declared = f"ARRAY<STRUCT<{spark_columns(dict(reading.columns))}, `end_{end}`: STRING>>".replace("'", r"\'")
    lines = (
        spark.read.option("lineSep", "\n").option("recursiveFileLookup", "true").text(list(paths))
        .selectExpr(FILE_PATH, "_metadata.file_block_start as block",
                    "case when _metadata.file_block_start = 0 and startswith(value, '\ufeff') "
                    "then substr(value, 2) else value end as value")
        .where(f"length(trim(both '{BLANK}' from value)) > 0")
        .selectExpr("file_path", "block", "monotonically_increasing_id() as number", "value")
    )  # fmt: skip
    parsed = lines.selectExpr(
        "*",
        f"""case when startswith(ltrim('{BLANK}', value), '{{') and is_valid_utf8(value)
            and not (contains(lower(value), '\\\\ud') and value rlike r'{HALF_PAIR}')
            then from_json(concat('[', value, ',{{"end_{end}":"."}}]'), '{declared}',
                map('allowSingleQuotes', 'false')) end as parsed""",
    )
    whole = f"case when size(parsed) = 2 and parsed[1].`end_{end}` = '.' then parsed[0] end"
    kept = "true" if keep_raw else "record is null"
    columns = [f"record.`{name}` as `{name}`" for name, _ in reading.columns]
    return parsed.selectExpr("file_path", "block", "number", "value", f"{whole} as record").selectExpr(
        "file_path", "block", "number", f"case when {kept} then cast(value as binary) end as {RAW}", *columns
    )


def _rows(spark: "SparkSession", reading: Reading, paths: Sequence[str], keep_raw: bool) -> "DataFrame":
    """Rows of CSV files with as many fields as the header; a file is read in one piece, for a field can hold lines."""
    names = [name for name, _ in reading.columns]
    declared = ", ".join(f"`{name}` STRING" for name in (*names, RAW))
    rows = (
        spark.read.schema(declared)
        .options(
            header=True, sep=reading.delimiter, quote='"', escape='"', multiLine=True, encoding="ISO-8859-1",
            mode="PERMISSIVE", columnNameOfCorruptRecord=RAW, recursiveFileLookup=True, maxCharsPerColumn=-1,
        )
        .csv(list(paths))
    )  # fmt: skip
    # Bytes come through the one encoding that has a character for each, so that wrong ones still show.
    texts = {name: f"cast(encode(`{name}`, 'ISO-8859-1') as string)" for name in names}
    fields = f"concat_ws('{reading.delimiter}', {', '.join(f'`{name}`' for name in names)})"
    readable = f"is_valid_utf8(cast(encode({fields}, 'ISO-8859-1') as string))"
    told = "true" if keep_raw else f"not {readable}"
    return rows.selectExpr(
        FILE_PATH,
        "_metadata.file_block_start as block",
        "monotonically_increasing_id() as number",
        f"encode(coalesce(`{RAW}`, case when {told} then {fields} end), 'ISO-8859-1') as {RAW}",
        *(
            f"case when `{RAW}` is null and {readable} then nullif({text}, '') end as `{name}`"
            for name, text in texts.items()
        ),
    )


def _parquet(spark: "SparkSession", reading: Reading, paths: Sequence[str], keep_raw: bool) -> "DataFrame":
    """Rows of Parquet files, which declare themselves and have no text; no number is spelt as in DuckDB."""
    del reading, keep_raw
    table = spark.read.option("recursiveFileLookup", "true").parquet(*paths)
    columns = [
        f"case when isnan(`{name}`) then 'nan' else cast(`{name}` as string) end as `{name}`"
        if kind in ("double", "float")
        else f"`{name}`"
        for name, kind in table.dtypes
    ]
    return table.selectExpr(
        FILE_PATH, "_metadata.file_block_start as block", "monotonically_increasing_id() as number",
        f"cast(null as binary) as {RAW}", *columns,
    )  # fmt: skip


def _placed(spark: "SparkSession", found: "DataFrame", files: Mapping[int, str]) -> "DataFrame":
    """The rows with a PLACE that says the id of their file where they have its path."""
    listed = {_plain(path): path for path in found.inputFiles()}
    wanted = {(_plain(path) if path.startswith("file:") else path): file_id for file_id, path in files.items()}
    if lost := sorted(wanted.keys() - listed.keys()):
        raise InputError(
            f"{lost[0]}: Spark does not see this file; it must lie where every worker can read it under this name, and "
            "its name must not begin with a dot or an underscore"
        )
    known = spark.createDataFrame(  # pyright: ignore[reportUnknownMemberType]
        [(re.sub("^file:/+", "/", listed[path]), file_id) for path, file_id in wanted.items()],
        "known_path string, known_id int",
    )
    file_id = "coalesce(known_id, raise_error(concat('a file under another name: ', file_path))) as file_id"
    columns = [name for name in found.columns if name not in ("file_path", "block", "number")]
    return (
        found.join(known.hint("broadcast"), found["file_path"] == known["known_path"], "left")
        .selectExpr("*", file_id)
        .selectExpr(f"struct(file_id, block, number) as {PLACE}", *(f"`{name}`" for name in columns))
    )  # fmt: skip


def refuse_codec(name: str, path: str, compression: str) -> None:
    """Raise InputError where Spark would unpack a file by its name in another way than its first bytes ask for."""
    ending = CODECS[compression]
    if (ending and not path.endswith(ending)) or (not ending and path.endswith(ENDINGS)):
        packed = f"packed with {compression}" if ending else "not packed"
        raise InputError(
            f"{name}: is {packed}, which Spark tells by the end of a name; call it {ending or 'what it is'}, or load "
            "it without --engine spark"
        )


def _plain(path: str) -> str:
    """A path or address as a user writes it, from the one that Spark encodes."""
    return unquote(urlsplit(path).path if path.startswith("file:") else path)


def _literal_path(path: str) -> str:
    """A path without what Hadoop would take for a pattern."""
    return re.sub(r"([\\*?\[\]{}])", r"\\\1", path)
