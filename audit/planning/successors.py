"""The same traffic on the models that are named to follow the pair: prices, no evidence, hence a ceiling."""

from typing import cast

from audit.catalog.candidates import successors
from audit.catalog.models import canonical
from audit.comparing.candidate_pairs import candidate_pairs
from audit.config import Config
from audit.counting import number_of
from audit.planning.document import Successor
from audit.report import words
from audit.scope import Question
from audit.warehouse import Warehouse

EVIDENCE = "no outcome of these models is in it, so this is a ceiling, and nothing of it may move before it is measured"


def successors_of(warehouse: Warehouse, question: Question, config: Config, per_day: float) -> list[Successor]:
    """Every pair that follows that of `question`, over a connection that no report has run on; highest ceiling first.

    Where a model is named to follow the candidate, only pairs that end in it count. `per_day` turns a sum of the window
    into a daily one.
    """
    found = candidate_pairs(warehouse, config, question.today, question)
    pairs = [
        pair
        for pair in cast("list[dict[str, object]]", found["pairs"])
        if pair["kind"] != "cheaper" and pair["traffic"] == question.incumbent
    ]
    named = {each.model for each in successors(canonical(question.candidate, question.today))}
    return [
        _successor(pair, per_day)
        for pair in pairs
        if pair["kind"] == "successor" or not named or pair["candidate"] in named
    ]


def _successor(pair: dict[str, object], per_day: float) -> Successor:
    before, after = (cast("float", pair[name]) * per_day for name in ("incumbent_cost", "candidate_cost"))
    ceiling = cast("dict[str, float]", pair["ceiling"])["window"] * per_day
    first, second, left_out = pair["incumbent"], pair["candidate"], cast("int", pair["requests_left_out"])
    now, then, most = (words.money(each) for each in (before, after, ceiling))
    if pair["kind"] == "successor":
        text = f"All of it moved from {first} to its successor {second} costs {then} a day instead of {now}"
    else:
        text = f"On the successor {first} the same traffic costs {now} a day; {second} would save at most {most} of it"
    without = (
        f"; {number_of(left_out, 'request is', 'requests are')} left out, behind a gate or without a price"
        if left_out
        else ""
    )
    ends = pair["candidate_retires_on"]
    until = f" {second} itself is switched off on {ends}." if ends else ""
    return {
        "incumbent": str(first),
        "candidate": str(second),
        "source": str(pair["source"]),
        "spend_per_day": before,
        "ceiling_per_day": ceiling,
        "words": f"{text} ({EVIDENCE}{without}). Named by: {pair['source']}.{until}",
    }
