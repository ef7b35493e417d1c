"""The page for everybody: rules of accessibility, keyboard, any width, paper, and a size that can be mailed."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, cast

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from audit.report.document import LEVELS, ReportDocument
from audit.report.html import plotly_bundle, render_html
from tests.browser import DESKTOP, PHONE, needs_browser, opened
from tests.report_document import example_document
from tests.side_by_side import SAME, latency, observations
from tests.wide_document import wide_document

MOST_BYTES = 2_500_000
"""Of a page with 500 workloads and 90 days: what the issue allows, and a mail server lets through."""

FOCUSABLE = ":is(a[href], button, input, select, summary, [tabindex='0']):not(:disabled)"


def full_document() -> ReportDocument:
    """The example with everything that a page can hold."""
    document = example_document()
    document["latency"] = latency(SAME)
    document["observational"] = observations(document["workloads"][:4])
    return document


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("page") / "report.html"
    found.write_text(render_html(full_document()), encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("wide") / "report.html"
    found.write_text(render_html(wide_document(500, 90, 6)), encoding="utf-8")
    return found


@pytest.fixture
def page(chromium: Browser, file: Path) -> Iterator[Page]:
    with opened(chromium, file) as shown:
        yield shown.page


def unfold(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_with_everything_unfolded(
    chromium: Browser, file: Path, scheme: Literal["light", "dark"], size: tuple[int, int]
) -> None:
    with opened(chromium, file, scheme=scheme, size=size) as shown:
        unfold(shown.page)
        found = cast("dict[str, list[dict[str, Any]]]", Axe().run(shown.page).response)  # pyright: ignore[reportUnknownMemberType]
    assert len(found["passes"]) > 20
    assert [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found["violations"]] == []


@needs_browser
@pytest.mark.parametrize("width", [320, PHONE[0], 768, DESKTOP[0]])
def test_no_width_makes_the_page_scroll_sideways(chromium: Browser, file: Path, width: int) -> None:
    with opened(chromium, file, size=(width, 900)) as shown:
        unfold(shown.page)
        assert shown.page.evaluate("document.documentElement.scrollWidth") <= width


@needs_browser
def test_the_first_screen_answers_all_four_questions_in_order(page: Page) -> None:
    marks = [".lead", ".levels .measured", ".levels .expected", ".levels .ceiling", "#sure", "#next", ".pair ol li"]
    boxes = [page.locator(mark).first.bounding_box() for mark in marks]
    tops = [box["y"] for box in boxes if box is not None]
    assert len(tops) == len(marks)
    assert tops == sorted(tops)
    assert tops[-1] < DESKTOP[1] - 50
    for level in LEVELS:
        card = page.locator(f".levels .level.{level}").inner_text()
        assert re.search(r"\$[\d,]+ a month\n+\$[\d,]+ to \$[\d,]+ · [\d.]+% of spend", card)
        assert card.count("% to ") == 2
    assert "30.0 days" in page.locator("main").inner_text()
    assert "audit sample" in page.locator(".pair ol").inner_text()


@needs_browser
def test_a_phone_shows_spend_savings_and_the_way_to_the_rest_at_once(chromium: Browser, file: Path) -> None:
    with opened(chromium, file, size=PHONE) as shown:
        for mark in (".lead", ".jumps", ".levels .level.measured .big"):
            box = shown.page.locator(mark).bounding_box()
            assert box is not None, mark
            assert box["y"] + box["height"] < PHONE[1], mark
        shown.page.click("text=What to do next >> nth=0")
        assert shown.page.evaluate("document.querySelector('#next').getBoundingClientRect().top") < PHONE[1]


@needs_browser
def test_the_keyboard_reaches_everything_and_always_shows_where_it_is(page: Page) -> None:
    everything = page.evaluate(
        "(wanted) => [...document.querySelectorAll(wanted)].filter((each) => each.checkVisibility()).length", FOCUSABLE
    )
    page.keyboard.press("Tab")
    first = page.evaluate(
        "[document.activeElement.className, document.activeElement.getBoundingClientRect().left >= 0]"
    )
    assert first == ["skip", True]
    reached = 0
    while page.evaluate("document.activeElement !== document.body") and reached <= everything:
        reached += 1
        style = "getComputedStyle(document.activeElement)"
        assert page.evaluate(f"{style}.outlineStyle !== 'none' && parseFloat({style}.outlineWidth) >= 2"), reached
        page.keyboard.press("Tab")
    assert reached == everything > 20


@needs_browser
def test_the_skip_link_goes_to_the_answer(page: Page) -> None:
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.url.endswith("#answer")
    assert page.locator("main#answer").count() == 1


@needs_browser
def test_every_chart_has_its_numbers_as_text(page: Page) -> None:
    unfold(page)
    charts = page.locator("figure:has(.plot)")
    assert charts.count() == 7
    for index in range(charts.count()):
        chart = charts.nth(index)
        plot = chart.locator(".plot")
        assert plot.get_attribute("role") == "img"
        assert len(plot.get_attribute("aria-label") or "") > 40
        table = chart.locator("table") if chart.locator("table").count() else chart.locator("xpath=..").locator("table")
        assert re.search(r"\d", table.first.locator("tbody").first.text_content() or "")


@needs_browser
def test_nothing_moves(chromium: Browser, file: Path) -> None:
    with opened(chromium, file) as shown:
        shown.page.emulate_media(reduced_motion="reduce")
        moving = shown.page.evaluate(
            """[...document.querySelectorAll("body *")].filter((each) => {
                const style = getComputedStyle(each);
                return parseFloat(style.transitionDuration) > 0.01 || style.animationName !== "none";
            }).map((each) => each.className)"""
        )
    assert moving == []


@needs_browser
def test_paper_gets_whole_charts_and_what_a_screen_folds(chromium: Browser, file: Path) -> None:
    with opened(chromium, file, size=(917, 1200), scheme="dark") as shown:
        page = shown.page
        page.emulate_media(media="print", color_scheme="dark")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        cut = page.evaluate(
            """[...document.querySelectorAll(".plot")].filter((plot) => {
                const svg = plot.querySelector(".main-svg").getBoundingClientRect(), box = plot.getBoundingClientRect();
                return svg.right > box.right + 1 || svg.bottom > box.bottom + 1 || svg.width < 0.98 * box.width;
            }).map((plot) => plot.id)"""
        )
        assert cut == []
        folded = page.locator("details table")
        assert folded.count() >= 6
        assert all(folded.nth(index).is_visible() for index in range(folded.count()))
        assert not page.locator("nav").is_visible()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        page.emulate_media(media="screen")
        assert page.locator(".main-svg[viewBox]").count() == 0
        assert not page.locator("details table").first.is_visible()
        pages = len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4")))
    assert 5 <= pages <= 14


@needs_browser
def test_no_table_is_cut_on_paper(chromium: Browser, tmp_path: Path) -> None:
    many = tmp_path / "many.html"
    many.write_text(render_html(wide_document(5, 10, 12)), encoding="utf-8")
    with opened(chromium, many, size=(917, 1200)) as shown:
        shown.page.emulate_media(media="print")
        cut = shown.page.evaluate(
            """[...document.querySelectorAll("table")].filter((each) => each.getBoundingClientRect().right >
                each.parentElement.getBoundingClientRect().right + 1).map((each) => each.caption.textContent)"""
        )
    assert cut == []


@needs_browser
def test_a_page_of_500_workloads_and_90_days_is_small_silent_and_drawn(chromium: Browser, wide: Path) -> None:
    assert wide.stat().st_size <= MOST_BYTES
    with opened(chromium, wide) as shown:
        assert (shown.said, shown.requests) == ([], [])
        drawn = shown.page.locator(".plot .main-svg:first-child").count()
        assert drawn == shown.page.locator(".plot").count() == 7
        assert shown.page.evaluate("performance.getEntriesByName('charts-drawn').length") == 1


def test_days_and_models_hardly_add_to_the_size() -> None:
    """A line a day in a table; what the charts draw is a number a day and colour."""
    small, large = (len(render_html(wide_document(10, days, models))) for days, models in ((2, 1), (90, 12)))
    assert large - small < 120_000
    assert len(plotly_bundle()) < 1_200_000
