"""Margins in words: the sentences and table rows that text, page and CSV share."""

from audit.counting import number_of
from audit.report import words
from audit.report.checked import Number
from audit.report.margin_document import STEPS, Customer, Margins, Step, Steps

SHOWN = 30
"""Customers listed on the page and in text; `--json` and `--csv` have all of them."""

STEP_NAMES: dict[Step, str] = {"now": "now", "measured": "measured", "expected": "expected", "ceiling": "ceiling"}

NO_CUSTOMER = "(no customer)"
AT_LEAST, AT_MOST = "≥ ", "≤ "
"""Before a cost that leaves out requests, and before the margin that it leaves."""

COLUMNS = (
    "customer_id", "match", "plan", "requests", "unpriced_requests", "sessions", "revenue",
    *(f"{figure}_{step}" for figure in ("cost", "margin", "margin_share") for step in STEPS),
    "unknown_usage_requests", "margin_is_upper_bound",
)  # fmt: skip
"""Of `--csv`; cost per request, session and unit follow, as PER_unit_STEP."""


def lead(found: Margins) -> list[str]:
    """What the margins come to: the totals, then who is under water."""
    totals, currency = found["totals"], found["currency"]
    margin, share = totals["margin"], totals["margin_share"]
    after = ", ".join(
        f"{words.money(margin[step], currency)} {step}{'' if share is None else f' ({words.percent(share[step])})'}"
        for step in STEPS[1:]
    )
    of_revenue = "" if share is None else f", {words.percent(share['now'])} of revenue"
    least, most = ("at least ", "at most ") if totals["margin_is_upper_bound"] else ("", "")
    cost = f"{least}{words.money(totals['cost']['now'], currency)}"
    left = f"{most}{words.money(margin['now'], currency)}{of_revenue}"
    return [
        f"{words.money(totals['revenue'], currency)} revenue less {cost} cost leave {left}. "
        f"After routing{', at most' if most else ''}: {after}.",
        _under_water(found),
    ]


def unmatched(found: Margins) -> list[str]:
    """What has no counterpart, one sentence each; nothing where all is matched."""
    left, currency = found["unmatched"], found["currency"]
    said: list[str] = []
    if left["revenue_customers"]:
        said.append(
            f"Revenue without traffic: {_customers(left['revenue_customers'])}, "
            f"{words.money(left['revenue'], currency)}."
        )
    if left["cost_customers"]:
        said.append(
            f"Traffic without revenue: {_customers(left['cost_customers'])} whom the file does not name, "
            f"{words.money(left['cost'], currency)} of cost."
        )
    if left["no_customer_cost"]:
        said.append(f"Requests that name no customer cost {words.money(left['no_customer_cost'], currency)}.")
    return said


def heads(found: Margins) -> list[str]:
    """The heads of `row`."""
    return ["Customer", "Revenue", "Cost", "Margin", *(f"{STEP_NAMES[step]}" for step in STEPS[1:]), *_units(found)]


def row(found: Margins, customer: Customer) -> list[str]:
    """One customer: revenue, cost and margin now, margin at each level, cost now per unit; bounds as such."""
    currency, cost, margin = found["currency"], customer["cost"], customer["margin"]
    per = customer["cost_per"]
    is_bound = customer["unpriced_requests"] + customer["unknown_usage_requests"] > 0
    return [
        shown_name(customer),
        words.money(customer["revenue"], currency),
        "unpriced" if cost is None else _at_least(cost["now"], currency, is_bound=is_bound),
        *("n/a" if margin is None else _at_most(margin[step], currency, is_bound=is_bound) for step in STEPS),
        *(
            _at_least(per[unit]["now"], currency, is_bound=is_bound and unit != "request") if unit in per else "n/a"
            for unit in _named_units(found)
        ),
    ]


def total(found: Margins) -> list[str]:
    """The last line of the table: all customers, all cost."""
    totals, currency = found["totals"], found["currency"]
    is_bound = totals["margin_is_upper_bound"]
    return [
        "All",
        words.money(totals["revenue"], currency),
        _at_least(totals["cost"]["now"], currency, is_bound=is_bound),
        *(_at_most(totals["margin"][step], currency, is_bound=is_bound) for step in STEPS),
        *(words.money(totals["cost_per"][unit]["now"], currency) if unit in totals["cost_per"] else ""
          for unit in _named_units(found)),
    ]  # fmt: skip


def _at_least(amount: Number, currency: str, *, is_bound: bool) -> str:
    return f"{AT_LEAST if is_bound else ''}{words.money(amount, currency)}"


def _at_most(amount: Number, currency: str, *, is_bound: bool) -> str:
    return f"{AT_MOST if is_bound else ''}{words.money(amount, currency)}"


def shown_name(customer: Customer) -> str:
    """The customer's id as one line."""
    return NO_CUSTOMER if customer["customer_id"] is None else words.clean(customer["customer_id"], 40)


def csv_rows(found: Margins) -> tuple[list[str], list[list[object]]]:
    """The names and values of all columns, numbers in full."""
    units = _named_units(found)
    names = [*COLUMNS, *(f"cost_per_{unit}_{step}" for unit in units for step in STEPS)]
    rows: list[list[object]] = []
    for each in found["customers"]:
        values: list[object] = [
            each["customer_id"], each["match"], each["plan"], each["requests"], each["unpriced_requests"],
            each["sessions"], each["revenue"],
        ]  # fmt: skip
        for steps in (each["cost"], each["margin"], each["margin_share"]):
            values += _stepwise(steps)
        values += [each["unknown_usage_requests"], each["margin_is_upper_bound"]]
        for unit in units:
            values += _stepwise(each["cost_per"].get(unit))
        rows.append(values)
    return names, rows


def _stepwise(steps: Steps | None) -> list[object]:
    return [None if steps is None else steps[step] for step in STEPS]


def _named_units(found: Margins) -> list[str]:
    """The units that any customer has: requests and sessions, then those of the revenue file."""
    named = dict.fromkeys(unit for each in found["customers"] for unit in each["cost_per"])
    return [
        *(unit for unit in ("request", "session") if unit in named),
        *(unit for unit in named if unit not in ("request", "session")),
    ]


def _units(found: Margins) -> list[str]:
    return [f"Per {words.clean(unit.removesuffix('s'), 20)}" for unit in _named_units(found)]


def _under_water(found: Margins) -> str:
    under, currency = found["under_water"], found["currency"]
    if not any(each["match"] == "matched" for each in found["customers"]):
        return "No customer has both revenue and traffic."
    is_known = not any(each["margin_is_upper_bound"] for each in found["customers"])
    if not any(under[step]["customers"] for step in STEPS):
        return f"No customer costs more than it pays{'' if is_known else ', as far as costs are known'}."
    parts = ", ".join(f"{under[step]['customers']:,} {step}" for step in STEPS[1:])
    now = f"{'' if is_known else 'at least '}{_customers(under['now']['customers'])} now"
    loss = words.money(under["now"]["loss"], currency)
    return f"Under water, costing more than they pay: {now}, by {loss}; after routing {parts}."


def _customers(number: int) -> str:
    return number_of(number, "customer")
