"""What if: the controls of the page that ask for the totals again, and the sums behind them. Two scripts do the rest.

The arithmetic is that of `audit.savings.whatif`, which `Report.what_if` and a test compare the page with.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from audit.counting import number_of
from audit.report import words
from audit.report.document import LEVELS, ReportDocument
from audit.report.markup import Content, el
from audit.report.tables import name, part, table

if TYPE_CHECKING:
    from audit.savings.whatif import Candidate, Inputs

DIGITS = 12
"""Significant digits of an embedded sum: below a cent of any bill, and half as long as all of them."""

TITLES = {"measured": "Measured", "expected": "Expected", "ceiling": "Ceiling", "choice": "Your choice"}
MEANS = (
    "Measured: ticked workloads that outcomes prove. Expected: these, and each ticked pilot by its chance of passing. "
    "Ceiling: everything ticked, where it saves. Your choice: everything ticked moves as it is, proven or not, saving "
    "or not. Each is a single figure without an interval of its own: under other settings it is no surer than the "
    "interval in the report."
)

PRESETS = {
    "all": "All",
    "route": "Only what is measured",
    "pilot": "Measured and pilots",
    "none": "None",
}


def section(document: ReportDocument) -> Element | None:
    """The part of the page; None for a document that carries no sums."""
    inputs = document.get("what_if")
    if inputs is None:
        return None
    incumbent = words.clean(document["pair"]["incumbent"], 40)
    return part(
        "what-if",
        "What if?",
        f"A tick lets a workload move; without it the workload stays on {incumbent} and is in no total. Verdicts do "
        "not change here: what is not proven never counts as measured. The address of the page keeps the settings; "
        "copy it to share what you see.",
        el("p", "This part needs scripts, which are switched off here.", class_="note", id="what-if-off"),
        el(
            "div",
            el("ul", [_total(line, title) for line, title in TITLES.items()], class_="what-if-totals"),
            el("p", MEANS, class_="small muted"),
            el(
                "div",
                el("p", id="what-if-state"),
                el("button", "Reset", type="button", value="reset"),
                class_="what-if-state",
            ),
            el("p", id="what-if-ignored", class_="note", hidden="hidden"),
            el("p", id="what-if-said", class_="unseen", role="status", aria_live="polite"),
            _controls(document, inputs),
            _ticks(document),
            id="what-if-panel",
            hidden="hidden",
        ),
    )


def data(document: ReportDocument) -> dict[str, object] | None:
    """What the script reads: the document's sums, shortened, and how amounts are shown."""
    inputs = document.get("what_if")
    if inputs is None:
        return None
    currency, monthly = document["spend"]["currency"], words.basis(document) == "monthly"
    whole = [(each["requests"], _short(each["list_cost"])) for each in inputs["workloads"]]
    return {
        **inputs,
        "list_cost": _short(inputs["list_cost"]),
        "workloads": [
            {
                **each,
                "pass_probability": _short(each["pass_probability"]),
                "output_ratio": None if each["output_ratio"] is None else _short(each["output_ratio"]),
                "list_cost": cost,
                "name": words.clean(title, 120),
            }
            for each, (_, cost), title in zip(inputs["workloads"], whole, _names(document, inputs), strict=True)
        ],
        "candidates": [_shortened(candidate, whole) for candidate in inputs["candidates"]],
        "incumbent": words.clean(document["pair"]["incumbent"], 40),
        "is_monthly": monthly and inputs["monthly_multiplier"] is not None,
        "per": words.per(document),
        "spans": {level: words.span(words.saving(document, level), "money", currency) for level in LEVELS},
        "prefix": "$" if currency == "USD" else f"{words.clean(currency, 12)} ",
    }


def _shortened(candidate: "Candidate", whole: Sequence[tuple[int, float]]) -> dict[str, object]:
    """A candidate without what the workloads say already; `moved` and `gates` by position, where a gate stops some."""
    moved = zip(candidate["requests"], map(_short, candidate["list_cost"]), strict=True)
    return {
        "model": words.clean(candidate["model"], 60),
        "input_cost": [_short(cost) for cost in candidate["input_cost"]],
        "output_cost": [_short(cost) for cost in candidate["output_cost"]],
        "moved": {index: each for index, each in enumerate(moved) if each != whole[index]},
        "gates": {index: gate for index, gate in enumerate(candidate["gates"]) if gate is not None},
    }


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _names(document: ReportDocument, inputs: "Inputs") -> list[str]:
    """The workloads' names; one that a gate stops as a whole has only the name of what the gate stops."""
    by_id = {workload["id"].partition(":")[0]: workload["name"] for workload in document["workloads"]}
    by_id |= {workload["id"]: workload["name"] for workload in document["workloads"]}
    return [by_id.get(workload["id"], workload["id"]) for workload in inputs["workloads"]]


def _total(line: str, title: str) -> Element:
    return el(
        "li",
        el("h3", title, class_="overline"),
        el("p", el("data", class_="saving"), el("span", class_="per"), class_="big"),
        *(el("p", class_=f"small {place}") for place in ("share", "moves", "before muted")),
        id=f"what-if-{line}",
        class_=f"card level {line}",
    )


def _controls(document: ReportDocument, inputs: "Inputs") -> Element:
    incumbent = words.clean(document["pair"]["incumbent"], 40)
    without = sum(1 for workload in inputs["workloads"] if workload["output_ratio"] is None)
    lengths = number_of(without, "workload")
    own, *others = [_option(candidate) for candidate in inputs["candidates"]]
    groups = [el("optgroup", own, label="Of this report")]
    groups += [el("optgroup", others, label="Cheaper too, nothing measured here")] if others else []
    return el(
        "fieldset",
        el("legend", "Settings"),
        _control(
            "candidate",
            "Candidate",
            el("select", groups, id="what-if-candidate", aria_describedby="what-if-candidate-means"),
            "Another candidate has no outcomes in this report: only its ceiling and your choice count. It is given "
            "the same input tokens; if it reasons before it answers, raise the output ratio.",
        ),
        _slider("escalation_rate", "Escalation", f"Share of moved answers that {incumbent} answers again, paid twice."),
        _slider(
            "output_ratio",
            "Output ratio",
            f"Candidate tokens per token of today's answers, where no pair has measured it: {lengths}, and all on "
            "another candidate. The ceiling takes at most 1 for them.",
        ),
        _slider("growth", "Traffic growth", "More or less of every request, on every model."),
        _slider("discount", "Discount", f"Off every price, of {incumbent} and candidate alike."),
        class_="what-if-controls card",
    )


def _option(candidate: "Candidate") -> Element:
    end = "" if candidate["retires_on"] is None else f" (until {words.clean(candidate['retires_on'], 10)})"
    return el("option", words.clean(candidate["model"], 60), end, value=words.clean(candidate["model"], 60))


def _slider(setting: str, title: str, means: str) -> Element:
    from audit.savings.whatif import REACH

    reach = REACH[setting]
    return _control(
        setting,
        title,
        el(
            "input",
            type="range",
            id=f"what-if-{setting}",
            min=reach.low,
            max=reach.high,
            step=reach.step,
            aria_describedby=f"what-if-{setting}-means",
        ),
        means,
        el("output", for_=f"what-if-{setting}"),
    )


def _control(setting: str, title: str, control: Element, means: str, shown: Element | None = None) -> Element:
    return el(
        "div",
        el("label", title, for_=f"what-if-{setting}"),
        shown,
        control,
        el("p", means, id=f"what-if-{setting}-means", class_="small muted"),
        class_="control",
    )


def _ticks(document: ReportDocument) -> Element:
    """The list of workloads with one row, the model from which the script makes all: 500 of them weigh a lot."""
    row: list[Content] = [el("label", el("input", type="checkbox"), name("")), el("span", class_="chip"), "", ""]
    heads = ["May move", "Verdict", f"Costs {words.per(document)}", f"Saves {words.per(document)}"]
    buttons = [el("button", title, type="button", value=kind) for kind, title in PRESETS.items()]
    return el(
        "fieldset",
        el("legend", "Workloads that may move"),
        el("p", buttons, class_="what-if-buttons"),
        table("Workloads of the incumbent, and what each would save with these settings", heads, [row], (2, 3)),
        class_="what-if-ticks card",
    )
