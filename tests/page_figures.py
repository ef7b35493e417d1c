"""What each figure of a report shows, held against the rows of its query: counts exactly, money to the cent."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from audit.report.document import LEVELS, LeftOut, Level, ReportDocument

CENT, EXACT = 0.005, 1e-9

Rows = list[dict[str, Any]]
Compared = Callable[[ReportDocument, Rows], None]


def close(found: object, shown: object, within: float = EXACT) -> bool:
    if found is None or shown is None:
        return found is shown
    return float(cast(Any, found)) == pytest.approx(float(cast(Any, shown)), abs=within, rel=EXACT)


def _spend(document: ReportDocument, rows: Rows) -> None:
    (row,) = rows
    spend, window = document["spend"], document["window"]
    for name in ("list_cost", "monthly_list_cost", "billed_cost"):
        assert close(row[name], spend[name], CENT)
    for name, requests in (
        ("request", "total"),
        ("unpriced_request", "unpriced"),
        ("unknown_usage_request", "unknown_usage"),
    ):
        assert row[f"{name}_count"] == cast(Any, document["requests"])[requests]
    assert (row["window_start"].isoformat(), row["window_end"].isoformat()) == (window["start"], window["end"])
    assert close(row["window_days"], window["days"])


def _level(level: Level) -> Compared:
    def compare(document: ReportDocument, rows: Rows) -> None:
        (row,) = rows
        saved, routable = document["savings"][level], document["routable"][level]
        assert saved["monthly"] is not None
        assert close(row["saving"], saved["window"]["point"], CENT)
        assert close(row["monthly_saving"], saved["monthly"]["point"], CENT)
        assert close(row["share_of_spend"], saved["share_of_spend"]["point"])
        for name in ("request_share", "cost_share"):
            assert close(row[name], cast(Any, routable)[name]["point"])

    return compare


def _waterfall(document: ReportDocument, rows: Rows) -> None:
    assert [row["level"] for row in rows] == list(LEVELS)
    for row, level in zip(rows, LEVELS, strict=True):
        _level(level)(document, [row])
        assert close(row["request_count"], document["routable"][level]["requests"]["point"])
        assert close(row["list_cost"], document["routable"][level]["cost"]["point"], CENT)


def _blended(document: ReportDocument, rows: Rows) -> None:
    assert [row["level"] for row in rows] == ["now", *LEVELS]
    for row in rows:
        for unit, levels in document["blended"].items():
            assert close(row[unit], cast(Any, levels)[row["level"]])


def _next(document: ReportDocument, rows: Rows) -> None:
    pilots = {each["id"]: each for each in document["workloads"] if each["verdict"] == "pilot" and each["pairs_needed"]}
    assert {row["workload_id"] for row in rows} == set(pilots)
    best = max(pilots.values(), key=lambda each: float(each["savings"]["point"]))
    assert (rows[0]["workload_id"], rows[0]["pairs_needed"]) == (best["id"], best["pairs_needed"])


def _shares(document: ReportDocument, rows: Rows) -> None:
    assert [row["workload_id"] for row in rows] == [each["id"] for each in document["workloads"]]
    for row, shown in zip(rows, document["workloads"], strict=True):
        assert close(row["request_share"], shown["request_share"])
        assert close(row["cost_share"], shown["cost_share"])


def _workloads(document: ReportDocument, rows: Rows) -> None:
    _shares(document, rows)
    for row, shown in zip(rows, document["workloads"], strict=True):
        assert (row["request_count"], row["verdict"]) == (shown["requests"], shown["verdict"])
        assert (row["evidence"], row["pairs"]) == (shown["evidence"], shown["pairs"])
        assert (row["pairs_needed"], row["risk"]) == (shown["pairs_needed"], shown["risk"])
        assert close(row["list_cost"], shown["cost"], CENT)
        assert close(row["saving"], shown["savings"]["point"], CENT)
        for side in ("input", "output"):
            for quantile in ("p50", "p95"):
                assert close(row[f"{side}_{quantile}"], cast(Any, shown["tokens"])[side][quantile])


def _shape_map(document: ReportDocument, rows: Rows) -> None:
    cells = {(each["input_bin"], each["output_bin"]): each for each in document.get("shape_map", [])}
    assert {(row["input_bin"], row["output_bin"]) for row in rows} == set(cells)
    for row in rows:
        cell = cells[row["input_bin"], row["output_bin"]]
        assert row["request_count"] == cell["requests"]
        assert close(row["list_cost"], cell["list_cost"], CENT)


def _quality(document: ReportDocument, rows: Rows) -> None:
    measured = [each for each in document["workloads"] if each["quality_loss"] is not None]
    assert [row["workload_id"] for row in rows] == [each["id"] for each in measured]
    for row, shown in zip(rows, measured, strict=True):
        loss = shown["quality_loss"]
        assert loss is not None
        for bound in ("low", "point", "high"):
            assert close(row[f"quality_loss_{bound}"], loss[bound])
        assert close(row["margin"], loss["margin"])
        assert close(row["adjusted_p"], loss["adjusted_p"])
        assert close(row["p_value"], shown.get("p_value"))
        assert (row["pairs"], row["pairs_needed"]) == (shown["pairs"], shown["pairs_needed"])


def _pairs(document: ReportDocument, rows: Rows) -> None:
    found = {row["workload_id"]: row for row in rows}
    for shown in document["workloads"]:
        weighed = shown.get("pairs_refused") or shown.get("pairs_discounted")
        assert (shown["id"] in found) or not weighed
        if shown["id"] in found:
            assert found[shown["id"]]["pairs_refused"] == shown.get("pairs_refused")


def _strata(document: ReportDocument, rows: Rows) -> None:
    parts = [
        (each["id"], part["name"], part["pairs"])
        for each in document["workloads"]
        if (strata := each.get("strata")) is not None and strata["disagree"]
        for part in strata["parts"]
    ]
    assert sorted((row["workload_id"], row["name"], row["pairs"]) for row in rows) == sorted(parts)


def _observational(document: ReportDocument, rows: Rows) -> None:
    found = {(row["workload_id"], row["model"]): row for row in rows}
    for seen in cast(Any, document.get("observational"))["workloads"]:
        for side in ("incumbent", "candidate"):
            row = found[seen["id"], seen[side]["model"]]
            assert row["request_count"] == seen[side]["requests"]
            for measure in ("error_rate", "truncation_rate", "retry_rate", "feedback_score", "output_tokens"):
                shown = seen[side][measure]
                assert close(row[measure], None if shown is None else shown["point"])


def _judges(document: ReportDocument, rows: Rows) -> None:
    judges = document.get("judges", [])
    assert len(rows) == len(judges)
    for row in rows:
        (judge,) = [each for each in judges if (each["endpoint"], each["grader"]) == (row["endpoint"], row["grader"])]
        assert (row["pairs"], row["labels"]) == (judge["pairs"], judge["labels"])
        assert close(row["agreement"], None if judge["agreement"] is None else judge["agreement"]["point"])


def _cascades(document: ReportDocument, rows: Rows) -> None:
    behind = {each["id"]: each.get("cascade") for each in document["workloads"] if each.get("cascade")}
    chosen = {name: cascade for name, cascade in behind.items() if cascade is not None and cascade["beats_direct"]}
    assert {row["workload_id"] for row in rows} == set(chosen)
    for row in rows:
        cascade = chosen[row["workload_id"]]
        assert close(row["saving"], cascade["savings"]["point"], CENT)
        assert close(row["escalation_rate"], cascade["escalation_rate"]["point"])
        assert close(row["residual_loss_point"], cascade["residual_loss"]["point"])
        assert close(row["break_even_escalation"], cascade["break_even_escalation"])


def _accounting(document: ReportDocument, rows: Rows) -> None:
    found = {row["bucket"]: row for row in rows}
    accounts = document.get("accounting", [])
    assert set(found) <= {each["bucket"] for each in accounts}
    for each in accounts:
        row = found.get(each["bucket"], {"request_count": 0, "list_cost": 0})
        assert row["request_count"] == each["requests"]
        assert close(row["list_cost"], each["list_cost"], CENT)
    assert sum(row["request_count"] for row in rows) == document["requests"]["total"]


def _left_out(row: dict[str, Any], shown: LeftOut) -> None:
    for name in ("unpriced_request", "unknown_usage_request"):
        assert row[f"{name}_count"] == cast(Any, shown)[f"{name}s"]


def _daily(document: ReportDocument, rows: Rows) -> None:
    for row, day in zip(rows, document.get("daily", []), strict=True):
        assert (row["usage_date"].isoformat(), row["model"]) == (day["date"], day["model"])
        assert row["request_count"] == day["requests"]
        _left_out(row, day)
        assert close(row["list_cost"], day["list_cost"], CENT)


def _models(document: ReportDocument, rows: Rows) -> None:
    shown = {(each["provider_name"], each["model"]): each for each in document.get("models", [])}
    assert {(row["provider_name"], row["model"]) for row in rows} == set(shown)
    for row in rows:
        model = shown[row["provider_name"], row["model"]]
        assert row["request_count"] == model["requests"]
        _left_out(row, model)
        assert close(row["list_cost"], model["list_cost"], CENT)


def _assumptions(document: ReportDocument, rows: Rows) -> None:
    assert [(row["name"], row["value"], row["source"]) for row in rows] == [
        (each["name"], str(each["value"]), each["source"]) for each in document["assumptions"]
    ]


def _files(document: ReportDocument, rows: Rows) -> None:
    shown = document.get("files", [])
    assert [row["path"] for row in rows] == [each["path"] for each in shown]
    for name in ("read", "loaded", "duplicate", "rejected"):
        assert [row[f"{name}_count"] for row in rows] == [cast(Any, each)[name] for each in shown]
        assert sum(row[f"{name}_count"] for row in rows) == cast(Any, document["rows"])[name]


def _data(document: ReportDocument, rows: Rows) -> None:
    (row,) = rows
    assert row
    assert {name: int(value) for name, value in row.items()} == {
        name: document.get("data_quality", {})[name] for name in row
    }


def _checks(document: ReportDocument, rows: Rows) -> None:
    assert {row["name"]: row["failing_rows"] == 0 for row in rows} == {
        each["name"]: each["ok"] for each in document["checks"]
    }


def _prices(document: ReportDocument, rows: Rows) -> None:
    found = {(row["model"], row["retires_on"].isoformat()) for row in rows}
    shown = {(each["model"], each["date"]) for each in document.get("retirements", [])}
    assert shown
    assert shown <= found


def _intelligence(document: ReportDocument, rows: Rows) -> None:
    """An index is published of a name; it stands for every snapshot of it."""
    found = {row["model"]: row["intelligence_index"] for row in rows}
    for model in cast(Any, document.get("intelligence"))["models"]:
        if model["intelligence_index"] is not None:
            name = max((each for each in found if model["model"].startswith(each)), key=len)
            assert close(found[name], model["intelligence_index"])


def _latency(document: ReportDocument, rows: Rows) -> None:
    (row,) = rows
    same = cast(Any, document.get("latency"))["like_for_like"]
    for name, value in row.items():
        assert close(value, None if same is None else same[name])


def _frontier(document: ReportDocument, rows: Rows) -> None:
    assert "frontier" in document
    steps = document["frontier"]["steps"]
    assert [row["position"] for row in rows] == list(range(1, len(steps) + 1))
    for row, step in zip(rows, steps, strict=True):
        for name in ("workload_id", "verdict", "is_measured", "spend", "saving"):
            assert row[name] == step[name]
        for name in ("measured_answers_lost", "unmeasured_answers_lost"):
            assert row[name] == step[name]


COMPARED: dict[str, Compared] = {
    "spend": _spend,
    **{level: _level(level) for level in LEVELS},
    "next": _next,
    "judges": _judges,
    "waterfall": _waterfall,
    "blended": _blended,
    "shares": _shares,
    "workloads": _workloads,
    "shape-map": _shape_map,
    "quality": _quality,
    "frontier": _frontier,
    "pairs": _pairs,
    "strata": _strata,
    "observational": _observational,
    "cascades": _cascades,
    "accounting": _accounting,
    "daily": _daily,
    "models": _models,
    "assumptions": _assumptions,
    "files": _files,
    "data": _data,
    "checks": _checks,
    "prices": _prices,
    "intelligence": _intelligence,
    "latency": _latency,
}
