"""The workload table: one line per workload to scan hundreds of them, and below each line all that is known of it.

The page is complete as it stands; `table.js` folds the details away and sorts and filters the lines. Each workload is a
`tbody` of its own, so that line and details move together.
"""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from audit.counting import number_of
from audit.report import advice, proof, words
from audit.report.document import ReportDocument, Workload
from audit.report.figures import by_cost
from audit.report.markup import Content, el
from audit.report.opening import code
from audit.report.tables import name, small

COLUMNS = ("Workload", "Verdict", "Requests", "Cost", "List cost", "Input", "Output", "Evidence", "Saves if moved")
TEXTS = (0, 1, 7)
"""Columns of words; the others are numbers, set to the right."""
BY_COST = 4
"""The column the page is sorted by."""

_VERDICTS = ("route", "pilot", "keep")
_EVIDENCE = {"measured": "measured", "prior": "public prior", "none": "none"}
CAPTION = "All workloads; shares are of all traffic, tokens are medians, savings are of the window"
NOTE = (
    "`audit sample` writes requests to replay on both models, `audit outcomes add OUTPUT --sample audit-sample` brings "
    "the answers back. Guessed tasks are used in no number. An escalated answer is one that the incumbent gives again."
)


def workload_table(document: ReportDocument, sql: Element) -> Element:
    """Controls, table and query; the controls stay hidden where no script can make them work."""
    ranked = by_cost(document)
    heads = [
        el("th", head, scope="col", role="columnheader", class_=None if column in TEXTS else "number")
        for column, head in enumerate(COLUMNS)
    ]
    table = el(
        "table",
        el("caption", CAPTION),
        el("thead", el("tr", heads, role="row"), role="rowgroup"),
        [_lines(document, number, workload) for number, workload in enumerate(ranked, start=1)],
        role="table",
        class_="lines",
    )
    scroll = el("div", table, class_="scroll", tabindex=0, role="region", aria_label=CAPTION)
    return el(
        "div", _controls(len(ranked)), scroll, el("p", code(NOTE), class_="small muted below"), sql, id="workload-table"
    )


def _controls(count: int) -> Element:
    return el(
        "div",
        _labelled("Find", el("input", type="search", name="text", autocomplete="off", spellcheck="false")),
        _labelled("Verdict", _choice("verdict", _VERDICTS)),
        _labelled("Evidence", _choice("evidence", tuple(_EVIDENCE))),
        el("span", _labelled("Sort by", _columns()), class_="narrow"),
        el("button", "Open all", type="button", name="all", aria_pressed="false"),
        el("output", f"{words.count(count)} of {words.count(count)} shown", role="status"),
        class_="controls",
        role="search",
        hidden="",
    )


def _labelled(text: str, control: Element) -> Element:
    return el("label", f"{text} ", control)


def _choice(of: str, values: Sequence[str]) -> Element:
    options = [el("option", _EVIDENCE.get(value, value), value=value) for value in values]
    return el("select", el("option", "any", value=""), options, name=of, autocomplete="off")


def _columns() -> Element:
    """For a screen too narrow for heads; the order of the page is by cost."""
    listed = enumerate(COLUMNS)
    options = [el("option", head, value=column, selected="" if column == BY_COST else None) for column, head in listed]
    return el("select", options, name="sort", autocomplete="off")


def _lines(document: ReportDocument, number: int, workload: Workload) -> Element:
    """A workload: its line, its details, and what it is sorted and filtered by.

    Hundreds of them make up a third of the page, so nothing is said twice: `table.js` adds roles, CSS adds labels.
    """
    currency, tokens, saving = document["spend"]["currency"], workload["tokens"], workload["savings"]
    cells: list[Content] = [
        el("span", workload["verdict"], class_=f"chip {workload['verdict']}"),
        words.percent(workload["request_share"]),
        words.percent(workload["cost_share"]),
        words.money(workload["cost"], currency),
        words.tokens(tokens["input"]["p50"]),
        words.tokens(tokens["output"]["p50"]),
        words.evidence(workload),
        words.money(saving["point"], currency),
    ]
    pairs = workload["pairs"] if workload["evidence"] == "measured" else -list(_EVIDENCE).index(workload["evidence"])
    keys = (
        _VERDICTS.index(workload["verdict"]),
        workload["requests"],
        workload["cost"],
        workload["cost"],
        tokens["input"]["p50"],
        tokens["output"]["p50"],
        pairs,
        saving["point"],
    )
    title = el("div", el("i", f"{number}"), name(words.clean(workload["name"], 120)), class_="title")
    return el(
        "tbody",
        el("tr", el("th", title, scope="row"), [el("td", cell) for cell in cells]),
        el("tr", el("td", _details(document, workload), colspan=len(COLUMNS)), class_="more"),
        data_keys=" ".join(f"{float(key):.7g}" for key in keys),
        data_evidence=workload["evidence"],
    )


def _details(document: ReportDocument, workload: Workload) -> Element:
    """All that is known of a workload, what to do first."""
    step, currency, tokens = advice.act(document, workload), document["spend"]["currency"], workload["tokens"]
    endpoint, incumbent = words.clean(workload["endpoint"], 200), words.clean(workload["incumbent"])
    rule, shape = (words.clean(workload.get(key, ""), 300) for key in ("rule_in_words", "shape_in_words"))
    traffic = (
        f"{number_of(workload['requests'], 'request')}, {words.percent(workload['request_share'])} of all; "
        f"{words.money(workload['cost'], currency)}, {words.percent(workload['cost_share'])} of all cost"
    )
    input_most, output_most = (words.tokens(tokens[side]["p95"]) for side in ("input", "output"))
    cached = f"{words.percent(tokens['cache_read_share'])} of input is cached"
    rows: list[tuple[str, Content]] = [
        ("Do next", [code(step.why), el("code", step.command, class_="command") if step.command else None]),
        ("Why", " ".join(words.reasons(document, workload))),
        ("Evidence", _lines_of(_evidence(workload))),
        ("If moved", _saving(workload, currency)),
        ("Traffic", traffic),
        ("Endpoint", [name(endpoint), " on ", name(incumbent)]),
        ("Shape", f"{shape or f'95th percentile {input_most} tokens in, {output_most} out'}; {cached}"),
        ("Rule", name(rule) if rule else None),
        ("Task", _task(workload)),
        ("Risk", f"{workload['risk']} of 4"),
        ("Id", el("code", words.clean(workload["id"]))),
    ]
    return el("dl", [[el("dt", term), el("dd", said)] for term, said in rows if said is not None and said != ""])


def _saving(workload: Workload, currency: str) -> str:
    """Signed, with its bounds, and how many escalations would use it up."""
    saving, most = workload["savings"], workload["break_even_escalation"]
    bounds = words.span(saving, "money", currency)
    said = f"saves {words.money(saving['point'], currency)} in the window"
    said += f" ({bounds})" if bounds != "no range" else ""
    return said if most is None else f"{said}; breaks even at {words.percent(most)} escalated"


def _task(workload: Workload) -> str:
    """A guess is shown and used in no number; a confirmed task decides which published results count."""
    if workload["task_type"] is None:
        return "unknown"
    if workload["task_confidence"] == 1:
        return f"{words.clean(workload['task_type'].replace('_', ' '), 40)}, confirmed in audit.toml"
    return f"{words.task(workload)}, a guess"


def _lines_of(lines: Sequence[str]) -> Content:
    return [lines[0], [small(line) for line in lines[1:]]]


def _evidence(workload: Workload) -> list[str]:
    """What the verdict rests on: the interval, the tests, what weighs less, what is missing."""
    loss, needed = workload["quality_loss"], workload["pairs_needed"]
    lines = [words.evidence(workload)]
    if loss is not None:
        bounds = f"{words.points(loss['low'])} to {words.points(loss['high'])}"
        lines.append(f"loss {words.points(loss['point'])} ({bounds}), margin {words.points(loss['margin'])}")
        lines += words.pooled(loss)
    if (tests := proof.tests(workload)) is not None:
        lines.append(tests)
    if needed is not None:
        lines.append(words.more_pairs(needed))
    return [*lines, *proof.weighing(workload), *proof.disagreement(workload)]
