"""What changed from one report to another: spend by cause, savings, endpoints, prices, verdicts, what is left out.

Both are brought onto one basis first: a month of 30.4 days where both windows span a day or more, else what was counted
in either window.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import cast

from audit.assumptions import exact_decimal
from audit.changes.workloads import workload_changes
from audit.errors import ConfigError
from audit.report import words
from audit.report.change_document import (
    CAUSES,
    SCHEMA,
    Basis,
    Changes,
    CountChange,
    EndpointChange,
    LevelChange,
    PriceChange,
    Side,
    SpendChange,
    ValueChange,
)
from audit.report.document import LEVELS, LevelSavings, ReportDocument
from audit.report.spending import Traffic
from audit.savings.changes import Segment, causes, unit_prices

SAME_LENGTH = 0.01
"""Of the longer window: windows that differ by less are equally long, for figures that are not scaled to a month."""
SET_APART = ("failed", "gateway_cache_hit", "unknown_usage", "unpriced", "other_model", "gated")
MILLION = 1_000_000


def changes(before: ReportDocument, now: ReportDocument) -> Changes:
    """Everything that differs; ConfigError where the reports are about different pairs or currencies."""
    _refuse_other_questions(before, now)
    is_monthly = all(words.basis(each) == "monthly" for each in (before, now))
    basis: Basis = "monthly" if is_monthly else "window"
    old, new = _segments(before, basis), _segments(now, basis)
    prices = _prices(before, now)
    result: Changes = {
        "schema": SCHEMA,
        "pair": now["pair"],
        "basis": basis,
        "before": _side(before),
        "now": _side(now),
        "changed": False,
        "spend": _spend(before, now, basis, old, new),
        "levels": {level: _level(before, now, basis, level) for level in LEVELS},
        "endpoints": _endpoints(old, new),
        "prices": prices,
        "workloads": workload_changes(before, now, {each["model"] for each in prices}),
        "counts": _counts(before, now),
        "assumptions": _assumptions(before, now),
        "notes": _notes(before, now, basis),
    }
    result["changed"] = bool(
        result["spend"]["change"]
        or any(value for value in (result["spend"]["causes"] or {}).values())
        or any(level["before"] != level["now"] for level in result["levels"].values())
        or any(result[key] for key in ("endpoints", "prices", "workloads", "counts", "assumptions"))
        or result["before"] != result["now"]
    )
    return result


def _refuse_other_questions(before: ReportDocument, now: ReportDocument) -> None:
    for name, old, new in (
        ("pair", _pair(before), _pair(now)),
        ("currency", before["spend"]["currency"], now["spend"]["currency"]),
    ):
        if old != new:
            raise ConfigError(
                f"the earlier report has another {name}: {old}, this one {new}; "
                "`--from` and `--to` name the pair of this one"
            )


def _pair(document: ReportDocument) -> str:
    return f"{document['pair']['incumbent']} to {document['pair']['candidate']}"


def _side(document: ReportDocument) -> Side:
    return {
        "window": document["window"],
        "requests": document["requests"]["total"],
        "list_cost": document["spend"]["list_cost"],
    }


def _scale(document: ReportDocument, basis: Basis) -> Decimal:
    """What brings figures of the window onto the basis."""
    monthly, cost = document["spend"]["monthly_list_cost"], exact_decimal(document["spend"]["list_cost"])
    if basis == "window" or monthly is None or not cost:
        return Decimal(1)
    return exact_decimal(monthly) / cost


def _segments(document: ReportDocument, basis: Basis) -> list[Segment]:
    scale = _scale(document, basis)
    return [_segment(each, scale) for each in document.get("traffic", [])]


def _segment(traffic: Traffic, scale: Decimal) -> Segment:
    return Segment(
        endpoint=traffic["endpoint"],
        model=(traffic["provider_name"], traffic["model"], traffic["service_tier"]),
        length_band=traffic["length_band"],
        requests=traffic["requests"] * scale,
        usage={
            name: (used["tokens"] * scale, exact_decimal(used["list_cost"]) * scale)
            for name, used in traffic["usage"].items()
        },
    )


def _spend(
    before: ReportDocument, now: ReportDocument, basis: Basis, old: list[Segment], new: list[Segment]
) -> SpendChange:
    """Spend and its causes; none where a report of an older version does not say what was paid for."""
    costs = [exact_decimal(each["spend"]["list_cost"]) * _scale(each, basis) for each in (before, now)]
    if all("traffic" in each for each in (before, now)):
        found = causes(old, new)
        return {
            "currency": now["spend"]["currency"],
            "before": float(found.before),
            "now": float(found.now),
            "change": float(found.now - found.before),
            "causes": {cause: float(cast("Decimal", getattr(found, cause))) for cause in CAUSES},
        }
    return {
        "currency": now["spend"]["currency"],
        "before": float(costs[0]),
        "now": float(costs[1]),
        "change": float(costs[1] - costs[0]),
        "causes": None,
    }


def _level(before: ReportDocument, now: ReportDocument, basis: Basis, level: str) -> LevelChange:
    old, new = (cast("Mapping[str, LevelSavings]", each["savings"])[level] for each in (before, now))
    was, is_now = (saved["monthly"] if basis == "monthly" else saved["window"] for saved in (old, new))
    assert was is not None
    assert is_now is not None
    return {
        "before": was,
        "now": is_now,
        "change": float(is_now["point"]) - float(was["point"]),
        "share_before": old["share_of_spend"]["point"],
        "share_now": new["share_of_spend"]["point"],
    }


def _endpoints(old: list[Segment], new: list[Segment]) -> list[EndpointChange]:
    """Endpoints whose requests or cost differ, the largest change of cost first."""
    sums = [_by_endpoint(segments) for segments in (old, new)]
    found: list[EndpointChange] = []
    for endpoint in sorted(sums[0].keys() | sums[1].keys()):
        was, is_now = (side.get(endpoint, (Decimal(0), Decimal(0))) for side in sums)
        if was != is_now:
            found.append({
                "endpoint": endpoint,
                "status": "new" if endpoint not in sums[0] else "gone" if endpoint not in sums[1] else "kept",
                "requests_before": float(was[0]),
                "requests_now": float(is_now[0]),
                "cost_before": float(was[1]),
                "cost_now": float(is_now[1]),
            })  # fmt: skip
    return sorted(found, key=lambda each: -abs(float(each["cost_now"]) - float(each["cost_before"])))


def _by_endpoint(segments: list[Segment]) -> dict[str, tuple[Decimal, Decimal]]:
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for segment in segments:
        requests, cost = sums.get(segment.endpoint, (Decimal(0), Decimal(0)))
        sums[segment.endpoint] = (requests + segment.requests, cost + segment.cost)
    return sums


def _prices(before: ReportDocument, now: ReportDocument) -> list[PriceChange]:
    """Classes of tokens paid in both windows, and not alike: by a millionth at least, since averages are rounded."""
    old, new = (unit_prices(_segments(each, "window")) for each in (before, now))
    return [
        {
            "provider_name": provider,
            "model": model,
            "service_tier": tier,
            "length_band": band,
            "token_class": name,
            "before": float(old[key] * MILLION),
            "now": float(new[key] * MILLION),
        }
        for key in sorted(old.keys() & new.keys())
        for (provider, model, tier), (band, name) in [key]
        if abs(new[key] - old[key]) * MILLION > abs(old[key])
    ]


def _counts(before: ReportDocument, now: ReportDocument) -> list[CountChange]:
    """What no saving is made of, as counted; shares are of all requests, those of records of all that were read."""
    found: list[CountChange] = []
    for name, group, total in (
        *((name, "requests", "total") for name in SET_APART),
        ("rejected", "rows", "read"),
        ("duplicate", "rows", "read"),
    ):
        old, new = (cast("Mapping[str, Mapping[str, int]]", each)[group] for each in (before, now))
        if old[name] != new[name]:
            shares = [side[name] / (side[total] or 1) for side in (old, new)]
            found.append({
                "name": name,
                "before": old[name],
                "now": new[name],
                "share_before": shares[0],
                "share_now": shares[1],
            })  # fmt: skip
    return found


def _assumptions(before: ReportDocument, now: ReportDocument) -> list[ValueChange]:
    old, new = ({each["name"]: each["value"] for each in document["assumptions"]} for document in (before, now))
    return [
        {"name": name, "before": old.get(name), "now": new.get(name)}
        for name in dict.fromkeys([*new, *old])
        if old.get(name) != new.get(name)
    ]


def _overlap(before: ReportDocument, now: ReportDocument) -> str | None:
    """What to say of windows that share some time; None where they share none, or hold nothing."""
    (first, last), (starts, ends) = ((each["window"]["start"], each["window"]["end"]) for each in (before, now))
    if first is None or last is None or starts is None or ends is None or starts >= last or first >= ends:
        return None
    said = f"The windows overlap: this one starts on {starts[:10]}, the earlier one ends on {last[:10]}."
    return f"{said} `--since {last[:10]}` counts only what came later." if ends > last else said


def _notes(before: ReportDocument, now: ReportDocument, basis: Basis) -> list[str]:
    """What a reader has to know before comparing the two."""
    found: list[str] = []
    days = [float(each["window"]["days"]) for each in (before, now)]
    if basis == "window" and abs(days[0] - days[1]) > SAME_LENGTH * max(days):
        found.append(
            f"The windows span {days[0]:,.2f} and {days[1]:,.2f} days and are not scaled: volume includes that."
        )
    if before["window"] != now["window"] and (overlap := _overlap(before, now)) is not None:
        found.append(overlap)
    if any("traffic" not in each for each in (before, now)):
        found.append("One of the reports is of an older version, without what was paid for: no causes, no endpoints.")
    failed = [each["name"] for document in (before, now) for each in document["checks"] if not each["ok"]]
    if failed:
        found.append(f"Do not quote these figures: failed checks ({', '.join(dict.fromkeys(failed))}).")
    return found
