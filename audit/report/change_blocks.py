"""What changed, as a lead sentence and tables of formatted text: terminal, page and comment show the same ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.report import words
from audit.report.appendix import shown
from audit.report.change_document import CAUSES, Cause, Changes, EndpointChange, WorkloadChange
from audit.report.document import LEVELS, Number

MOST = 20
"""Rows of a table; `--json` has all of them."""

CAUSE_MEANS: dict[Cause, str] = {
    "volume": "more or fewer requests",
    "mix": "which endpoints they are for, new and ended ones included",
    "model": "which models answer them",
    "length": "tokens per request, cached ones included",
    "price": "what the tokens cost",
}
STATUS = {
    "new": "new",
    "gone": "gone",
    "divided": "cut out otherwise",
    "moved": "moved",
    "evidence": "new evidence",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A table with its title; the first column names things, all but those in `texts` hold numbers."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: Sequence[int] = ()
    total: Sequence[str] = ()
    left_out: int = 0

    @property
    def numeric(self) -> list[int]:
        """Columns set to the right."""
        return [column for column in range(1, len(self.heads)) if column not in self.texts]


def title(changes: Changes) -> str:
    """What is compared with what."""
    spans = [words.span_of(changes[side]["window"]) for side in ("before", "now")]
    return f"{spans[0]}, then {spans[1]}"


def lead(changes: Changes) -> str:
    """The change of spend and of what is expected to be saved, in two sentences; or that nothing changed."""
    if not changes["changed"]:
        return "Nothing changed: both reports say the same."
    spend, currency, per = changes["spend"], changes["spend"]["currency"], period(changes)
    expected = changes["levels"]["expected"]
    saving = [words.money(expected[side]["point"], currency) for side in ("before", "now")]
    moved = f"went from {saving[0]} to" if saving[0] != saving[1] else "is still"
    by = f" ({signed(expected['change'], currency)})" if saving[0] != saving[1] else ""
    return (
        f"List cost went from {words.money(spend['before'], currency)} to {words.money(spend['now'], currency)} {per} "
        f"({signed(spend['change'], currency)}{_relative(float(spend['before']), float(spend['now']))}). "
        f"The expected saving {moved} {saving[1]} {per}{by}."
    )


def basis(changes: Changes) -> str:
    """What the figures are of."""
    if changes["basis"] == "window":
        return "Figures are of either window, not scaled."
    days = [f"{float(changes[side]['window']['days']):,.1f}" for side in ("before", "now")]
    return f"Both are scaled to a month of 30.4 days, from {days[0]} and {days[1]} days of traffic."


def period(changes: Changes) -> str:
    """What follows an amount."""
    return "a month" if changes["basis"] == "monthly" else "in the window"


def blocks(changes: Changes) -> list[Block]:
    """Tables of what differs; nothing where nothing does."""
    made = (_causes, _levels, _workloads, _endpoints, _prices, _counts, _assumptions)
    return [block for make in made if changes["changed"] and (block := make(changes)) is not None]


def signed(amount: object, currency: str) -> str:
    """An amount with its sign, also where it is positive.

    >>> signed(3.5, "USD"), signed(-3.5, "USD"), signed(0, "USD")
    ('+$3.50', '-$3.50', '$0')
    """
    value = float(str(amount))
    text = words.money(value, currency)
    return f"+{text}" if value > 0 and text != "$0" else text


def _relative(before: float, now: float) -> str:
    return f", {(now - before) / before:+.1%}" if before else ""


def _causes(changes: Changes) -> Block | None:
    spend, currency = changes["spend"], changes["spend"]["currency"]
    causes = spend["causes"]
    if causes is None or not any(causes.values()):
        return None
    largest = max(abs(float(amount)) for amount in causes.values())
    rows = [[cause, CAUSE_MEANS[cause], signed(_rounded(causes[cause], largest), currency)] for cause in CAUSES]
    return Block(
        title=f"Why list cost changed, {period(changes)}",
        heads=("Cause", "What it is", "Change"),
        rows=rows,
        texts=(1,),
        total=("= all", "", signed(spend["change"], currency)),
    )


def _rounded(amount: Number, largest: float) -> float:
    """To cents where the largest is dollars: amounts one below the other are compared."""
    return round(float(amount), 2) if largest >= 1 else float(amount)


def _levels(changes: Changes) -> Block | None:
    currency, rows = changes["spend"]["currency"], list[list[str]]()
    for level in LEVELS:
        each = changes["levels"][level]
        if each["before"] != each["now"]:
            ends = [
                text
                for side in (each["before"], each["now"])
                for text in (words.money(side["point"], currency), words.span(side, "money", currency, same=""))
            ]
            change = _rounded(each["change"], max(float(each[side]["point"]) for side in ("before", "now")))
            rows.append([level, *(text.replace(" to $", "–$") for text in ends), signed(change, currency)])
    heads = ("Level", "Before", "range", "Now", "range", "Change")
    return Block(title=f"Projected savings, {period(changes)}", heads=heads, rows=rows) if rows else None


def _workloads(changes: Changes) -> Block | None:
    return _cut(
        "Workloads",
        ("Workload", "What changed", "Why"),
        [[words.clean(each["name"]), _became(each), _why(each)] for each in changes["workloads"]],
        (1, 2),
    )


def _became(each: WorkloadChange) -> str:
    before, now = each["verdict_before"], each["verdict_now"]
    if before is not None and now is not None and before != now:
        return f"{before} to {now}"
    kept = now or before
    return STATUS[each["status"]] if kept is None else f"{STATUS[each['status']]}: {kept}"


def _why(each: WorkloadChange) -> str:
    return words.clean("; ".join(reason["text"].rstrip(".") for reason in each["why"]), 400)


def _endpoints(changes: Changes) -> Block | None:
    currency = changes["spend"]["currency"]

    largest = max((abs(_change(each)) for each in changes["endpoints"]), default=0.0)

    def row(each: EndpointChange) -> list[str]:
        status = "" if each["status"] == "kept" else STATUS[each["status"]]
        requests = [words.count(each["requests_before"]), words.count(each["requests_now"])]
        costs = [words.money(each["cost_before"], currency), words.money(each["cost_now"], currency)]
        change = signed(_rounded(_change(each), largest), currency)
        return [words.clean(each["endpoint"], 60), status, *requests, *costs, change]

    heads = ("Endpoint", "Status", "Requests before", "now", "Cost before", "now", "Change")
    title = f"Endpoints, {period(changes)}; largest change of cost first"
    return _cut(title, heads, [row(each) for each in changes["endpoints"]], (1,))


def _change(each: EndpointChange) -> float:
    return float(each["cost_now"]) - float(each["cost_before"])


def _prices(changes: Changes) -> Block | None:
    rows = [
        [
            words.clean(each["model"], 60),
            " ".join(filter(None, [words.humanised(each["token_class"]), _terms(each["service_tier"])])),
            words.money(each["before"], changes["spend"]["currency"]),
            words.money(each["now"], changes["spend"]["currency"]),
        ]
        for each in changes["prices"]
    ]
    return _cut("Prices per million tokens, as paid", ("Model", "Tokens", "Before", "Now"), rows, (1,))


def _terms(tier: str) -> str:
    return "" if tier == "default" else f"({words.clean(tier, 20)})"


def _counts(changes: Changes) -> Block | None:
    rows = [
        [
            words.humanised(each["name"]),
            words.count(each["before"]),
            words.percent(each["share_before"]),
            words.count(each["now"]),
            words.percent(each["share_now"]),
        ]
        for each in changes["counts"]
    ]
    heads = ("Not counted as savings", "Before", "share", "Now", "share")
    return _cut("Requests and records in no saving, as counted in either window", heads, rows)


def _assumptions(changes: Changes) -> Block | None:
    rows = [
        [words.humanised(each["name"]), shown(each["before"]), shown(each["now"])] for each in changes["assumptions"]
    ]
    return _cut("Assumptions", ("Assumption", "Before", "Now"), rows, (1, 2))


def _cut(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], texts: Sequence[int] = ()) -> Block | None:
    """A block of the first MOST rows; None without any."""
    if not rows:
        return None
    return Block(title=title, heads=heads, rows=rows[:MOST], texts=texts, left_out=len(rows) - len(rows[:MOST]))
