"""Random sums and settings of a what-if, and documents with many workloads, to hold the page against Python."""

import random
from copy import deepcopy
from decimal import Decimal
from typing import Any, cast

from audit.report.document import ReportDocument
from audit.savings.whatif import REACH, Candidate, Inputs, Line, Settings, Totals, Workload
from tests.report_document import example_document

LINES = ("measured", "expected", "ceiling", "choice", "choice_measured", "choice_unmeasured")
CENT, NEXT_TO_NOTHING = Decimal("0.005"), Decimal("1e-9")
MONEY = ("window", "monthly", "cost")
SHARES = ("share_of_spend", "request_share", "cost_share")
VERDICTS = ("route", "pilot", "pilot", "keep")
GATES = ("context_limit", "output_limit", "images", "long_input")


def random_sums(draw: random.Random, workloads: int, candidates: int) -> Inputs:
    """Workloads of a tenth of a cent to a million dollars, a fifth of them stopped; some candidates cost more."""
    known = [
        cast(
            "Workload",
            {
                "id": f"w-{index:08x}",
                "verdict": draw.choice(VERDICTS),
                "pass_probability": draw.random(),
                "output_ratio": draw.choice([None, None, draw.uniform(0.5, 2.5)]),
                "requests": draw.randrange(1, 1_000_000),
                "list_cost": 10 ** draw.uniform(-3, 6),
            },
        )
        for index in range(workloads)
    ]
    sums: Inputs = {
        "requests": sum(each["requests"] for each in known) + 12_345,
        "list_cost": sum(each["list_cost"] for each in known) * 1.1,
        "monthly_multiplier": draw.uniform(0.5, 5),
        "output_ratio": draw.uniform(0.8, 1.4),
        "escalation_rate": draw.choice([0.0, 0.035]),
        "check_cost_share": draw.choice([0.0, 0.02]),
        "router_cost_per_1k_requests": draw.choice([0.0, 0.7]),
        "workloads": known,
        "candidates": [],
    }
    sums["candidates"] = [_offered(draw, f"model-{index}", known) for index in range(candidates)]
    return sums


def _offered(draw: random.Random, model: str, known: list[Workload]) -> Candidate:
    gates = [draw.choice(GATES) if draw.random() < 0.3 else None for _ in known]
    moved = [0.0 if gate and draw.random() < 0.7 else draw.uniform(0.5, 1) if gate else 1.0 for gate in gates]
    costs = [share * each["list_cost"] for share, each in zip(moved, known, strict=True)]
    price = draw.choice([0.06, 0.4, 1.2])
    return {
        "model": model,
        "retires_on": draw.choice([None, "2027-01-14"]),
        "requests": [round(share * each["requests"]) for share, each in zip(moved, known, strict=True)],
        "list_cost": costs,
        "input_cost": [price * draw.random() * cost for cost in costs],
        "output_cost": [price * draw.random() * cost for cost in costs],
        "gates": gates,
    }


def random_settings(draw: random.Random, sums: Inputs) -> Settings:
    """Any state that the controls can be brought to, each of them moved about half of the time."""

    def moved(name: str) -> float | None:
        reach = REACH[name]
        return round(draw.uniform(reach.low, reach.high), 2) if draw.random() < 0.6 else None

    left_out = draw.choice([0.0, 0.1, 0.5, 1.0])
    return Settings(
        kept=frozenset(each["id"] for each in sums["workloads"] if draw.random() < left_out),
        candidate=draw.choice([None, *(each["model"] for each in sums["candidates"])]),
        output_ratio=moved("output_ratio"),
        escalation_rate=moved("escalation_rate"),
        growth=moved("growth") or 0.0,
        discount=moved("discount") or 0.0,
    )


def for_the_page(settings: Settings) -> dict[str, object]:
    """The settings as the script takes them: what is left as it is, is left out."""
    named: dict[str, object] = {"kept": sorted(settings.kept), "growth": settings.growth, "discount": settings.discount}
    others = {name: getattr(settings, name) for name in ("candidate", "output_ratio", "escalation_rate")}
    return named | {name: value for name, value in others.items() if value is not None}


def document_with(sums: Inputs) -> ReportDocument:
    """The example document with these sums and a workload for each of their rows."""
    document = example_document()
    first = document["workloads"][0]
    document["workloads"] = [deepcopy(first) for _ in sums["workloads"]]
    for shown, each in zip(document["workloads"], sums["workloads"], strict=True):
        shown["id"], shown["name"], shown["verdict"] = each["id"], f"endpoint {each['id']}", each["verdict"]
        shown["requests"], shown["cost"] = each["requests"], each["list_cost"]
    document["what_if"] = sums
    return document


def close(found: float | None, expected: Decimal | None, tolerance: Decimal = CENT) -> bool:
    """Whether a number of the page is Python's; unknown equals unknown and nothing else."""
    if found is None or expected is None:
        return found is None and expected is None
    return abs(Decimal(found) - expected) <= tolerance


def differences(found: dict[str, Any], expected: Totals) -> list[str]:
    """Every total of the page that is not to the cent what Python says."""
    wrong: list[str] = []
    for name in LINES:
        line = cast("Line | None", getattr(expected, name))
        if line is None or found[name] is None:
            wrong += [] if line is found[name] else [name]
            continue
        for field in MONEY:
            wrong += [] if close(found[name][field], getattr(line, field), CENT) else [f"{name}.{field}"]
        for field in SHARES:
            share = cast("Decimal", getattr(line, field))
            wrong += (
                [] if close(found[name][field], share, NEXT_TO_NOTHING * max(1, abs(share))) else [f"{name}.{field}"]
            )
        wrong += [] if close(found[name]["requests"], line.requests, Decimal("1e-3")) else [f"{name}.requests"]
    for name in ("spend", "monthly_spend"):
        wrong += [] if close(found[name], getattr(expected, name), CENT) else [name]
    return wrong
