"""A watched stage in words: the sentences and table rows that page and terminal share."""

import math
from collections.abc import Sequence

from audit.counting import number_of
from audit.report import words
from audit.report.bounds import Bounds
from audit.report.monitor_document import RATES, Drift, Monitor, Rate, RuleState, Saving, Watched

HEADS = ("Workload", "Moved", "Of its requests", "Saved", "Projected at this traffic", "Quality loss", "Checks")
RATE_HEADS = ("Workload", "What", "Candidate", "Incumbent now", "Before")
RULE_HEADS = ("Stop rule", "Seen", "Limit", "Evidence", "Needed", "Fired")
SHARE_HEADS = ("Where", "In the plan", "Now")
MOVE_HEADS = ("Workload", "Would become", "Requests")

SHARES_SHOWN = 12
"""Changes of shares listed; `--json` has all."""

_HUGE = 1_000_000.0
"""Evidence beyond this is beyond doubt, and says so."""


def title(found: Monitor) -> str:
    """The stage and the pair."""
    stage, pair = found["stage"], found["plan"]
    models = f"{words.clean(pair['incumbent'], 40)} to {words.clean(pair['candidate'], 40)}"
    return f"Stage {stage['number']} of {stage['stages']} ({words.clean(stage['name'])}), {models}"


def saved(found: Monitor) -> str:
    """What was saved, and what was projected."""
    saving, window = found["saving"], found["window"]
    lead = (
        f"{number_of(saving['moved_requests'], 'request')} moved since {window['since']}, {window['days']:.1f} days. "
        f"On the incumbent they would have cost {words.money(saving['counterfactual_cost'])}; they cost "
        f"{words.money(saving['actual_cost'])}"
    )
    overhead = f" and {words.money(saving['overhead'])} for routing and checks" if saving["overhead"] else ""
    again = (
        f", {words.count(saving['escalated_requests'])} of them answered again by the incumbent"
        if saving["escalated_requests"]
        else ""
    )
    return f"{lead}{overhead}{again}: {words.money(saving['realised'])} saved. {_projected(saving)}"


def _projected(saving: Saving) -> str:
    if saving["projected"] is None:
        return "The plan projects nothing for this stage."
    low, point, high = (words.money(saving["projected"][bound]) for bound in ("low", "point", "high"))
    said = f"The plan projects {point} ({low} to {high}) for as many days"
    at_seen = saving["projected_at_seen"]
    return f"{said}." if at_seen is None else f"{said}, and {words.money(at_seen)} for as many moved requests."


def row(line: Watched) -> list[str]:
    """Under HEADS."""
    saving, quality = line["saving"], line["quality"]
    loss = "n/a" if quality is None else f"{_points(quality['loss'])}, margin {words.points(quality['margin'])}"
    wanted = line["checks_to_decide"]
    return [
        words.clean(line["name"]),
        words.count(saving["moved_requests"]),
        f"{words.percent(line['share_seen'])}, planned {words.percent(line['share_planned'])}",
        words.money(saving["realised"]),
        words.money(saving["projected_at_seen"]),
        loss,
        words.count(line["checks"]) if wanted is None else f"{words.count(line['checks'])} of {words.count(wanted)}",
    ]


def rate_rows(found: Monitor) -> list[list[str]]:
    """Under RATE_HEADS: everything of which the log knows anything about the candidate."""
    rows: list[list[str]] = []
    for line in found["workloads"]:
        name, before = words.clean(line["name"]), line["before"]
        for metric in RATES:
            if (rate := line["candidate"][metric]) is not None:
                was = None if before is None or metric == "escalation_rate" else before[metric]
                now = line["incumbent"][metric]
                cells = [_rate(rate), "n/a" if now is None else _rate(now), words.percent(was)]
                rows.append([name, words.humanised(metric).capitalize(), *cells])
        for quantile in ("p50", "p95"):
            sides = [line[side]["latency_ms"] for side in ("candidate", "incumbent")]
            if sides[0] is not None:
                was = None if before is None else before["latency_ms_p50" if quantile == "p50" else "latency_ms_p95"]
                times = ["n/a" if side is None else _time(side[quantile]) for side in sides]
                rows.append([name, f"Latency, {quantile}", *times, "n/a" if was is None else f"{was:,.0f} ms"])
        scores = [line[side]["feedback"] for side in ("candidate", "incumbent")]
        if scores[0] is not None:
            shown = ["n/a" if each is None else _score(each["point"], each["low"], each["high"]) for each in scores]
            rows.append([name, "Feedback", *shown, "n/a"])
    return rows


def rule_row(state: RuleState) -> list[str]:
    """Under RULE_HEADS: evidence as what a bet on the limit being passed has won."""
    is_test = state["log_e_peak"] is not None
    return [
        words.clean(state["words"], 120),
        _value(state, state["value"]) if state["value"] is not None else "nothing yet",
        _value(state, state["limit"]),
        _evidence(state["log_e_peak"] or 0.0) if is_test else "the figure itself",
        _evidence(state["log_e_threshold"] or 0.0) if is_test else "n/a",
        state["fired_on"] or "no",
    ]


def drifted(drift: Drift) -> str:
    """How far the traffic is from the plan's."""
    distance, limit = words.percent(drift["total_variation"]), words.percent(drift["limit"])
    return (
        f"{distance} of the requests are on other {drift['basis']} than in the plan ({limit} are too many); "
        f"{words.count(drift['requests_per_day'])} a day, {words.count(drift['requests_per_day_before'])} in the plan."
    )


def share_rows(drift: Drift) -> list[list[str]]:
    """Under SHARE_HEADS, largest change first."""
    return [
        [words.clean(each["name"]), words.percent(each["before"]), words.percent(each["now"])]
        for each in drift["shares"][:SHARES_SHOWN]
    ]


def move_rows(drift: Drift) -> Sequence[list[str]]:
    """Under MOVE_HEADS; none where no refit is offered."""
    return [[each["old"] or "none", each["new"], words.count(each["requests"])] for each in drift["refit"] or []]


def _points(loss: Bounds) -> str:
    return f"{words.points(loss['point'])} ({words.points(loss['low'])} to {words.points(loss['high'])})"


def _rate(rate: Rate) -> str:
    return f"{words.percent(rate['point'])} ({words.percent(rate['low'])} to {words.percent(rate['high'])})"


def _time(bounds: Bounds) -> str:
    return f"{bounds['point']:,.0f} ms ({bounds['low']:,.0f} to {bounds['high']:,.0f})"


def _score(point: float, low: float, high: float) -> str:
    return f"{point:.2f} ({low:.2f} to {high:.2f})"


def _value(state: RuleState, value: float) -> str:
    if state["metric"] == "quality_loss":
        return f"{words.points(value)} points"
    return words.percent(value)


def _evidence(log_e: float) -> str:
    """A bet's gain.

    >>> _evidence(0.0), _evidence(5.3), _evidence(-3.0), _evidence(90.0)
    ('1.0', '200', '<0.1', '>1,000,000')
    """
    gain = math.exp(min(log_e, 100.0))
    if gain > _HUGE:
        return f">{_HUGE:,.0f}"
    return "<0.1" if gain < 0.1 else f"{gain:,.{0 if gain >= 100 else 1}f}"
