"""A document read back from its `--json` and checked against the types of its form, so that no later code is."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints, is_typeddict

from audit.errors import InputError
from audit.report.document import ReportDocument

SCHEMA = "traffic-audit/report/1"
HOW = "`audit report --json > FILE` writes one"


def read_report(path: Path) -> ReportDocument:
    """The report in a file; InputError says what is wrong with it and where."""
    return cast("ReportDocument", read_document(path, ReportDocument, SCHEMA, "report", HOW))


def read_document(path: Path, form: Any, schema: str, noun: str, how: str) -> object:
    """What is in a JSON file that has the form of a TypedDict; keys it does not know are let be.

    InputError says what is wrong with it and where, and with `how` what writes a good one.
    """
    try:
        document = cast("object", json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number))
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or str(error)).lower()}; name a {noun}: {how}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: no text (byte {error.start}), so no {noun}; {how}") from error
    except json.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}: no JSON ({error.msg}), so no {noun}; {how}") from error
    except RecursionError as error:
        raise InputError(f"{path}: nested without end, so no {noun}; {how}") from error
    except _NoNumberError as error:
        raise InputError(f"{path}: {error} is no number, so no {noun}; {how}") from error
    found = cast("Mapping[str, object]", document).get("schema") if isinstance(document, dict) else None
    if found != schema:
        raise InputError(f"{path}: its schema is {found!r}, that of a {noun} {schema!r}; {how}")
    if (fault := _fault(cast("object", document), form, "")) is not None:
        raise InputError(f"{path}: {fault}, so no whole {noun}; {how}")
    return cast("object", document)


def _fault(value: object, kind: Any, where: str) -> str | None:
    """What is wrong with a value that should be of a type, None if nothing is."""
    origin = get_origin(kind)
    if is_typeddict(kind):
        return _fault_of_keys(value, kind, where)
    if kind is object:
        return None
    if origin in (Union, UnionType):
        faults = [_fault(value, each, where) for each in get_args(kind)]
        return None if None in faults else max((fault for fault in faults if fault is not None), key=len)
    if origin is Literal:
        return None if value in get_args(kind) else f"{where} is {value!r}"
    if origin is list and isinstance(value, list):
        parts = enumerate(cast("Sequence[object]", value))
        return _first(_fault(each, get_args(kind)[0], f"{where}[{place}]") for place, each in parts)
    if origin is dict and isinstance(value, dict):
        entries = cast("Mapping[str, object]", value).items()
        return _first(_fault(each, get_args(kind)[1], f"{where}.{name}") for name, each in entries)
    expected = (int, float) if kind in (float, Decimal) else kind
    fits = origin is None and isinstance(value, expected) and (kind is bool or not isinstance(value, bool))
    return None if fits else f"{where} is {str(value)[:40]!r}"


def _fault_of_keys(value: object, kind: Any, where: str) -> str | None:
    if not isinstance(value, dict):
        return f"{where} is {str(value)[:40]!r}"
    known = cast("Mapping[str, object]", value)
    missing = sorted(set(kind.__required_keys__) - set(known))
    if missing:
        return f"{f'{where}.{missing[0]}'.lstrip('.')} is missing"
    hints = get_type_hints(kind)
    return _first(
        _fault(known[name], hint, f"{where}.{name}".lstrip(".")) for name, hint in hints.items() if name in known
    )


def _first(faults: Any) -> str | None:
    return next((fault for fault in faults if fault is not None), None)


class _NoNumberError(ValueError):
    """NaN or an infinity, which JSON does not have and Python reads."""


def _no_number(name: str) -> object:
    raise _NoNumberError(name)
