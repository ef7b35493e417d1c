"""A replayed policy on the terminal."""

from typing import TYPE_CHECKING

from audit.console.terminal import note, paragraph, print_table
from audit.counting import number_of

if TYPE_CHECKING:
    from audit.policy.simulate import Line, Loss, Simulation
    from audit.report.bounds import Bounds
    from audit.savings.frontier import Frontier


def print_simulation(found: "Simulation") -> None:
    """The totals in sentences, then a table by endpoint and one by rule."""
    total = found["total"]
    share = total["saving"]["point"] / total["list_cost"] if total["list_cost"] else 0.0
    paragraph(
        f"Policy {found['policy']}, {found['incumbent']} to {found['candidate']}, over {found['window_days']:.1f} "
        f"days: {_count(total['moved_requests'])} of {number_of(total['requests'], 'request')} would move. They cost "
        f"{_money(total['moved_list_cost'])} today; moving them saves {_money(total['saving'])}, {share:.1%} of "
        f"{_dollars(total['list_cost'])}."
    )
    losses = total["quality_loss"]
    for loss, source in (
        (losses["measured"], "by paired outcomes"),
        (losses["unmeasured"], "by published results, not measured here"),
    ):
        if loss["requests"]["point"]:
            paragraph(f"Quality loss {source}: {_loss(loss)} on {_requests(loss['requests'])}.")
    paragraph(_rest(total))
    endpoints = (
        (
            each["endpoint"],
            each["requests"],
            _count(each["moved_requests"]),
            _dollars(each["list_cost"]),
            _money(each["saving"]),
            _points(each["quality_loss"]["measured"]),
            _points(each["quality_loss"]["unmeasured"]),
        )
        for each in found["endpoints"]
    )
    heads = ("endpoint", "requests", "moved", "today", "saving", "measured loss", "expected loss")
    print_table("By endpoint (losses in points of 100)", heads, endpoints)
    if found["rules"]:
        rules = (
            (each["id"], each["name"], f"{each['share']:.0%}", _count(each["moved_requests"]), _money(each["saving"]))
            for each in found["rules"]
        )
        print_table("By rule", ("rule", "name", "share", "moved", "saving"), rules)
    if "frontier" in found:
        _print_frontier(found["frontier"])
    for line in found["notes"]:
        note(f"note: {line}")


def _rest(total: "Line") -> str:
    latency = total["latency"]
    speed = "Latency is not known: the log has both models on no endpoint that moves."
    if latency is not None:
        speed = (
            f"Answers take {latency['seconds_now']:.2f} s today and {latency['seconds_then']:.2f} s then, like for "
            f"like on {latency['requests']:,.0f} of the requests that move."
        )
    return f"Escalated answers: {_count(total['escalations'])}. {speed}"


def _print_frontier(found: "Frontier") -> None:
    spend, count = found["spend"], max(1, found["requests"])
    rows = (
        (
            step["workload_id"],
            step["name"],
            step["verdict"],
            _dollars(step["spend"]),
            f"{step['saving'] / spend:.1%}" if spend else "-",
            f"{100 * step['measured_answers_lost'] / count:.2f}",
            f"{100 * step['unmeasured_answers_lost'] / count:.2f}",
        )
        for step in found["steps"]
    )
    heads = ("workload", "name", "verdict", "spend", "saving", "measured loss", "expected loss")
    print_table("Cost against loss, most saving per answer lost first; each line has those above it", heads, rows)


def _loss(loss: "Loss") -> str:
    points, lost = loss["points"], loss["answers_lost"]
    mean = "" if points is None else f"{points['point']:.1f} points ({points['low']:.1f} to {points['high']:.1f}), "
    return f"{mean}{number_of(lost['point'], 'good answer')} lost ({lost['low']:,.0f} to {lost['high']:,.0f})"


def _points(loss: "Loss") -> str:
    points = loss["points"]
    return "-" if points is None else f"{points['point']:.1f} ({points['low']:.1f} to {points['high']:.1f})"


def _count(figure: "Bounds") -> str:
    if figure["low"] == figure["high"]:
        return f"{figure['point']:,.0f}"
    return f"{figure['point']:,.0f} ({figure['low']:,.0f} to {figure['high']:,.0f})"


def _requests(figure: "Bounds") -> str:
    ends = "" if figure["low"] == figure["high"] else f" ({figure['low']:,.0f} to {figure['high']:,.0f})"
    return number_of(figure["point"], "request") + ends


def _money(figure: "Bounds") -> str:
    if figure["low"] == figure["high"]:
        return _dollars(figure["point"])
    return f"{_dollars(figure['point'])} ({_dollars(figure['low'])} to {_dollars(figure['high'])})"


def _dollars(amount: float | None) -> str:
    if amount is None:
        return "unpriced"
    return f"{'-' if amount < 0 else ''}${abs(amount):,.2f}"
