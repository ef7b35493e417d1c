"""A report of a large company: any number of workloads, days and models, made of the realistic one's parts."""

from collections.abc import Sequence
from copy import deepcopy
from datetime import date, timedelta
from typing import cast

import audit
from audit.report.document import Day, ModelSpend, ReportDocument, Workload
from tests.report_document import example_document, what_if_inputs

MODELS = (
    "gpt-4o-2024-08-06",
    "gpt-4o-mini-2024-07-18",
    "gpt-4.1-2025-04-14",
    "o3-mini-2025-01-31",
    "claude-sonnet-4-5",
    "text-embedding-3-large",
    "gpt-4o-2024-05-13",
    "gemini-2.5-pro",
    "mistral-large-2411",
    "gpt-5.1-2025-11-13",
    "deepseek-chat",
    "command-r-plus",
)
"""Models of the traffic, most cost first: each costs two thirds of the one before."""
CANDIDATES = 8
"""Models that the what-if offers: as many as a report of today's catalogue does."""
FIRST_DAY = date(2026, 7, 3)


def wide_document(workloads: int = 500, days: int = 90, models: int = 6) -> ReportDocument:
    """A document of this size; its totals stay those of the example, its shares are of the larger traffic."""
    document = example_document()
    kinds = document["workloads"]
    document["workloads"] = [_workload(kinds, index) for index in range(workloads)]
    requests, cost = (sum(float(each[key]) for each in document["workloads"]) or 1 for key in ("requests", "cost"))
    for each in document["workloads"]:
        each["request_share"], each["cost_share"] = each["requests"] / requests, float(each["cost"]) / cost
    inputs = what_if_inputs(document["workloads"], round(requests), cost)
    first, other = inputs["candidates"]
    inputs["candidates"] = [first, *({**other, "model": f"candidate-{index}"} for index in range(1, CANDIDATES))]
    document["what_if"] = inputs
    document["comparison"] = audit.compare("gpt-4o", "gpt-4o-mini", on=FIRST_DAY + timedelta(days=days))
    names, dates = MODELS[:models], [(FIRST_DAY + timedelta(days=day)).isoformat() for day in range(days)]
    document["window"] = {"start": f"{dates[0]}T00:00:04Z", "end": f"{dates[-1]}T23:59:58Z", "days": float(days)}
    document["daily"] = [_day(on, day, name, rank) for day, on in enumerate(dates) for rank, name in enumerate(names)]
    document["models"] = [_model(name, document["daily"]) for name in names]
    return document


def _workload(kinds: Sequence[Workload], index: int) -> Workload:
    """One of the example's workloads again, each round a tenth cheaper and with a name of its own."""
    made, lap = deepcopy(kinds[index % len(kinds)]), index // len(kinds)
    made["id"] = f"w-{index:08x}"
    made["endpoint"] = f"{made['endpoint']}-{lap}" if lap else made["endpoint"]
    made["name"] = f"{made['name']}, team {lap}" if lap else made["name"]
    made["requests"] = max(1, round(made["requests"] * 0.9**lap))
    made["cost"] = float(made["cost"]) * 0.9**lap
    return made


def _day(on: str, day: int, model: str, rank: int) -> Day:
    weight = (0.4 if day % 7 in (1, 2) else 1.0) * (1 + day / 180)
    cost = 400 * weight * 0.66**rank
    return {"date": on, "model": model, "requests": round(cost * 40), "list_cost": cost}


def _model(name: str, daily: Sequence[Day]) -> ModelSpend:
    own = [day for day in daily if day["model"] == name]
    requests, cost = sum(day["requests"] for day in own), sum(float(day["list_cost"] or 0) for day in own)
    return cast(
        ModelSpend, {"provider_name": "openai", "model": name, "requests": requests, "list_cost": cost, "priced": True}
    )
