"""Stop, go on, or widen: what a look comes to, in a word and a sentence, and what else is worth knowing."""

from collections.abc import Iterator, Sequence

from audit.counting import number_of
from audit.evidence.sequential import rate_bounds
from audit.monitoring.observing import LEVEL
from audit.planning.document import Plan
from audit.report import words
from audit.report.monitor_document import Decision, Drift, RuleState, Saving, Stage, Stopped, Watched

FAR = 2.0
"""A share of requests that is so many times the planned one, or less than its part, is worth a word."""


def decided(plan: Plan, stage: Stage, lines: Sequence[Watched], fired: Stopped | None) -> tuple[Decision, str]:
    """The decision, and why."""
    name = f"stage {stage['number']} ({stage['name']})"
    if fired is not None:
        return "stop", f"Stop {name}: {words.clean(fired['reason'], 300)}; the evidence was enough on {fired['on']}."
    missing = list(_missing(stage, lines))
    if missing:
        return "go_on", f"Go on with {name}: no stop rule fired; still to come: {'; '.join(missing)}."
    following = next((each for each in plan["stages"] if each["number"] == stage["number"] + 1), None)
    if following is None:
        return "go_on", f"Go on with {name}, the last one: no stop rule fired. Keep watching."
    return "widen", (
        f"Wide enough for stage {following['number']} ({following['name']}): {_days(stage)}, no stop rule fired."
        f"{_unwatched(lines)}"
    )


def _missing(stage: Stage, lines: Sequence[Watched]) -> Iterator[str]:
    """What the stage has not seen yet."""
    moved = [line["saving"]["moved_requests"] for line in lines]
    if not any(moved):
        yield "the first answer of the candidate"
    else:
        yield from (
            f"the first answer of the candidate to {words.clean(line['name'], 60)}"
            for line, count in zip(lines, moved, strict=True)
            if not count and line["incumbent"]["requests"] and _share(line) is not None
        )
    if stage["days_seen"] < stage["days"]:
        yield _days(stage)
    for line in lines:
        if not line["decided"]:
            name = words.clean(line["name"], 60)
            yield f"{line['checks']:,} of {line['checks_to_decide'] or 0:,} checks of {name}"


def _unwatched(lines: Sequence[Watched]) -> str:
    """Whose quality nobody looked at, so that no rule about it could fire."""
    names = [words.clean(line["name"], 60) for line in lines if not line["checks"]]
    return f" Quality was not watched: no answers were compared (--outcomes) of {'; '.join(names)}." if names else ""


def _days(stage: Stage) -> str:
    return f"{stage['days_seen']:,} of {number_of(stage['days'], 'day')}"


def notes(lines: Sequence[Watched], states: Sequence[RuleState], whole: Saving, drift: Drift) -> list[str]:
    """What limits the figures."""
    found: list[str] = []
    blind = [words.clean(state["words"], 100) for state in states if not state["trials"] and state["log_e"] is not None]
    if blind and whole["moved_requests"]:
        found.append(f"Cannot fire, for nothing was seen that they are about: {'; '.join(blind)}.")
    if whole["moved_requests"]:
        found.append(
            "What was saved counts the tokens of the candidate's answers at the incumbent's prices: where its answers "
            "are longer than the incumbent's would have been, less was saved, and where they are shorter, more."
        )
    if whole["uncounted_requests"]:
        found.append(
            f"{number_of(whole['uncounted_requests'], 'answer')} of the candidate in no saving: what the incumbent "
            "would have cost is not known (images, audio, or no price)."
        )
    found += [sentence for line in lines if (sentence := _share(line)) is not None]
    if drift["exceeded"]:
        found.append(
            f"{drift['total_variation']:.0%} of the requests are somewhere else than in the plan's traffic, so its "
            "figures are of other traffic: `audit cluster --refit --db DB`, then `audit plan` anew."
        )
    if drift["basis"] == "endpoints":
        found.append(
            "Shares are compared by endpoint: with --db and the plan's own database, workloads could be compared."
        )
    return found


def _share(line: Watched) -> str | None:
    """Where the router does something else than the plan says."""
    moved, wanted = line["candidate"]["requests"], line["share_planned"]
    stayed = max(0, line["incumbent"]["requests"] - line["saving"]["escalated_requests"])
    if not moved + stayed:
        return f"{words.clean(line['name'], 60)}: no requests since the stage began."
    low, high = (float(end) for end in rate_bounds(moved, moved + stayed, LEVEL))
    seen = moved / (moved + stayed)
    if low <= wanted <= high or wanted / FAR <= seen <= wanted * FAR:
        return None
    more = "callers that asked for the candidate themselves count as moved; " if seen > wanted else ""
    return (
        f"{words.clean(line['name'], 60)}: {seen:.1%} of the requests were answered by the candidate, the stage gives "
        f"it {wanted:.1%}; {more}check the router."
    )
