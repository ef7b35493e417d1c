"""The workloads of the text report: as many columns as the terminal has room for, the rest in words below each row."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from audit.report import proof, words
from audit.report.document import ReportDocument
from audit.report.text_parts import READABLE, STYLES, bullet, dollars, prose
from audit.report.workload import Quantiles, Workload

VERDICT = 8
"""Cells of the verdict and the space behind it."""
ENOUGH_NAME, MORE_NAME, LONGEST_NAME = 20, 56, 64
"""Cells of the name: what the usual columns leave it, what further ones leave it, and the most it needs."""
SAID_ONCE = 5
"""Workloads that stand on the same evidence before it is said once for all of them."""
NARROW = 0.02
"""Of a saving: bounds closer together than this say nothing that the saving does not."""

Value = Callable[[ReportDocument, Workload], str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its head, its values, and how they read in a sentence where there is no room for the column."""

    head: str
    value: Value
    otherwise: Value
    is_extra: bool = False
    """Whether it comes only where the names have room to spare."""


def workload_lines(document: ReportDocument, workloads: Sequence[Workload], console: Console) -> list[RenderableType]:
    """Head, one row per workload with its facts below, and what the reasons mean; a sentence where there is none."""
    if not workloads:
        return [Text("None: no request of the window was served by the incumbent.")]
    columns, widths, room = _chosen(document, workloads, console.width)
    width = VERDICT + room + sum(widths)
    facts = [_facts(document, workload, columns) for workload in workloads]
    shared, times = Counter(evidence for evidence, _ in facts).most_common(1)[0]
    lines: list[RenderableType] = []
    if times >= SAID_ONCE:
        lines += [prose(Text(f"Where nothing else is said: {shared}.", style="dim"), console), Text()]
    heads = [column.head for column in columns]
    lines += [Text(_row("Verdict", "Workload", heads, widths, room)), Text("─" * width, style="dim")]
    for workload, (evidence, others) in zip(workloads, facts, strict=True):
        values = [column.value(document, workload) for column in columns]
        first, rest = _split(words.clean(workload["name"], 120), room)
        row = Text(_row(workload["verdict"], first, values, widths, room))
        row.stylize(STYLES[workload["verdict"]], 0, VERDICT)
        lines.append(row)
        own = [] if times >= SAID_ONCE and evidence == shared else [evidence]
        below = Text(rest + "\n" if rest else "")
        below.append("; ".join(filter(None, [*own, *others])), style="dim")
        if below.plain:
            lines.append(Padding(below, (0, max(console.width - max(READABLE, width // 2), 0), 0, VERDICT)))
    return [*lines, Text(), *_legend(document, workloads, console)]


def _chosen(document: ReportDocument, workloads: Sequence[Workload], width: int) -> tuple[list[Column], list[int], int]:
    """The columns there is room for, their widths, and what is left for the name."""
    longest = max(cell_len(words.clean(workload["name"], 120)) for workload in workloads)
    wanted = max(min(longest, LONGEST_NAME), len("Workload"))
    chosen: dict[Column, int] = {}
    for column in BY_WEIGHT:
        cells = 2 + max(len(text) for text in (column.head, *(column.value(document, each) for each in workloads)))
        left = width - VERDICT - sum(chosen.values()) - cells
        if left < min(wanted, MORE_NAME if column.is_extra else ENOUGH_NAME):
            break
        chosen[column] = cells
    columns = [column for column in COLUMNS if column in chosen]
    widths = [chosen[column] for column in columns]
    return columns, widths, min(width - VERDICT - sum(widths), wanted)


def _row(verdict: str, name: str, values: Sequence[str], widths: Sequence[int], room: int) -> str:
    right = "".join(value.rjust(cells) for value, cells in zip(values, widths, strict=True))
    return f"{verdict:<{VERDICT}}{set_cell_size(name, room)}{right}"


def _split(name: str, room: int) -> tuple[str, str]:
    """What fits of a name, broken between words where that leaves no gap, and the rest."""
    if cell_len(name) <= room:
        return name, ""
    cut = len(set_cell_size(name, room).rstrip("\0"))
    while cell_len(name[:cut]) > room:
        cut -= 1
    breaks = (name.rfind(" ", 0, cut + 1), name.rfind("-", 0, cut) + 1)
    cut = next((place for place in breaks if place > room // 2), cut)
    return name[:cut], name[cut:].strip()


def _facts(document: ReportDocument, workload: Workload, columns: Sequence[Column]) -> tuple[str, list[str]]:
    """What the verdict rests on as one text, and what else there is to say."""
    said = {column.head: column.otherwise(document, workload) for column in COLUMNS if column not in columns}
    needed, loss = said.get("More pairs", ""), workload["quality_loss"]
    evidence = [
        *(code.replace("_", " ") for code in words.own_reasons(workload)),
        said.get("Evidence", ""),
        said.get("Loss (95%)", ""),
        said.get("Margin", "") if "Loss (95%)" not in said else "",
        *(words.pooled(loss) if loss is not None else []),
        proof.tests(workload) or "",
        needed,
        *proof.weighing(workload),
        *proof.disagreement(workload),
    ]
    others = [proof.seen(document, workload) or ""]
    others += [text for head, text in said.items() if head not in ("Evidence", "Loss (95%)", "Margin", "More pairs")]
    return "; ".join(filter(None, evidence)), others


def _legend(document: ReportDocument, workloads: Sequence[Workload], console: Console) -> list[RenderableType]:
    """What the reasons in the rows above mean, each once."""
    texts = document.get("reason_texts", {})
    codes = dict.fromkeys(code for workload in workloads for code in words.own_reasons(workload) if code in texts)
    lines = [f"{code.replace('_', ' ')}: {texts[code]}" for code in codes]
    if any(proof.tests(workload) for workload in workloads):
        lines.append(proof.P_MEANS)
    return [bullet("  ", Text(line, style="dim"), console) for line in lines]


def _nothing(_document: ReportDocument, _workload: Workload) -> str:
    return ""


def _both(into: Quantiles, out: Quantiles, *, is_high: bool) -> str:
    ends = [side["p95"] if is_high else side["p50"] for side in (into, out)]
    return " / ".join(map(words.tokens, ends))


def _tokens(*, is_high: bool) -> Value:
    return lambda _, each: _both(each["tokens"]["input"], each["tokens"]["output"], is_high=is_high)


def _shape(_document: ReportDocument, workload: Workload) -> str:
    return words.clean(workload.get("shape_in_words", ""), 120)


def _loss(_document: ReportDocument, workload: Workload) -> str:
    loss = workload["quality_loss"]
    if loss is None:
        return ""
    return f"{words.points(loss['point'])} ({words.points(loss['low'])} to {words.points(loss['high'])})"


def _margin(_document: ReportDocument, workload: Workload) -> str:
    loss = workload["quality_loss"]
    return "" if loss is None else words.points(loss["margin"])


def _loss_and_margin(document: ReportDocument, workload: Workload) -> str:
    loss = _loss(document, workload)
    return f"loss {loss}, margin {_margin(document, workload)}" if loss else ""


def _needed(_document: ReportDocument, workload: Workload) -> str:
    return "" if workload["pairs_needed"] is None else words.count(workload["pairs_needed"])


def _needed_in_words(_document: ReportDocument, workload: Workload) -> str:
    return "" if workload["pairs_needed"] is None else words.more_pairs(workload["pairs_needed"])


def _saving(document: ReportDocument, workload: Workload) -> str:
    return words.money(workload["savings"]["point"], document["spend"]["currency"])


def _saves(document: ReportDocument, workload: Workload) -> str:
    """The bounds of the saving; nothing where they hardly differ from it."""
    low, point, high = (float(workload["savings"][end]) for end in ("low", "point", "high"))
    is_narrow = high - low < NARROW * abs(point)
    return "" if is_narrow else dollars(workload["savings"], document["spend"]["currency"])


REQUESTS = Column(
    "Requests",
    lambda _, each: words.percent(each["request_share"]),
    lambda _, each: f"{words.percent(each['request_share'])} of requests",
)
COST = Column(
    "Cost",
    lambda _, each: words.percent(each["cost_share"]),
    lambda _, each: f"{words.percent(each['cost_share'])} of cost",
)
LIST_COST = Column(
    "List cost", lambda document, each: words.money(each["cost"], document["spend"]["currency"]), _nothing, True
)
MEDIAN = Column("In / out p50", _tokens(is_high=False), _nothing)
HIGH = Column("In / out p95", _tokens(is_high=True), _shape, True)
EVIDENCE = Column("Evidence", lambda _, each: words.evidence(each), lambda _, each: words.evidence(each), True)
LOSS = Column("Loss (95%)", _loss, _loss_and_margin, True)
MARGIN = Column("Margin", _margin, lambda d, each: f"margin {_margin(d, each)}" if _margin(d, each) else "", True)
NEEDED = Column("More pairs", _needed, _needed_in_words, True)
MOVED = Column("If moved", _saving, lambda document, each: f"{_saving(document, each)} if moved")
SAVES = Column("Range", _saves, lambda d, each: f"saves {_saves(d, each)}" if _saves(d, each) else "", True)

COLUMNS = (REQUESTS, COST, LIST_COST, MEDIAN, HIGH, EVIDENCE, LOSS, MARGIN, NEEDED, MOVED, SAVES)
"""From left to right."""
BY_WEIGHT = (MOVED, COST, REQUESTS, MEDIAN, LOSS, MARGIN, EVIDENCE, NEEDED, SAVES, LIST_COST, HIGH)
"""The first that does not fit is left out, and all after it."""
