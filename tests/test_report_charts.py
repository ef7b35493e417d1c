"""Charts say what the document says, at any size and to any eye, and the first screen says no more than is known."""

import math
from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any, Literal, cast

import pytest

from audit.report import opening
from audit.report.charts import charts
from audit.report.daily import NAMED, daily_table, series
from audit.report.document import LEVELS, ReportDocument
from audit.report.figures import COLOURS, SHOWN, templates
from audit.report.html import render_html
from audit.report.models import verdict
from tests.report_document import example_document
from tests.side_by_side import SAME, latency, observations
from tests.test_report_html import Page
from tests.wide_document import MODELS, wide_document

PAPER, SCREEN = "#ffffff", "#1b1f25"
"""What marks are drawn on: cards of the light and of the dark page."""

SEEN: dict[str, Sequence[Sequence[float]]] = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red cones": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "no green cones": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
}
"""Machado, Oliveira and Fernandes, IEEE TVCG 15 (2009), severity 1, on linear RGB."""


def linear(colour: str) -> list[float]:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2: (lighter + 0.05) / (darker + 0.05) of relative luminances."""
    light = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (linear(one), linear(other)))
    return (light[1] + 0.05) / (light[0] + 0.05)


def distance(one: str, other: str, sight: str) -> float:
    """CIE 1976 colour difference as somebody with that sight has it; 2.3 is just noticeable."""
    return math.dist(
        *(
            _lab([sum(m * c for m, c in zip(row, linear(each), strict=True)) for row in SEEN[sight]])
            for each in (one, other)
        )
    )


def _lab(rgb: Sequence[float]) -> tuple[float, float, float]:
    r, g, b = (min(1.0, max(0.0, part)) for part in rgb)
    xyz = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
    )
    x, y, z = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def figures(document: ReportDocument) -> dict[str, Any]:
    return cast(dict[str, Any], charts(document))


def test_marks_stand_out_on_paper_and_on_a_dark_screen_and_text_is_readable() -> None:
    for colour in {*COLOURS.values(), *(each.colour for each in series(wide_document(1, 2, 12)))}:
        assert min(contrast(colour, PAPER), contrast(colour, SCREEN)) >= 3, colour
    for name, card in (("light", PAPER), ("dark", SCREEN)):
        layout = cast(Any, templates()[name]["layout"])
        for font in (layout["font"], layout["xaxis"]["tickfont"], layout["annotationdefaults"]["font"]):
            assert contrast(font["color"], card) >= 4.5


@pytest.mark.parametrize("sight", SEEN)
def test_models_of_a_day_are_told_apart_by_every_eye(sight: str) -> None:
    colours = [each.colour for each in series(wide_document(1, 2, 12))]
    assert min(distance(*pair, sight) for pair in combinations(colours, 2)) > 10


@pytest.mark.parametrize("models", [1, 2, NAMED, NAMED + 1, 12])
def test_a_day_is_the_sum_of_all_its_models_however_many_are_named(models: int) -> None:
    document = wide_document(3, 90, models)
    stacked = figures(document)["daily"]["data"]
    assert len(stacked) == (models if models <= NAMED + 1 else NAMED + 1)
    for place, date in enumerate(stacked[0]["x"]):
        own = sum(float(day["list_cost"] or 0) for day in document.get("daily", []) if day["date"] == date)
        assert sum(trace["y"][place] for trace in stacked) == pytest.approx(own)
    names = [trace["name"] for trace in stacked]
    assert names[:NAMED] == list(MODELS[:models][:NAMED])
    assert names[NAMED:] == {NAMED + 1: [MODELS[NAMED]], 12: ["7 other models"]}.get(models, [])


def test_a_day_on_which_a_model_is_unpriced_is_no_day_of_no_cost() -> None:
    document = wide_document(1, 3, 12)
    days = document.get("daily", [])
    mine = [day for day in days if day["model"] == MODELS[1]]
    mine[1]["list_cost"] = None
    days.remove(mine[2])
    trace = next(each for each in figures(document)["daily"]["data"] if each["name"] == MODELS[1])
    assert trace["y"] == [mine[0]["list_cost"], None, 0]
    assert [shown for _, shown in trace["customdata"]][1:] == ["unpriced", "$0"]
    rows = [[cell.text for cell in row.iter("td")] for row in daily_table(document).iter("tr")]
    assert ["unpriced" in cells for cells in rows if cells] == [False, True, False]


def test_both_models_of_the_pair_are_named_however_little_they_cost() -> None:
    document = wide_document(1, 3, 12)
    document["pair"] = {"incumbent": MODELS[8], "candidate": MODELS[11]}
    found = {each.title: each.colour for each in series(document)}
    assert (found[MODELS[8]], found[MODELS[11]]) == (COLOURS["cost"], COLOURS["candidate"])


def test_mini_does_not_get_the_colour_of_the_family_whose_name_it_begins_with() -> None:
    document = wide_document(1, 3, 2)
    for day in document.get("daily", []):
        day["list_cost"] = 900.0 if "mini" in day["model"] else 1.0
    colours = {each.title: each.colour for each in series(document)}
    assert colours == {MODELS[1]: COLOURS["candidate"], MODELS[0]: COLOURS["cost"]}


@pytest.mark.parametrize("size", [1, 3, SHOWN, 500])
def test_charts_of_workloads_hold_as_many_as_can_be_told_apart(size: int) -> None:
    found = figures(wide_document(size, 2, 2))
    shown = min(size, SHOWN)
    assert [len(trace["y"]) for trace in found["shares"]["data"]] == [shown, shown]
    rows = found["shares"]["layout"]["annotations"]
    assert [note["text"].split()[0] for note in rows] == [str(number) for number in range(1, shown + 1)]
    assert len(found["quality"]["layout"]["annotations"]) <= SHOWN
    assert all(after["y"] - before["y"] == pytest.approx(1) for before, after in pairwise(rows))


def test_a_published_time_is_hollow_and_a_logged_one_has_its_interval() -> None:
    document = example_document()
    published = figures(document)["latency"]["data"]
    assert [trace["marker"]["symbol"] for trace in published] == [["circle-open"], ["diamond-open"]]
    assert not any("error_x" in trace for trace in published)
    document["latency"] = latency(SAME)
    document["observational"] = observations(document["workloads"][:3])
    both = figures(document)["latency"]
    assert len(both["layout"]["annotations"]) == 5
    timed = [trace for trace in both["data"] if "error_x" in trace]
    assert [len(trace["x"]) for trace in timed] == [3, 3]
    assert timed[0]["error_x"]["array"] == pytest.approx([0.6] * 3)
    assert [trace["name"] for trace in both["data"] if trace["showlegend"]] == ["gpt-4o", "gpt-4o-mini"]


def test_which_model_is_slower_is_said_by_the_log_first_then_by_a_source_else_not_at_all() -> None:
    document = example_document()
    assert "The log does not time both models" in verdict(document)
    assert "gpt-4o-mini takes longer (2.1 times)" in verdict(document)
    document["latency"] = latency(SAME)
    assert "gpt-4o-mini takes less (0.7 times)" in verdict(document)
    assert "12,000 and 3,100 requests" in verdict(document)
    silent = latency()
    for model in silent["models"]:
        model["published"] = None
    document["latency"] = silent
    assert verdict(document).startswith("Unclear:")
    assert "latency" not in figures(document)


def test_models_without_an_index_are_named_and_not_drawn() -> None:
    document = example_document()
    drawn = [trace["text"][0] for trace in figures(document)["intelligence"]["data"]]
    assert drawn == ["gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18"]
    page = Page(render_html(document)).text
    assert "No index or price is known here of house-llama-70b: not drawn." in page
    assert "models.example/compare, read 2026-03-05" in page
    document["intelligence"]["models"][0]["intelligence_index"] = None  # pyright: ignore[reportTypedDictNotRequiredAccess]
    assert "intelligence" not in figures(document)
    assert "there is no chart" in Page(render_html(document)).text


Case = Literal["wide", "nothing proven", "nothing movable", "all proven", "failed"]


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("wide", "Sure of the measured part. How much more is unclear."),
        ("nothing proven", "Unclear: nothing is proven yet."),
        ("nothing movable", "Nothing here is known to be movable."),
        ("all proven", "Proven: everything counted here rests on outcomes."),
        ("failed", "Not at all: a check failed."),
    ],
)
def test_the_first_screen_says_how_sure_it_is(case: Case, said: str) -> None:
    document = example_document()
    for level in LEVELS if case != "all proven" else ():
        for amounts in (document["savings"][level]["window"], document["savings"][level]["monthly"]):
            assert amounts is not None
            amounts["low"], amounts["high"] = 0.2 * float(amounts["point"]), 3 * float(amounts["point"])
    new = {"nothing proven": "pilot", "nothing movable": "keep", "all proven": "route"}.get(case)
    for workload in document["workloads"]:
        workload["verdict"] = cast(Any, new or workload["verdict"])
    if case == "failed":
        document["checks"][0]["ok"] = False
    assert opening.confidence(document) == said
    page = Page(render_html(document)).text
    assert said in page
    assert ("no saving is proven yet" in page) == (case in ("nothing proven", "nothing movable"))
    assert ("what to expect is unclear ($" in page) == (case != "all proven")


def test_a_busy_month_saves_no_more_than_its_bar_is_long_and_the_page_says_so() -> None:
    document = example_document()
    spend = float(document["spend"]["monthly_list_cost"] or 0)
    document["savings"]["ceiling"]["monthly"] = {"low": spend / 2, "point": spend * 0.9, "high": spend * 1.1}
    data = cast("list[dict[str, Any]]", charts(document)["waterfall"]["data"])
    ceiling = data[-1]
    end, error = ceiling["base"][0] + ceiling["x"][0], ceiling["error_x"]
    assert (end - error["arrayminus"][0], end + error["array"][0]) == pytest.approx((0, spend / 2), abs=1e-6)
    assert "Its line ends at $0." in render_html(document)
    assert "Its line ends at $0." not in render_html(example_document())
