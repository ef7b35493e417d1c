"""The report for a terminal: complete at 40 columns, with more of them the wider it is, plain text when piped."""

from rich.console import Console, Group, RenderableType
from rich.segment import Segment, Segments
from rich.table import Table
from rich.text import Text

from audit.counting import number_of
from audit.report import advice, cascades, words
from audit.report.bill import MARK, tied, untied
from audit.report.document import LEVELS, Interval, Level, ReportDocument, Unit
from audit.report.figures import by_cost
from audit.report.text_parts import (
    NARROWEST,
    STYLES,
    bullet,
    dollars,
    fits,
    heading,
    pairs,
    percents,
    plain,
    prose,
    table,
    trimmed,
)
from audit.report.text_workloads import workload_lines

LISTED = 25
"""Workloads in the text; the HTML page, --csv workloads and --json have all of them."""


def render_text(document: ReportDocument, console: Console) -> None:
    """Print the report to `console`, never wider than it or NARROWEST; what it cannot encode shows as `?`."""
    console.width = max(console.width, NARROWEST)
    ranked = by_cost(document)
    left = len(ranked) - LISTED
    parts: list[RenderableType] = [
        *_opening(document, console),
        *heading(f"What could move to {words.clean(document['pair']['candidate'], 40)}"),
        _levels(document, console),
        *heading("How sure is this?"),
        *(bullet("- ", Text(sentence), console) for sentence in advice.certainty(document)),
        *heading("Workloads, most cost first; savings are of the window"),
        *workload_lines(document, ranked[:LISTED], console),
        *(
            []
            if left <= 0
            else [
                prose(Text(f"\n{number_of(left, 'more is', 'more are')} in --html FILE and --csv workloads."), console)
            ]
        ),
        *_checked(document, console),
        *heading("Where every request went"),
        *_accounting(document, console),
        *heading("What to do next"),
        *(
            bullet(f"{number}. ", Text.assemble((step.command, "bold"), f"\n{plain(step.why)}"), console)
            for number, step in enumerate(advice.next_steps(document), start=1)
        ),
        prose(Text("\nAssumptions, checks and data quality are in --html FILE and --json.", style="dim"), console),
    ]
    print_parts(parts, console)


def print_parts(parts: list[RenderableType], console: Console) -> None:
    """Print to `console` without trailing blanks."""
    for line in console.render_lines(Group(*parts), pad=False):
        console.print(Segments([*trimmed(line, console), Segment.line()]), end="", soft_wrap=True)


def _opening(document: ReportDocument, console: Console) -> list[RenderableType]:
    """Title, projection warning, everything the reader has to know first, then window and spend."""
    pair, spend, currency = document["pair"], document["spend"], document["spend"]["currency"]
    incumbent, candidate = words.clean(pair["incumbent"], 40), words.clean(pair["candidate"], 40)
    lines = [
        Text(f"Traffic audit: {incumbent} to {candidate}", style="bold"),
        Text(plain(words.PROJECTION), style="yellow"),
    ]
    for check in document["checks"]:
        if not check["ok"]:
            failure = f"FAILED CHECK {words.clean(check['name'])}: {words.clean(check['detail'], 300)}"
            lines.append(Text(failure, style="bold red"))
    if (bill := untied(document)) is not None:
        lines.append(Text(f"{MARK.upper()} {plain(bill)}", style="bold red"))
    lines += [Text(f"Note: {words.clean(warning, 400)}") for warning in document.get("warnings", [])]
    rows, requests = document["rows"], document["requests"]
    amounts = [f"{words.money(spend['list_cost'], currency)} list cost in the window"]
    if spend["monthly_list_cost"] is not None:
        amounts.append(f"{words.money(spend['monthly_list_cost'], currency)} a month")
    if spend["billed_cost"] is not None:
        amounts.append(f"{words.money(spend['billed_cost'], currency)} billed")
    kept = [f"{words.count(rows[part])} {part}" for part in ("loaded", "duplicate", "rejected")]
    facts = [
        ("Window", Text(words.window(document))),
        ("Spend", Text(", ".join(amounts))),
        ("Requests", Text(f"{words.count(requests['total'])}, {words.count(requests['eligible'])} of them eligible")),
        ("Rows", Text(f"{words.count(rows['read'])} read = {' + '.join(kept)}")),
    ]
    if (bill := tied(document)) is not None:
        facts.append(("Bill", Text(plain(bill))))
    catalogue = document.get("catalogue")
    if catalogue is not None:
        checked = words.clean(catalogue["checked_on"], 20)
        facts.append(("Prices", Text(f"{words.clean(catalogue['version'], 40)}, checked on {checked}")))
    return [*(prose(line, console) for line in lines), Text(), prose(pairs(facts), console)]


def _levels(document: ReportDocument, console: Console) -> RenderableType:
    """Three levels: bounds beside the points, else below them, else everything in sentences; what fits first."""
    for made in (_levels_wide(document), _levels_usual(document)):
        if fits(made, console):
            return made
    return pairs([(level, Text(_level_in_words(document, level))) for level in LEVELS])


def _level_in_words(document: ReportDocument, level: Level) -> str:
    currency, saving, routable = (
        document["spend"]["currency"],
        words.saving(document, level),
        document["routable"][level],
    )
    between = dollars(saving, currency)
    return (
        f"{words.money(saving['point'], currency)} {words.per(document)}{f' ({between})' if between else ''}, "
        f"{words.percent(document['savings'][level]['share_of_spend']['point'])} of spend: "
        f"{number_of(routable['requests']['point'], 'request')}, "
        f"{words.percent(routable['request_share']['point'])} of requests, "
        f"{words.percent(routable['cost_share']['point'])} of cost"
    )


def _levels_usual(document: ReportDocument) -> Table:
    currency = document["spend"]["currency"]
    made = table(("", "Requests", "of requests", "of cost", f"Saving {words.per(document)}", "of spend"))
    for level in LEVELS:
        points, intervals = _level(document, level)
        made.add_row(Text(level, style=STYLES[level]), *points)
        bounds = [percents(each) for each in intervals]
        if any(bounds := [*bounds[:2], dollars(words.saving(document, level), currency), bounds[2]]):
            made.add_row("", "", *bounds, style="dim")
    return made


def _levels_wide(document: ReportDocument) -> Table:
    currency = document["spend"]["currency"]
    heads = ("", "Requests", "of requests", "range", "of cost", "range", f"Saving {words.per(document)}", "range")
    made = table((*heads, "of spend", "range", "per 1,000 requests"), ranges=(3, 5, 7, 9))
    per_1k = document["blended"]["per_1k_requests"]
    made.add_row(Text("today"), *[""] * 9, _unit(per_1k, "now", currency), style="dim")
    for level in LEVELS:
        (requests, of_requests, of_cost, saving, of_spend), intervals = _level(document, level)
        bounds = [percents(each) for each in intervals]
        cells = [requests, of_requests, bounds[0], of_cost, bounds[1], saving]
        cells += [dollars(words.saving(document, level), currency), of_spend, bounds[2], _unit(per_1k, level, currency)]
        made.add_row(Text(level, style=STYLES[level]), *cells)
    return made


def _level(document: ReportDocument, level: Level) -> tuple[list[str], list[Interval]]:
    """Requests, three shares and the saving as they are written; the intervals of the shares."""
    routable, of_spend = document["routable"][level], document["savings"][level]["share_of_spend"]
    points = [
        words.count(routable["requests"]["point"]),
        words.percent(routable["request_share"]["point"]),
        words.percent(routable["cost_share"]["point"]),
        words.money(words.saving(document, level)["point"], document["spend"]["currency"]),
        words.percent(of_spend["point"]),
    ]
    return points, [routable["request_share"], routable["cost_share"], of_spend]


def _unit(unit: Unit, key: Level | str, currency: str) -> str:
    value = dict(unit)[key]
    return words.money(value["point"] if isinstance(value, dict) else value, currency)  # pyright: ignore


def _accounting(document: ReportDocument, console: Console) -> list[RenderableType]:
    """Every bucket that holds anything with its requests and dollars, the total they add up to, and the empty ones."""
    currency, total, spent = (
        document["spend"]["currency"],
        document["requests"]["total"],
        document["spend"]["list_cost"],
    )
    lines = list[list[str]]()
    accounts, empty = words.filled(document)
    for title, number, cost in accounts:
        shares = (float(number) / (total or 1), None if cost is None else float(cost) / (float(spent) or 1))
        lines.append(
            [
                title,
                words.count(number),
                words.percent(shares[0]),
                words.money(cost, currency),
                words.percent(shares[1]),
            ]
        )
    last = ["= all traffic", words.count(total), "100%", words.money(spent, currency), "100%"]
    wide = table(("", "Requests", "of requests", "List cost", "of cost"))
    usual = table(("", "Requests", "List cost"), wraps=True)
    for cells in lines:
        wide.add_row(*cells)
        usual.add_row(cells[0], cells[1], cells[3])
    wide.add_row(*last, style="bold")
    usual.add_row(last[0], last[1], last[3], style="bold")
    nothing = [prose(Text(empty, style="dim"), console)] if empty else []
    return [wide if fits(wide, console) else usual, *nothing]


def _checked(document: ReportDocument, console: Console) -> list[RenderableType]:
    """Workloads that only a check lets move; nothing where there is none."""
    told = cascades.sentences(document)
    if not told:
        return []
    return [*heading("What a check would let move"), *(bullet("- ", Text(each), console) for each in told)]
