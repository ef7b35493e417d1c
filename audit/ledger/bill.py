"""The provider's bill, line by line: what each line is for, as far as its text tells."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Literal, cast

from audit.catalog.facts import first_party_names
from audit.catalog.models import canonical, model_family, plain_name
from audit.errors import InputError
from audit.warehouse import Warehouse

Kind = Literal["usage", "credit", "tax", "other"]

CREDIT = frozenset({"credit", "credits", "refund", "discount", "promotional", "promotion", "adjustment", "rebate"})
TAX = frozenset({"tax", "taxes", "vat", "gst"})
BATCH, DEFAULT = "batch", "default"
TIERS = {"batch": BATCH, "btch": BATCH, "flex": "flex", "priority": "priority"}
CACHED, WRITTEN = frozenset({"cached", "cache", "cchd"}), frozenset({"write", "writes", "creation"})
FOR_AN_HOUR = frozenset({"1h", "1hr"})
OUTPUT = frozenset({"output", "outp", "outpt", "completion", "completions"})
INPUT = frozenset({"input", "inp", "inpt", "prompt", "uncached"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What was billed for one thing on one day in US dollars; a credit is negative."""

    day: date
    project: str
    kind: Kind
    model: str
    """Empty where the text names none."""
    tier: str
    token_class: str
    """Empty where the text names none."""
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """The lines in US dollars, and what cannot be compared."""

    lines: tuple[Line, ...]
    start: date
    end: date
    """The last day that was billed."""
    start_hour: int
    """The hour (UTC) in which every billed day begins, 0 where they differ."""
    is_daily: bool
    """Whether usage is billed by the day or finer; else the whole bill counts as one day, its first."""
    names_models: bool
    other_currencies: Mapping[str, Decimal]


def read_bill(warehouse: Warehouse, log_models: Collection[str], since: date | None, until: date | None) -> Bill | None:
    """What `bill_lines` says of the days from `since` to before `until`; None where it says nothing of them.

    Organization totals count only on days without groups, as in `billed_cost_by_day`. Raises InputError where no line
    is in US dollars.
    """
    rows = warehouse.rows(
        """
        with lines as (
            select *, cast(period_start as date) as day,
                bool_or(not is_organization_total) over (partition by cast(period_start as date)) as has_groups
            from bill_lines
        )
        select day, lower(currency), coalesce(line_item, ''), coalesce(project_id, ''),
            date_part('hour', period_start), max(date_diff('hour', period_start, period_end)),
            cast(sum(amount) as decimal(38, 12)), amount < 0 as is_negative
        from lines
        where day >= coalesce(try_cast(? as date), date '1970-01-01')
            and day < coalesce(try_cast(? as date), date '2200-01-01')
            and not (is_organization_total and has_groups)
        group by all
        order by all
        """,
        [since.isoformat() if since else None, until.isoformat() if until else None],
    )
    found: list[tuple[Line, int]] = []
    others: dict[str, Decimal] = {}
    hours: set[int] = set()
    for day, currency, text, project, hour, length, amount, is_negative in rows:
        dollars = cast("Decimal", amount)
        if currency != "usd":
            others[str(currency)] = others.get(str(currency), Decimal(0)) + dollars
            continue
        line = _line(cast("date", day), str(text), str(project), dollars, bool(is_negative), frozenset(log_models))
        found.append((line, int(str(length))))
        if line.kind == "usage":
            hours.add(int(str(hour)))
    if not found:
        if others:
            currencies = ", ".join(sorted(others))
            raise InputError(f"the bill is in {currencies}, list prices are in USD; export it in USD")
        return None
    names_models = any(line.model for line, _ in found if line.kind == "usage")
    if not names_models:
        # a bill by the day or project only: all of it is for traffic
        found = [(_as_usage(line), length) for line, length in found]
    usage = [(line, length) for line, length in found if line.kind == "usage"] or found
    is_daily = all(length <= 25 for _, length in usage)
    start = min(line.day for line, _ in usage)
    end = max(line.day + timedelta(days=max(0, (length - 1) // 24)) for line, length in usage)
    return Bill(
        lines=tuple(line for line, _ in found),
        start=start,
        end=end,
        start_hour=hours.pop() if len(hours) == 1 else 0,
        is_daily=is_daily,
        names_models=names_models,
        other_currencies=others,
    )


def _line(day: date, text: str, project: str, amount: Decimal, is_negative: bool, log_models: frozenset[str]) -> Line:
    words = frozenset(_normal(text).split("-"))
    model = _model(text, day, log_models)
    if is_negative or (words & CREDIT and not model):
        kind: Kind = "credit"
    elif words & TAX and not model:
        kind = "tax"
    else:
        kind = "usage" if model else "other"
    tier = next((TIERS[word] for word in sorted(words & TIERS.keys())), DEFAULT)
    return Line(
        day=day, project=project, kind=kind, model=model, tier=tier, token_class=_token_class(words), amount=amount
    )


def _as_usage(line: Line) -> Line:
    if line.kind != "other":
        return line
    return Line(
        day=line.day, project=line.project, kind="usage", model="", tier=DEFAULT, token_class="", amount=line.amount
    )


def _token_class(words: frozenset[str]) -> str:
    if "audio" in words:
        return "audio_output" if words & OUTPUT else "audio_input"
    if words & CACHED and words & WRITTEN:
        return "cache_creation_1h" if words & FOR_AN_HOUR else "cache_creation"
    if words & CACHED:
        return "cache_read"
    return "output" if words & OUTPUT else "input" if words & INPUT else ""


@cache
def _model(text: str, day: date, log_models: frozenset[str]) -> str:
    """The model that a line names, as the log calls it: an alias is the log's only snapshot of it, if there is one."""
    head = text.split(",")[0].strip()
    if head.lower().startswith("ft:"):
        return plain_name(head)
    names = _names(log_models)
    if head.lower() in names.values():
        name = head.lower()
    else:
        inside = f"-{_normal(text)}-"
        # names without a digit are words as well: ada, sonar
        found = [short for short in names if f"-{short}-" in inside and any(map(str.isdigit, short))]
        if not found:
            return ""
        name = names[max(found, key=len)]
    model = canonical(name, day)
    if model in log_models or model_family(name) != name:
        return model
    snapshots = [each for each in log_models if model_family(each) == name]
    return snapshots[0] if len(snapshots) == 1 else model


@cache
def _names(log_models: frozenset[str]) -> dict[str, str]:
    return {_normal(name): name for name in sorted(first_party_names() | log_models) if name}


def _normal(text: str) -> str:
    """Words in lower case with hyphens between.

    >>> _normal("GPT 4o-mini 0718 Inp_glbl")
    'gpt-4o-mini-0718-inp-glbl'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
