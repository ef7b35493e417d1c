"""How the report writes numbers, names and sentences: shared by text and HTML so that they agree.

Rounding is the only arithmetic. Names come from logs and may hold anything: `clean` makes them safe to
look at; escaping for HTML is the markup builder's job.
"""

import math
import re
import unicodedata
from typing import Literal, cast

from audit.counting import number_of
from audit.report.document import Interval, Level, Number, ReportDocument, Window
from audit.report.workload import QualityLoss, Workload

PROJECTION = "Every saving here is a projection. Nothing is saved until traffic has moved and its answers are watched."

LEVEL_MEANS: dict[Level, str] = {
    "measured": "Proven on the same requests: quality stays within the margin.",
    "expected": "The measured part, plus each pilot weighted by its chance of passing.",
    "ceiling": "Limit: everything that may move does. An upper bound, not a forecast.",
}

VERDICT_MEANS = {
    "route": "move it: outcomes prove it",
    "pilot": "collect outcomes first",
    "keep": "leave it where it is",
}

BUCKETS = {
    "route": "Routed: proven by outcomes",
    "pilot": "Pilot: outcomes needed",
    "keep_eligible": "Kept: eligible, but not worth or not safe to move",
    "gated": "Gated: a hard limit excludes it",
    "other_model": "Other models",
    "unpriced": "Unpriced: no known price, not counted as $0",
    "unknown_usage": "Unknown usage: the log has no token counts",
    "gateway_cache_hit": "Answered by the gateway cache, not billed",
    "failed": "Failed, not billed",
}
"""Buckets of the accounting in the order they are shown; an unknown one is shown last, by its own name."""

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
"""Unicode categories that change how a line looks without being seen: controls, bidi marks, surrogates."""


_MARKS = r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_PILE = re.compile(rf"({_MARKS}{{4}}){_MARKS}+")
"""More marks on one letter than any language writes: no line can break between them, and they cover other text."""


def clean(text: object, limit: int = 80) -> str:
    r"""One visible line of at most `limit` characters: unseen characters show as U+FFFD.

    >>> clean("a\u202eb\nc", 80)
    'a�b c'
    >>> len(clean("z" + "\u0335" * 200))
    6
    >>> clean("abcdef", 4)
    'abc…'
    """
    line = " ".join(str(text)[: limit * 4].split())
    shown = "".join("\ufffd" if unicodedata.category(character) in _INVISIBLE else character for character in line)
    shown = _PILE.sub("\\1\ufffd", shown)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def money(value: Number | None, currency: str = "USD") -> str:
    """An amount: whole from 100 on, cents from 1 on, three significant digits below; `n/a` if unknown.

    >>> money(41813.7), money(-12.341), money(0.00325), money(0.5), money(0)
    ('$41,814', '-$12.34', '$0.00325', '$0.50', '$0')
    """
    if value is None:
        return "n/a"
    amount = abs(float(value))
    if amount < 1e-12:
        shown = "0"
    elif amount >= 0.9995:
        shown = f"{amount:,.{0 if amount >= 99.995 else 2}f}"
    else:
        whole, digits = f"{amount:.{2 - math.floor(math.log10(amount))}f}".rstrip("0").split(".")
        shown = f"{whole}.{digits:0<2}"
    sign = "-" if value < 0 and shown != "0" else ""
    return f"{sign}{'$' if currency == 'USD' else clean(currency, 12) + ' '}{shown}"


def percent(share: Number | None) -> str:
    """A share 0..1 in percent with one digit.

    >>> percent(0.0812), percent(0.0001), percent(0), percent(1), percent(0.9999)
    ('8.1%', '<0.1%', '0%', '100%', '>99.9%')
    """
    if share is None:
        return "n/a"
    value = float(share) * 100
    if value in (0, 100):
        return f"{value:.0f}%"
    if abs(value) < 0.05:
        return "<0.1%" if value > 0 else ">-0.1%"
    if 99.95 <= value < 100:
        return ">99.9%"
    return f"{value:.1f}%"


def count(value: Number | None) -> str:
    """A count with thousands separators.

    >>> count(1204331), count(None)
    ('1,204,331', 'n/a')
    """
    return "n/a" if value is None else f"{float(value):,.0f}"


def tokens(value: Number) -> str:
    """A token count in at most six characters.

    >>> tokens(820), tokens(12400), tokens(1_250_000)
    ('820', '12.4K', '1.2M')
    """
    number = float(value)
    if number >= 999_950:
        return f"{number / 1_000_000:.1f}M"
    return f"{number / 1000:.1f}K" if number >= 9_999.5 else f"{number:,.0f}"


def points(value: Number) -> str:
    """A quality loss in points of 100, one digit."""
    return f"{float(value):.1f}"


def pooled(loss: QualityLoss) -> list[str]:
    """The loss in the light of the other workloads; nothing where too few are measured."""
    shared = loss.get("pooled")
    if shared is None:
        return []
    bounds = f"{points(shared['low'])} to {points(shared['high'])}"
    return [f"seen with {number_of(shared['units'] - 1, 'other')} {points(shared['point'])} ({bounds})"]


Shown = Literal["money", "percent", "count"]
"""How the numbers of an interval are written."""


def span(interval: Interval, show: Shown, currency: str = "USD", same: str | None = "no range") -> str:
    """The bounds of an interval in words; where both read the same `same`, or what they read if that is None.

    >>> span({"low": 0.1, "point": 0.2, "high": 0.3}, "percent")
    '10.0% to 30.0%'
    >>> same = {"low": 0.2142, "point": 0.2143, "high": 0.2144}
    >>> span(same, "percent"), span(same, "percent", same=None)
    ('no range', '21.4%')
    """
    ends = interval["low"], interval["high"]
    if show == "money":
        low, high = (money(end, currency) for end in ends)
    else:
        low, high = (percent(end) if show == "percent" else count(end) for end in ends)
    return (low if same is None else same) if low == high else f"{low} to {high}"


def more_pairs(needed: int) -> str:
    """What a pilot still asks for.

    >>> more_pairs(1), more_pairs(2_493)
    ('1 more pair needed', '2,493 more pairs needed')
    """
    return number_of(needed, "more pair") + " needed"


def basis(document: ReportDocument) -> Literal["monthly", "window"]:
    """Whether dollars are shown per month: only if the document scales all of them."""
    scaled = all(level["monthly"] is not None for level in document["savings"].values())
    return "monthly" if scaled and document["spend"]["monthly_list_cost"] is not None else "window"


def saving(document: ReportDocument, level: Level) -> Interval:
    """The saving of a level on the document's basis."""
    savings = document["savings"][level]
    monthly = savings["monthly"]
    return savings["window"] if monthly is None or basis(document) == "window" else monthly


def spend(document: ReportDocument) -> Number:
    """Today's spend on the document's basis."""
    monthly = document["spend"]["monthly_list_cost"]
    return document["spend"]["list_cost"] if monthly is None or basis(document) == "window" else monthly


ABOVE_SPEND = "A month's traffic varies, so the upper bound of a saving is more than today's spend."


def may_exceed_spend(document: ReportDocument) -> bool:
    """Whether the largest saving of a busy month is more than what the month costs at the pace of the window."""
    return saving(document, "ceiling")["high"] > spend(document)


def per(document: ReportDocument) -> str:
    """What follows an amount: `a month` or `in the window`."""
    return "a month" if basis(document) == "monthly" else "in the window"


def window(document: ReportDocument) -> str:
    """The dates the numbers rest on."""
    return span_of(document["window"])


def span_of(dates: Window) -> str:
    """The dates of a window and its length."""
    start, end = dates["start"], dates["end"]
    if start is None or end is None:
        return "no traffic"
    return f"{clean(start[:10])} to {clean(end[:10])} ({float(dates['days']):,.1f} days)"


def accounts(document: ReportDocument) -> list[tuple[str, Number, Number | None]]:
    """Buckets of the accounting in order, as (title, requests, list cost); dispositions when there is none."""
    given = document.get("accounting", [])
    if not given:
        parts = [(key, cast(int, value)) for key, value in document["requests"].items() if key != "total"]
        return [(BUCKETS.get(key, humanised(key)), value, None) for key, value in parts]
    order = list(BUCKETS)
    ranked = sorted(given, key=lambda row: order.index(row["bucket"]) if row["bucket"] in order else len(order))
    return [(BUCKETS.get(row["bucket"], humanised(row["bucket"])), row["requests"], row["list_cost"]) for row in ranked]


def filled(document: ReportDocument) -> tuple[list[tuple[str, Number, Number | None]], str]:
    """The accounts that hold anything, and those that do not, in a line; empty where all do."""
    every = accounts(document)
    empty = [title.split(":")[0].split(",")[0].lower() for title, number, cost in every if not (number or cost)]
    return [each for each in every if each[1] or each[2]], f"No requests: {', '.join(empty)}." if empty else ""


def reasons(document: ReportDocument, workload: Workload) -> list[str]:
    """The reasons of a verdict as sentences; a code nobody explains is shown as words."""
    texts = document.get("reason_texts", {})
    return [clean(texts.get(code, code.replace("_", " ")), 200) for code in own_reasons(workload)]


def own_reasons(workload: Workload) -> list[str]:
    """Codes that tell one workload from another: a switch-off concerns all, and is said once for all."""
    return [code for code in workload["reasons"] if not code.endswith("_retires")]


def evidence(workload: Workload) -> str:
    """What a verdict rests on, in a few words."""
    if workload["evidence"] == "measured":
        return number_of(workload["pairs"], "pair")
    return "public prior" if workload["evidence"] == "prior" else "none"


def task(workload: Workload) -> str:
    """The guessed or confirmed task type with its confidence."""
    kind, confidence = workload["task_type"], workload["task_confidence"]
    if kind is None:
        return "task unknown"
    shown = clean(kind.replace("_", " "), 40)
    if confidence is None:
        return shown
    return f"{shown} ({clean(confidence, 20) if isinstance(confidence, str) else f'{float(confidence):.0%} sure'})"


def humanised(key: str) -> str:
    """A key of the document as words: underscores become spaces."""
    return clean(key.replace("_", " "))
