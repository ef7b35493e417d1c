"""The workload table in a browser: a line per workload, sorted and filtered as asked, everything known one key away."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import cast

import pytest
from playwright.sync_api import Browser, Page

from audit.report import advice
from audit.report.document import ReportDocument, Workload
from audit.report.html import render_html
from tests.browser import DESKTOP, PHONE, needs_browser, opened
from tests.report_document import example_document

WORKLOADS = 60
VERDICTS = ("route", "pilot", "keep")
NO_PAIRS = {"prior": -1, "none": -2}

pytestmark = needs_browser


def many_workloads() -> ReportDocument:
    """The example with six times as many workloads, of different size, no two alike."""
    document = example_document()
    templates = document["workloads"]
    document["workloads"] = []
    for number in range(WORKLOADS):
        workload = deepcopy(templates[number % len(templates)])
        factor = 1 + (number * 7 % WORKLOADS) / WORKLOADS
        workload["id"], workload["name"] = f"w-{number:08x}", f"{workload['name']} no. {number}"
        workload["requests"] = int(workload["requests"] * factor)
        for key in ("request_share", "cost", "cost_share"):
            workload[key] = float(workload[key]) * factor / 10
        document["workloads"].append(workload)
    return document


DOCUMENT = many_workloads()
KEYS: tuple[Callable[[Workload], float], ...] = (
    lambda each: VERDICTS.index(each["verdict"]),
    lambda each: each["requests"],
    lambda each: float(each["cost"]),
    lambda each: float(each["cost"]),
    lambda each: float(each["tokens"]["input"]["p50"]),
    lambda each: float(each["tokens"]["output"]["p50"]),
    lambda each: each["pairs"] if each["evidence"] == "measured" else NO_PAIRS[each["evidence"]],
    lambda each: float(each["savings"]["point"]),
)
"""What the columns after the first are sorted by."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("table") / "report.html"
    found.write_text(render_html(DOCUMENT), encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def desk(chromium: Browser, file: Path) -> Iterator[Page]:
    with opened(chromium, file) as shown:
        yield shown.page
        assert (shown.said, shown.requests) == ([], [])


@pytest.fixture
def table(desk: Page) -> Page:
    """The page as it was opened."""
    desk.reload(wait_until="load")
    return desk


def order(page: Page) -> list[str]:
    """Ids of the workloads that are shown, from the top."""
    return cast(
        "list[str]",
        page.evaluate(
            "[...document.querySelectorAll('#workload-table tbody')].filter((body) => body.checkVisibility())"
            ".map((body) => body.querySelector('dd:last-child code').textContent)"
        ),
    )


def heights(page: Page) -> list[float]:
    """Of the lines themselves: a `tbody` off the screen may still have the height that CSS guesses."""
    return cast(
        "list[float]",
        page.locator("#workload-table tbody tr:first-child").evaluate_all(
            "(lines) => lines.map((line) => line.getBoundingClientRect().height)"
        ),
    )


def by_cost() -> list[Workload]:
    return sorted(DOCUMENT["workloads"], key=lambda each: (-float(each["cost"]), each["id"]))


def ids(workloads: list[Workload]) -> list[str]:
    return [each["id"] for each in workloads]


def line(page: Page, workload: str):
    return page.locator("#workload-table tbody").filter(has_text=workload)


def test_lines_come_by_cost_and_are_low_enough_to_scan_hundreds(table: Page) -> None:
    assert order(table) == ids(by_cost())
    assert 0 < min(heights(table)) <= max(heights(table)) <= 36


@pytest.mark.parametrize("column", range(1, len(KEYS) + 1))
def test_a_head_sorts_one_way_and_asked_again_the_other(table: Page, column: int) -> None:
    head, key = table.locator("#workload-table thead th").nth(column), KEYS[column - 1]
    is_number = column not in (1, 7)
    if column == 4:  # the page comes sorted by it
        assert head.get_attribute("aria-sort") == "descending"
        table.locator("#workload-table thead button").nth(1).click()
    for is_down in (is_number, not is_number):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == ("descending" if is_down else "ascending")
        assert order(table) == ids(sorted(by_cost(), key=key, reverse=False) if not is_down else _down(key))
    assert table.locator("#workload-table th[aria-sort]").count() == 1


def _down(key: Callable[[Workload], float]) -> list[Workload]:
    """Largest first, equals as they were."""
    return sorted(by_cost(), key=lambda each: -key(each))


def test_names_are_sorted_as_people_count(table: Page) -> None:
    table.get_by_role("button", name="Workload", exact=True).click()
    names = [each.strip() for each in table.locator("#workload-table .title bdi").all_text_contents()]
    of_a_kind = [name for name in names if name.startswith("kb-answer no. ")]
    assert of_a_kind == sorted(of_a_kind, key=lambda name: int(name.rsplit(" ", 1)[1]))
    assert [name[0] for name in names] == sorted(name[0] for name in names)


def test_filters_narrow_the_lines_and_the_count_is_announced(table: Page) -> None:
    status = table.locator("#workload-table").get_by_role("status")
    assert status.text_content() == "60 of 60 shown"
    table.get_by_role("combobox", name="Verdict", exact=True).select_option("pilot")
    table.get_by_role("combobox", name="Evidence", exact=True).select_option("measured")
    fitting = [each for each in by_cost() if each["verdict"] == "pilot" and each["evidence"] == "measured"]
    assert order(table) == ids(fitting)
    assert status.text_content() == f"{len(fitting)} of 60 shown"
    table.get_by_label("Find").fill("TURNS w-0000002")
    found = [each for each in fitting if "turns" in each["name"] and each["id"].startswith("w-0000002")]
    assert order(table) == ids(found) != []
    table.get_by_label("Find").fill("no such name")
    assert (order(table), status.text_content()) == ([], "0 of 60 shown")
    table.get_by_label("Find").fill("")
    table.get_by_role("combobox", name="Verdict", exact=True).select_option("any")
    table.get_by_role("combobox", name="Evidence", exact=True).select_option("any")
    assert len(order(table)) == WORKLOADS


def test_words_of_the_details_are_found_too(table: Page) -> None:
    table.get_by_label("Find").fill("loses margin")
    assert order(table) == ids([each for each in by_cost() if "loss_above_margin" in each["reasons"]])


def test_the_keyboard_alone_sorts_and_opens(table: Page) -> None:
    head = table.locator("#workload-table thead th").nth(2)
    head.get_by_role("button").focus()
    table.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    first = by_cost()[0]["id"]
    button = line(table, first).get_by_role("button")
    button.focus()
    table.keyboard.press("Space")
    details = table.locator(f"#{button.get_attribute('aria-controls')}")
    assert button.get_attribute("aria-expanded") == "true"
    assert details.is_visible()
    table.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "false"
    assert not details.is_visible()


def test_an_opened_line_tells_all_and_stays_open_where_sorting_puts_it(table: Page) -> None:
    workload = next(each for each in by_cost() if each["verdict"] == "pilot" and each["evidence"] == "measured")
    body = line(table, workload["id"])
    body.locator("tr").first.click()
    table.locator("#workload-table thead button").nth(8).click()
    told = " ".join(body.locator("dl").inner_text().split())
    loss = workload["quality_loss"]
    assert loss is not None
    for expected in (
        "Too few pairs to decide.",
        f"loss {loss['point']} ({loss['low']} to {loss['high']}), margin {loss['margin']}",
        "2,260 more pairs needed",
        advice.act(DOCUMENT, workload).command,
        workload["endpoint"],
        workload.get("rule_in_words", "?"),
        workload.get("shape_in_words", "?"),
        "70% sure, a guess" if workload["task_type"] is None else "a guess",
        f"{workload['requests']:,} requests",
    ):
        assert expected in told


def test_all_lines_open_and_close_at_once(table: Page) -> None:
    button = table.get_by_role("button", name="Open all")
    button.click()
    assert table.locator("#workload-table tr.more:visible").count() == WORKLOADS
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert table.locator("#workload-table tr.more:visible").count() == 0


def test_a_phone_shows_two_lines_of_each_and_sorts_by_a_list(chromium: Browser, file: Path) -> None:
    with opened(chromium, file, size=PHONE) as shown:
        assert 0 < min(heights(shown.page)) <= max(heights(shown.page)) <= 64
        shown.page.get_by_label("Sort by").select_option("Requests")
        assert order(shown.page) == ids(_down(KEYS[1]))
        assert shown.said == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_without_scripts_everything_is_open_and_nothing_pretends_to_work(
    chromium: Browser, file: Path, size: tuple[int, int]
) -> None:
    viewport = {"width": size[0], "height": size[1]}
    context = chromium.new_context(viewport=viewport, java_script_enabled=False)  # pyright: ignore[reportArgumentType]
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.locator("#workload-table tr.more:visible").count() == WORKLOADS
    assert page.locator("#workload-table button:visible, #workload-table select:visible").count() == 0
    context.close()


def test_paper_has_the_details_that_are_open_and_no_controls(table: Page) -> None:
    table.locator("#workload-table button[aria-controls]").nth(1).click()
    table.emulate_media(media="print")
    assert table.locator("#workload-table tr.more:visible").count() == 1
    assert table.locator("#workload-table input:visible, #workload-table select:visible").count() == 0
    assert table.locator("details.sql:visible").count() == 0
    table.emulate_media(media="screen")
    table.locator("#workload-table button[aria-controls]").nth(1).click()
