"""What `audit outcomes` prints: where every answer and score went, and what is stored."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, cast

from audit.console import note, print_added, print_table
from audit.report.cascades import judge_sentence

if TYPE_CHECKING:
    from audit.grading.answer_log import AddedAnswers
    from audit.grading.score_log import AddedScores
    from audit.report.checked import Judge

WORDS = {
    "graded": "graded",
    "failed": "failed: counts against the model",
    "reference": "used as the incumbent's answer",
    "incumbent_failed": "incumbent's answer unreadable: no pair",
    "unpaired": "nothing to pair it with",
    "ungraded": "left to people or a judge",
    "not_answered": "not answered: to be replayed",
    "duplicate": "a better line about the same request",
    "unknown": "not of this sample",
    "unreadable": "not readable",
}
"""What became of a line of a batch, in the order in which it is told."""

REASONS_SHOWN = 10
SHOWN = 3
"""Ids quoted; `--json` has all."""
HIDDEN = ("kind", "scope", "judge")
"""Columns of `--json` that the table leaves out."""


def print_answers(result: "AddedAnswers") -> None:
    """The account of all lines, the reasons, and what was kept."""
    rows = [(WORDS[name], result.counts[name]) for name in WORDS if result.counts.get(name)]
    print_table(f"Answers to {result.sample}", ("what became of them", "lines"), [*rows, ("read", result.read)])
    if result.reasons:
        told = ((_spoken(str(why["became"])), why["reason"], why["lines"]) for why in result.reasons[:REASONS_SHOWN])
        print_table("Why", ("became", "reason", "lines"), told)
    for endpoint, kind in result.graders.items():
        print(f"{endpoint}: graded by {kind}")
    if result.replay_cost is not None:
        print(f"replay cost of the pairs: ${result.replay_cost:,.4f}")
    print_added(result.added)
    for text in result.notes:
        note(f"note: {text}")
    for what, ids in (("got no answer; replay them", result.replay_again), ("have no line here", result.missing)):
        if ids:
            more = " …" if len(ids) > SHOWN else ""
            note(f"note: {len(ids):,} requests of the sample {what}: {', '.join(ids[:SHOWN])}{more}")


def print_scores(result: "AddedScores") -> None:
    """The account of all scores and what was kept."""
    rows = [("paired", result.paired), *sorted(result.unpaired.items(), key=lambda item: -item[1])]
    print_table(f"Scores of {result.harness}", ("what became of them", "scores"), [*rows, ("read", result.read)])
    print_added(result.added)


def print_stored(rows: Sequence[Mapping[str, object]]) -> None:
    """One table of pairs and one of the incumbent against itself."""
    for kind, members in groupby(rows, key=lambda row: row["kind"]):
        mine = list(members)
        listed = [{_spoken(name): row[name] for name in row if name not in HIDDEN} for row in mine]
        empty = {name for name in listed[0] if not any(row[name] for row in listed)}
        listed = [{name: value for name, value in row.items() if name not in empty} for row in listed]
        title = "Paired outcomes" if kind == "pairs" else "Noise ceiling: the incumbent against itself"
        print_table(title, list(listed[0]), (list(row.values()) for row in listed))
        for row in mine:
            if row.get("judge") is not None:
                print(judge_sentence(cast("Judge", row["judge"])))


def _spoken(name: str) -> str:
    return name.replace("_", " ")
