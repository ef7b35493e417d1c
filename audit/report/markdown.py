"""The report as a comment on a pull request: headline, levels, workloads, what next; never longer than GitHub takes."""

from collections.abc import Iterable, Sequence

from audit.counting import number_of
from audit.report import advice, words
from audit.report.bill import MARK, untied
from audit.report.document import LEVELS, Interval, ReportDocument, Workload
from audit.report.figures import by_cost
from audit.report.literal import code, literal, prose

LONGEST = 65_536
"""Characters of a comment on GitHub."""
LISTED, FOLDED = 10, 60
"""Workloads in the table, and behind `details`; `--json` and `--csv workloads` have all of them."""

HEADS = ("Verdict", "Workload", "Requests", "Cost", "Evidence", "Loss (95%)", "If moved")
NUMERIC = (2, 3, 5, 6)


def render_markdown(document: ReportDocument) -> str:
    """The comment as text, GitHub-flavoured; of very long names fewer are listed."""
    drafts = (_comment(document, folded) for folded in range(FOLDED, -1, -10))
    return next((draft for draft in drafts if len(draft) <= LONGEST), "")


def _comment(document: ReportDocument, most_folded: int) -> str:
    ranked = by_cost(document)
    listed, more = ranked[:LISTED], ranked[LISTED : LISTED + most_folded]
    left = len(ranked) - len(listed) - len(more)
    heads = ("", "Requests", "of requests", "of cost", f"Saving {words.per(document)}", "of spend")
    steps = [
        f"{number}. {code(step.command, 200)}<br>{prose(step.why)}"
        for number, step in enumerate(advice.next_steps(document), start=1)
    ]
    parts = [
        *_opening(document),
        markdown_table(heads, _levels(document)),
        *(["**Workloads, most cost first; savings are of the window**", _table(document, listed)] if listed else []),
        *(folded(number_of(len(more), "more workload"), _table(document, more)) if more else []),
        *([f"{number_of(left, 'more is', 'more are')} in {code('audit report --csv workloads')}."] if left else []),
        "**How sure is this?**",
        bullets(advice.certainty(document)),
        "**What to do next**",
        "\n".join(steps),
    ]
    return "\n\n".join(parts) + "\n"


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]], numeric: Sequence[int] | None = None) -> str:
    """A table; all columns but the first are set to the right unless `numeric` says which."""
    right = range(1, len(heads)) if numeric is None else numeric
    rule = ["---:" if column in right else "---" for column in range(len(heads))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows))


def folded(summary: str, content: str) -> list[str]:
    """Content that opens on a click."""
    return [f"<details><summary>{summary}</summary>", content, "</details>"]


def bullets(sentences: Iterable[str]) -> str:
    """A list of sentences."""
    return "\n".join(f"- {prose(sentence)}" for sentence in sentences)


def ranged(point: str, bounds: str) -> str:
    """A value with its bounds; a value that has none stands alone."""
    return f"{point} ({bounds})" if bounds else point


def bounds(interval: Interval, show: words.Shown, currency: str = "USD") -> str:
    """The bounds of an interval, nothing where both read the same."""
    return words.span(interval, show, currency, same="")


def _opening(document: ReportDocument) -> list[str]:
    pair, spend, currency = document["pair"], document["spend"], document["spend"]["currency"]
    expected = words.saving(document, "expected")["point"]
    share = document["savings"]["expected"]["share_of_spend"]["point"]
    failed = [words.clean(check["name"]) for check in document["checks"] if not check["ok"]]
    bill = untied(document)
    amount = f"{words.money(words.spend(document), currency)} {words.per(document)}"
    return [
        f"### {code(pair['incumbent'], 40)} to {code(pair['candidate'], 40)}: expected to save "
        f"{words.money(expected, currency)} of {amount} ({words.percent(share)})",
        *([f"**Do not quote these figures.** Failed checks: {literal(', '.join(failed), 400)}."] if failed else []),
        *([f"**{MARK}** {prose(bill)}"] if bill else []),
        f"> {prose(words.PROJECTION)}",
        f"{literal(words.window(document))}: {number_of(document['requests']['total'], 'request')}, "
        f"{words.money(spend['list_cost'], currency)} list cost.",
        *([bullets(document.get("warnings", []))] if document.get("warnings") else []),
    ]


def _levels(document: ReportDocument) -> list[list[str]]:
    currency, rows = document["spend"]["currency"], list[list[str]]()
    for level in LEVELS:
        routable, saving = document["routable"][level], words.saving(document, level)
        shares = (routable["request_share"], routable["cost_share"])
        of_spend = document["savings"][level]["share_of_spend"]
        rows.append([
            level,
            words.count(routable["requests"]["point"]),
            *(ranged(words.percent(share["point"]), bounds(share, "percent")) for share in shares),
            ranged(f"**{words.money(saving['point'], currency)}**", bounds(saving, "money", currency)),
            ranged(words.percent(of_spend["point"]), bounds(of_spend, "percent")),
        ])  # fmt: skip
    return rows


def _table(document: ReportDocument, workloads: Sequence[Workload]) -> str:
    currency = document["spend"]["currency"]
    rows = [
        [
            f"**{workload['verdict']}**",
            f"{code(workload['name'])}<br>{literal(_because(workload), 200)}",
            words.percent(workload["request_share"]),
            words.percent(workload["cost_share"]),
            words.evidence(workload),
            _loss(workload),
            words.money(workload["savings"]["point"], currency),
        ]
        for workload in workloads
    ]
    return markdown_table(HEADS, rows, NUMERIC)


def _because(workload: Workload) -> str:
    reasons = [code.replace("_", " ") for code in words.own_reasons(workload)]
    needed = workload["pairs_needed"]
    return "; ".join([*reasons, *([] if needed is None else [words.more_pairs(needed)])])


def _loss(workload: Workload) -> str:
    loss = workload["quality_loss"]
    if loss is None:
        return ""
    between = f"{words.points(loss['low'])} to {words.points(loss['high'])}"
    return f"{words.points(loss['point'])} ({between}), margin {words.points(loss['margin'])}"
