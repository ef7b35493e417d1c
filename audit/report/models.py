"""The part of the page that sets the models side by side; no verdict and no saving rests on it."""

from collections.abc import Container
from xml.etree.ElementTree import Element

from audit.counting import number_of
from audit.report import words
from audit.report.document import ReportDocument
from audit.report.markup import Content, el
from audit.report.model_charts import placed, seconds, timed
from audit.report.published import AnswerTime, KnownModel
from audit.report.queries import disclosure
from audit.report.tables import figure, name, part, table

NAMED = 12
"""Models without an index that are named; the table has the price of all."""


def section(document: ReportDocument, drawn: Container[str]) -> Element | None:
    """Intelligence against price, and time of an answer; None for a document that knows neither."""
    content = [
        element for element in (_intelligence(document, drawn), _latency(document, drawn)) if element is not None
    ]
    if not content:
        return None
    return part(
        "models",
        "How able, how dear, how fast the models are",
        "General figures about the models, not about your traffic: whether the cheaper one is good enough for that is "
        "answered under Quality.",
        content,
    )


def _intelligence(document: ReportDocument, drawn: Container[str]) -> Element | None:
    found = document.get("intelligence")
    if found is None or not found["models"]:
        return None
    currency, shown = document["spend"]["currency"], placed(document)
    rows: list[list[Content]] = [
        [
            name(words.clean(each["model"])),
            each["role"],
            "n/a" if each["intelligence_index"] is None else f"{each['intelligence_index']:.1f}",
            words.money(each["usd_per_request"], currency),
            "none known" if each["source"] is None else _source(each["source"], each["checked_on"]),
        ]
        for each in found["models"]
    ]
    size = f"{number_of(found['input_tokens'], 'token')} in and {words.count(found['output_tokens'])} out"
    data = table(
        f"Published index and list price of {size}", ["Model", "Role", "Index", "Price", "Source"], rows, (2, 3)
    )
    summary = f"One request of {size}. The index sums up public benchmarks; it knows nothing of your prompts. "
    if "intelligence" in drawn:
        return figure(
            "intelligence",
            "Intelligence and price",
            summary + _unplaced(found["models"], shown),
            data,
            drawn=True,
            sql=disclosure(document, "intelligence"),
        )
    return el(
        "div",
        el("p", "No two of these models have a published index here, so there is no chart.", class_="small"),
        data,
        disclosure(document, "intelligence"),
    )


def _unplaced(models: list[KnownModel], shown: list[KnownModel]) -> str:
    """Who is not on the chart, by name."""
    missing = [words.clean(each["model"], 40) for each in models if each not in shown]
    if not missing:
        return ""
    more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
    return f"No index or price is known here of {', '.join(missing[:NAMED])}{more}: not drawn."


def _latency(document: ReportDocument, drawn: Container[str]) -> Element | None:
    found = document.get("latency")
    if found is None:
        return None
    pair = [words.clean(document["pair"][side], 40) for side in ("incumbent", "candidate")]
    rows: list[list[Content]] = [
        [
            name(words.clean(line.title)),
            "log" if line.is_logged else "published",
            *(_spread(times) for times in (line.incumbent, line.candidate)),
        ]
        for line in timed(document)
    ]
    sources = [_published(each) for each in found["models"] if each["published"]]
    data = el(
        "div",
        table("Seconds of an answer", ["What was timed", "By", *pair], rows, (2, 3)),
        [el("p", f"Published of {line}.", class_="small muted") for line in sources],
    )
    if "latency" in drawn:
        sql = disclosure(document, "latency")
        return figure("latency", "How long an answer takes", verdict(document), data, drawn=True, sql=sql)
    return el("p", verdict(document), class_="small")


def _published(model: AnswerTime) -> str:
    speed = model["published"]
    if speed is None:
        return ""
    return (
        f"{words.clean(model['model'], 40)}: {speed['output_tokens_per_second']:,.1f} output tokens a second, first "
        f"token after {speed['time_to_first_token_seconds']:.2f} s ({_source(speed['source'], speed['checked_on'])})"
    )


def verdict(document: ReportDocument) -> str:
    """Which model is slower and by whose word, in a sentence; the chart's numbers for those who cannot see it."""
    found = document.get("latency")
    incumbent, candidate = (words.clean(document["pair"][side], 40) for side in ("incumbent", "candidate"))
    if found is None or not (lines := timed(document)):
        logged = [each for each in found["models"] if each["seconds"] is not None] if found else []
        known = "".join(f" {words.clean(each['model'], 40)} takes {seconds(each['seconds'] or 0)}." for each in logged)
        return f"Unclear: the log does not time both models and no published speed of both is known here.{known}"
    first = lines[0]
    before, after = first.incumbent[1], first.candidate[1]
    slower = "about as long" if abs(after - before) < 0.05 * before else "longer" if after > before else "less"
    times = f"{seconds(before)} on {incumbent} and {seconds(after)} on {candidate}"
    how = f"{candidate} takes {slower}" + ("." if slower == "about as long" else f" ({after / before:.1f} times).")
    if not first.is_logged:
        said = f"an answer of {words.tokens(found['output_tokens'])} tokens, the mean of this traffic, takes {times}"
        return (
            f"The log does not time both models. By published speed (hollow marks) {said}: {how} Measure it in a pilot."
        )
    same = found["like_for_like"]
    if same is None:
        return f"{words.clean(first.title)}: {times}. {how} Lines are 95% intervals; an observation, not an experiment."
    counts = f"{words.count(same['incumbent_requests'])} and {number_of(same['candidate_requests'], 'request')}"
    return (
        f"In the log, for the same endpoints and input lengths ({counts}): {times} on average. {how} Lines are 95% "
        "intervals, known by workload only; who was sent where was somebody's choice, so this is no experiment."
    )


def _spread(times: tuple[float, float, float]) -> str:
    low, point, high = times
    return seconds(point) if low == high else f"{seconds(point)} ({seconds(low)} to {seconds(high)})"


def _source(source: str, checked_on: str | None) -> str:
    """Where a figure was read and when; without a scheme, since no address of the page can be asked for."""
    shown = words.clean(source.removeprefix("https://").removeprefix("http://"), 120)
    return shown if checked_on is None else f"{shown}, read {words.clean(checked_on, 20)}"
