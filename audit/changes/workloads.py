"""Which workloads are new, gone, cut out otherwise or decided otherwise than in an earlier report, and why."""

import math
from collections.abc import Container, Iterable, Sequence
from itertools import groupby

from audit.counting import number_of
from audit.report import words
from audit.report.change_document import Why, WorkloadChange
from audit.report.document import ReportDocument
from audit.report.workload import QualityLoss, Workload

DRIFT = 0.5
"""Octaves of the median token count: less than one bin of the cells is no drift."""
ALIKE = 1e-9
"""Points of 100, or of a p-value: less is rounding."""


def workload_changes(before: ReportDocument, now: ReportDocument, repriced: Container[str]) -> list[WorkloadChange]:
    """Only those that differ, most cost first; `repriced` are the models whose prices differ."""
    texts = now.get("reason_texts", {})
    pairs, divided, gone, new = _matched(before["workloads"], now["workloads"])
    found = [change for old, each in pairs if (change := _moved(old, each, texts, repriced)) is not None]
    found += [_one(each, "new", [f"No traffic of {each['incumbent']} on this endpoint before."]) for each in new]
    found += [
        _one(each, "gone", [f"No traffic of {each['incumbent']} on this endpoint in this window."]) for each in gone
    ]
    found += divided
    return sorted(found, key=lambda each: (-max(_cost(each["cost_now"]), _cost(each["cost_before"])), each["name"]))


Matched = tuple[list[tuple[Workload, Workload]], list[WorkloadChange], list[Workload], list[Workload]]


def _matched(before: Sequence[Workload], now: Sequence[Workload]) -> Matched:
    """By id, else as the only workload left of its endpoint and model; several left have no counterparts."""
    old, new = ({each["id"]: each for each in side} for side in (before, now))
    pairs = [(old[key], new[key]) for key in new if key in old]
    left = [_by_place(each for each in side if each["id"] not in other) for side, other in ((before, new), (now, old))]
    divided: list[WorkloadChange] = []
    gone, come = list[Workload](), list[Workload]()
    for place in sorted(left[0].keys() | left[1].keys()):
        was, is_now = left[0].get(place, []), left[1].get(place, [])
        if not was or not is_now:
            gone += was
            come += is_now
        elif len(was) == len(is_now) == 1:
            pairs.append((was[0], is_now[0]))
        else:
            divided.append(_divided(place[0], was, is_now))
    return pairs, divided, gone, come


def _by_place(workloads: Iterable[Workload]) -> dict[tuple[str, str], list[Workload]]:
    def place(each: Workload) -> tuple[str, str]:
        return each["endpoint"], each["incumbent"]

    return {key: list(group) for key, group in groupby(sorted(workloads, key=place), key=place)}


def _one(each: Workload, status: str, why: Sequence[str]) -> WorkloadChange:
    is_new = status == "new"
    return {
        "id": each["id"],
        "name": each["name"],
        "endpoint": each["endpoint"],
        "status": "new" if is_new else "gone",
        "verdict_before": None if is_new else each["verdict"],
        "verdict_now": each["verdict"] if is_new else None,
        "cost_before": None if is_new else each["cost"],
        "cost_now": each["cost"] if is_new else None,
        "why": [{"code": status, "text": text} for text in why],
    }


def _divided(endpoint: str, was: Sequence[Workload], is_now: Sequence[Workload]) -> WorkloadChange:
    text = (
        f"Other rules divide this endpoint: {number_of(len(was), 'workload')} before, {len(is_now)} now, none the same."
    )
    return {
        "id": None,
        "name": endpoint,
        "endpoint": endpoint,
        "status": "divided",
        "verdict_before": None,
        "verdict_now": None,
        "cost_before": sum(float(each["cost"]) for each in was),
        "cost_now": sum(float(each["cost"]) for each in is_now),
        "why": [{"code": "rules", "text": text}],
    }


def _moved(old: Workload, new: Workload, texts: dict[str, str], repriced: Container[str]) -> WorkloadChange | None:
    """A workload with another verdict, or with the same one on other evidence; None where neither changed."""
    why = list(_why(old, new, texts))
    if new["incumbent"] in repriced and "costs_more" in {each["code"] for each in why}:
        why.append(_because("price", f"{new['incumbent']} has another price"))
    is_moved = old["verdict"] != new["verdict"]
    if not is_moved and not any(each["code"] in ("pairs", "refused", "margin") for each in why):
        return None
    return {
        "id": new["id"],
        "name": new["name"],
        "endpoint": new["endpoint"],
        "status": "moved" if is_moved else "evidence",
        "verdict_before": old["verdict"],
        "verdict_now": new["verdict"],
        "cost_before": old["cost"],
        "cost_now": new["cost"],
        "why": why,
    }


def _why(old: Workload, new: Workload, texts: dict[str, str]) -> Iterable[Why]:
    """Every fact behind the verdict that differs, from evidence to traffic."""
    if old["pairs"] != new["pairs"]:
        yield _because("pairs", f"{number_of(new['pairs'], 'pair')}, {words.count(old['pairs'])} before")
    refused = [sum(each["pairs"] for each in side.get("pairs_refused", [])) for side in (old, new)]
    if refused[0] != refused[1]:
        yield _because("refused", f"{number_of(refused[1], 'pair')} refused, {words.count(refused[0])} before")
    was, is_now = old["quality_loss"], new["quality_loss"]
    if _loss(was) != _loss(is_now):
        yield _because("loss", f"{_loss(is_now)}, {_loss(was)} before")
    elif was is not None and is_now is not None and _differ(was["adjusted_p"], is_now["adjusted_p"]):
        ends = [_p(each["adjusted_p"]) for each in (is_now, was)]
        yield _because(
            "multiplicity", f"p among all tested {ends[0]}, {ends[1]} before: other workloads are decided with it"
        )
    if was is not None and is_now is not None and _differ(was["margin"], is_now["margin"]):
        yield _because("margin", f"margin {words.points(is_now['margin'])}, {words.points(was['margin'])} before")
    for code, text in _reasons(old, new, texts):
        yield _because(code, text)
    for side, ends in (("input", "in"), ("output", "out")):
        medians = [float(each["tokens"]["input" if side == "input" else "output"]["p50"]) for each in (old, new)]
        if abs(math.log2((medians[1] + 1) / (medians[0] + 1))) > DRIFT:
            shown = [words.tokens(each) for each in medians]
            yield _because("drift", f"{shown[1]} tokens {ends} at the median, {shown[0]} before")


def _reasons(old: Workload, new: Workload, texts: dict[str, str]) -> Iterable[tuple[str, str]]:
    was, is_now = words.own_reasons(old), words.own_reasons(new)
    for code in is_now:
        if code not in was:
            yield code, f"now: {texts.get(code, code.replace('_', ' ')).rstrip('.')}"
    for code in was:
        if code not in is_now:
            yield code, f"no longer: {texts.get(code, code.replace('_', ' ')).rstrip('.')}"


def _because(code: str, text: str) -> Why:
    return {"code": code, "text": text}


def _loss(loss: QualityLoss | None) -> str:
    if loss is None:
        return "no loss known"
    return f"loss {words.points(loss['point'])} ({words.points(loss['low'])} to {words.points(loss['high'])})"


def _p(value: object) -> str:
    return "n/a" if value is None else f"{float(str(value)):.3f}"


def _differ(a: object, b: object) -> bool:
    if a is None or b is None:
        return (a is None) != (b is None)
    return abs(float(str(a)) - float(str(b))) > ALIKE


def _cost(cost: object) -> float:
    return 0.0 if cost is None else float(str(cost))
