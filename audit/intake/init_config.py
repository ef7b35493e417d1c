"""The audit.toml that `audit init` writes: every setting explained, every guess a comment to be confirmed."""

from pathlib import Path

import polars as pl

from audit import sql
from audit.errors import ConfigError
from audit.grader_settings import MEANINGS
from audit.output_files import written_whole
from audit.warehouse import Warehouse
from audit.workloads.naming import UNCLEAR, name_workloads

HEADER = """\
# audit.toml: what only you can know. Delete what you do not need; every key is optional.

[endpoint]
# Where the endpoint of a request is found: "tag:PREFIX", "route", "prompt_name" or "metadata.KEY".
# field = "tag:feature-"
# rewrite = [{ pattern = "-v[0-9]+$", replacement = "" }]

[models]
# What stands behind names that no catalogue knows, such as Azure deployments.
# "our-deployment" = "gpt-4o-2024-08-06"

[prices]
# Prices of your own, per million tokens; `audit prices MODEL --template` prints such a file, `audit prices --help` says
# more. One line per model and token class: model,token_class,usd_per_million and, for example,
# our-deployment,input,2.50
# file = "prices.csv"
# discount = 0.10

[assumptions]
# escalation_rate = 0.0
# check_cost_share = 0.0
# router_cost_per_1k_requests = 0.0
# Endpoints that a report shows one by one, those that cost most; the others are one line.
# endpoints_kept = 500

[routing]
# What the routing layer costs in USD, for `audit plan` to say when it has paid for itself.
# one_time_cost = 0
# monthly_cost = 0
"""


GRADERS = (
    "# How the answers of two models on an endpoint are compared (`audit outcomes add --sample`):",
    *(f"#   {kind}: {meaning}" for kind, meaning in MEANINGS.items()),
    "# Guesses again, from what is asked and how long answers are. Free text has none: choose.",
)

SHORT_ANSWER = 12
"""Mean output tokens up to which an answer is likely a label or a number, not prose."""


def write_config(db: Path, path: Path) -> int:
    """Write an audit.toml for the traffic in `db` to `path` and return how many endpoints it lists.

    Stakes are all 'normal' until changed. Task types are guesses from token shape and names: comments, which count for
    nothing until a person takes the # away. Raises ConfigError when `path` exists or cannot be written.
    """
    if path.exists():
        raise ConfigError(f"{path}: exists already; move it away or edit it")
    with Warehouse.read(db) as warehouse:
        cells = warehouse.frame(f"select * from ({sql.find('cell_workloads').select}) where workload_id is not null")
        names = name_workloads(cells, warehouse.frame("select * from endpoint_words"))
        sizes = cells.group_by("endpoint", "workload_id").agg(pl.col("request_count").sum().alias("requests"))
    biggest = (
        sizes.join(names, on="workload_id")
        .sort(["endpoint", "requests"], descending=[False, True])
        .unique("endpoint", keep="first", maintain_order=True)
    )
    endpoints = sorted(set(cells["endpoint"]))
    guesses = {row["endpoint"]: row for row in biggest.iter_rows(named=True)}
    lines = [HEADER, "[stakes]", "# How much quality may be lost: low 5 points, normal 2, core 1."]
    lines += [f'{_quoted(endpoint)} = "normal"' for endpoint in endpoints]
    lines += ["", "[task_types]", "# Guesses. Confirm a line by taking the # away; unconfirmed, it is in no number."]
    for endpoint in endpoints:
        guess = guesses.get(endpoint)
        if guess is not None and guess["task_type"] != UNCLEAR:
            lines.append(
                f'# {_quoted(endpoint)} = "{guess["task_type"]}"'
                f"  # confidence {guess['task_confidence']:.2f}, {guess['task_support']}"
            )
    lines += ["", "[graders]", *GRADERS]
    lines += [f"# {_quoted(endpoint)} = {{ {guess} }}" for endpoint, guess in _grader_guesses(cells)]
    with written_whole(path) as partial:
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(endpoints)


def _grader_guesses(cells: pl.DataFrame) -> list[tuple[str, str]]:
    """(endpoint, inside of its table) by what most of its requests are."""
    share = pl.col("request_count") / pl.col("request_count").sum()
    shares = cells.group_by("endpoint").agg(
        (share * pl.col("has_tools").fill_null(value=False)).sum().alias("tools"),
        (share * pl.col("is_json").fill_null(value=False)).sum().alias("json"),
        (pl.col("usage_output_tokens").sum() / pl.col("request_count").sum()).alias("length"),
    )
    guesses: list[tuple[str, str]] = []
    for row in shares.sort("endpoint").iter_rows(named=True):
        kind = "..."
        if row["length"] <= SHORT_ANSWER:
            kind = "text"
        if row["tools"] > 0.5:
            kind = "tool_calls"
        if row["json"] > 0.5:
            kind = "json"
        guesses.append((row["endpoint"], f'kind = "{kind}"'))
    return guesses


def _quoted(name: str) -> str:
    """A TOML key: basic strings escape like JSON."""
    import json

    return json.dumps(name)
