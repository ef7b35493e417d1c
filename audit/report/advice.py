"""What a report says about its own certainty, and which commands come next.

Sentences only: which ones appear depends on the document, no number is computed here.
"""

from collections.abc import Sequence
from shlex import quote
from typing import NamedTuple

from audit.counting import number_of
from audit.evidence.reasons import MISJUDGED
from audit.report import cascades, queries, words
from audit.report.document import ReportDocument, Workload


class Step(NamedTuple):
    """One thing to do: the command that does it and why."""

    command: str
    why: str


def certainty(document: ReportDocument) -> list[str]:
    """How sure the headline is, from what is proven to what would make it wrong."""
    workloads, currency, period = document["workloads"], document["spend"]["currency"], words.per(document)
    proven = [words.clean(workload["name"], 40) for workload in workloads if workload["verdict"] == "route"]
    more = " and others" if len(proven) > 3 else ""
    sentences = [
        f"Proven by paired outcomes: {', '.join(proven[:3])}{more}."
        if proven
        else "Nothing is proven yet: no workload has enough paired outcomes within its margin."
    ]
    if any(workload["verdict"] == "pilot" for workload in workloads):
        spread = words.span(words.saving(document, "expected"), "money", currency, same=None)
        sentences.append(f"The expected saving also rests on public base rates: {spread} {period}.")
    days = f"{float(document['window']['days']):,.1f} days"
    sentences.append(
        f"Monthly figures scale {days} of traffic to a month."
        if words.basis(document) == "monthly"
        else f"Figures are of the window ({days}) and not scaled to a month."
    )
    sentences += cascades.judges(document)
    sentences += _switched_off(document)
    failed = [words.clean(check["name"]) for check in document["checks"] if not check["ok"]]
    if failed:
        sentences.append(f"Do not quote these figures: failed checks ({', '.join(failed)}).")
    return sentences


def _switched_off(document: ReportDocument) -> list[str]:
    """When the models of the pair are gone."""
    families = (document["pair"]["incumbent"], document["pair"]["candidate"])
    concerned = [row for row in document.get("retirements", []) if row["model"].startswith(families)]
    if not concerned:
        return []
    days: dict[str, set[str]] = {}
    for row in concerned:
        days.setdefault(words.clean(row["model"]), set()).add(words.clean(row["date"], 20))
    together: dict[tuple[str, ...], list[str]] = {}
    for model in sorted(days):
        together.setdefault(tuple(sorted(days[model])), []).append(model)
    told = (
        f"{', '.join(together[ends])} on {' or '.join(ends)}{', by provider' if len(ends) > 1 else ''}"
        for ends in sorted(together)
    )
    return [f"Switched off: {'; '.join(told)}. No saving counts beyond that day."]


def next_steps(document: ReportDocument) -> list[Step]:
    """The commands to run next, most valuable first; never empty."""
    verdicts = {workload["verdict"] for workload in document["workloads"]}
    requests = document["requests"]
    steps: list[Step] = []
    if requests["total"] == 0 and document["rows"]["loaded"]:
        return [
            Step("audit status", "No loaded request is in these days: it says which days are loaded. Ask about others.")
        ]
    if requests["total"] == 0:
        return [Step("audit load PATH", "There is no traffic yet. `audit formats` lists the exports it reads.")]
    if any(not check["ok"] for check in document["checks"]):
        steps.append(Step("audit status", "A check failed: look at what was loaded before quoting a number."))
    pilots = [workload for workload in document["workloads"] if workload["verdict"] == "pilot"]
    if undecided := [workload for workload in pilots if workload["pairs_needed"] is not None]:
        steps.append(_replay(document, undecided))
    stuck = [workload for workload in pilots if workload["pairs_needed"] is None]
    if misjudged := [words.clean(each["name"], 40) for each in stuck if MISJUDGED & set(each["reasons"])]:
        steps.append(
            Step(
                "audit outcomes show",
                f"More pairs do not decide {misjudged[0]}: check what scored its answers, and add them scored anew.",
            )
        )
    if divided := [words.clean(each["name"], 40) for each in stuck if not MISJUDGED & set(each["reasons"])]:
        steps.append(
            Step(
                "audit report --html FILE",
                f"More pairs do not decide {divided[0]}: its parts disagree. Give the parts endpoints of their own, "
                "which a router can see, and decide each.",
            )
        )
    if "route" in verdicts:
        steps.append(
            Step(
                f"audit plan{queries.options(document['pair'], document.get('question'))} --out plan.json",
                "Move what is proven, a small share at a time: the stages, what to watch, and what stops each.",
            )
        )
    if requests["unpriced"]:
        steps.append(
            Step(
                "audit prices MODEL --template", "Some traffic has no price and is not counted: put it into prices.csv."
            )
        )
    if not steps:
        steps.append(
            Step("audit compare", "Nothing can move on this pair: see what each model you pay for could move to.")
        )
    return steps


def _replay(document: ReportDocument, pilots: Sequence[Workload]) -> Step:
    """What to measure next: the pilot with most to gain, and how many pairs it takes."""
    first = max(pilots, key=lambda workload: float(workload["savings"]["point"]))
    needed = first["pairs_needed"]
    amount = f"about {number_of(needed, 'pair decides', 'pairs decide')}"
    on = f"{words.clean(first['endpoint'], 40)} ({amount}) on {words.clean(document['pair']['candidate'], 40)}"
    if _is_all_in_buckets(document):
        return Step(
            "audit outcomes add FILE",
            f"Replay requests of {on}, score both answers, add the scores; pilots then become route or keep.",
        )
    return Step(
        _sample(document, first),
        f"Replay requests of {on}: it writes them as Batch input. `audit outcomes add OUTPUT --sample audit-sample` "
        "brings the answers back; pilots then become route or keep.",
    )


def act(document: ReportDocument, workload: Workload) -> Step:
    """What one verdict asks somebody to do; no command where it is done outside of this tool, or nothing is."""
    candidate, incumbent = words.clean(document["pair"]["candidate"], 40), words.clean(workload["incumbent"], 40)
    if workload["verdict"] == "route":
        return Step("", f"Let your router send these requests to {candidate}: a small share first, and watch it.")
    if workload["verdict"] == "keep":
        cascade = workload.get("cascade")
        behind = " A check of the candidate's answers would let them move: see Checks."
        return Step("", f"Leave these requests on {incumbent}.{behind if cascade and cascade['beats_direct'] else ''}")
    needed = workload["pairs_needed"]
    if needed is None and MISJUDGED & set(workload["reasons"]):
        return Step("", "More pairs do not decide it: check what scored the answers, and add them scored anew.")
    if needed is None:
        return Step("", "More pairs do not decide it: give its parts endpoints of their own and decide each.")
    decide = number_of(needed, "more pair decides", "more pairs decide")
    if _is_all_in_buckets(document):
        return Step("audit outcomes add FILE", f"About {decide}: replay requests and score both answers.")
    return Step(_sample(document, workload), f"About {decide}.")


def _is_all_in_buckets(document: ReportDocument) -> bool:
    """Whether there is no single request to draw a sample from."""
    return document.get("data_quality", {}).get("requests_in_buckets", 0) == document["requests"]["total"]


def _sample(document: ReportDocument, workload: Workload) -> str:
    """The command that draws a sample of a workload, to be pasted as it is."""
    asked = queries.options(document["pair"], document.get("question"), is_scaled=False)
    return f"audit sample{asked} --workload {quote(words.clean(workload['id'], 80))}"
