"""A plan written by hand, and the traffic of the days after it, with everything planted that a monitor should find."""

import json
import random
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.exports import Row, write_csv
from tests.logged import BIG, SMALL

PLANNED_UNTIL = "2026-08-31T23:59:58+00:00"
FIRST = date(2026, 9, 1)
TODAY = date(2026, 9, 20)

WHENS: dict[str, dict[str, Any]] = {
    "chat": {"endpoint": "chat"},
    "short": {"endpoint": "docs", "input_tokens": {"at_least": 0, "below": 2000}},
    "long": {"endpoint": "docs", "input_tokens": {"at_least": 2000, "below": None}},
}
"""Rule -> what it is about; `docs` has two rules that input length tells apart."""


def stop_rule(metric: str, workload: str | None, limit: float, **changes: Any) -> dict[str, Any]:
    """One stop rule of ten, as far as its alpha goes."""
    tests = {"quality_loss": "paired_gap", "saving": "threshold"}
    return {
        "id": f"1-{metric}-{workload}",
        "metric": metric,
        "workload_id": workload,
        "limit": limit,
        "test": tests.get(metric, "beta_binomial"),
        "alpha": None if metric == "saving" else 0.005,
        "words": f"{workload or 'everything'}: {metric} beyond {limit:g}",
    } | changes


def plan(*stop_rules: dict[str, Any], share: float = 0.5, days: int = 3, checks: int = 400) -> dict[str, Any]:
    """A plan of two stages for the rules of WHENS."""
    saving = {"low": 1.0, "point": 2.0, "high": 3.0}

    def workload(name: str, when: dict[str, Any]) -> dict[str, Any]:
        return {
            "workload_id": f"w-{name}",
            "rule_id": f"rule-{name}",
            "name": f"{name} requests",
            "endpoint": when["endpoint"],
            "when": when,
            "share": share,
            "saving_per_day": saving,
            "margin": 5.0,
            "verdict": "route",
            "checks_per_day": 100.0,
            "checks_to_decide": checks,
            "days_to_decide": days,
            "valid_until": None,
        }

    workloads = [workload(name, when) for name, when in WHENS.items()]

    def stage(number: int, name: str) -> dict[str, Any]:
        return {
            "number": number,
            "name": name,
            "workloads": workloads,
            "measure_first": [],
            "days": days,
            "starts_on_day": 0,
            "checks_per_day": 300.0,
            "checks_usd_per_day": 1.0,
            "stop_rules": deepcopy(list(stop_rules)),
            "saving_per_day": saving,
            "cumulated": saving,
            "saving_in_stage": saving,
            "why": "first",
        }

    return {
        "schema": "traffic-audit/plan/1",
        "created": "2026-09-01",
        "pair": {
            "incumbent": "gpt-4o",
            "candidate": "gpt-4o-mini",
            "incumbent_models": [BIG],
            "candidate_model": SMALL,
        },
        "window": {"start": "2026-08-01T00:00:00+00:00", "end": PLANNED_UNTIL, "days": 31.0},
        "currency": "USD",
        "shares": [0.5, 1.0],
        "baseline": {
            f"w-{name}": {
                "name": f"{name} requests",
                "endpoint": when["endpoint"],
                "requests_per_day": 200.0,
                "share": 1 / 3,
                "cost_per_request": 0.01,
                "error_rate": 0.01,
                "retry_rate": 0.01,
                "truncation_rate": 0.01,
                "invalid_json_rate": None,
                "latency_ms_p50": 900.0,
                "latency_ms_p95": 2000.0,
                "input_tokens": 1000.0,
                "output_tokens": 100.0,
            }
            for name, when in WHENS.items()
        },
        "policy_stages": 2,
        "stages": [stage(1, "50 %"), stage(2, "100 %")],
        "never": [],
        "payback": {
            "one_time_cost": 0.0,
            "monthly_cost": 0.0,
            "measuring_cost": 0.0,
            "months": None,
            "words": "",
        },
        "horizon": {"until": None, "months": 12.0, "why": ""},
        "notes": [],
    }


def plan_file(folder: Path, document: dict[str, Any]) -> Path:
    """The plan as a file."""
    path = folder / "plan.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def traffic(
    days: int = 3,
    *,
    per_day: int = 200,
    share: float = 0.5,
    planted: Mapping[str, float] | None = None,
    seed: int = 1,
) -> list[Row]:
    """Requests of every rule from FIRST on, `share` of them on the candidate.

    `planted` are rates of the candidate's answers: failed, cut, retried. Every tenth of its answers is escalated.
    """
    draw = random.Random(seed)
    rows: list[Row] = []
    for day in range(days):
        for name, when in WHENS.items():
            for number in range(per_day):
                is_moved = number < share * per_day
                rows.append(_row(draw, day, name, when["endpoint"], number, is_moved, planted or {}))
                if is_moved and number % 10 == 0 and not rows[-1]["is_failed"]:
                    again = {**rows[-1], "request_id": f"{rows[-1]['request_id']}-again", "response_model": BIG}
                    moment = datetime.fromisoformat(str(again["start_time"])) + timedelta(seconds=3)
                    rows.append({**again, "start_time": moment.isoformat()})
    return rows


def _row(
    draw: random.Random, day: int, name: str, endpoint: str, number: int, is_moved: bool, planted: Mapping[str, float]
) -> Row:
    begun = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + timedelta(days=day, minutes=7 * number)

    def happens(what: str, usual: float = 0.0) -> bool:
        return draw.random() < (planted.get(what, usual) if is_moved else usual)

    is_failed = happens("failed")
    base = {"chat": 700, "short": 500, "long": 4000}[name]
    return {
        "request_id": f"{name}-{day}-{number}",
        "start_time": begun.isoformat(),
        "endpoint": endpoint,
        "operation_name": "chat",
        "provider_name": "openai",
        "request_model": "gpt-4o",
        "response_model": SMALL if is_moved else BIG,
        "usage_input_tokens": "" if is_failed else base + draw.randrange(300),
        "usage_cache_read_input_tokens": "" if is_failed else 128 * draw.randrange(3),
        "usage_output_tokens": "" if is_failed else 40 + draw.randrange(200),
        "is_failed": is_failed,
        "response_finish_reason": "" if is_failed else ("length" if happens("cut") else "stop"),
        "attempt": 2 if happens("retried") else 1,
        "duration_ms": 400 + draw.randrange(1200),
        "trace_id": f"trace-{name}-{day}-{number}",
        "feedback_score": draw.randrange(2),
    }


def export(folder: Path, rows: list[Row], name: str = "new.csv") -> Path:
    """The rows as an export in canonical columns."""
    return write_csv(folder / name, rows)


def pairs(
    folder: Path, rows: list[Row], *, lost: float, won: float = 0.02, rule: str = "chat", seed: int = 3, **columns: Any
) -> Path:
    """Both models' scores on every answer of the candidate on one rule, of which `lost` and `won` are rates."""
    draw = random.Random(seed)
    found: list[Row] = []
    for row in rows:
        if row["response_model"] == SMALL and str(row["request_id"]).startswith(rule) and not row["is_failed"]:
            chance = draw.random()
            scores = (1.0, 0.0) if chance < lost else ((0.0, 1.0) if chance > 1 - won else (1.0, 1.0))
            found.append(
                {
                    "request_id": row["request_id"],
                    "incumbent_model": BIG,
                    "candidate_model": SMALL,
                    "incumbent_score": scores[0],
                    "candidate_score": scores[1],
                }
                | columns
            )
    return write_csv(folder / f"pairs-{rule}.csv", found)
