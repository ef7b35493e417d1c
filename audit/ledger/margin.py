"""Revenue against cost, customer by customer: now, and after what is measured, expected or conceivable has moved."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from pathlib import Path

from audit.assumptions import Assumptions
from audit.config import Config
from audit.counting import number_of
from audit.errors import CheckError, ConfigError
from audit.ledger.allocation import PRECISION, Share, allocate
from audit.ledger.revenue import Account, Days, Revenue, in_window, read_lines
from audit.pipeline import Result, run_report
from audit.progress import Progress, silent
from audit.report.document import ReportDocument
from audit.report.margin_document import (
    SCHEMA,
    STEPS,
    Customer,
    Margins,
    Match,
    Period,
    Step,
    Steps,
    Totals,
    UnderWater,
    Unmatched,
)
from audit.savings.cascade import offers
from audit.scope import Question
from audit.warehouse import Warehouse
from audit.without_rows import need_rows

Cost = Mapping[Step, Decimal]
"""What something costs now and at each level, in USD."""


def run_margin(
    warehouse: Warehouse,
    path: Path,
    question: Question,
    config: Config,
    assumptions: Assumptions,
    *,
    units: Sequence[str] = (),
    rates: Mapping[str, Decimal] | None = None,
    progress: Progress = silent,
) -> tuple[Margins, ReportDocument]:
    """The margins of the customers in the revenue file `path`, and the report that their costs rest on.

    Raises what the report and the file raise, and CheckError where the customers do not add up to the bill.
    """
    need_rows(warehouse, "a margin by customer")
    with progress("read revenue"):
        lines = read_lines(path, units=units, rates=rates)
    result = run_report(warehouse, question, config, assumptions, progress)
    window = days_of(result.document)
    revenue = in_window(lines, window, path)
    with progress("cost per customer"):
        shares = _shares(warehouse, result, question, assumptions)
        _check(shares, warehouse)
        sessions = _sessions(warehouse)
    return document(result.document, window, revenue, shares, sessions), result.document


def days_of(document: ReportDocument) -> Days:
    """The whole days that the traffic touches."""
    start, end = document["window"]["start"], document["window"]["end"]
    if start is None or end is None:
        raise ConfigError("no traffic in these days; ask for others with --since and --until")
    last = datetime.fromisoformat(end) - timedelta(microseconds=1)
    first = datetime.fromisoformat(start)
    return Days(start=first.date(), end=max(first, last).date() + timedelta(days=1))


def document(
    report: ReportDocument,
    window: Days,
    revenue: Revenue,
    shares: Mapping[str, Share],
    sessions: Mapping[str, int],
) -> Margins:
    """The document, from what customers pay and what their traffic costs."""
    customers = [
        _customer(name, revenue.accounts.get(name), shares.get(name, Share()), sessions.get(name))
        for name in dict.fromkeys([*revenue.accounts, *shares])
    ]
    with localcontext(prec=PRECISION):
        paid = sum((account.revenue for account in revenue.accounts.values()), Decimal(0))
        cost: dict[Step, Decimal] = {
            step: sum((share.cost[step] for share in shares.values()), Decimal(0)) for step in STEPS
        }
    return Margins(
        schema=SCHEMA,
        pair=report["pair"],
        window=report["window"],
        period=Period(
            start=window.start.isoformat(),
            end=window.end.isoformat(),
            is_stated=revenue.is_stated,
            is_scaled=revenue.is_scaled,
        ),
        currency=report["spend"]["currency"],
        totals=_totals(
            paid,
            cost,
            sum(share.requests - share.left_out for share in shares.values()),
            is_upper_bound=any(share.left_out for share in shares.values()),
        ),
        under_water={step: _under_water(customers, step) for step in STEPS},
        unmatched=_unmatched(customers),
        customers=sorted(customers, key=_worst_first),
        notes=_notes(window, revenue, customers),
    )


def _shares(warehouse: Warehouse, result: Result, question: Question, assumptions: Assumptions) -> dict[str, Share]:
    found = warehouse.rows("select max(candidate_model) from report_pairs")[0][0]
    planned = offers(result.workloads, result.verdicts, str(found or question.candidate), assumptions)
    return allocate(warehouse.frame("select * from customer_costs"), planned, assumptions)


def _check(shares: Mapping[str, Share], warehouse: Warehouse) -> None:
    with localcontext(prec=PRECISION):
        allocated = sum((share.cost["now"] for share in shares.values()), Decimal(0))
    bill = Decimal(str(warehouse.value("select coalesce(list_cost, 0) from report_totals")))
    requests, all_requests = (
        sum(share.requests for share in shares.values()),
        warehouse.count("select request_count from report_totals"),
    )
    if (allocated, requests) != (bill, all_requests):
        raise CheckError(
            f"customers add up to {allocated} USD and {number_of(requests, 'request')}, the bill to {bill} USD and "
            f"{all_requests:,}; `audit rebuild` makes the cells anew, and if that does not help this is a bug"
        )


def _sessions(warehouse: Warehouse) -> dict[str, int]:
    """Conversations by customer, where every billed request is in one."""
    rows = warehouse.rows(
        "select customer_id, sum(conversation_count) from customer_sessions "
        "inner join report_sources using (source_format) group by customer_id "
        "having sum(conversation_request_count) = sum(request_count)"
    )
    return {str(customer): int(str(number)) for customer, number in rows}


def _customer(name: str, account: Account | None, share: Share, sessions: int | None) -> Customer:
    revenue = None if account is None else account.revenue
    units: Mapping[str, Decimal] = {} if account is None else account.units
    counted: dict[str, Decimal] = {
        "request": Decimal(share.requests - share.left_out),
        "session": Decimal(sessions or 0),
        **units,
    }
    cost = share.cost if share.priced_requests or not share.left_out else None
    return Customer(
        customer_id=name or None,
        match=_match(name, account, share),
        plan=None if account is None else account.plan,
        requests=share.requests,
        unpriced_requests=share.unpriced_requests,
        unknown_usage_requests=share.unknown_usage_requests,
        sessions=sessions,
        units={unit: float(number) for unit, number in units.items()},
        revenue=None if revenue is None else float(revenue),
        cost=None if cost is None else _floats(cost),
        margin=None
        if revenue is None or cost is None
        else _floats({step: revenue - each for step, each in cost.items()}),
        margin_share=None if revenue is None or cost is None else _margin_share(revenue, cost),
        margin_is_upper_bound=revenue is not None and cost is not None and share.left_out > 0,
        cost_per={}
        if cost is None
        else {
            unit: _floats({step: each / number for step, each in cost.items()})
            for unit, number in counted.items()
            if number > 0
        },
    )


def _match(name: str, account: Account | None, share: Share) -> Match:
    if not name:
        return "no_customer"
    if account is None:
        return "no_revenue"
    return "matched" if share.requests else "no_traffic"


def _totals(revenue: Decimal, cost: Cost, requests: int, *, is_upper_bound: bool) -> Totals:
    per: Cost = {step: each / requests for step, each in cost.items()} if requests else {}
    return Totals(
        revenue=float(revenue),
        cost=_floats(cost),
        margin=_floats({step: revenue - each for step, each in cost.items()}),
        margin_share=_margin_share(revenue, cost),
        margin_is_upper_bound=is_upper_bound,
        cost_per={"request": _floats(per)} if per else {},
    )


def _under_water(customers: Sequence[Customer], step: Step) -> UnderWater:
    margins = [each["margin"][step] for each in customers if each["match"] == "matched" and each["margin"]]
    losses = [-float(margin) for margin in margins if margin < 0]
    return UnderWater(customers=len(losses), loss=sum(losses))


def _unmatched(customers: Sequence[Customer]) -> Unmatched:
    unsold = [each for each in customers if each["match"] == "no_revenue"]
    idle = [each for each in customers if each["match"] == "no_traffic"]
    return Unmatched(
        revenue=sum(float(each["revenue"] or 0) for each in idle),
        revenue_customers=len(idle),
        cost=sum(_cost_now(each) for each in unsold),
        cost_customers=len(unsold),
        no_customer_cost=sum(_cost_now(each) for each in customers if each["match"] == "no_customer"),
    )


def _cost_now(customer: Customer) -> float:
    """What is known of it: an unpriced customer adds nothing."""
    return 0.0 if customer["cost"] is None else float(customer["cost"]["now"])


def _worst_first(customer: Customer) -> tuple[bool, float, str]:
    margin, name = customer["margin"], customer["customer_id"] or ""
    return (True, -_cost_now(customer), name) if margin is None else (False, float(margin["now"]), name)


def _notes(window: Days, revenue: Revenue, customers: Sequence[Customer]) -> list[str]:
    days = f"{window.start} to {window.end}, the last day not counted"
    notes = [
        f"Revenue is that of the days of the log, {days}; of a longer period it is the share of its days."
        if revenue.is_scaled
        else f"Revenue and cost are of the same days: {days}."
        if revenue.is_stated
        else f"The file states no period: its revenue is taken to be of the days of the log, {days}."
    ]
    if revenue.outside:
        notes.append(
            f"{number_of(revenue.outside, 'line of revenue is', 'lines of revenue are')} of other days and left out."
        )
    if (note := _unknown(customers)) is not None:
        notes.append(note)
    if not any(each["match"] in ("matched", "no_revenue") for each in customers):
        notes.append("No request in the log names a customer: every cost is that of no customer.")
    notes.append("Cost is list cost of LLM calls alone; after is a projection, with shares of the traffic as logged.")
    return notes


def _unknown(customers: Sequence[Customer]) -> str | None:
    """What the requests that are in no cost make of the margins."""
    counts = {
        "without a price": sum(each["unpriced_requests"] for each in customers),
        "of unknown usage": sum(each["unknown_usage_requests"] for each in customers),
    }
    if not (left_out := sum(counts.values())):
        return None
    why = " and ".join(f"{count:,} {reason}" for reason, count in counts.items() if count)
    bounded = sum(each["margin_is_upper_bound"] for each in customers)
    whose = f"the margin of all and of {number_of(bounded, 'customer')}"
    return (
        f"{number_of(left_out, 'request has', 'requests have')} no known cost, in no cost here, {why}: "
        f"{whose if bounded else 'the margin of all'} is at most what is shown."
    )


def _margin_share(revenue: Decimal, cost: Cost) -> Steps | None:
    return _floats({step: (revenue - each) / revenue for step, each in cost.items()}) if revenue > 0 else None


def _floats(values: Cost) -> Steps:
    return {step: float(value) for step, value in values.items()}
