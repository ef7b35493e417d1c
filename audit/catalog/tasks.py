"""What has been published of two models by type of task, and the choice of tasks that it suggests to try.

Public benchmarks are other people's prompts: they order what is worth a sample, they decide nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from audit.assumptions import Margins
from audit.catalog.facts import seed
from audit.catalog.models import model_family, plain_name

if TYPE_CHECKING:
    from collections.abc import Mapping

Document = dict[str, object]

MARGINS = {"normal": Margins().normal, "low": Margins().low}
"""Accepted loss in points of 100 where normal and where little is at stake: the margins of the report."""

ADVICE = {
    "as_good": f"no published range loses more than {MARGINS['normal']:g} points: the first to sample",
    "small_loss": f"loses at most {MARGINS['low']:g} points: worth a sample where little is at stake",
    "unclear": (
        f"the published range reaches from little to more than {MARGINS['low']:g} points: only your own pairs can tell"
    ),
    "loses": f"loses more than {MARGINS['low']:g} points in every published result: leave it where it is",
    "unknown": "no published figure covers both models",
}
"""What a published range suggests, most promising first."""

CAVEAT = (
    "Published results are of other people's prompts, small in number and of the snapshots named; they say where a "
    "sample of your own is worth its price, not what your traffic would lose."
)

_SCALE = {"-10..10": 5.0}
"""Points of 100 per point of a metric on another scale; WildBench runs from -10 to 10."""


def task_evidence(a: str, b: str) -> Document:
    """Published scores and ranges of canonical models `a` and `b` by task, as the key `tasks` of a comparison.

    {incumbent, candidate (families, in the order of the publications; null where there are none), margins, caveat,
    by_task: [{task_type, advice, advice_text, quality_loss {low, point, high} or null, strength, source,
    benchmarks: [{name, metric, incumbent_model, candidate_model, incumbent_score, candidate_score, quality_loss,
    source}]}], paired: [{name, incumbent_model, candidate_model, pairs, quality_loss, source}]}, losses in points of
    100 of the candidate against the incumbent. Sorted by advice, then by loss.
    """
    one, other = model_family(a), model_family(b)
    order = next((pair for pair in ((one, other), (other, one)) if _covers(pair)), None)
    if order is None or order[0] == order[1]:
        return _document(None, [], [])
    scores = [row for row in seed("published_scores") if _pair(row) == order]
    tasks = [_task(row, scores) for row in seed("task_priors") if _pair(row) == order]
    known = {row["task_type"] for row in seed("task_priors")}
    if loose := [row for row in scores if row["task_type"] not in known]:
        tasks.append(
            {
                "task_type": None,
                "advice": "unknown",
                "advice_text": "published, but of no type of task that a log can name",
                "quality_loss": None,
                "strength": "none",
                "source": "",
                "benchmarks": [_benchmark(row) for row in loose],
            }
        )
    paired: list[Document] = [
        {
            "name": row["name"],
            "incumbent_model": row["incumbent_model"],
            "candidate_model": row["candidate_model"],
            "pairs": int(row["pairs"]),
            "quality_loss": float(row["quality_loss"]),
            "source": row["source"],
        }
        for row in seed("paired_workloads")
        if _pair(row) == order
    ]
    return _document(order, sorted(tasks, key=_rank), paired)


def advice(low: float | None, high: float | None) -> str:
    """The key of ADVICE for a published range of loss in points of 100.

    >>> [advice(-0.5, 1), advice(0, 4), advice(3, 14), advice(6, 23), advice(None, None)]
    ['as_good', 'small_loss', 'unclear', 'loses', 'unknown']
    """
    if low is None or high is None:
        return "unknown"
    if high <= MARGINS["normal"]:
        return "as_good"
    if high <= MARGINS["low"]:
        return "small_loss"
    return "loses" if low > MARGINS["low"] else "unclear"


def _covers(pair: tuple[str, str]) -> bool:
    return any(_pair(row) == pair for name in ("task_priors", "published_scores") for row in seed(name))


def _pair(row: Mapping[str, str]) -> tuple[str, str]:
    return (model_family(plain_name(row["incumbent_model"])), model_family(plain_name(row["candidate_model"])))


def _task(row: Mapping[str, str], scores: list[dict[str, str]]) -> Document:
    low, point, high = (
        float(row[f"quality_loss_{bound}"]) if row[f"quality_loss_{bound}"] else None
        for bound in ("low", "point", "high")
    )
    found = advice(low, high)
    return {
        "task_type": row["task_type"],
        "advice": found,
        "advice_text": ADVICE[found],
        "quality_loss": None if low is None else {"low": low, "point": point, "high": high},
        "strength": row["strength"],
        "source": row["source"],
        "benchmarks": [_benchmark(score) for score in scores if score["task_type"] == row["task_type"]],
    }


def _benchmark(row: Mapping[str, str]) -> Document:
    mine, its = float(row["incumbent_score"]), float(row["candidate_score"])
    return {
        "name": row["benchmark"],
        "metric": row["metric"],
        "incumbent_model": row["incumbent_model"],
        "candidate_model": row["candidate_model"],
        "incumbent_score": mine,
        "candidate_score": its,
        "quality_loss": round((mine - its) * _SCALE.get(row["metric"], 1.0), 6),
        "source": row["source"],
    }


def _rank(task: Document) -> tuple[int, float, str]:
    loss = cast("dict[str, float] | None", task["quality_loss"])
    point = loss["point"] if loss else 0.0
    return (list(ADVICE).index(str(task["advice"])), point, str(task["task_type"] or "~"))


def _document(order: tuple[str, str] | None, tasks: list[Document], paired: list[Document]) -> Document:
    return {
        "incumbent": order[0] if order else None,
        "candidate": order[1] if order else None,
        "margins": MARGINS,
        "caveat": CAVEAT if order else "No published result covers both models: only pairs of your own can tell.",
        "by_task": tasks,
        "paired": paired,
    }
