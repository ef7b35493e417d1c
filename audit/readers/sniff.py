"""How text is laid out, told from its first bytes: JSON lines, one JSON document, or CSV; and its first records."""

import codecs
import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, cast

from audit.counting import number_of
from audit.csv_signs import delimiter_of
from audit.errors import InputError

Container = Literal["jsonl", "json", "csv", "parquet"]
Record = dict[str, object]

HEAD_RECORDS = 50
"""Records looked at when a format is recognised: the first may be broken or a rare kind."""
NOT_ON_A_PAGE = {"usage", "model", "messages", "request", "response"}
"""Keys that make an object a record of its own though it holds a list, as the reply to an embeddings call does."""
MOST_BLANKS = 100
"""Characters of white space expected at the end of a list."""

LATIN = re.compile(r"(?<=[A-Za-z])[À-ÖØ-öø-ý]|[À-ÖØ-öø-ý](?=[A-Za-zÀ-ý])|[¡£§©ª«®°²³µ·º»½¼¿€‘’“”–—…]")
"""What of Windows-1252, which takes in Latin-1, stands in western European text: letters beside letters, and signs."""
FEWEST_LATIN = 2
"""Lines; a single one that is no UTF-8 is damaged, which the others need not suffer for."""

csv.field_size_limit(1 << 24)  # a CSV field can hold a whole conversation; the default of 128 kB would raise


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The container of a text file with the names and values found first; a document shows none of its own.

    `repeated` are the names that several columns of a CSV have.
    """

    container: Container
    records: tuple[Record, ...] = ()
    fields: tuple[str, ...] = ()
    delimiter: str = ","
    repeated: tuple[str, ...] = ()


def sniff(name: str, head: bytes, whole: bool) -> Layout:
    """How the text that begins with `head` is laid out; `whole` says that `head` is all of it.

    Raises InputError where it is neither JSON nor CSV in UTF-8, or damaged beyond its first lines.
    """
    body = head.removeprefix(codecs.BOM_UTF8)
    lines = [line for line in body.split(b"\n") if line.strip()]
    if not lines:
        raise InputError(f"{name}: the file holds no data; export the logs again")
    if not whole and len(lines) > 1:
        lines.pop()
    _refuse_latin(name, lines)
    objects = list(islice(_objects(lines), HEAD_RECORDS))
    if not objects and len(lines) > 1 and all(line.lstrip()[:1] == b"{" for line in lines[:2]):
        raise InputError(f"{name}: none of the first {len(lines)} lines is a JSON object; is the file damaged?")
    if _is_document(body, lines, objects, whole):
        return Layout(container="json")
    if objects:
        return Layout(container="jsonl", records=tuple(objects), fields=keys_of(objects))
    return _csv(name, lines[: HEAD_RECORDS + 1])


def documents_in(text: str) -> Iterator[object]:
    """The JSON values written one after another in `text`; ValueError where one is not whole."""
    if re.search(r",\s*\]\s*$", text[-MOST_BLANKS:]):
        # some tools write a comma after every record, the last one too
        text = text[: text.rindex(",")] + "]"
    decoder = json.JSONDecoder()
    end = len(text) - len(text.lstrip())
    while end < len(text):
        value, end = decoder.raw_decode(text, end)
        yield value
        while end < len(text) and text[end].isspace():
            end += 1


def page_key(value: object) -> str | None:
    """The key of the list of records of an API page; None where `value` is a record."""
    if not isinstance(value, dict):
        return None
    found = cast("Record", value)
    # Cloudflare's pages have an empty list of messages
    if any(found.get(key) for key in NOT_ON_A_PAGE):
        return None
    return next((key for key in ("data", "results", "result", "records") if isinstance(found.get(key), list)), None)


def is_trace(value: object) -> bool:
    """Whether `value` is a trace around the list of its observations, as Langfuse gives it."""
    if not isinstance(value, dict):
        return False
    found = cast("Record", value)
    inside = found.get("observations")
    if not isinstance(inside, list) or not all(isinstance(each, dict) for each in cast("list[object]", inside)):
        return False
    return len(cast("list[object]", inside)) > 0 or "trace" in found


def keys_of(records: Iterable[Record]) -> tuple[str, ...]:
    """The keys of `records`, each once, in order of appearance."""
    return tuple(dict.fromkeys(key for record in records for key in record))


def _is_document(body: bytes, lines: list[bytes], objects: list[Record], whole: bool) -> bool:
    """Whether the text is one JSON document (or several pages) and not one record per line."""
    if body.lstrip()[:1] not in (b"{", b"["):
        return False
    if objects and all(page_key(value) or is_trace(value) for value in objects):
        return True
    if whole and len(lines) > 1 and _is_json(body):
        return True
    # The last line of an indented list can be a whole object; a log has more good lines than broken ones.
    return 2 * len(objects) < min(len(lines), HEAD_RECORDS) and not (objects and lines[0].lstrip()[:2] == b'{"')


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _objects(lines: Iterable[bytes]) -> Iterator[Record]:
    for line in lines:
        if line.lstrip()[:1] == b"{":
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict):
                yield cast("Record", value)


def _refuse_latin(name: str, lines: Sequence[bytes]) -> None:
    """Refuse text in an older encoding: all of its letters beyond ASCII would be lost, line by line."""
    old = 0
    for line in lines:
        if line.isascii():
            continue
        try:
            line.decode()
        except UnicodeDecodeError:
            text = line.decode("cp1252", "replace")
            if len(LATIN.findall(text)) != sum(not sign.isascii() for sign in text):
                return
            old += 1
        else:
            return
    if old >= FEWEST_LATIN:
        raise InputError(
            f"{name}: text in Latin-1 (Windows-1252), as {old:,} of its first "
            f"{number_of(len(lines), 'line')} show; save it again "
            f"as UTF-8, or convert it: iconv -f WINDOWS-1252 -t UTF-8 {name} > utf8-{Path(name).name}"
        )


def _csv(name: str, lines: list[bytes]) -> Layout:
    try:
        header = lines[0].decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: neither JSON nor CSV in UTF-8 ({error}); save it again as UTF-8") from error
    if "\r" in header.rstrip("\r"):
        raise InputError(f"{name}: its lines end with a carriage return alone; save it again as CSV UTF-8")
    if header.lower().startswith("sep="):
        raise InputError(f"{name}: its first line, {header.strip()!r}, is a hint for Excel; take it out")
    try:
        delimiter = delimiter_of(header)
        # A stray carriage return inside a line would end Python's reading.
        texts = (line.decode("utf-8", "replace").rstrip("\r").replace("\r", " ") + "\n" for line in lines)
        rows = list(csv.reader(texts, delimiter=delimiter))
    except csv.Error as error:
        raise InputError(f"{name}: neither JSON nor a CSV that can be split into columns ({error})") from error
    names = [field.strip() for field in rows[0]]
    if len(names) < 2 or not all(field.isprintable() for field in names):
        raise InputError(f"{name}: starts with {header[:60]!r}; expected JSON, CSV with a header, or Parquet")
    fields = _unique(names)
    records = tuple(dict(zip(fields, cast("list[object]", row), strict=False)) for row in rows[1:])
    repeated = tuple(dict.fromkeys(name for name, field in zip(names, fields, strict=True) if name and name != field))
    return Layout(container="csv", records=records, fields=fields, delimiter=delimiter, repeated=repeated)


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """Column names as DuckDB takes them: never empty, and different even in lower case.

    The first of equals keeps its own.

    >>> _unique(["model", "", "Model"])
    ('model', 'column_2', 'Model_3')
    """
    found: dict[str, str] = {}
    for position, name in enumerate(names, 1):
        unique = name if name and name.lower() not in found else f"{name or 'column'}_{position}"
        found[unique.lower()] = unique
    return tuple(found.values())
