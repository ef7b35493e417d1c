"""A stage of the plan of `rollouts`, watched: by the library, and by the command."""

from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

import audit
from audit.cli import app
from audit.report.monitor_document import Monitor, RuleState, Watched
from tests.exports import Row
from tests.rollouts import TODAY, export, plan, plan_file, stop_rule

RULES = (
    stop_rule("quality_loss", "w-chat", 5.0),
    stop_rule("error_rate", "w-chat", 0.06),
    stop_rule("truncation_rate", "w-long", 0.06),
    stop_rule("retry_rate", "w-short", 0.06),
    stop_rule("escalation_rate", "w-short", 0.2),
    stop_rule("saving", None, 0.0),
)


def look(folder: Path, rows: list[Row], *, planned: dict[str, Any] | None = None, **options: Any) -> Monitor:
    made = plan_file(folder, planned or plan(*RULES))
    return audit.monitor(export(folder, rows), plan=made, today=TODAY, **options)


def line(found: Monitor, rule: str) -> Watched:
    (one,) = [each for each in found["workloads"] if each["rule_id"] == f"rule-{rule}"]
    return one


def state(found: Monitor, metric: str) -> RuleState:
    (one,) = [each for each in found["stop_rules"] if each["metric"] == metric]
    return one


def called(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["monitor", *map(str, arguments), "--quiet"])
