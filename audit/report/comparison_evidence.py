"""The tables of a comparison that rest on the user's own log, and on what is published by task."""

from __future__ import annotations

from typing import cast

from audit.counting import number_of
from audit.report import words
from audit.report.comparison_cells import ADVICE, Document, Table, names, number, numbers, share, times, usd


def traffic_tables(document: Document, limit: int | None) -> list[Table]:
    """What requests of the log cost on both; at most `limit` endpoints."""
    traffic = cast("Document | None", document["traffic"])
    if traffic is None:
        return []
    one, other = names(document)
    rows = [
        [
            f"{kind}: {_shape(request)}",
            *(usd(each, 6) for each in numbers(request["usd"])),
            times(number(request["ratio"])),
        ]
        for kind in ("mean", "median")
        if (request := cast("Document | None", traffic[kind]))
    ]
    rows.append(["saved by the cache you have", *(share(each) for each in numbers(traffic["cache_saving_share"])), ""])
    rows.append(["mean, per index point", *(usd(each, 6) for each in numbers(traffic["usd_per_index_point"])), ""])
    model = words.clean(traffic["model"], 40)
    own = Table(
        key="typical",
        title="Your own typical request",
        heads=("request", one, other, "ratio"),
        rows=rows,
        note=(
            f"From {number_of(number(traffic['requests']), 'request')} of {model}, "
            f"{_days(cast('Document', traffic['window']))}, {share(traffic['cache_read_share'])} of their input cached"
            f"{_left_out(traffic)}. Prices are those of {document['on']}."
        ),
    )
    every = cast("list[Document]", traffic["endpoints"])
    shown = every if limit is None else every[:limit]
    lines = [
        [
            words.clean(entry["endpoint"], 60 if limit is None else 24),
            words.count(number(entry["requests"])) + _unpriced(entry, ", {} unpriced"),
            _shape(cast("Document", entry["mean"])),
            *(usd(each, 6) for each in numbers(cast("Document", entry["mean"])["usd"])),
            ADVICE[str(entry["advice"])] if entry["advice"] else "",
        ]
        for entry in shown
    ]
    heads = ("endpoint", "requests", "mean request", one, other, "its task")
    if not any(entry["advice"] for entry in shown):
        heads, lines = heads[:-1], [line[:-1] for line in lines]
    by_endpoint = Table(
        key="endpoints",
        title="By endpoint, most expensive first",
        heads=heads,
        rows=lines,
        left_out=number_of(len(every) - len(shown), "more endpoint is", "more endpoints are") + " in --json"
        if len(every) > len(shown)
        else "",
    )
    return [own, by_endpoint] if len(every) > 1 or by_endpoint.heads[-1] == "its task" else [own]


def _shape(request: Document) -> str:
    into, out = (words.tokens(number(request[name]) or 0) for name in ("input_tokens", "output_tokens"))
    return f"{into} in, {out} out"


def _left_out(traffic: Document) -> str:
    counts = cast("dict[str, int]", traffic["requests_left_out"])
    said = [f"{words.count(left)} with {kind}" for kind, left in counts.items() if left]
    said += [without] if (without := _unpriced(traffic, "{} without a known price")) else []
    return f"; {' and '.join(said)} left out" if said else ""


def _unpriced(part: Document, words_of: str) -> str:
    """How many of the requests are in no typical one, where some are; reports of before have no such count."""
    count = number(part.get("unpriced_requests"))
    return words_of.format(words.count(count)) if count else ""


def _days(window: Document) -> str:
    start, end = str(window["start"])[:10], str(window["end"])[:10]
    return start if start == end else f"{start} to {end}"


def task_tables(document: Document, limit: int | None) -> list[Table]:
    """Ranges and scores by type of task; with a `limit`, tasks of which nothing is published are only counted."""
    tasks = cast("Document", document["tasks"])
    every = cast("list[Document]", tasks["by_task"])
    candidate, incumbent = words.clean(tasks["candidate"], 40), words.clean(tasks["incumbent"], 40)
    known = [task for task in every if limit is None or task["quality_loss"]]
    ranges = Table(
        key="tasks",
        title=f"Points of 100 that {candidate} loses against {incumbent}, by task",
        heads=("task", "suggests", "loss", "range", "evidence"),
        rows=[_range(task) for task in known if task["task_type"]],
        labels=2,
        note=(
            f"first: sample it first; low stakes: worth a sample where little is at stake; leave it: on {incumbent}. "
            f"{tasks['caveat']}"
        ),
        left_out=number_of(len(every) - len(known), "more has", "more have") + " no published range"
        if len(every) > len(known)
        else "",
    )
    scores = Table(
        key="scores",
        title="Published scores by task; several snapshots make a range",
        heads=("task", "benchmark", incumbent, candidate),
        rows=[row for task in every for row in _scores(task)],
        labels=2,
    )
    pairs = cast("list[dict[str, str | int | float]]", tasks["paired"])
    paired = Table(
        key="paired",
        title="Published answers of both to the same questions",
        heads=("questions", incumbent, "pairs", "loss"),
        rows=[
            [
                words.clean(each["name"], 40),
                words.clean(each["incumbent_model"], 40),
                words.count(number(each["pairs"])),
                f"{each['quality_loss']:.1f}",
            ]
            for each in pairs
        ],
        labels=2,
    )
    return [ranges, scores, paired]


def _range(task: Document) -> list[str]:
    loss = cast("dict[str, float] | None", task["quality_loss"])
    figures = [f"{loss['point']:.1f}", f"{loss['low']:.1f} to {loss['high']:.1f}"] if loss else ["", ""]
    return [words.humanised(str(task["task_type"])), ADVICE[str(task["advice"])], *figures, str(task["strength"])]


def _scores(task: Document) -> list[list[str]]:
    """One row per benchmark, over the snapshots it was published for."""
    found: dict[str, list[Document]] = {}
    for each in cast("list[Document]", task["benchmarks"]):
        found.setdefault(str(each["name"]), []).append(each)
    name = words.humanised(str(task["task_type"])) if task["task_type"] else "(none of these)"
    return [
        [
            name,
            words.clean(benchmark, 60),
            *(_span([cast("float", each[side]) for each in of]) for side in ("incumbent_score", "candidate_score")),
        ]
        for benchmark, of in found.items()
    ]


def _span(values: list[float]) -> str:
    low, high = (f"{end:g}" for end in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"
