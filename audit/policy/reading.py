"""A policy read from a file, ours or written by hand: checked key by key against the form of `document`.

By hand it is enough to name the two models and the rules; the rest is filled in. Unknown keys are errors: a misspelt
condition would otherwise hold for every request.
"""

import json
import math
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import NoneType, UnionType
from typing import Literal, NotRequired, cast, get_args, get_origin, get_type_hints, is_typeddict

from audit.errors import InputError
from audit.policy.document import SCHEMA, Policy

FILLED_IN: Mapping[str, object] = {
    "created": "",
    "incumbent_models": [],
    "candidate_model": "",
    "default": {"to": "incumbent"},
    "stages": [],
    "not_moved": [],
    "notes": [],
}
"""What a policy written by hand may leave out."""


def read_policy(path: Path) -> Policy:
    """The policy in `path`; InputError says where it is wrong: file, place in the JSON, value, nearest key."""
    try:
        found: object = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); name a policy file, ours, none or all") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no UTF-8 text; a policy is a JSON file, as `audit policy` prints it") from error
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: line {error.lineno}: no JSON ({error.msg}); `audit policy` prints one") from error
    if not isinstance(found, dict):
        raise InputError(f"{path}: $ is {_short(found)}; a policy is an object with schema {SCHEMA!r}")
    document = cast("dict[str, object]", found)
    if document.get("schema") != SCHEMA:
        raise InputError(f"{path}: $.schema is {_short(document.get('schema'))}; this version reads {SCHEMA!r}")
    try:
        return checked(document)
    except _WrongError as error:
        raise InputError(f"{path}: {error}") from error


def checked(document: Mapping[str, object]) -> Policy:
    """`document` with everything filled in that may be left out; raises ValueError with place and value."""
    whole = {**FILLED_IN, **document}
    rules = whole.get("rules")
    if isinstance(rules, list):
        whole["rules"] = [_filled(each, number) for number, each in enumerate(cast("list[object]", rules), start=1)]
    _check(whole, Policy, "$")
    policy = cast("Policy", whole)
    if policy["default"]["to"] != "incumbent":
        raise _WrongError(
            "$.default.to is 'candidate'; it must be 'incumbent': write a rule with an empty `when` instead"
        )
    ids = [rule["id"] for rule in policy["rules"]]
    for number, rule in enumerate(policy["rules"]):
        where = f"$.rules[{number}]"
        if ids.index(rule["id"]) != number:
            raise _WrongError(
                f"{where}.id is {rule['id']!r}, as that of rule {ids.index(rule['id'])}; every rule needs its own"
            )
        if not 0 <= rule["share"] <= 1:
            raise _WrongError(f"{where}.share is {rule['share']!r}; give a share from 0 to 1")
        length = rule["when"].get("input_tokens")
        least, below = (0, None) if length is None else (length["at_least"], length["below"])
        if least < 0 or (below is not None and least >= below):
            raise _WrongError(f"{where}.when.input_tokens is {_short(length)}; at_least must be under below")
        if rule["when"].get("request_model") == []:
            raise _WrongError(
                f"{where}.when.request_model is []; name a model, or leave it out for the incumbent's own"
            )
        escalation = rule.get("escalation")
        for name in ("sensitivity", "false_alarm_rate", "expected_rate") if escalation else ():
            if not 0 <= cast("Mapping[str, float]", escalation)[name] <= 1:
                raise _WrongError(f"{where}.escalation.{name} is out of 0..1; give a share")
        if escalation and not 0 <= escalation["usd_per_check"] < math.inf:
            raise _WrongError(
                f"{where}.escalation.usd_per_check is {escalation['usd_per_check']!r}; give USD from 0 on"
            )
        classifier = rule.get("classifier")
        if classifier and not 0 <= classifier["usd_per_request"] < math.inf:
            raise _WrongError(
                f"{where}.classifier.usd_per_request is {classifier['usd_per_request']!r}; give USD from 0 on"
            )
    for number, stage in enumerate(policy["stages"]):
        for name, share in stage["shares"].items():
            if name not in ids:
                raise _WrongError(f"$.stages[{number}].shares names {name!r}, which no rule has{_nearest(name, ids)}")
            if not 0 <= share <= 1:
                raise _WrongError(f"$.stages[{number}].shares.{name} is {share!r}; give a share from 0 to 1")
    return policy


class _WrongError(ValueError):
    """Where a document is wrong; the file is not known here."""


def _filled(rule: object, number: int) -> object:
    if not isinstance(rule, dict):
        return rule
    given = cast("dict[str, object]", rule)
    name = given.get("id", f"rule-{number}")
    return {"id": name, "name": name, "workload_ids": [], "when": {}, "share": 1.0, **given}


def _check(value: object, form: object, where: str) -> None:
    """Raise _WrongError where `value` is not of the type `form`."""
    origin = get_origin(form)
    if origin is NotRequired:
        _check(value, get_args(form)[0], where)
    elif is_typeddict(form):
        _check_object(value, cast("type[object]", form), where)
    elif origin is Literal:
        if value not in get_args(form):
            choices = ", ".join(map(repr, get_args(form)))
            raise _WrongError(f"{where} is {_short(value)}; choose one of {choices}")
    elif origin is UnionType:
        forms = [each for each in get_args(form) if each is not NoneType]
        if value is not None or NoneType not in get_args(form):
            _check(value, forms[0], where)
    elif origin is list:
        if not isinstance(value, list):
            raise _WrongError(f"{where} is {_short(value)}; give a list")
        for number, each in enumerate(cast("list[object]", value)):
            _check(each, get_args(form)[0], f"{where}[{number}]")
    elif origin is dict:
        if not isinstance(value, dict):
            raise _WrongError(f"{where} is {_short(value)}; give an object")
        for name, each in cast("dict[str, object]", value).items():
            _check(each, get_args(form)[1], f"{where}.{name}")
    elif not _is_plain(value, cast("type[object]", form)):
        raise _WrongError(f"{where} is {_short(value)}; give {_PLAIN[cast('type[object]', form)]}")


_PLAIN: Mapping[type[object], str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


def _is_plain(value: object, form: type[object]) -> bool:
    if isinstance(value, bool):
        return form is bool
    return isinstance(value, int | float) if form is float else isinstance(value, form)


def _check_object(value: object, form: type[object], where: str) -> None:
    if not isinstance(value, dict):
        raise _WrongError(f"{where} is {_short(value)}; give an object")
    given = cast("dict[str, object]", value)
    hints = get_type_hints(form, include_extras=True)
    for name, each in given.items():
        if name not in hints:
            raise _WrongError(f"{where} has an unknown key {name!r}{_nearest(name, hints)}")
        _check(each, hints[name], f"{where}.{name}")
    for name in hints:
        if name not in given and name in getattr(form, "__required_keys__", ()):
            raise _WrongError(f"{where} has no {name!r}; it needs one")


def _nearest(name: str, known: object) -> str:
    near = get_close_matches(name, list(cast("Mapping[str, object]", known)), n=1, cutoff=0.5)
    return f"; nearest: {near[0]}" if near else ""


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
