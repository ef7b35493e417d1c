"""A complete, realistic report document whose totals are added up from its own workloads."""

from copy import deepcopy
from typing import cast

from audit.report.document import Interval, ReportDocument, Workload
from audit.savings.whatif import Candidate, Inputs
from tests.side_by_side import intelligence, latency

SAVED_PER_DOLLAR = 0.94
MONTH = 30.4375 / 30.0

_ROWS = [
    line.split(" | ")
    for line in """\
intent-router | intent-router: short answers | 412310 | 1243.20 | 840 1460 4 9 | classification | route | measured
invoice-fields | invoice-fields: JSON | 96204 | 1010.70 | 2380 5120 310 640 | extraction | route | measured
support-bot | support-bot: first turns | 148950 | 2610.44 | 1920 4400 420 980 | chat | pilot | measured
support-bot | support-bot: long threads | 31022 | 2904.18 | 14200 31800 610 1350 | chat | pilot | prior
kb-answer | kb-answer | 88417 | 3720.91 | 9840 15100 260 590 | rag_qa | pilot | prior
summarize-ticket | summarize-ticket | 64880 | 1180.05 | 4310 9020 190 330 | summarisation | pilot | prior
code-review | code-review: diffs | 21540 | 2488.30 | 12900 38500 720 1900 | code_review | keep | measured
planner | planner: tool steps | 55391 | 1875.62 | 6720 12400 88 240 | agent_step | pilot | prior
contract-analysis | contract-analysis | 4106 | 3310.77 | 68200 118000 1240 3300 | long_doc | keep | none
receipt-photo | receipt-photo | 18733 | 1402.16 | 1310 2650 140 300 | extraction | keep | none""".splitlines()
]
"""endpoint, name, requests, list cost, tokens (input p50, p95, output p50, p95), task, verdict, evidence"""

_REASONS = {
    0: "within_margin",
    1: "within_margin",
    2: "too_few_pairs",
    6: "loss_above_margin",
    8: "long_input",
    9: "images",
}
_BOUNDS = {
    0: {"input_bin_high": 22, "output_bin_high": 10},
    2: {"input_bin_high": 26, "size_high": 48},
    3: {"input_bin_low": 26},
    6: {"ratio_high": -4, "input_bin_low": 22},
}
_QUALITY = {
    0: (-0.4, 0.2, 0.9, 2.0, 0.0004, 2_400, None),
    1: (-0.3, 0.7, 1.7, 2.0, 0.019, 1_310, None),
    2: (-1.1, 1.4, 3.9, 2.0, 0.41, 380, 2_260),
    6: (4.2, 7.9, 11.6, 5.0, 1.0, 640, None),
}
_OTHERS = [  # bucket, model, requests, list cost (None: nobody knows)
    ("other_model", "gpt-4o-mini-2024-07-18", 210_480, 118.64),
    ("unpriced", "house-llama-70b", 9_914, None),
    ("unknown_usage", "gpt-4o-2024-08-06", 3_120, None),
    ("gateway_cache_hit", "gpt-4o-2024-08-06", 17_406, 0.0),
    ("failed", "gpt-4o-2024-08-06", 5_873, 0.0),
]
_PASS = 0.45
_LEVEL_SPREAD = {"measured": (0.93, 1.004), "expected": (0.55, 1.5), "ceiling": (0.97, 1.0)}


def _interval(point: float, spread: tuple[float, float]) -> Interval:
    return {"low": point * spread[0], "point": point, "high": point * spread[1]}


def _workload(index: int, total_requests: int, total_cost: float) -> Workload:
    endpoint, name, requests, cost, shape, task, verdict, evidence = _ROWS[index]
    in50, in95, out50, out95 = (int(tokens) for tokens in shape.split())
    quality = _QUALITY.get(index)
    needed = quality[6] if quality else 1_500
    loss = dict(zip(("low", "point", "high", "margin", "adjusted_p"), quality, strict=False)) if quality else None
    saved = 0.0 if verdict == "keep" else float(cost) * SAVED_PER_DOLLAR
    row: dict[str, object] = {
        "id": f"w-{0x3FA1_0000 + index:08x}",
        "name": name,
        "endpoint": endpoint,
        "incumbent": "gpt-4o-2024-08-06",
        "requests": int(requests),
        "request_share": int(requests) / total_requests,
        "cost": float(cost),
        "cost_share": float(cost) / total_cost,
        "tokens": {
            "input": {"p50": in50, "p95": in95},
            "output": {"p50": out50, "p95": out95},
            "cache_read_share": 0.12,
        },
        "task_type": task,
        "task_confidence": 0.7,
        "verdict": verdict,
        "reasons": [_REASONS.get(index, "no_outcomes")],
        "risk": {"route": 1, "pilot": 2, "keep": 4}[verdict],
        "evidence": evidence,
        "pairs": quality[5] if quality else 0,
        "pairs_needed": needed if verdict == "pilot" else None,
        "quality_loss": loss,
        "output_ratio": {"low": 0.98, "point": 1.06, "high": 1.15} if quality else None,
        "break_even_escalation": SAVED_PER_DOLLAR,
        "savings": _interval(saved, (0.93, 1.0)),
        "bounds": _BOUNDS.get(index, {}),
        "rule_in_words": f"endpoint is {endpoint}",
        "shape_in_words": f"about {in50:,} tokens in, {out50:,} out",
    }
    return cast(Workload, row)


def _shape_map() -> list[dict[str, float]]:
    """Cells around the median of each workload, falling off by half per bin."""
    cells: dict[tuple[int, int], list[float]] = {}
    weights = {(i, o): 0.5 ** (abs(i) + abs(o) + abs(i - o)) for i in range(-4, 5) for o in range(-3, 4)}
    whole = sum(weights.values())
    for _, _, requests, cost, shape, *_ in _ROWS:
        in50, _, out50, _ = (int(tokens) for tokens in shape.split())
        centre_in, centre_out = (in50 + 16).bit_length() * 2 - 2, (out50 + 8).bit_length() * 2 - 2
        for (i, o), weight in weights.items():
            cell = cells.setdefault((max(centre_in + i, 8), max(centre_out + o, 6)), [0.0, 0.0])
            cell[0] += int(requests) * weight / whole
            cell[1] += float(cost) * weight / whole
    return [
        {"input_bin": i, "output_bin": o, "requests": round(n), "list_cost": cost}
        for (i, o), (n, cost) in sorted(cells.items())
    ]


def what_if_inputs(workloads: list[Workload], total_requests: int, total_cost: float) -> Inputs:
    """Sums that save SAVED_PER_DOLLAR on the pair's candidate; another one saves less and takes long inputs."""
    offered: list[Candidate] = []
    for model, price, stopped in (
        ("gpt-4o-mini", 1 - SAVED_PER_DOLLAR, {"long_input", "images"}),
        ("next", 0.4, {"images"}),
    ):
        gates = [gate if (gate := workload["reasons"][0]) in stopped else None for workload in workloads]
        costs = [0.0 if gate else float(each["cost"]) for each, gate in zip(workloads, gates, strict=True)]
        offered.append({
            "model": model,
            "retires_on": "2027-01-14" if model == "gpt-4o-mini" else None,
            "requests": [0 if gate else each["requests"] for each, gate in zip(workloads, gates, strict=True)],
            "list_cost": costs,
            "input_cost": [cost * price * 0.7 for cost in costs],
            "output_cost": [cost * price * 0.3 for cost in costs],
            "gates": gates,
        })  # fmt: skip
    return {
        "requests": total_requests,
        "list_cost": total_cost,
        "monthly_multiplier": MONTH,
        "output_ratio": 1.0,
        "escalation_rate": 0.0,
        "check_cost_share": 0.0,
        "router_cost_per_1k_requests": 0.0,
        "workloads": [
            {
                "id": each["id"],
                "verdict": each["verdict"],
                "pass_probability": {"route": 0.98, "pilot": _PASS, "keep": 0.0}[each["verdict"]],
                "output_ratio": None,
                "requests": each["requests"],
                "list_cost": float(each["cost"]),
            }
            for each in workloads
        ],
        "candidates": offered,
    }


def example_document() -> ReportDocument:
    """A fresh document of 30 days on gpt-4o with two proven, five open and three kept workloads."""
    others_requests = {bucket: requests for bucket, _, requests, _ in _OTHERS}
    total_requests = sum(int(row[2]) for row in _ROWS) + sum(others_requests.values())
    total_cost = sum(float(row[3]) for row in _ROWS) + sum(cost or 0.0 for *_, cost in _OTHERS)
    workloads = [_workload(index, total_requests, total_cost) for index in range(len(_ROWS))]
    by_bucket: dict[str, list[float]] = {}
    for workload in workloads:
        gated = workload["reasons"][0] in ("long_input", "images")
        bucket = "gated" if gated else "keep_eligible" if workload["verdict"] == "keep" else workload["verdict"]
        sums = by_bucket.setdefault(bucket, [0.0, 0.0])
        sums[0] += workload["requests"]
        sums[1] += float(workload["cost"])
    buckets = [(name, int(n), cost) for name, (n, cost) in by_bucket.items()]
    buckets += [(bucket, n, cost) for bucket, _, n, cost in _OTHERS]
    routed, piloted, kept = by_bucket["route"], by_bucket["pilot"], by_bucket["keep_eligible"]
    moved = {
        "measured": (routed[0], routed[1]),
        "expected": (routed[0] + _PASS * piloted[0], routed[1] + _PASS * piloted[1]),
        "ceiling": (routed[0] + piloted[0] + kept[0], routed[1] + piloted[1] + kept[1]),
    }
    routable: dict[str, object] = {}
    savings: dict[str, object] = {}
    unit: dict[str, float] = {"now": total_cost}
    for level, (requests, cost) in moved.items():
        spread, saved = _LEVEL_SPREAD[level], cost * SAVED_PER_DOLLAR
        unit[level] = total_cost - saved
        routable[level] = {
            "requests": _interval(requests, spread),
            "request_share": _interval(requests / total_requests, spread),
            "cost": _interval(cost, spread),
            "cost_share": _interval(cost / total_cost, spread),
        }
        savings[level] = {
            "window": _interval(saved, spread),
            "monthly": _interval(saved * MONTH, spread),
            "share_of_spend": _interval(saved / total_cost, spread),
        }
    dates = [f"2026-09-{day:02d}" for day in range(1, 31)]
    weights = [0.4 if index % 7 in (4, 5) else 1.0 for index in range(30)]
    gpt4o = total_cost - 118.64
    document: dict[str, object] = {
        "schema": "traffic-audit/report/1",
        "window": {"start": "2026-09-01T00:00:04Z", "end": "2026-10-01T00:00:00Z", "days": 30.0},
        "pair": {"incumbent": "gpt-4o", "candidate": "gpt-4o-mini"},
        "rows": {"read": total_requests + 1_930, "loaded": total_requests, "duplicate": 1_902, "rejected": 28},
        "requests": {"total": total_requests, **others_requests}
        | {"gated": int(by_bucket["gated"][0]), "eligible": int(routed[0] + piloted[0] + kept[0])},
        "spend": {
            "currency": "USD",
            "list_cost": total_cost,
            "billed_cost": 21_344.12,
            "monthly_list_cost": total_cost * MONTH,
        },
        "routable": routable,
        "savings": savings,
        "blended": {
            "per_1k_requests": {level: cost / total_requests * 1000 for level, cost in unit.items()},
            "per_1m_tokens": {level: cost / 5_820 for level, cost in unit.items()},
        },
        "workloads": workloads,
        "checks": [
            {"name": "chk_cost_is_conserved", "ok": True, "detail": "cells and days add up to the same cost"},
            {"name": "chk_one_disposition", "ok": True, "detail": "every request has exactly one"},
        ],
        "assumptions": [
            {"name": "output_ratio", "value": [1.0, 1.05, 1.2], "source": "public paired answers"},
            {"name": "escalation_rate", "value": 0, "source": "default"},
            {"name": "margin_normal", "value": 2.0, "source": "default, points of 100"},
            {"name": "horizon_months", "value": 1.8, "source": "retirement of gpt-4o-2024-08-06"},
        ],
        "accounting": [{"bucket": name, "requests": n, "list_cost": cost} for name, n, cost in buckets],
        "models": [
            {"provider_name": provider, "model": model, "requests": n, "list_cost": cost, "priced": cost is not None}
            for provider, model, n, cost in (
                ("openai", "gpt-4o-2024-08-06", total_requests - 220_394, gpt4o),
                ("openai", "gpt-4o-mini-2024-07-18", 210_480, 118.64),
                ("self", "house-llama-70b", 9_914, None),
            )
        ],
        "daily": [
            {"date": day, "model": model, "requests": round(n * weight / days), "list_cost": cost * weight / days}
            for day, weight in zip(dates, weights, strict=True)
            for model, n, cost, days in (
                ("gpt-4o-2024-08-06", total_requests - 220_394, gpt4o, sum(weights)),
                ("gpt-4o-mini-2024-07-18", 210_480, 118.64, sum(weights)),
            )
        ],
        "shape_map": _shape_map(),
        "latency": latency(),
        "intelligence": intelligence(),
        "catalogue": {"version": "genai-prices 0.2.3", "checked_on": "2026-11-12", "age_days": 10},
        "retirements": [
            {"model": "gpt-4o-2024-08-06", "date": "2027-01-14", "source": "provider's deprecation page"},
            {"model": "gpt-4o-mini-2024-07-18", "date": "2027-01-14", "source": "provider's deprecation page"},
        ],
        "horizon_months": 1.8,
        "data_quality": {"missing_endpoint_share": 0.002, "id_collisions": 0, "overlapping_windows": []},
        "files": [
            {"path": "exports/2026-09.jsonl.gz", "format": "litellm", "read": total_requests + 1_930}
            | {"loaded": total_requests, "duplicate": 1_902, "rejected": 28, "seconds": 11.4},
        ],
        "reason_texts": {
            "within_margin": "Quality loss stays within the margin.",
            "too_few_pairs": "Too few pairs to decide.",
            "no_outcomes": "No paired outcomes yet.",
            "loss_above_margin": "The candidate loses more than the margin.",
            "long_input": "Inputs beyond 50,000 tokens without outcomes at that length.",
            "images": "Images cost more on the candidate.",
        },
        "warnings": ["The incumbent is switched off on 2027-01-14: the horizon is 1.8 months."],
        "what_if": what_if_inputs(workloads, total_requests, total_cost),
    }
    return cast(ReportDocument, deepcopy(document))
