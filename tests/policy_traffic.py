"""A log on which a router can tell some workloads apart and others not, with outcomes that route some of them."""

import json
import random
from pathlib import Path
from typing import Any

from audit.library.policies import RoutingPolicy
from audit.policy.reading import checked
from tests.exports import Row
from tests.loads import jsonl
from tests.logged import calls, outcomes_file

CONFIG = '[stakes]\nplain = "low"\nlength = "low"\nhidden = "low"\ntold = "low"\n'
FEW_LONG = 8
"""Requests of `plain` that are longer than the gate, out of 408: too few to stop the workload."""


def policy_database(folder: Path) -> Path:
    """The database, with an audit.toml beside it.

    `plain` is one workload that may go, `length` two that input length tells apart, `hidden` two that only the output
    does, `told` loses too much, `shy` was never measured, `photo` sends images; of `length` and `hidden` one half may
    go each. Batch calls and another model's run beside them.
    """
    from audit.intake.loading import load

    draw = random.Random(7)

    def kind(endpoint: str, count: int, start: int, **usage: int) -> list[Row]:
        rows = calls(endpoint, count)
        for number, row in enumerate(rows, start=start):
            row["request_id"] = f"{endpoint}-{number}"
            row["usage_input_tokens"] = usage["tokens_in"] + draw.randrange(usage["tokens_in"] // 10)
            row["usage_output_tokens"] = usage["tokens_out"] + draw.randrange(usage["tokens_out"] // 4)
        return rows

    rows = [
        *kind("plain", 400, 0, tokens_in=900, tokens_out=120),
        *kind("plain", FEW_LONG, 400, tokens_in=60_000, tokens_out=120),
        *kind("length", 500, 0, tokens_in=300, tokens_out=200),
        *kind("length", 500, 500, tokens_in=9_000, tokens_out=200),
        *kind("hidden", 500, 0, tokens_in=2_000, tokens_out=20),
        *kind("hidden", 500, 500, tokens_in=2_000, tokens_out=1_500),
        *kind("told", 300, 0, tokens_in=700, tokens_out=90),
        *kind("shy", 300, 0, tokens_in=500, tokens_out=60),
        *calls("photo", 40, has_images=True, image_count=1),
        *calls("other", 25, model="gpt-4.1-2025-04-14"),
    ]
    db = folder / "usage.duckdb"
    report = load([str(jsonl(folder / "log.jsonl", *rows))], db)
    assert (report.refused, report.failed_checks) == ((), ())
    good = [(None, 1.0, 0.0 if number % 200 == 0 else 1.0) for number in range(1600)]
    outcomes_file(db, good, endpoint="plain")
    outcomes_file(db, [(None, 1.0, 0.0 if number % 3 == 0 else 1.0) for number in range(900)], endpoint="told")
    for endpoint in ("length", "hidden"):
        outcomes_file(db, [(f"{endpoint}-{number}", 1.0, 1.0) for number in range(500)], endpoint=endpoint)
    (folder / "audit.toml").write_text(CONFIG, encoding="utf-8")
    return db


def by_hand(*rules: dict[str, Any]) -> RoutingPolicy:
    """A policy as somebody would write it."""
    document = {"schema": "traffic-audit/policy/1", "incumbent": "gpt-4o", "candidate": "gpt-4o-mini", "rules": rules}
    return RoutingPolicy(document=checked(json.loads(json.dumps(document))))
