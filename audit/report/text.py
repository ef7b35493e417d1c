"""The report for a terminal: complete at 80 columns, roomier when there is more, plain text when piped."""

from collections.abc import Sequence

from rich import box
from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.segment import Segment, Segments
from rich.table import Table
from rich.text import Text

from audit.report import advice, cascades, proof, words
from audit.report.document import LEVELS, Interval, ReportDocument, Workload
from audit.report.figures import by_cost

LISTED = 25
"""Workloads in the text; the HTML page and --json have all of them."""

_STYLES = {
    "measured": "green",
    "expected": "blue",
    "ceiling": "yellow",
    "route": "bold green",
    "pilot": "bold blue",
    "keep": "dim",
}
_VERDICT, _NUMBERS = 7, (9, 8, 16, 11)
"""Cells of the workload columns: verdict, then requests, cost, tokens and saving; the name takes the rest."""
_LONGEST_NAME = 64


def render_text(document: ReportDocument, console: Console) -> None:
    """Print the report to `console`, never wider than it; characters that it cannot encode show as `?`."""
    ranked = by_cost(document)
    steps = enumerate(advice.next_steps(document), start=1)
    width = console.width
    parts: list[RenderableType] = [
        *_opening(document),
        *_heading(f"What could move to {words.clean(document['pair']['candidate'], 40)}"),
        _levels(document),
        *_heading("How sure is this?"),
        *(_bullet("- ", Text(sentence)) for sentence in advice.certainty(document)),
        *_heading("Workloads, most cost first; savings are of the window"),
        *_workload_head(width),
        *(part for workload in ranked[:LISTED] for part in _workload(document, workload, width)),
        *([] if len(ranked) <= LISTED else [Text("... the rest is in --html FILE and --json", style="dim")]),
        *_legend(document, ranked[:LISTED]),
        *_checked(document),
        *_heading("Where every request went"),
        _accounting(document),
        *_heading("What to do next"),
        *(
            _bullet(f"{number}. ", Text.assemble((step.command, "bold"), f"\n{_plain(step.why)}"))
            for number, step in steps
        ),
        Text("\nAssumptions, checks and data quality are in --html FILE and --json.", style="dim"),
    ]
    for line in console.render_lines(Group(*parts), pad=False):
        console.print(Segments([*_trimmed(line, console), Segment.line()]), end="", soft_wrap=True)


def _opening(document: ReportDocument) -> list[Text]:
    """Title, projection warning, everything the reader has to know first, then window and spend."""
    pair, spend, currency = document["pair"], document["spend"], document["spend"]["currency"]
    lines = [
        Text(
            f"Traffic audit: {words.clean(pair['incumbent'], 40)} to {words.clean(pair['candidate'], 40)}", style="bold"
        ),
        Text(_plain(words.PROJECTION), style="yellow"),
    ]
    for check in document["checks"]:
        if not check["ok"]:
            failure = f"FAILED CHECK {words.clean(check['name'])}: {words.clean(check['detail'], 300)}"
            lines.append(Text(failure, style="bold red"))
    lines += [Text(f"Note: {words.clean(warning, 400)}") for warning in document.get("warnings", [])]
    rows, requests = document["rows"], document["requests"]
    amounts = [f"{words.money(spend['list_cost'], currency)} list cost in the window"]
    if spend["monthly_list_cost"] is not None:
        amounts.append(f"{words.money(spend['monthly_list_cost'], currency)} a month")
    if spend["billed_cost"] is not None:
        amounts.append(f"{words.money(spend['billed_cost'], currency)} billed")
    kept = [f"{words.count(rows[part])} {part}" for part in ("loaded", "duplicate", "rejected")]
    facts = [
        "",
        f"Window    {words.window(document)}",
        f"Spend     {', '.join(amounts)}",
        f"Requests  {words.count(requests['total'])}, {words.count(requests['eligible'])} of them eligible",
        f"Rows      {words.count(rows['read'])} read = " + " + ".join(kept),
    ]
    catalogue = document.get("catalogue")
    if catalogue is not None:
        checked = words.clean(catalogue["checked_on"], 20)
        facts.append(f"Prices    {words.clean(catalogue['version'], 40)}, checked on {checked}")
    return lines + [Text(fact) for fact in facts]


def _levels(document: ReportDocument) -> Table:
    """Three levels, each a line of points and a line of bounds."""
    currency = document["spend"]["currency"]
    table = _table("", "Requests", "of requests", "of cost", f"Saving {words.per(document)}", "of spend")
    for level in LEVELS:
        routable, saving = document["routable"][level], words.saving(document, level)
        shares = (routable["request_share"], routable["cost_share"])
        of_spend = document["savings"][level]["share_of_spend"]
        table.add_row(
            Text(level, style=_STYLES[level]),
            words.count(routable["requests"]["point"]),
            *(words.percent(share["point"]) for share in shares),
            words.money(saving["point"], currency),
            words.percent(of_spend["point"]),
        )
        bounds = [*(_percents(share) for share in shares), _dollars(saving, currency), _percents(of_spend)]
        table.add_row("", "", *bounds, style="dim")
    return table


def _workload_head(width: int) -> list[Text]:
    heads = ("Requests", "Cost", "In / out p50", "If moved")
    return [Text(_row("Verdict", "Workload", heads, width)), Text("─" * _row_width(width), style="dim")]


def _workload(document: ReportDocument, workload: Workload, width: int) -> list[RenderableType]:
    """The workload in one row; its reasons, evidence and bounds below, over the whole width."""
    currency, tokens, loss = document["spend"]["currency"], workload["tokens"], workload["quality_loss"]
    numbers = (
        words.percent(workload["request_share"]),
        words.percent(workload["cost_share"]),
        f"{words.tokens(tokens['input']['p50'])} / {words.tokens(tokens['output']['p50'])}",
        words.money(workload["savings"]["point"], currency),
    )
    facts = [*(code.replace("_", " ") for code in words.own_reasons(workload)), words.evidence(workload)]
    if loss is not None:
        bounds = f"{words.points(loss['low'])} to {words.points(loss['high'])}"
        facts.append(f"loss {words.points(loss['point'])} ({bounds}), margin {words.points(loss['margin'])}")
        facts += words.pooled(loss)
    if (tests := proof.tests(workload)) is not None:
        facts.append(tests)
    if workload["pairs_needed"] is not None:
        facts.append(words.more_pairs(workload["pairs_needed"]))
    facts += proof.weighing(workload)
    facts += proof.disagreement(workload)
    if (seen := proof.seen(document, workload)) is not None:
        facts.append(seen)
    if "shape_in_words" in workload:
        facts.append(words.clean(workload["shape_in_words"], 120))
    saves = [words.money(workload["savings"][end], currency) for end in ("low", "high")]
    if saves[0] != saves[1]:
        facts.append(f"saves {_dollars(workload['savings'], currency)}")
    about = "; ".join(facts)
    row = Text(_row(workload["verdict"], words.clean(workload["name"]), numbers, width))
    row.stylize(_STYLES[workload["verdict"]], 0, _VERDICT)
    return [row, Padding(Text(about, style="dim"), (0, width - _row_width(width), 0, _VERDICT + 1))]


def _legend(document: ReportDocument, workloads: Sequence[Workload]) -> list[RenderableType]:
    """What the reasons in the rows above mean, each once."""
    texts = document.get("reason_texts", {})
    codes = dict.fromkeys(code for workload in workloads for code in words.own_reasons(workload) if code in texts)
    lines = [f"{code.replace('_', ' ')}: {texts[code]}" for code in codes]
    if any(proof.tests(workload) for workload in workloads):
        lines.append(proof.P_MEANS)
    return [Text(), *(_bullet("  ", Text(line, style="dim")) for line in lines)]


def _row(verdict: str, name: str, numbers: tuple[str, ...], width: int) -> str:
    """Name cropped to its column; a number too long for its own takes from the name."""
    right = "".join(number.rjust(max(cells, len(number) + 1)) for number, cells in zip(numbers, _NUMBERS, strict=True))
    room = _row_width(width) - _VERDICT - 1 - len(right)
    shown = name if cell_len(name) <= room else f"{set_cell_size(name, max(room - 1, 0)).rstrip()}…"
    return f"{verdict:<{_VERDICT}} {set_cell_size(shown, max(room, 0))}{right}"


def _row_width(width: int) -> int:
    return min(width, _VERDICT + 1 + _LONGEST_NAME + sum(_NUMBERS))


def _accounting(document: ReportDocument) -> Table:
    """Every bucket with its requests and dollars, and the total they add up to."""
    currency = document["spend"]["currency"]
    table = _table("", "Requests", "List cost")
    for title, number, cost in words.accounts(document):
        table.add_row(title, words.count(number), words.money(cost, currency))
    total = words.money(document["spend"]["list_cost"], currency)
    table.add_row("= all traffic", words.count(document["requests"]["total"]), total, style="bold")
    return table


def _checked(document: ReportDocument) -> list[RenderableType]:
    """Workloads that only a check lets move; nothing where there is none."""
    told = cascades.sentences(document)
    return [*_heading("What a check would let move"), *(_bullet("- ", Text(each)) for each in told)] if told else []


def _table(*heads: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for index, head in enumerate(heads):
        table.add_column(head, justify="right" if index else "left", overflow="fold")
    return table


def _heading(text: str) -> list[Text]:
    return [Text(""), Text(text, style="bold")]


def _bullet(mark: str, text: Text) -> Table:
    grid = Table.grid()
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(mark, text)
    return grid


def _plain(text: str) -> str:
    return text.replace("`", "")


def _percents(share: Interval) -> str:
    """Bounds for a narrow column: one sign for both, a dash unless a bound could be negative."""
    bounds = words.span(share, "percent")
    return bounds if "-" in bounds else bounds.replace("% to ", "–")


def _dollars(saving: Interval, currency: str) -> str:
    bounds = words.span(saving, "money", currency)
    return bounds if "-" in bounds else bounds.replace(" to ", "–")


def _trimmed(line: list[Segment], console: Console) -> list[Segment]:
    """The line without trailing blanks, in characters that the output can encode."""
    shown = [Segment(_encodable(segment.text, console), segment.style) for segment in line]
    while shown and not shown[-1].text.strip():
        shown.pop()
    if shown:
        shown[-1] = Segment(shown[-1].text.rstrip(), shown[-1].style)
    return shown


def _encodable(text: str, console: Console) -> str:
    plain = text if console.encoding.startswith("utf") else text.replace("─", "-").replace("–", "-").replace("…", "~")
    return plain.encode(console.encoding, "replace").decode(console.encoding)
