"""What a verdict rests on beside its interval: tests, pairs that count less or not at all, parts that differ.

Shared by the text and the page, so that they say the same. Everything here may be missing from a document.
"""

from collections.abc import Sequence
from typing import Literal
from xml.etree.ElementTree import Element

from audit.counting import number_of
from audit.report import words
from audit.report.document import ReportDocument, Workload
from audit.report.evidence import Measure, Observed, ObservedModel, Strata
from audit.report.figures import by_cost
from audit.report.markup import Content, el
from audit.report.queries import disclosure
from audit.report.tables import name, small, table

KINDS = {"stratum": "strata of the sample", "workload": "workloads", "input_length": "thirds by input length"}
"""What tells parts apart, as a plural."""

P_MEANS = (
    "p: the chance of pairs this good if the loss were just at the margin; among all tested: the same with every "
    "workload counted that this report decides on (Holm). A route needs the second to be at most alpha, an assumption."
)

READINGS = {
    "within": "within the margin",
    "above": "above the margin",
    "open": "not decided",
    "suspect": "scored implausibly",
}

WORST = 3
"""Parts named in one line of text; the page and --json have all of them."""

Logged = Literal[
    "error_rate",
    "truncation_rate",
    "retry_rate",
    "feedback_score",
    "output_tokens",
    "duration_ms",
    "time_to_first_chunk_ms",
]
SIDES: tuple[Literal["incumbent", "candidate"], ...] = ("incumbent", "candidate")

Form = Literal["percent", "number", "tokens", "seconds"]
MEASURES: tuple[tuple[Logged, str, Form], ...] = (
    ("error_rate", "Errors", "percent"),
    ("truncation_rate", "Cut off", "percent"),
    ("retry_rate", "Asked again", "percent"),
    ("feedback_score", "Feedback", "number"),
    ("output_tokens", "Output tokens", "tokens"),
    ("duration_ms", "Seconds", "seconds"),
    ("time_to_first_chunk_ms", "First token", "seconds"),
)
"""Key of the document, head of the column, and how its numbers are written."""


def p_value(value: float | None) -> str:
    """A p-value with three digits.

    >>> p_value(0.0251), p_value(0.00001), p_value(None)
    ('0.025', '<0.001', 'n/a')
    """
    if value is None:
        return "n/a"
    return "<0.001" if value < 0.0005 else f"{value:.3f}"


def tests(workload: Workload) -> str | None:
    """Both p-values of the test against the margin, None without outcomes of these models."""
    loss, alone = workload["quality_loss"], workload.get("p_value")
    if loss is None or alone is None:
        return None
    adjusted = None if loss["adjusted_p"] is None else float(loss["adjusted_p"])
    return f"p {p_value(float(alone))} alone, {p_value(adjusted)} among all tested"


def weighing(workload: Workload) -> list[str]:
    """Pairs that count for less, and pairs that do not count, each with the reason."""
    effective, lines = workload.get("pairs_effective"), list[str]()
    if effective is not None and round(float(effective)) < workload["pairs"]:
        lines.append(f"{number_of(workload['pairs'], 'pair counts', 'pairs count')} for {words.count(effective)}")
    if discounted := workload.get("pairs_discounted"):
        lines.append(number_of(discounted, "older pair") + " discounted")
    for refused in workload.get("pairs_refused", []):
        lines.append(f"{number_of(refused['pairs'], 'pair')} refused ({words.humanised(refused['reason'])})")
    return lines


def disagreement(workload: Workload) -> list[str]:
    """The parts of a workload whose parts disagree, worst first, and whether a router can tell them apart."""
    strata = workload.get("strata")
    if strata is None or not strata["disagree"]:
        return []
    ranked = sorted(strata["parts"], key=lambda part: -float(part["point"]))
    shown = ranked if len(ranked) <= 2 * WORST else [*ranked[:WORST], *ranked[-WORST:]]
    parts = [
        f"{words.clean(part['name'], 40)} {words.points(part['low'])} to {words.points(part['high'])}"
        f" {READINGS.get(part['reading'], part['reading'])}"
        for part in shown
    ]
    left = f" ({len(ranked) - len(shown)} more between)" if len(shown) < len(ranked) else ""
    return [f"{KINDS[strata['kind']]} disagree{left}: {', '.join(parts)}", cut(strata)]


def cut(strata: Strata) -> str:
    """What a router could do about parts that disagree."""
    side, tokens = strata["cut_side"], strata["cut_tokens"]
    if side is None or tokens is None:
        return "no input length separates the parts within the margin, so a router cannot tell them apart beforehand"
    return f"a router could send only inputs {side} {number_of(tokens, 'token')}; measure that part by itself first"


def observations(document: ReportDocument) -> dict[str, Observed]:
    """What the log shows of both models, by workload id."""
    found = document.get("observational")
    return {} if found is None else {observed["id"]: observed for observed in found["workloads"]}


def seen(document: ReportDocument, workload: Workload) -> str | None:
    """What the log shows of both models in a line, None where it does not show both."""
    observed = observations(document).get(workload["id"])
    if observed is None:
        return None
    before, after = observed["incumbent"], observed["candidate"]
    told = [
        f"{head.lower()} {_short(before.get(key), form)} and {_short(after.get(key), form)}"
        for key, head, form in MEASURES
        if before.get(key) is not None and after.get(key) is not None
    ]
    counts = f"{words.count(before['requests'])} and {number_of(after['requests'], 'request')}"
    return f"observational, not counted: {counts} of the log on either model; {', '.join(told)}"


def details(document: ReportDocument) -> list[Element]:
    """Tables below the quality figure: pairs that count less, parts that differ, what the log shows of both models."""
    ranked = by_cost(document)
    weighed: list[list[Content]] = [
        [name(words.clean(workload["name"])), "; ".join(lines)] for workload in ranked if (lines := weighing(workload))
    ]
    found = [
        table(
            "Pairs that count for less, or not at all",
            ["Workload", "Pairs"],
            weighed,
            sql=disclosure(document, "pairs"),
        )
        if weighed
        else None,
        _strata(document, ranked),
        _observed(document, ranked),
    ]
    return [element for element in found if element is not None]


def _strata(document: ReportDocument, ranked: Sequence[Workload]) -> Element | None:
    """Every workload with parts that disagree, part by part."""
    rows: list[list[Content]] = []
    notes: dict[str, None] = {}
    for workload in ranked:
        strata = workload.get("strata")
        if strata is None or not strata["disagree"]:
            continue
        title = words.clean(workload["name"])
        notes[f"{title}: {cut(strata)}."] = None
        for part in strata["parts"]:
            bounds = f"{words.points(part['low'])} to {words.points(part['high'])}"
            cells: list[Content] = [
                el("div", name(title), small(f"{KINDS[strata['kind']]}: ", name(words.clean(part["name"], 60)))),
                words.count(part["pairs"]),
                words.points(part["point"]),
                bounds,
                p_value(float(part["adjusted_p"])),
                READINGS.get(part["reading"], part["reading"]),
            ]
            rows.append(cells)
    if not rows:
        return None
    heads = ["Part", "Pairs", "Loss", "95% interval", "Adjusted p", "Lies"]
    return el(
        "div",
        table(
            "Workloads whose parts disagree: not routed as a whole",
            heads,
            rows,
            range(1, 5),
            sql=disclosure(document, "strata"),
        ),
        [el("p", note, class_="small muted") for note in notes],
    )


def _observed(document: ReportDocument, ranked: Sequence[Workload]) -> Element | None:
    """The folded table of what the log shows of both models."""
    found, seen_both = document.get("observational"), observations(document)
    if found is None or not seen_both:
        return None
    rows = [
        _line(workload, seen_both[workload["id"]][side])
        for workload in ranked
        if workload["id"] in seen_both
        for side in SIDES
    ]
    heads = ["Workload and model", "Requests", *(head for _, head, _ in MEASURES)]
    return el(
        "details",
        el("summary", "Observational: what the log shows of both models"),
        el("p", words.clean(found["caveat"], 400), class_="small"),
        table(
            "Both models on the same workload, as logged; 95% intervals, no verdict rests on this",
            heads,
            rows,
            range(1, len(heads)),
            sql=disclosure(document, "observational"),
        ),
        id="observational",
    )


def _line(workload: Workload, model: ObservedModel) -> list[Content]:
    title = el("div", name(words.clean(workload["name"])), small(name(words.clean(model["model"], 60))))
    cells: list[Content] = [title, words.count(model["requests"])]
    for key, _, form in MEASURES:
        measure: Measure | None = model.get(key)
        if measure is None:
            cells.append("not logged")
        else:
            bounds = f"{_number(measure['low'], form)} to {_number(measure['high'], form)}"
            below = small(f"{bounds}, n {words.count(measure['count'])}")
            cells.append(el("div", _number(measure["point"], form), below))
    return cells


def _short(measure: Measure | None, form: Form) -> str:
    return "n/a" if measure is None else _number(measure["point"], form)


def _number(value: float, form: Form) -> str:
    if form == "percent":
        return words.percent(value)
    if form == "tokens":
        return words.count(value)
    if form == "seconds":
        return f"{value / 1000:,.{1 if value >= 1000 else 2}f}"
    return f"{value:,.2f}"
